"""DuckDB over one snapshot of the lake, for everyone who reads.

A reader is an in-memory DuckDB with a view over one snapshot of every table, so a writer is never
locked out and a reader never sees half a commit. A DuckDB database file is no store here: a process
that writes one locks out every other, readers included.

To open a DuckDB takes longer than to look something up in a table. Readers that show some tables
for that are catalogs in one DuckDB of the process; one that shows all, or none, has its own, whose
memory goes when it is closed.
"""

from __future__ import annotations

import copy
import graphlib
import itertools
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import duckdb
import polars as pl
import pyarrow as pa
from deltalake import DeltaTable

from pipeline.buckets import BucketUrl, Location, in_a_line, meaning_of
from pipeline.errors import LakeError, QueryError, VersionGoneError, encodable
from pipeline.schemas import TABLES, Table
from pipeline.spilling import folder_to_spill

RELATIONS = (
    Path(__file__).parent / "baselines" / "profiles",
    Path(__file__).parent / "views",
)
"""Folders of `create or replace view|macro` files that every reader gets, in order."""

_OF_BUCKET = "reading the Arrow source failed: "
"""What DuckDB says where Arrow cannot read a file of a bucket."""

PartitionFilter = tuple[str, str, str]
"""A partition column, one of = < <= > >=, and a value as text."""

_READING = {
    duckdb.StatementType.SELECT,
    duckdb.StatementType.EXPLAIN,
    # Such as a PIVOT, that makes a type first; and what writes the result of one.
    duckdb.StatementType.MULTI,
}


_AGAIN = 0.5
"""Seconds after which a query that goes on is told again that it has to end."""
_ANALYZED = re.compile(r"\banaly[sz]e\b", re.IGNORECASE)
_NOT_IN_ARROW = re.compile(r"\b(INTERVAL|UNION|BIT|BIGNUM|UHUGEINT)\b")


class LakeReader:
    """DuckDB over one snapshot of the lake. Use as a context manager.

    `versions` tells which Delta version of each table it shows.
    """

    def __init__(
        self,
        location: Location,
        tables: Mapping[str, DeltaTable | None],
        *,
        only: Mapping[str, Sequence[PartitionFilter]],
        with_views: bool,
        memory_limit: int,
        threads: int | None,
    ) -> None:
        self.location = location
        self.versions = {n: table.version() for n, table in tables.items() if table is not None}
        self._closing = ExitStack()
        self._is_alone = with_views or not tables
        self._catalog = _OWN if self._is_alone else f"reader_{next(_numbers)}"
        if self._is_alone:
            self._connection = _opened(memory_limit, threads)
        else:
            self._connection = _shared(memory_limit, threads).cursor()
            self._connection.execute(f"attach ':memory:' as {self._catalog}")
            self._closing.callback(self._detach)
        self._connection.execute(f"use {self._catalog}")
        try:
            for name, table in tables.items():
                self._show(TABLES[name], table, list(only.get(name, ())) or None)
            for folder in RELATIONS if with_views else ():
                for definition in _in_order(folder):
                    self._connection.execute(definition)
        except BaseException:
            self.close()
            raise

    def query(self, sql: str | Path, params: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """Run one SELECT (text, or a .sql file) with named parameters."""
        return pl.DataFrame(self.arrow(sql, params))

    def arrow(self, sql: str | Path, params: Mapping[str, Any] | None = None) -> pa.Table:
        """As `query`, as an Arrow table."""
        text = _text(sql)
        with _faults_told():
            return self._connection.sql(text, params=_used(text, params)).to_arrow_table()

    def columns(self, table: str, names: list[str]) -> pl.DataFrame:
        """Some columns of a table, every row."""
        with _faults_told():
            return pl.DataFrame(self._connection.table(table).select(*names).to_arrow_table())

    def there_of(self, table: str, keys: pl.DataFrame) -> pl.DataFrame:
        """Those of some keys, values of columns, that a table has; it may be much longer."""
        self.define("asked", keys)
        same = " and ".join(f"t.{name} is not distinct from a.{name}" for name in keys.columns)
        return self.query(
            f"from {table} as t semi join asked as a on {same} select {', '.join(keys.columns)}"
        )

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
            with _faults_told():
                self._connection.execute(
                    f"create or replace temp table {name} as\n{text}", _used(text, params)
                )
        else:
            arrow = data.to_arrow() if isinstance(data, pl.DataFrame) else data
            self._connection.register(name, arrow)

    def repeated(self, sql: str | Path) -> Repeated:
        """A SELECT to be run many times over a relation `records`, whose rows are others each time
        but have the same columns.
        """
        return Repeated(self._closing.enter_context(self._cursor()), _text(sql))

    def beside(self) -> LakeReader:
        """Another reader of the same snapshot, for another thread. What either defines is its own;
        they share the memory limit.
        """
        other = copy.copy(self)
        other._connection = self._cursor()
        other._closing = ExitStack()
        return other

    def restrict(self) -> None:
        """From here on allow reading only: no files but the lake's, no change of settings. That is
        of a DuckDB as a whole, so this is for a reader that shows all.
        """
        assert self._is_alone
        place = self.location
        # Of a bucket Arrow reads, so DuckDB needs no folder.
        folders = [] if isinstance(place, BucketUrl) else [str(place.resolve())]
        self._connection.execute("set allowed_directories = $folders", {"folders": folders})
        self._connection.execute("set enable_external_access = false")
        self._connection.execute("set lock_configuration = true")

    def user_query(
        self, sql: str, *, limit: int | None = None, seconds: float | None = None
    ) -> pa.Table:
        """Run a SELECT that a user wrote: one statement, reading only, errors in one line; at most
        `limit` rows of it. Columns of the same name are numbered; what Arrow has no type for is
        text. It is ended if it takes longer than `seconds`.
        """
        with ExitStack() as timed:
            if seconds is not None:
                timed.enter_context(_ended_after(seconds, self._connection))
            return self._user_query(sql, limit)

    def _user_query(self, sql: str, limit: int | None) -> pa.Table:
        if encodable(sql) != sql:
            raise QueryError("expected a statement in UTF-8")
        try:
            statements = self._connection.extract_statements(sql)
            if len(statements) != 1:
                raise QueryError(f"expected one statement, got {len(statements)}")
            kind = statements[0].type
            if kind not in _READING:
                raise QueryError(f"expected a SELECT (the lake is read-only), got {kind.name}")
            # What it analyzes is run, whatever that is.
            if kind is duckdb.StatementType.EXPLAIN and _ANALYZED.search(sql):
                raise QueryError("expected an EXPLAIN without ANALYZE (the lake is read-only)")
            if kind is duckdb.StatementType.EXPLAIN:
                rows = self._connection.sql(sql)
            else:
                # A SELECT may write: `with x as (copy ... to ...)`. A subquery never may.
                rows = self._connection.sql(f"from (\n{_without_end(sql)}\n)")
                rows = _told_apart(rows)
            return (rows if limit is None else rows.limit(limit)).to_arrow_table()
        except (duckdb.Error, ValueError) as error:
            told = _first_lines(str(error))
            if told.endswith("must be at the top level"):
                told = f"expected a SELECT that only reads (the lake is read-only), got: {told}"
            raise QueryError(told) from error
        except RuntimeError as error:
            if "interrupted" in str(error).lower():
                raise KeyboardInterrupt from None
            raise

    def close(self) -> None:
        self._closing.close()
        self._connection.close()

    def __enter__(self) -> LakeReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        cursor = self._connection.cursor()
        cursor.execute(f"use {self._catalog}")
        return cursor

    def _detach(self) -> None:
        self._connection.execute(f"use {_OWN}")
        self._connection.execute(f"detach {self._catalog}")

    def _show(
        self, spec: Table, table: DeltaTable | None, only: list[PartitionFilter] | None
    ) -> None:
        """Make the view over one table, or an empty one in its place if there is nothing in it."""
        files = table.file_uris(file_pruning_predicate=only) if table is not None else []
        if table is None or not files:
            columns = ", ".join(f'"{c.name}" {c.type}' for c in spec.columns)
            self._connection.execute(f"create table {spec.name} ({columns})")
            return
        try:
            if isinstance(self.location, BucketUrl):
                # DuckDB would need an extension to read from a bucket; filters are pushed down
                # alike. On disk nobody has to wait for the import.
                from pipeline.fetching import dataset  # noqa: PLC0415

                rows = dataset(table, self.location / spec.name, only)
                _typed(self._connection.from_arrow(rows), spec).create_view(spec.name)
            else:
                self._connection.execute(_view_of_files(spec, [_plain(uri) for uri in files]))
        except duckdb.IOException as error:
            raise VersionGoneError(spec.name, table.version()) from error


class Repeated:
    """A SELECT that is planned once, which for a long one takes as long as to run it over some
    thousand rows.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, sql: str) -> None:
        self._connection = connection
        self._sql = sql
        self._rows = _Rows()
        self._is_prepared = False

    def __call__(self, rows: pa.Table) -> pa.Table:
        """The result over these rows."""
        self._rows.table = rows
        try:
            return self._over(self._rows)
        finally:
            # Rows are not kept for longer than they are read.
            self._rows.table = rows.schema.empty_table()

    def _over(self, records: _Rows) -> pa.Table:
        """The result over the variable `records`, which DuckDB finds by its name: over a relation
        that was registered it would plan anew each time.
        """
        if not self._is_prepared:
            self._connection.execute(f"prepare repeated as\n{self._sql}")
            self._is_prepared = True
        return self._connection.sql("execute repeated").to_arrow_table()


_OWN = "memory"
"""The catalog that every DuckDB has from the start."""
_numbers = itertools.count(1)


@cache
def _shared(memory_limit: int, threads: int | None) -> duckdb.DuckDBPyConnection:
    """The DuckDB of this process for readers with these bounds, which they share."""
    return _opened(memory_limit, threads)


def _opened(memory_limit: int, threads: int | None) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:")
    # Global, or it would not be for other cursors.
    connection.execute("set global TimeZone = 'UTC'")
    connection.execute("set memory_limit = $limit", {"limit": f"{memory_limit}B"})
    connection.execute("set temp_directory = $folder", {"folder": str(folder_to_spill())})
    if threads is not None:
        connection.execute("set threads = $n", {"n": threads})
    return connection


class _Rows:
    """What DuckDB sees as one relation, while its rows are others each time."""

    table: pa.Table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def _faults_told() -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        told = _first_lines(str(error))
        raise LakeError(f"{told}; raise memory_limit, or lower threads") from error
    except duckdb.IOException as error:
        raise _gone(_first_lines(str(error))) from error
    except duckdb.InvalidInputException as error:
        if _OF_BUCKET not in str(error):
            raise
        if meaning := meaning_of(error):
            raise LakeError(f"cannot read the lake: {meaning}") from error
        told = in_a_line(error).partition(_OF_BUCKET)[2].partition(". Detail: Python")[0]
        raise _gone(told[:300]) from error


def _gone(told: str) -> LakeError:
    return LakeError(
        f"cannot read the lake: {told}; files that were replaced are deleted after keep_hours: "
        "try again"
    )


@contextmanager
def _ended_after(seconds: float, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """What is run on the connection is ended after so many seconds, and that is told in a line."""
    is_done, is_late = threading.Event(), threading.Event()

    def end() -> None:
        # Again and again: between two steps of a query there is nothing that hears of it.
        while not is_done.wait(_AGAIN if is_late.is_set() else seconds):
            is_late.set()
            connection.interrupt()

    watch = threading.Thread(target=end, name="time limit", daemon=True)
    watch.start()
    try:
        yield
    except QueryError as error:
        if not is_late.is_set():
            raise
        raise QueryError(
            f"expected an answer within {seconds:g} seconds, got none (setting query_seconds)"
        ) from error
    finally:
        is_done.set()
        watch.join()


def _without_end(sql: str) -> str:
    """One statement without its semicolon and what comes after it."""
    text = sql.encode()
    operators = [at for at, kind in duckdb.tokenize(sql) if kind == duckdb.token_type.operator]
    ends = (at for at in operators if text[at : at + 1] == b";")
    return text[: next(ends, len(text))].decode()


def _told_apart(rows: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """The same columns, each with a name of its own and a type that Arrow has."""
    columns: dict[str, str] = {}
    for place, (name, type_) in enumerate(zip(rows.columns, rows.types, strict=True), start=1):
        numbered = (f"{name}_{number}" for number in itertools.count(1))
        own = next(each for each in itertools.chain([name], numbered) if each not in columns)
        is_odd = _NOT_IN_ARROW.search(str(type_))
        columns[own] = f"cast(#{place} as varchar)" if is_odd else f"#{place}"
    quoted = {name: name.replace('"', '""') for name in columns}
    return rows.project(", ".join(f'{columns[name]} as "{quoted[name]}"' for name in columns))


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
    options = [f"[{', '.join(map(literal, files))}]", f"schema = map {{{columns}}}"]
    if spec.partition_by:
        folders = ", ".join(f"'{c.name}': {c.type}" for c in spec.columns if c not in inside)
        options += ["hive_partitioning = true", f"hive_types = {{{folders}}}"]
    names = ", ".join(f'"{name}"' for name in spec.column_names)
    return f"create view {spec.name} as from read_parquet({', '.join(options)}) select {names}"


def _text(sql: str | Path) -> str:
    return sql.read_text(encoding="utf-8") if isinstance(sql, Path) else sql


def _plain(uri: str) -> str:
    """A file's path as the system knows it; delta-rs percent-encodes it."""
    return unquote(urlparse(uri).path if uri.startswith("file://") else uri)


def _first_lines(message: str) -> str:
    return " ".join(message.split("\n\nLINE", maxsplit=1)[0].split())
