"""The lake: Delta tables, each write of one an atomic commit. Readers are in `pipeline.reader`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version as installed_version
from typing import Any, Literal

import polars as pl
import pyarrow as pa
from deltalake import (
    ColumnProperties,
    CommitProperties,
    DeltaTable,
    Schema,
    Transaction,
    WriterProperties,
    write_deltalake,
)
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.schema import ArrayType
from deltalake.table import TableMerger
from deltalake.transaction import AddAction, RemoveAction

from pipeline.appending import ROW_GROUP, UNIQUE, Appending
from pipeline.buckets import (
    DELTA_OPTIONS,
    BucketUrl,
    Location,
    check_conditional_writes,
    check_key,
    fault,
    meaning_of,
)
from pipeline.errors import LakeError, VersionGoneError
from pipeline.migration import Difference, Shape, difference
from pipeline.reader import LakeReader, PartitionFilter, literal
from pipeline.schemas import TABLES, Table

CHECKPOINT_INTERVAL = "10"
"""Commits between two checkpoints of a table's log: opening it reads all since the last one, and
delta-rs by itself makes one each hundredth.
"""

_ATTEMPTS = 100
_ODD = set("%[]*?\\^|")
_WRITER = WriterProperties(
    compression="ZSTD",
    compression_level=1,
    max_row_group_size=ROW_GROUP,
    column_properties=dict.fromkeys(
        UNIQUE, ColumnProperties(dictionary_enabled=False, statistics_enabled="NONE")
    ),
)
_BY_STATISTICS = False
"""How a merge takes the rows it is given: not as a stream, for only then files that cannot have any
of their keys, by their statistics, are left out.
"""
_OPENED_AT_ONCE = 8


class ConcurrentWriteError(LakeError):
    """Another process committed first; read again and retry."""


@dataclass(frozen=True)
class Turn:
    """A writer's place in a queue, taken on a snapshot of the table.

    A commit with it fails after any other since `version`; a compaction's only after one that did
    more than append.
    """

    queue: str
    number: int
    version: int


@dataclass(frozen=True)
class Lake:
    """A folder, on disk or in a bucket, of Delta tables named as in `pipeline.schemas.TABLES`.

    `memory_limit` (in bytes) and `threads` bound each reader.
    """

    location: Location
    memory_limit: int = 1 << 30
    threads: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.location, BucketUrl):
            check_key(self.location)
        elif _ODD & set(path := str(self.location.absolute())) or not path.isprintable():
            # delta-rs decodes %XX in a path, and fails on the others.
            raise LakeError(
                f"expected a path without any of {' '.join(sorted(_ODD))}, or what cannot be "
                f"printed, got {path!r}"
            )

    def exists(self) -> bool:
        """Whether anything was ever written here."""
        try:
            return any(
                DeltaTable.is_deltatable(str(self.location / name), self._options)
                for name in ("events", "runs")
            )
        except (DeltaError, OSError) as error:
            raise LakeError(f"lake {fault(self.location, error)}") from error

    def require(self) -> None:
        """Fail in one line if there is no lake here."""
        if not self.exists():
            raise LakeError(
                f"expected a lake at {self.location}, found none; "
                "ingest logs first (nhiwatch ingest PATH) or name another with --lake"
            )

    def table(self, name: str, *, version: int | None = None) -> DeltaTable | None:
        """The Delta table of that name, or None if nothing was written to it yet."""
        try:
            return DeltaTable(
                str(self.location / name), version=version, storage_options=self._options
            )
        except TableNotFoundError:
            return None
        except (DeltaError, OSError) as error:
            if version is not None and meaning_of(error) is None:
                raise VersionGoneError(name, version) from error
            raise LakeError(f"cannot read table {name} of {fault(self.location, error)}") from error

    def tables(
        self, names: Iterable[str], *, versions: Mapping[str, int | None] | None = None
    ) -> dict[str, DeltaTable | None]:
        """Tables by name, opened side by side: in a bucket each takes some round trips. Those that
        `versions` has are as they were; None if it was not there yet.
        """
        wanted, then = list(names), versions or {}
        there = [name for name in wanted if name not in then or then[name] is not None]
        with ThreadPoolExecutor(_OPENED_AT_ONCE) as pool:
            opened = pool.map(lambda name: self.table(name, version=then.get(name)), there)
            return dict.fromkeys(wanted) | dict(zip(there, opened, strict=True))

    def versions(self) -> dict[str, int]:
        """The current Delta version of every table that was written to."""
        tables = self.tables(TABLES)
        return {name: table.version() for name, table in tables.items() if table is not None}

    def append(self, name: str, rows: pa.Table | pl.DataFrame, *, turn: Turn | None = None) -> int:
        """Append rows in one commit; returns how many. Empty input commits nothing.

        With a `turn`, fails with `ConcurrentWriteError` if another process took that turn.
        """
        return self._write(name, rows, mode="append", turn=turn)

    def appending(self, name: str) -> Appending:
        """Rows for a table that are written as they come, and are in it once they are committed."""
        self._writable(name)
        spec = TABLES[name]
        return Appending(spec, self.location / name, spec.arrow_schema)

    def commit(self, rows: Appending, *, turn: Turn, told: Mapping[str, str] | None = None) -> None:
        """Add all of the rows to their table in one commit, of which the table's log keeps what is
        `told`, though there be no rows; fails with `ConcurrentWriteError` if another process took
        the turn.
        """
        actions = rows.actions()
        if actions or told:
            self.change_files(rows.table.name, actions, turn=turn, told=told)

    def told(
        self, name: str, key: str, *, after: int, until: int | None = None
    ) -> list[tuple[int, str]]:
        """What commits of a table told under a key, with their versions, oldest first: those after
        a version, up to one (the last, if None). What the log has lost by now is left out.
        """
        table = self.table(name)
        if table is None or table.version() <= after:
            return []
        commits = table.history(table.version() - after)
        told = [(c["version"], c[key]) for c in commits if c.get(key) is not None]
        last = table.version() if until is None else until
        return sorted((version, text) for version, text in told if after < version <= last)

    def change_files(
        self,
        name: str,
        actions: Sequence[AddAction | RemoveAction],
        *,
        turn: Turn,
        beside_appends: bool = False,
        told: Mapping[str, str] | None = None,
    ) -> None:
        """Add files to a table and remove others, in one commit, of which the table's log keeps
        what is `told`; with `beside_appends`, what others append meanwhile does not take the turn.
        """

        def change(table: DeltaTable) -> int:
            table.create_write_transaction(
                list(actions),
                mode="append",
                schema=table.schema(),
                partition_by=list(TABLES[name].partition_by),
                commit_properties=_commit(turn, beside_appends=beside_appends, told=told),
            )
            return len(actions)

        self._committed(name, change, turn=turn)

    def append_new(self, name: str, rows: pl.DataFrame) -> int:
        """Append those rows whose key the table does not have yet; returns how many.

        Safe beside other processes that append the same rows.
        """
        key = list(TABLES[name].key)
        unique = rows.unique(key, keep="first", maintain_order=True)
        for _ in range(_ATTEMPTS if unique.height else 0):
            turn = self.next_turn(name, "append_new")
            with self.reader(versions={name: turn.version}, tables=[name]) as reader:
                there = reader.there_of(name, unique.select(key))
            new = unique.join(there, on=key, how="anti", nulls_equal=True)
            try:
                return self.append(name, new, turn=turn)
            except ConcurrentWriteError:
                continue
        if unique.height:
            raise LakeError(f"table {name}: another writer was always first; try again later")
        return 0

    def replace(
        self,
        name: str,
        rows: pa.Table | pl.DataFrame,
        *,
        where: str | None = None,
        turn: Turn | None = None,
    ) -> int:
        """Put rows in place of those that match the Delta predicate `where` (all, if None), in one
        commit; returns how many were put. With a `turn`, as `append`.
        """
        return self._write(name, rows, mode="overwrite", predicate=where, turn=turn)

    def merge(self, name: str, rows: pa.Table | pl.DataFrame) -> int:
        """Update the rows of a table that have the same key as one of `rows`, in the columns that
        `rows` has; returns how many were updated.
        """
        arrow = rows.to_arrow() if isinstance(rows, pl.DataFrame) else rows
        if arrow.num_rows == 0 or self.table(name) is None:
            return 0
        changed = {c: f"s.{c}" for c in arrow.column_names if c not in TABLES[name].key}

        def update(table: DeltaTable) -> int:
            result = _merging(table, name, arrow).when_matched_update(changed).execute()
            return int(result["num_target_rows_updated"])

        return self._committed(name, update)

    def put(self, name: str, rows: pl.DataFrame, *, gone: pl.DataFrame, turn: Turn) -> None:
        """Put whole rows into a table, in place of those with their keys, and delete the rows with
        some other keys, in one commit.
        """
        spec = TABLES[name]
        is_gone = pl.lit(value=True).alias("is_gone")
        changes = pl.concat(
            [rows.with_columns(~is_gone), gone.select(*spec.key, is_gone)], how="diagonal"
        )
        whole = {column: f"s.{column}" for column in spec.column_names}

        def put(table: DeltaTable) -> int:
            (
                _merging(table, name, changes.to_arrow(), turn)
                .when_matched_delete("s.is_gone")
                .when_matched_update(whole)
                .when_not_matched_insert(whole, "not s.is_gone")
                .execute()
            )
            return changes.height

        self._committed(name, put, turn=turn)

    def remove(self, name: str, keys: pl.DataFrame, *, turn: Turn | None = None) -> int:
        """Delete the rows of a table whose key is one of `keys`; returns how many that were. With a
        `turn`, as `append`.
        """
        if keys.is_empty() or self.table(name) is None:
            return 0
        arrow = keys.select(TABLES[name].key).to_arrow()

        def remove(table: DeltaTable) -> int:
            result = _merging(table, name, arrow, turn).when_matched_delete().execute()
            return int(result["num_target_rows_deleted"])

        return self._committed(name, remove, turn=turn)

    def delete(self, name: str, *, where: str) -> int:
        """Delete the rows that match a Delta predicate; returns how many that were."""

        def delete(table: DeltaTable) -> int:
            told = table.delete(where, writer_properties=_WRITER, commit_properties=_commit(None))
            return int(told["num_deleted_rows"])

        return 0 if self.table(name) is None else self._committed(name, delete)

    def blank(self, name: str, columns: Collection[str], *, where: str) -> int:
        """Make columns null in the rows that match a Delta predicate and have any of them; returns
        how many rows that were.
        """
        there = " or ".join(f"{column} is not null" for column in columns)

        def blank(table: DeltaTable) -> int:
            told = table.update(
                dict.fromkeys(columns, "null"),
                predicate=f"{where} and ({there})",
                writer_properties=_WRITER,
                commit_properties=_commit(None),
            )
            return int(told["num_updated_rows"])

        return 0 if self.table(name) is None else self._committed(name, blank)

    def set_properties(
        self, name: str, properties: Mapping[str, str], *, queue: str, number: int
    ) -> None:
        """Set Delta's properties of a table, in a commit that is this turn of a queue, whatever
        others commit meanwhile.
        """

        def set_(table: DeltaTable) -> int:
            turn = Turn(queue, number, table.version())
            table.alter.set_table_properties(
                dict(properties), commit_properties=_commit(turn, beside_appends=True)
            )
            return len(properties)

        if self.table(name) is not None:
            self._committed(name, set_)

    def next_turn(self, name: str, queue: str) -> Turn:
        """The turn after the last one taken in `queue` on a table; makes the table if need be."""
        table = self._writable(name)
        last = table.transaction_version(queue)
        return Turn(queue, 0 if last is None else last + 1, table.version())

    def turn_taken(self, name: str, queue: str) -> int:
        """The last turn that was taken in `queue` on a table; -1 if none was."""
        table = self.table(name)
        last = table.transaction_version(queue) if table is not None else None
        return -1 if last is None else last

    def turn(self, name: str, queue: str, number: int) -> Turn | None:
        """The turn of that number in `queue` on a table, or None if it, or a later one, was taken;
        makes the table if need be.
        """
        table = self._writable(name)
        last = table.transaction_version(queue)
        return None if last is not None and last >= number else Turn(queue, number, table.version())

    def partition_counts(self, name: str) -> pl.DataFrame:
        """Rows per partition, from the Delta log alone: the partition columns and `rows`."""
        keys = list(TABLES[name].partition_by)
        return self.files(name).group_by(keys).agg(pl.col("rows").sum()).sort(keys)

    def files(self, name: str) -> pl.DataFrame:
        """A row for each data file of a table, from the Delta log alone: the partition columns,
        `bytes` and `rows`.
        """
        table = self.table(name)
        if table is not None:
            _differs(TABLES[name], table)
        return data_files(TABLES[name], table).drop("path")

    @contextmanager
    def faults_told(self, name: str) -> Iterator[None]:
        """Tell in a line what goes wrong in writing a table; a refused commit is the caller's."""
        try:
            yield
        except CommitFailedError:
            raise
        except (DeltaError, OSError) as error:
            raise LakeError(
                f"cannot write table {name} of {fault(self.location, error)}"
            ) from error

    def reader(
        self,
        *,
        versions: Mapping[str, int | None] | None = None,
        tables: Collection[str] | None = None,
        only: Mapping[str, Sequence[PartitionFilter]] | None = None,
    ) -> LakeReader:
        """A reader on the current snapshot, or on the given Delta versions of some tables (None is
        before the first).

        With `tables`, it shows those only, and no views: quicker to open. Of a table in `only`, it
        opens the partitions alone that fit all of its filters.
        """
        shown = self.tables(TABLES if tables is None else tables, versions=versions)
        for name, table in shown.items():
            if table is not None:
                _differs(TABLES[name], table)
        return LakeReader(
            self.location,
            shown,
            only=only or {},
            with_views=tables is None,
            memory_limit=self.memory_limit,
            threads=self.threads,
        )

    def _write(
        self,
        name: str,
        rows: pa.Table | pl.DataFrame,
        *,
        mode: str,
        predicate: str | None = None,
        turn: Turn | None = None,
    ) -> int:
        spec = TABLES[name]
        arrow = rows.to_arrow() if isinstance(rows, pl.DataFrame) else rows
        if mode == "append" and arrow.num_rows == 0:
            return 0
        ready = arrow.select(list(spec.column_names)).cast(spec.arrow_schema)
        options: dict[str, Any] = {"mode": mode}
        if predicate is not None:
            options["predicate"] = predicate

        def write(table: DeltaTable) -> int:
            # Columns that a newer version added are null in the rows of this one.
            merging: Literal["merge"] | None = "merge" if _differs(spec, table).unknown else None
            write_deltalake(
                table,
                ready,
                writer_properties=_WRITER,
                commit_properties=_commit(turn),
                schema_mode=merging,
                **options,
            )
            return int(ready.num_rows)

        return self._committed(name, write, turn=turn)

    def _committed(
        self, name: str, change: Callable[[DeltaTable], int], *, turn: Turn | None = None
    ) -> int:
        """Make a change of a table in one commit; returns what the change returns.

        A change that was made obsolete by another process's commit (its compaction, say) is made
        anew on what is there then; with a `turn` that is for the caller to do.
        """
        for _ in range(1 if turn else _ATTEMPTS):
            table = self.table(name, version=turn.version) if turn else None
            table = table or self._writable(name)
            version = table.version()
            try:
                with self.faults_told(name):
                    return change(table)
            except CommitFailedError as error:
                refused: Exception = error
            except LakeError as error:
                if not (_is_of_missing_file(error) and self._is_past(name, version)):
                    raise
                refused = error
        raise ConcurrentWriteError(f"table {name}: {refused}") from refused

    def _is_past(self, name: str, version: int) -> bool:
        """Whether a table has moved on from a version."""
        table = self.table(name)
        return table is not None and table.version() > version

    def _writable(self, name: str) -> DeltaTable:
        """The table, made if need be, with every column that this version writes."""
        spec = TABLES[name]
        for _ in range(_ATTEMPTS):
            table = self.table(name)
            if table is None:
                with self.faults_told(name):
                    return DeltaTable.create(
                        self._made(name),
                        storage_options=self._options,
                        configuration={"delta.checkpointInterval": CHECKPOINT_INTERVAL},
                        schema=spec.arrow_schema,
                        mode="ignore",
                        partition_by=list(spec.partition_by) or None,
                    )
            missing = _differs(TABLES[name], table).missing
            if not missing:
                return table
            added = [field for field in _delta_schema(spec).fields if field.name in missing]
            try:
                with self.faults_told(name):
                    table.alter.add_columns(added, commit_properties=_commit(None))
            except CommitFailedError:
                continue
        raise ConcurrentWriteError(f"table {name}: another writer was always first")

    @property
    def _options(self) -> dict[str, str] | None:
        """What delta-rs is told beside the environment."""
        return DELTA_OPTIONS if isinstance(self.location, BucketUrl) else None

    def _made(self, name: str) -> str:
        """Where a table that is not there yet may be created."""
        if isinstance(self.location, BucketUrl):
            check_conditional_writes(self.location)
            return str(self.location / name)
        path = self.location / name
        path.mkdir(parents=True, exist_ok=True)
        return str(path)


def _is_of_missing_file(error: LakeError) -> bool:
    """Whether a file was not there: a vacuum takes away those that another process has replaced."""
    return "not found" in str(error.__cause__)


def _merging(table: DeltaTable, name: str, rows: pa.Table, turn: Turn | None = None) -> TableMerger:
    """A merge of rows `s` into a table's rows `t` by its key, in one commit."""
    return table.merge(
        rows,
        predicate=" and ".join(f"t.{c} = s.{c}" for c in TABLES[name].key),
        source_alias="s",
        target_alias="t",
        streamed_exec=_BY_STATISTICS,
        writer_properties=_WRITER,
        commit_properties=_commit(turn),
    )


def _delta_schema(spec: Table) -> Schema:
    return Schema.from_arrow(spec.arrow_schema)


def _type_name(type_: Any) -> str:
    if isinstance(type_, ArrayType):
        return f"array of {_type_name(type_.element_type)}"
    return str(getattr(type_, "type", type_))


def _shape(schema: Schema, partition_by: Sequence[str]) -> Shape:
    return Shape({field.name: _type_name(field.type) for field in schema.fields}, partition_by)


def _differs(spec: Table, table: DeltaTable) -> Difference:
    """How a table differs from what this version expects; LakeError if it cannot be used."""
    told = difference(
        expected=_shape(_delta_schema(spec), spec.partition_by),
        found=_shape(table.schema(), table.metadata().partition_columns),
    )
    if told.conflict is not None:
        writers = (commit.get("nhiwatch") for commit in table.history(10))
        writer = next((text for text in writers if text), "another program")
        raise LakeError(
            f"table {spec.name}: {told.conflict}; it was written by nhiwatch {writer}: "
            "use that version, or ingest the logs into a new lake (--lake)"
        )
    return told


def _commit(
    turn: Turn | None, *, beside_appends: bool = False, told: Mapping[str, str] | None = None
) -> CommitProperties:
    """A commit with a `turn` fails if there was another since; with `beside_appends` not if that
    only appended. What is `told` is kept in the log.
    """
    turns = [Transaction(turn.queue, turn.number)] if turn is not None else None
    metadata = {"nhiwatch": installed_version("nhiwatch"), **(told or {})}
    # Retried by the library, rows would land that were chosen against an older snapshot.
    retries = 0 if turn is not None and not beside_appends else None
    return CommitProperties(
        custom_metadata=metadata, app_transactions=turns, max_commit_retries=retries
    )


def data_files(spec: Table, table: DeltaTable | None) -> pl.DataFrame:
    """A row for each data file: the partition columns, `path`, `bytes` and `rows`."""
    keys = list(spec.partition_by)
    if table is None or not table.file_uris():
        of_file = {"path": pl.String, "bytes": pl.Int64, "rows": pl.Int64}
        return spec.frame([]).select(keys).with_columns(pl.DataFrame(schema=of_file))
    actions = pl.DataFrame(pa.table(table.get_add_actions(flatten=True)))
    return actions.select(
        *(pl.col(f"partition.{key}").alias(key) for key in keys),
        "path",
        pl.col("size_bytes").cast(pl.Int64).alias("bytes"),
        pl.col("num_records").cast(pl.Int64).alias("rows"),
    )


def of_days(days: pl.DataFrame) -> str:
    """The Delta predicate of some days (source, event_date) of one source."""
    source = literal(days["source"][0])
    dates = ", ".join(literal(day.isoformat()) for day in days["event_date"])
    return f"source = {source} and event_date in ({dates})"


def of_period(source: str, first: date, last: date) -> list[PartitionFilter]:
    """The partitions of one source's days, both ends included."""
    return [
        ("source", "=", source),
        ("event_date", ">=", first.isoformat()),
        ("event_date", "<=", last.isoformat()),
    ]
