"""Files into records: every layout and compression, and what is wrong with a file."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pipeline.decompressing import plain_blocks
from pipeline.records import Broken, Piece, split

CONTAINERS = frozenset({"Records", "Events"})
RECORDS = [
    {"eventID": str(n), "items": [{"a": 1}, {"b": '},{"eventID"'}], "text": "x\n\"'é"}
    for n in range(5)
]


def pieces_of(path: Path, *, max_record_bytes: int = 1 << 20) -> list[Piece]:
    with path.open("rb") as stream:
        blocks = plain_blocks(stream)
        return list(split(blocks, containers=CONTAINERS, max_record_bytes=max_record_bytes))


def read(path: Path, *, max_record_bytes: int = 1 << 20) -> tuple[list[Any], list[Broken]]:
    pieces = pieces_of(path, max_record_bytes=max_record_bytes)
    records = [json.loads(text) for piece in pieces for text in piece.texts.to_pylist()]
    return records, [broken for piece in pieces for broken in piece.broken]


def indexes(path: Path, *, max_record_bytes: int = 1 << 20) -> list[int]:
    pieces = pieces_of(path, max_record_bytes=max_record_bytes)
    return [index for piece in pieces for index in piece.indexes]


def lines(records: list[Any]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


LAYOUTS = {
    "lines": lines,
    "lines without the last newline": lambda r: lines(r).rstrip(b"\n"),
    "lines with blank lines": lambda r: lines(r).replace(b"\n", b"\r\n\n"),
    "array": lambda r: json.dumps(r).encode(),
    "pretty array": lambda r: json.dumps(r, indent=3).encode(),
    "array a line": lambda r: lines([r]),
    "container": lambda r: json.dumps({"Records": r}).encode(),
    "pretty container": lambda r: json.dumps({"Records": r}, indent=1).encode(),
    "container with more keys": lambda r: json.dumps({"Events": r, "NextToken": "t"}).encode(),
    "container behind another key": lambda r: json.dumps({"NextToken": "t", "Events": r}).encode(),
    "byte order mark": lambda r: b"\xef\xbb\xbf" + json.dumps({"Records": r}).encode(),
    "pretty values after one another": lambda r: b"".join(
        json.dumps(record, indent=2).encode() + b"\n" for record in r
    ),
}
COMPRESSIONS = {
    "plain": lambda data: data,
    "gzip": gzip.compress,
    "gzip in two members": lambda data: gzip.compress(data[:40]) + gzip.compress(data[40:]),
    "gzip with padding": lambda data: gzip.compress(data) + b"\0" * 512,
    "zstd": zstandard.compress,
    "zstd in two frames": lambda d: zstandard.compress(d[:40]) + zstandard.compress(d[40:]),
}


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_its_records(tmp_path: Path, layout: str, compression: str) -> None:
    path = tmp_path / "log"
    path.write_bytes(COMPRESSIONS[compression](LAYOUTS[layout](RECORDS)))
    assert read(path) == (RECORDS, [])
    assert indexes(path) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_half_a_character_that_is_escaped_is_replaced(tmp_path: Path, layout: str) -> None:
    path = tmp_path / "log"
    cut = {"eventID": "cut", "text": "half \ud83d, other half \udc00, \\ud83d, whole \U0001f600"}
    path.write_bytes(LAYOUTS[layout]([*RECORDS, cut]))
    whole = {**cut, "text": "half \ufffd, other half \ufffd, \\ud83d, whole \U0001f600"}
    assert read(path) == ([*RECORDS, whole], [])


def test_a_container_a_line_gives_the_records_of_all(tmp_path: Path) -> None:
    path = tmp_path / "firehose"
    path.write_bytes(lines([{"Records": RECORDS[:2]}, {"Records": RECORDS[2:]}]))
    assert read(path) == (RECORDS, [])


def test_a_broken_line_does_not_take_the_containers_of_the_others_along(tmp_path: Path) -> None:
    lines = ["{half", *(json.dumps({"Records": [{"n": n}, {"n": n + 1}]}) for n in (0, 2))]
    (tmp_path / "log").write_text("\n".join(lines))
    records, broken = read(tmp_path / "log")
    assert records == [{"n": n} for n in range(4)]
    assert [part.index for part in broken] == [0]


def test_containers_glued_together_give_the_records_of_all(tmp_path: Path) -> None:
    path = tmp_path / "firehose"
    path.write_bytes(json.dumps({"Records": RECORDS}).encode() * 2)
    assert read(path) == (RECORDS * 2, [])


def test_an_array_larger_than_a_piece_is_cut_at_record_boundaries(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    records = [{**RECORDS[0], "n": n, "pad": "y" * 2000} for n in range(10_000)]
    path.write_bytes(json.dumps({"Records": records}).encode())
    pieces = pieces_of(path)
    assert len(pieces) > 1
    assert [json.loads(t)["n"] for piece in pieces for t in piece.texts.to_pylist()] == list(
        range(10_000)
    )


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_a_truncated_file_gives_what_is_whole_and_one_broken_part(
    tmp_path: Path, compress: Any
) -> None:
    path = tmp_path / "cut.json.gz"
    # Random text, so that half the compressed bytes hold about half the records.
    records = [{"eventID": str(n), "pad": str(hash((n, "pad")) ** 30)} for n in range(3000)]
    data = compress(json.dumps({"Records": records}).encode())
    path.write_bytes(data[: len(data) // 2])
    whole, broken = read(path)
    assert whole == records[: len(whole)]
    assert len(whole) > 100
    assert [part.index for part in broken] == [len(whole)]
    assert "truncated" in broken[0].reason


def test_a_half_line_is_broken_and_the_others_are_in(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"a": 1}\n{"b":\n{"c": 3}\n{"d')
    records, broken = read(path)
    assert records == [{"a": 1}, {"c": 3}]
    assert [(part.index, part.text) for part in broken] == [(1, b'{"b":'), (3, b'{"d')]


def test_as_many_values_as_lines_are_no_lines_if_one_goes_over_two(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"a": 1}\n{"b":\n2}\n{"c": 3} {"d": 4}\n')
    records, broken = read(path)
    assert records == [{"a": 1}]
    assert [part.text for part in broken] == [b'{"b":', b"2}", b'{"c": 3} {"d": 4}']


def test_a_record_that_is_no_utf_8_is_broken_and_the_others_are_in(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_bytes(b'{"Records": [{"a": 1}, {"a": "\xff"}, {"a": "\xc3\xa9"}]}')
    records, broken = read(path)
    assert records == [{"a": 1}, {"a": "é"}]
    assert indexes(path) == [0, 2]
    assert [(part.index, part.reason.partition(",")[0]) for part in broken] == [
        (1, "expected UTF-8 text")
    ]


def test_a_broken_record_amid_an_array_does_not_take_the_others_along(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    good = json.dumps({"Records": RECORDS}).encode()
    path.write_bytes(good.replace(b'"eventID": "2"', b'"eventID": nope'))
    records, broken = read(path)
    assert [record["eventID"] for record in records] == ["0", "1", "3", "4"]
    assert [part.index for part in broken] == [2]
    assert broken[0].text.startswith(b'{"eventID": nope')


@pytest.mark.parametrize("layout", ["lines", "array", "pretty container"])
def test_an_overlong_record_is_broken_and_the_others_are_in(tmp_path: Path, layout: str) -> None:
    path = tmp_path / "log"
    long = {"eventID": "long", "pad": "x" * 5000}
    path.write_bytes(LAYOUTS[layout]([*RECORDS[:2], long, *RECORDS[2:]]))
    records, broken = read(path, max_record_bytes=4096)
    assert records == RECORDS
    assert [part.index for part in broken] == [2]
    assert "4096 bytes" in broken[0].reason


def test_a_record_without_end_is_given_up_within_bounds(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b'{"Records": [{"eventID": "' + b"x" * 40_000_000)
    records, broken = read(path, max_record_bytes=1 << 20)
    assert records == []
    assert "within" in broken[0].reason


@pytest.mark.parametrize("data", [b"", b"\n\n", b"[]", b'{"Records": []}', b"   "])
def test_nothing_gives_nothing(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "log"
    path.write_bytes(data)
    assert read(path) == ([], [])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
records_of_one_writer = st.lists(
    st.dictionaries(st.text(max_size=5), json_values, max_size=3).map(lambda d: {"id": 1, **d}),
    min_size=1,
    max_size=6,
)


@given(records=records_of_one_writer, layout=st.sampled_from(sorted(LAYOUTS)))
def test_any_records_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, records: list[Any], layout: str
) -> None:
    text = LAYOUTS[layout](records)
    if "\\ud" in text.decode():  # lone surrogates are no JSON text
        return
    path = tmp_path_factory.mktemp("any") / "log"
    path.write_bytes(text)
    assert read(path) == (records, [])


@given(data=st.binary(max_size=300))
def test_any_bytes_are_read_to_their_end(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "log"
    path.write_bytes(data)
    pieces = pieces_of(path, max_record_bytes=4096)
    places = [i for p in pieces for i in [*p.indexes, *(b.index for b in p.broken)]]
    assert len(places) == len(set(places))


@given(cut=st.integers(0, 700), layout=st.sampled_from(["container", "pretty array", "lines"]))
def test_a_file_cut_anywhere_gives_every_whole_record_before_the_cut(
    tmp_path_factory: pytest.TempPathFactory, cut: int, layout: str
) -> None:
    text = LAYOUTS[layout](RECORDS)
    path = tmp_path_factory.mktemp("cut") / "log"
    path.write_bytes(text[:cut])
    records, broken = read(path)
    ends = [text.find(json.dumps(r, indent=None).encode()) for r in RECORDS]
    assert records == RECORDS[: len(records)]
    assert len(broken) <= 1
    if layout != "pretty array":
        sizes = [len(json.dumps(record).encode()) for record in RECORDS]
        whole = sum(start + size <= cut for start, size in zip(ends, sizes, strict=True))
        assert len(records) == whole
