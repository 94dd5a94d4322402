"""The lake: Delta tables, and DuckDB over them. The one place that opens either.

Writers go through `Lake`: each write of a table is one atomic Delta commit. Readers go through
`LakeReader`: an in-memory DuckDB with a view over one snapshot of every table, so a writer is
never locked out and a reader never sees half a commit. A DuckDB database file is no store here:
a process that writes one locks out every other, readers included.
"""

from __future__ import annotations

import copy
import graphlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version as installed_version
from pathlib import Path
from types import TracebackType
from typing import Any, Literal
from urllib.parse import unquote, urlparse

import duckdb
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

from pipeline.buckets import (
    DELTA_OPTIONS,
    BucketUrl,
    Location,
    check_conditional_writes,
    check_key,
    fault,
)
from pipeline.errors import LakeError, QueryError
from pipeline.migration import Difference, Shape, difference
from pipeline.schemas import TABLES, Table

RELATIONS = (
    Path(__file__).parent / "baselines" / "profiles",
    Path(__file__).parent / "views",
)
"""Folders of `create or replace view|macro` files that every reader gets, in order."""

_ROW_GROUP = 20_480
_ATTEMPTS = 100
_LONGEST_WRITE_HOURS = 24
_ODD = set("%[]*?")
# Texts that hardly repeat: a dictionary of them, or their bounds, would cost a quarter of writing.
_UNIQUE = ("event_id", "raw", "prompt", "tool_arguments", "tool_result", "text")
_WRITER = WriterProperties(
    compression="ZSTD",
    compression_level=1,
    max_row_group_size=_ROW_GROUP,
    column_properties=dict.fromkeys(
        _UNIQUE, ColumnProperties(dictionary_enabled=False, statistics_enabled="NONE")
    ),
)
_OPENED_AT_ONCE = 8
# Delta's own default; delta-rs makes it 100, and opening a table reads every commit since.
_CONFIGURATION: dict[str, str | None] = {"delta.checkpointInterval": "10"}


PartitionFilter = tuple[str, str, str]
"""A partition column, one of = < <= > >=, and a value as text."""


class ConcurrentWriteError(LakeError):
    """Another process committed first; read again and retry."""


@dataclass(frozen=True)
class Turn:
    """A writer's place in a queue, taken on a snapshot of the table.

    A commit with it fails if, since `version`, somebody else committed with a turn of `queue`.
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
            if version is not None:
                raise _gone(name, version) from error
            raise LakeError(f"cannot read table {name} of {fault(self.location, error)}") from error

    def tables(
        self, names: Iterable[str], *, versions: Mapping[str, int] | None = None
    ) -> dict[str, DeltaTable | None]:
        """Tables by name, opened side by side: in a bucket each takes some round trips."""
        wanted = {name: (versions or {}).get(name) for name in names}
        with ThreadPoolExecutor(_OPENED_AT_ONCE) as pool:
            opened = pool.map(lambda name: self.table(name, version=wanted[name]), wanted)
            return dict(zip(wanted, opened, strict=True))

    def versions(self) -> dict[str, int]:
        """The current Delta version of every table that was written to."""
        tables = self.tables(TABLES)
        return {name: table.version() for name, table in tables.items() if table is not None}

    def append(self, name: str, rows: pa.Table | pl.DataFrame, *, turn: Turn | None = None) -> int:
        """Append rows in one commit; returns how many. Empty input commits nothing.

        With a `turn`, fails with `ConcurrentWriteError` if another process took that turn.
        """
        return self._write(name, rows, mode="append", turn=turn)

    def append_new(self, name: str, rows: pl.DataFrame) -> int:
        """Append those rows whose key the table does not have yet; returns how many.

        Safe beside other processes that append the same rows. For small tables: it reads all keys.
        """
        key = list(TABLES[name].key)
        unique = rows.unique(key, keep="first", maintain_order=True)
        for _ in range(_ATTEMPTS if unique.height else 0):
            turn = self.next_turn(name, "append_new")
            with self.reader(versions={name: turn.version}, tables=[name]) as reader:
                there = reader.columns(name, key)
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

    def merge(self, name: str, rows: pa.Table | pl.DataFrame, *, turn: Turn | None = None) -> int:
        """Update the rows of a table that have the same key as one of `rows`, in the columns that
        `rows` has; returns how many were updated. With a `turn`, as `append`.
        """
        arrow = rows.to_arrow() if isinstance(rows, pl.DataFrame) else rows
        if arrow.num_rows == 0 or self.table(name) is None:
            return 0
        key = TABLES[name].key
        changed = [c for c in arrow.column_names if c not in key]
        same = " and ".join(f"t.{c} = s.{c}" for c in key)

        def update(table: DeltaTable) -> int:
            result = (
                table.merge(
                    arrow,
                    predicate=same,
                    source_alias="s",
                    target_alias="t",
                    writer_properties=_WRITER,
                    commit_properties=_commit(turn),
                )
                .when_matched_update({c: f"s.{c}" for c in changed})
                .execute()
            )
            return int(result["num_target_rows_updated"])

        return self._committed(name, update, turn=turn)

    def remove(self, name: str, keys: pl.DataFrame) -> int:
        """Delete the rows of a table whose key is one of `keys`; returns how many that were."""
        same = " and ".join(f"t.{c} = s.{c}" for c in TABLES[name].key)

        def remove(table: DeltaTable) -> int:
            result = (
                table.merge(
                    keys.select(TABLES[name].key).to_arrow(),
                    predicate=same,
                    source_alias="s",
                    target_alias="t",
                    writer_properties=_WRITER,
                    commit_properties=_commit(None),
                )
                .when_matched_delete()
                .execute()
            )
            return int(result["num_target_rows_deleted"])

        return 0 if keys.is_empty() or self.table(name) is None else self._committed(name, remove)

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

    def next_turn(self, name: str, queue: str) -> Turn:
        """The turn after the last one taken in `queue` on a table; makes the table if need be."""
        table = self._writable(name)
        last = table.transaction_version(queue)
        return Turn(queue, 0 if last is None else last + 1, table.version())

    def partition_counts(self, name: str) -> pl.DataFrame:
        """Rows per partition, from the Delta log alone: the partition columns and `rows`."""
        keys = list(TABLES[name].partition_by)
        return self.files(name).group_by(keys).agg(pl.col("rows").sum()).sort(keys)

    def files(self, name: str) -> pl.DataFrame:
        """A row for each data file of a table, from the Delta log alone: the partition columns,
        `bytes` and `rows`.
        """
        keys = list(TABLES[name].partition_by)
        table = self.table(name)
        empty = TABLES[name].frame([]).select(keys)
        if table is None or not table.file_uris():
            return empty.with_columns(bytes=pl.lit(0, pl.Int64), rows=pl.lit(0, pl.Int64))
        actions = pl.DataFrame(pa.table(table.get_add_actions(flatten=True)))
        return actions.select(
            *(pl.col(f"partition.{key}").alias(key) for key in keys),
            pl.col("size_bytes").cast(pl.Int64).alias("bytes"),
            pl.col("num_records").cast(pl.Int64).alias("rows"),
        )

    def compact(self, name: str, partitions: pl.DataFrame, *, target_bytes: int) -> None:
        """Merge the small files of some partitions (rows of the partition columns) of a table into
        files of about `target_bytes`; safe beside readers and writers.

        Fails with `ConcurrentWriteError`, and changes nothing, if somebody replaced rows of these
        partitions at the same time.
        """
        for filters in _partition_filters(partitions):
            try:
                self._writable(name).optimize.compact(
                    partition_filters=filters,
                    target_size=target_bytes,
                    writer_properties=_WRITER,
                    commit_properties=_commit(None),
                )
            except CommitFailedError as error:
                raise ConcurrentWriteError(f"table {name}: {error}") from error

    def vacuum(self, name: str, *, keep_hours: int) -> int:
        """Delete files no longer part of the table and older than `keep_hours`; returns how many.

        Leftovers of killed writers go too, unless `keep_hours` is so short that they may be of one
        that is still at work.
        """
        table = self.table(name)
        if table is None:
            return 0
        deleted = table.vacuum(
            retention_hours=keep_hours,
            dry_run=False,
            enforce_retention_duration=False,
            full=keep_hours >= _LONGEST_WRITE_HOURS,
        )
        return len(deleted)

    @contextmanager
    def reader(
        self,
        *,
        versions: Mapping[str, int] | None = None,
        tables: Collection[str] | None = None,
        only: Mapping[str, Sequence[PartitionFilter]] | None = None,
    ) -> Iterator[LakeReader]:
        """A reader on the current snapshot, or on the given Delta versions of some tables.

        With `tables`, it shows those only, and no views: quicker to open. Of a table in `only`, it
        opens the partitions alone that fit all of its filters.
        """
        reader = LakeReader(self, versions or {}, tables, only or {})
        with reader:
            yield reader

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
            table = self.table(name, version=turn.version) if turn else self._writable(name)
            try:
                return change(table or self._writable(name))
            except CommitFailedError as error:
                refused = error
            except (DeltaError, OSError) as error:
                raise LakeError(
                    f"cannot write table {name} of {fault(self.location, error)}"
                ) from error
        raise ConcurrentWriteError(f"table {name}: {refused}") from refused

    def _writable(self, name: str) -> DeltaTable:
        """The table, made if need be, with every column that this version writes."""
        spec = TABLES[name]
        for _ in range(_ATTEMPTS):
            table = self.table(name)
            if table is None:
                return DeltaTable.create(
                    self._made(name),
                    storage_options=self._options,
                    configuration=_CONFIGURATION,
                    schema=spec.arrow_schema,
                    mode="ignore",
                    partition_by=list(spec.partition_by) or None,
                )
            missing = _differs(TABLES[name], table).missing
            if not missing:
                return table
            added = [field for field in _delta_schema(spec).fields if field.name in missing]
            try:
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
        if _ODD & set(str(path)):
            # delta-rs decodes %XX in a path, and fails on the others.
            raise LakeError(f"expected a path without any of {' '.join(sorted(_ODD))}, got {path}")
        path.mkdir(parents=True, exist_ok=True)
        return str(path)


class LakeReader:
    """DuckDB over one snapshot of the lake. Use as a context manager.

    `versions` tells which Delta version of each table it shows.
    """

    def __init__(
        self,
        lake: Lake,
        versions: Mapping[str, int],
        tables: Collection[str] | None,
        only: Mapping[str, Sequence[PartitionFilter]],
    ) -> None:
        self.lake = lake
        self.only = only
        self.versions: dict[str, int] = {}
        self._connection = duckdb.connect(":memory:")
        self._connection.execute("set TimeZone = 'UTC'")
        self._connection.execute("set memory_limit = $limit", {"limit": f"{lake.memory_limit}B"})
        if lake.threads is not None:
            self._connection.execute("set threads = $n", {"n": lake.threads})
        names = TABLES if tables is None else tables
        for name, table in lake.tables(names, versions=versions).items():
            self._show(TABLES[name], table)
        for folder in RELATIONS if tables is None else ():
            for definition in _in_order(folder):
                self._connection.execute(definition)

    def query(self, sql: str | Path, params: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """Run one SELECT (text, or a .sql file) with named parameters."""
        return pl.DataFrame(self.arrow(sql, params))

    def arrow(self, sql: str | Path, params: Mapping[str, Any] | None = None) -> pa.Table:
        """As `query`, as an Arrow table."""
        text = _text(sql)
        return self._connection.sql(text, params=_used(text, params)).to_arrow_table()

    def columns(self, table: str, names: list[str]) -> pl.DataFrame:
        """Some columns of a table, every row."""
        return pl.DataFrame(self._connection.table(table).select(*names).to_arrow_table())

    def view_columns(self) -> list[tuple[str, str, str]]:
        """View, column and type of every column of every view."""
        return self._connection.execute(
            "select table_name, column_name, data_type from duckdb_columns() "
            "where not internal order by table_name, column_index"
        ).fetchall()

    def define(
        self,
        name: str,
        data: pl.DataFrame | pa.Table | str | Path,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        """Give a frame, or the result of a SELECT, a name that later queries can read."""
        if name in TABLES:
            raise LakeError(f"{name} is a table of the lake; give the result another name")
        if isinstance(data, (str, Path)):
            # A table counts for the memory limit, and spills.
            text = _text(data)
            self._connection.execute(
                f"create or replace temp table {name} as\n{text}", _used(text, params)
            )
        else:
            arrow = data.to_arrow() if isinstance(data, pl.DataFrame) else data
            self._connection.register(name, arrow)

    @contextmanager
    def beside(self) -> Iterator[LakeReader]:
        """Another reader of the same snapshot, for another thread. What either defines is its own;
        they share the memory limit.
        """
        other = copy.copy(self)
        other._connection = self._connection.cursor()
        with other:
            yield other

    def restrict(self) -> None:
        """From here on allow reading only: no files but the lake's, no change of settings."""
        place = self.lake.location
        # What lies in a bucket is not DuckDB that reads it.
        folders = [] if isinstance(place, BucketUrl) else [str(place.resolve())]
        self._connection.execute("set allowed_directories = $folders", {"folders": folders})
        self._connection.execute("set enable_external_access = false")
        self._connection.execute("set lock_configuration = true")

    def user_query(self, sql: str, *, limit: int | None = None) -> pa.Table:
        """Run a SELECT that a user wrote: one statement, reading only, errors in one line; at most
        `limit` rows of it.
        """
        try:
            statements = self._connection.extract_statements(sql)
            if len(statements) != 1:
                raise QueryError(f"expected one statement, got {len(statements)}")
            kind = statements[0].type
            if kind not in _READING:
                raise QueryError(f"expected a SELECT (the lake is read-only), got {kind.name}")
            rows = self._connection.sql(sql)
            return (rows if limit is None else rows.limit(limit)).to_arrow_table()
        except duckdb.Error as error:
            raise QueryError(_first_lines(str(error))) from error

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> LakeReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _show(self, spec: Table, table: DeltaTable | None) -> None:
        """Make the view over one table, or an empty one in its place if there is nothing in it."""
        only = list(self.only.get(spec.name, ())) or None
        files = table.file_uris(file_pruning_predicate=only) if table is not None else []
        if table is not None:
            self.versions[spec.name] = table.version()
            _differs(spec, table)
        if table is None or not files:
            columns = ", ".join(f'"{c.name}" {c.type}' for c in spec.columns)
            self._connection.execute(f"create table {spec.name} ({columns})")
            return
        try:
            if isinstance(self.lake.location, BucketUrl):
                # DuckDB would need an extension to read from a bucket; filters are pushed down
                # alike.
                dataset = table.to_pyarrow_dataset(file_pruning_predicate=only)
                _typed(self._connection.from_arrow(dataset), spec).create_view(spec.name)
            else:
                self._connection.execute(_view_of_files(spec, [_plain(uri) for uri in files]))
        except duckdb.IOException as error:
            raise _gone(spec.name, self.versions[spec.name]) from error


_READING = {
    duckdb.StatementType.SELECT,
    duckdb.StatementType.EXPLAIN,
}


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


def _gone(name: str, version: int) -> LakeError:
    return LakeError(
        f"version {version} of table {name} is no longer there: its files were replaced, and "
        "deleted after keep_hours; query the tables as they are now"
    )


def _partition_filters(partitions: pl.DataFrame) -> list[list[tuple[str, str, Any]] | None]:
    """Delta's filters for some partitions: one for each value of all keys but the last."""
    if not partitions.columns:
        return [None]
    *outer, inner = partitions.columns
    parts = partitions.partition_by(outer) if outer else [partitions]
    return [
        [
            *((key, "=", str(part[key][0])) for key in outer),
            (inner, "in", [str(value) for value in part[inner]]),
        ]
        for part in parts
    ]


def _commit(turn: Turn | None) -> CommitProperties:
    turns = [Transaction(turn.queue, turn.number)] if turn is not None else None
    metadata = {"nhiwatch": installed_version("nhiwatch")}
    # A turn must not be retried by the library: its rows were chosen against an older snapshot.
    return CommitProperties(
        custom_metadata=metadata, app_transactions=turns, max_commit_retries=0 if turn else None
    )


def _in_order(folder: Path) -> list[str]:
    """The definitions in a folder, each after those of the same folder that it reads."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.sql"))}
    reads = {name: _reads(text) & texts.keys() - {name} for name, text in texts.items()}
    return [texts[name] for name in graphlib.TopologicalSorter(reads).static_order()]


def _reads(sql: str) -> set[str]:
    """The relations that a file's `-- reads:` header names."""
    lines = re.findall(r"^-- reads:(.*)$", sql, flags=re.MULTILINE)
    return {name.strip() for line in lines for name in line.split(",")}


def _used(sql: str, params: Mapping[str, Any] | None) -> dict[str, Any]:
    """The parameters that a statement names: DuckDB refuses any other."""
    names = set(re.findall(r"\$([a-z_][a-z_0-9]*)", sql))
    return {name: value for name, value in (params or {}).items() if name in names}


def _typed(relation: duckdb.DuckDBPyRelation, spec: Table) -> duckdb.DuckDBPyRelation:
    """A relation with the columns of a table; those that a newer version added are null."""
    there = {c.name: duckdb.ColumnExpression(c.name) for c in spec.columns}
    there |= dict.fromkeys(there.keys() - relation.columns, duckdb.ConstantExpression(None))
    return relation.select(
        *(there[c.name].cast(duckdb.sqltype(c.type)).alias(c.name) for c in spec.columns)
    )


def _view_of_files(spec: Table, files: Sequence[str]) -> str:
    """The definition of a view over a table's files. A column that a file does not have, for a
    newer version added it, is null there; no file is opened only to see that.
    """
    inside = [c for c in spec.columns if c.name not in spec.partition_by]
    columns = ", ".join(
        f"'{c.name}': {{name: '{c.name}', type: '{c.type}', default_value: null}}" for c in inside
    )
    options = [f"[{', '.join(map(_literal, files))}]", f"schema = map {{{columns}}}"]
    if spec.partition_by:
        folders = ", ".join(f"'{c.name}': {c.type}" for c in spec.columns if c not in inside)
        options += ["hive_partitioning = true", f"hive_types = {{{folders}}}"]
    names = ", ".join(f'"{name}"' for name in spec.column_names)
    return f"create view {spec.name} as from read_parquet({', '.join(options)}) select {names}"


def _literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def _text(sql: str | Path) -> str:
    return sql.read_text(encoding="utf-8") if isinstance(sql, Path) else sql


def _plain(uri: str) -> str:
    """A file's path as the system knows it; delta-rs percent-encodes it."""
    return unquote(urlparse(uri).path if uri.startswith("file://") else uri)


def _first_lines(message: str) -> str:
    return " ".join(message.split("\n\nLINE", maxsplit=1)[0].split())


def json_text(value: Any) -> str:
    """JSON text of a value, keys in order, for the lake's JSON columns."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def of_days(days: pl.DataFrame) -> str:
    """The Delta predicate of some days (source, event_date) of one source."""
    source = _literal(days["source"][0])
    dates = ", ".join(_literal(day.isoformat()) for day in days["event_date"])
    return f"source = {source} and event_date in ({dates})"


def of_period(source: str, first: date, last: date) -> list[PartitionFilter]:
    """The partitions of one source's days, both ends included."""
    return [
        ("source", "=", source),
        ("event_date", ">=", first.isoformat()),
        ("event_date", "<=", last.isoformat()),
    ]
