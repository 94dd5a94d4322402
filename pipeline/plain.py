"""Values as text for those who have no such values: JSON, CSV, a table of a terminal or a browser.

One rule for all: lists, structs and maps are JSON text, bytes are hex, times are ISO 8601. In JSON
a number that is none is null, and a whole number of up to 38 digits stays one; a longer is refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from polars import selectors

from pipeline.errors import QueryError, encodable

_TIME = "%Y-%m-%dT%H:%M:%S%.6f"
_EXECUTED = r"^[=+\-@\t\r]"
"""How a text begins that a spreadsheet takes for a formula."""

_UNSEEN = r"[\p{C}\p{Zl}\p{Zp}&&[^\n\t\x{200C}\x{200D}]]"
"""Controls and marks of direction; not those that join letters or part them, as Persian needs."""
_INSTEAD = "\N{REPLACEMENT CHARACTER}"

_EPOCH = date(1970, 1, 1)
_FIRST_DAY, _LAST_DAY = (date.min - _EPOCH).days, (date.max - _EPOCH).days
_DIGITS = 38
_LONGER = Decimal(10) ** _DIGITS
_UNITS_A_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000}


def frame(result: pa.Table) -> pl.DataFrame:
    """The result of a user's query. Fails if a column has values that nothing can show."""
    for name, column in zip(result.column_names, result.columns, strict=True):
        if not all(map(_is_in_digits, _leaves(column))):
            raise QueryError(
                f"expected numbers of up to {_DIGITS} digits in column {name}, got longer ones; "
                "cast it to varchar"
            )
        if not all(map(_is_in_calendar, _leaves(column))):
            raise QueryError(
                f"expected days of the years 1 to 9999 in column {name}, got others; "
                "cast it to varchar"
            )
    try:
        return pl.DataFrame(result)
    except pl.exceptions.PolarsError as error:
        raise QueryError(
            f"expected columns that can be shown, got: {error}; cast them to varchar"
        ) from error


def flat(rows: pl.DataFrame) -> pl.DataFrame:
    """The same rows with nested values as JSON text and bytes in hex."""
    nested = [name for name, kind in rows.schema.items() if kind.is_nested()]
    texts = [
        pl.Series(name, [_nested_text(value) for value in rows[name].to_list()], pl.String)
        for name in nested
    ]
    return rows.with_columns(selectors.binary().bin.encode("hex"), *texts)


def printable(text: str) -> str:
    """Text without what is not seen, so that a log cannot drive a terminal, or turn around what is
    read on a page: controls, and marks of direction.
    """
    lines = encodable(text).replace("\r\n", "\n")
    return str(pl.Series([lines]).str.replace_all(_UNSEEN, _INSTEAD).item())


def seen(rows: pl.DataFrame) -> pl.DataFrame:
    """The same rows, each text as `printable` has it."""
    lists = selectors.by_dtype(pl.List(pl.String))
    return rows.with_columns(
        selectors.string().str.replace_all(_UNSEEN, _INSTEAD),
        lists.list.eval(pl.element().str.replace_all(_UNSEEN, _INSTEAD)),
    )


def as_csv(rows: pl.DataFrame) -> str:
    """Rows as CSV. A text that a spreadsheet would run as a formula has an apostrophe before it, as
    OWASP has it: it may be from a log, and so from an attacker.
    """
    times = [
        pl.col(name).dt.strftime(_TIME + ("Z" if kind.time_zone else ""))
        for name, kind in rows.schema.items()
        if isinstance(kind, pl.Datetime)
    ]
    text = selectors.string() | selectors.categorical() | selectors.enum()
    told = flat(rows).with_columns(*times)
    return (
        told.with_columns(text.cast(pl.String).str.replace(_EXECUTED, "'$0"))
        .rename(lambda name: pl.Series([name]).str.replace(_EXECUTED, "'$0").item())
        .write_csv()
    )


def as_json(value: Any, *, indent: int | None = 2) -> str:
    """JSON text of a value, without `indent` in one line."""
    return json.dumps(_told(value), ensure_ascii=False, indent=indent, allow_nan=False)


def _nested_text(value: Any) -> str | None:
    return None if value is None else as_json(value, indent=None)


def _told(value: Any) -> Any:
    """A value made of what JSON has."""
    if isinstance(value, dict):
        return {str(_told(key)): _told(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_told(inner) for inner in value]
    if isinstance(value, float | Decimal):
        return _told_number(value)
    if isinstance(value, bytes):
        return value.hex()
    if value is None or isinstance(value, str | int):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _told_number(value: float | Decimal) -> float | None:
    """Integers too wide for SQL's own types, such as sums, come as decimals without a fraction."""
    if not math.isfinite(value):
        return None
    is_integer = isinstance(value, Decimal) and value.as_tuple().exponent == 0
    return int(value) if is_integer else float(value)


def _leaves(values: pa.ChunkedArray | pa.Array) -> Iterator[pa.Array]:
    """The values in lists, structs and maps, or else the values themselves."""
    if isinstance(values, pa.ChunkedArray):
        for chunk in values.chunks:
            yield from _leaves(chunk)
    elif pa.types.is_map(values.type):
        yield from _leaves(values.keys)
        yield from _leaves(values.items)
    elif pa.types.is_struct(values.type):
        for inner in values.flatten():
            yield from _leaves(inner)
    elif pa.types.is_nested(values.type):
        yield from _leaves(values.flatten())
    else:
        yield values


def _is_in_digits(values: pa.Array) -> bool:
    """Whether every number has the digits that decimals have: DuckDB's HUGEINT, which comes as one,
    may have one more.
    """
    if not pa.types.is_decimal(values.type) or values.type.scale:
        return True
    ends = pc.min_max(values).as_py()
    return ends["min"] is None or (ends["min"] > -_LONGER and ends["max"] < _LONGER)


def _is_in_calendar(values: pa.Array) -> bool:
    """Whether every day or time is one that Python and polars have: DuckDB knows infinity."""
    kind = values.type
    if pa.types.is_date32(kind):
        a_day, number = 1, pa.int32()
    elif pa.types.is_timestamp(kind) and kind.unit in _UNITS_A_DAY:
        a_day, number = _UNITS_A_DAY[kind.unit], pa.int64()
    else:
        return True
    ends = pc.min_max(values.view(number)).as_py()
    return ends["min"] is None or (
        ends["min"] >= _FIRST_DAY * a_day and ends["max"] < (_LAST_DAY + 1) * a_day
    )
