"""What becomes of values on their way to JSON, CSV and tables: DuckDB's own, of each kind."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from pipeline import plain
from pipeline.errors import QueryError
from pipeline.lake import Lake
from pipeline.reader import LakeReader


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LakeReader]:
    """A reader of a lake to which nothing was written."""
    with Lake(tmp_path_factory.mktemp("empty")).reader() as reader:
        yield reader


def asked(reader: LakeReader, select: str) -> pl.DataFrame:
    """What a user's SELECT of one row returns."""
    return plain.frame(reader.user_query(f"select {select}"))


def csv_row(rows: pl.DataFrame) -> dict[str, str]:
    [row] = csv.DictReader(io.StringIO(plain.as_csv(rows), newline=""))
    return dict(row)


def json_row(rows: pl.DataFrame) -> dict[str, Any]:
    [row] = json.loads(plain.as_json(rows.to_dicts()), parse_constant=pytest.fail)
    return dict(row)


WIDE = 12345678901234567890123456789012345678


@pytest.mark.parametrize(
    ("select", "as_csv", "as_json"),
    [
        ("['x', null]", '["x", null]', ["x", None]),
        ("[1, 2]::int[2]", "[1, 2]", [1, 2]),
        ("[[1], []]", "[[1], []]", [[1], []]),
        ("{'b': 1, 'a': [2]}", '{"b": 1, "a": [2]}', {"b": 1, "a": [2]}),
        ("map {'b': 1, 'a': 2}", '{"b": 1, "a": 2}', {"b": 1, "a": 2}),
        ("map {date '2026-09-01': 'ab'::blob}", '{"2026-09-01": "6162"}', {"2026-09-01": "6162"}),
        ("'ab'::blob", "6162", "6162"),
        ("['ab'::blob]", '["6162"]', ["6162"]),
        ("{'a': 'ab'::blob}", '{"a": "6162"}', {"a": "6162"}),
        ("'nan'::double", "NaN", None),
        ("['nan'::double, '-inf'::double]", "[null, null]", [None, None]),
        ("1.50::decimal(4, 2)", "1.50", 1.5),
        ("[1.50::decimal(4, 2)]", "[1.5]", [1.5]),
        (f"{WIDE}::hugeint", str(WIDE), WIDE),
        (f"[{WIDE}::hugeint]", f"[{WIDE}]", [WIDE]),
        (f"{2**128 - 1}::uhugeint", str(2**128 - 1), str(2**128 - 1)),
        ("interval 36 hours", "36:00:00", "36:00:00"),
        ("date '2026-09-01'", "2026-09-01", "2026-09-01"),
        ("[date '2026-09-01']", '["2026-09-01"]', ["2026-09-01"]),
        (
            "timestamptz '2026-09-01 02:00:00+02'",
            "2026-09-01T00:00:00.000000Z",
            "2026-09-01T00:00:00+00:00",
        ),
        ("timestamp '2026-09-01'", "2026-09-01T00:00:00.000000", "2026-09-01T00:00:00"),
        ("null", "", None),
        ("null::int[]", "", None),
        ("[null]", "[null]", [None]),
        ("true", "true", True),
    ],
)
def test_a_value_is_one_text_everywhere(
    reader: LakeReader, select: str, as_csv: str, as_json: Any
) -> None:
    rows = asked(reader, f"{select} as a, 1 as b")
    assert csv_row(rows) == {"a": as_csv, "b": "1"}
    assert json_row(rows) == {"a": as_json, "b": 1}
    if rows.schema["a"].is_nested() or rows.schema["a"] == pl.Binary:
        assert (plain.flat(rows)["a"][0] or "") == as_csv


@pytest.mark.parametrize(
    "value",
    [
        "date 'infinity'",
        "date '10000-01-01'",
        "date '0001-01-01 (BC)'",
        "timestamp '-infinity'",
        "timestamptz '20000-01-01'",
        "[null, date 'infinity']",
        "map {'a': {'b': timestamp 'infinity'}}",
    ],
)
def test_a_day_that_no_calendar_has_is_told_in_a_line(reader: LakeReader, value: str) -> None:
    with pytest.raises(QueryError) as fault:
        asked(reader, f"1 as a, {value} as b")
    assert "years 1 to 9999 in column b" in str(fault.value)
    assert csv_row(asked(reader, f"({value})::varchar is null as b")) == {"b": "false"}


@pytest.mark.parametrize("value", [2**127 - 1, -(10**38)])
@pytest.mark.parametrize("inside", ["{}::hugeint", "[1, null, {}::hugeint]"])
def test_a_number_of_more_digits_than_decimals_have_is_told_in_a_line(
    reader: LakeReader, value: int, inside: str
) -> None:
    column = inside.format(value)
    with pytest.raises(QueryError) as fault:
        asked(reader, f"1 as a, {column} as b")
    assert "up to 38 digits in column b" in str(fault.value)
    assert str(value) in csv_row(asked(reader, f"({column})::varchar as b"))["b"]


def test_the_longest_number_that_decimals_have_is_exact(reader: LakeReader) -> None:
    rows = asked(reader, f"{10**38 - 1}::hugeint as a, [-{10**38 - 1}::hugeint] as b")
    assert json_row(rows) == {"a": 10**38 - 1, "b": [1 - 10**38]}


def test_the_first_and_the_last_moment_are_told(reader: LakeReader) -> None:
    select = "date '0001-01-01' as a, timestamp '9999-12-31 23:59:59.999999' as b, null::date as c"
    assert csv_row(asked(reader, select)) == {
        "a": "0001-01-01",
        "b": "9999-12-31T23:59:59.999999",
        "c": "",
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\x1b[31mred\x00", "\ufffd[31mred\ufffd"),
        ("a\u202eb\u2066\u2028", "a\ufffdb\ufffd\ufffd"),
        ("a\r\nb\rc", "a\nb\ufffdc"),
        ("half \udcff", "half \\udcff"),
        ("a\tb", "a\tb"),
        ("\u0645\u06cc\u200c\u062e é 🙂 \xa0", "\u0645\u06cc\u200c\u062e é 🙂 \xa0"),
    ],
)
def test_what_is_not_seen_is_shown_to_be_there(text: str, told: str) -> None:
    assert plain.printable(text) == told


def test_a_frame_shows_what_is_not_seen() -> None:
    rows = pl.DataFrame({"a": ["\x1b\u202e", None], "b": [["x\x00"], None], "c": [1, 2]})
    assert plain.seen(rows).rows() == [("\ufffd\ufffd", ["x\ufffd"], 1), (None, None, 2)]


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_a_spreadsheet_runs_no_text_of_a_csv(begin: str) -> None:
    text = f"{begin}cmd|' /C calc'!A0"
    rows = pl.DataFrame({text: [text], "enum": pl.Series([text], dtype=pl.Enum([text]))})
    assert csv_row(rows) == {f"'{text}": f"'{text}", "enum": f"'{text}"}
    assert json_row(rows) == {text: text, "enum": text}


def test_what_a_spreadsheet_runs_not_is_as_it_is() -> None:
    rows = pl.DataFrame({"a": [-1], "b": ["a=1"], "c": ["'=1"], "d": [["=1"]], "e": [-1.5]})
    assert csv_row(rows) == {"a": "-1", "b": "a=1", "c": "'=1", "d": '["=1"]', "e": "-1.5"}
