"""Logs to measure with, made from the sample company's CloudTrail.

    python tests/benchmarks/logs.py company OUT --factor 8     a month of a larger company
    python tests/benchmarks/logs.py days OUT --events 10000000  the month's files, many times over
    python tests/benchmarks/logs.py records OUT --bytes 2000000000   one object {"Records": [...]}
    python tests/benchmarks/logs.py array OUT --bytes 2000000000     one array
    python tests/benchmarks/logs.py small OUT --files 4000 --bytes 2000

Copies of an event differ in its id alone. Prints how many events it wrote.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
from collections.abc import Iterator
from pathlib import Path

from sample_data import DATA
from sample_data.generate import generate

_ID = b'"eventID":"'
_LEVEL = 1


def _sample() -> list[tuple[str, bytes]]:
    """The sample's CloudTrail files, unzipped, by name."""
    files = sorted((DATA / "AWSLogs").rglob("*.json.gz"))
    return [(file.name, gzip.decompress(file.read_bytes())) for file in files]


def _copy(text: bytes, number: int) -> bytes:
    """The text with other event ids."""
    return text.replace(_ID, _ID + b"%d-" % number)


def _records() -> Iterator[bytes]:
    """The sample's records, over and over, each with an id of its own."""
    texts = [
        json.dumps(record, separators=(",", ":")).encode()
        for _, text in _sample()
        for record in json.loads(text)["Records"]
    ]
    for number in itertools.count():
        for text in texts:
            yield _copy(text, number)


def company(out: Path, *, factor: int) -> int:
    """A month of `factor` times the sample's volume, as the generator makes it."""
    return generate(out, factor=factor).events


def days(out: Path, *, events: int) -> int:
    """The sample's files, gzipped, again and again until there are so many events."""
    out.mkdir(parents=True)
    sample = [(name, text, text.count(_ID)) for name, text in _sample()]
    written = 0
    for number in itertools.count():
        for name, text, count in sample:
            if written >= events:
                return written
            (out / f"{number}-{name}").write_bytes(gzip.compress(_copy(text, number), _LEVEL))
            written += count
    return written


def one_file(out: Path, *, size: int, before: bytes, after: bytes) -> int:
    """One JSON value of about `size` bytes that holds all records."""
    with out.open("wb") as file:
        file.write(before)
        for number, record in enumerate(_records()):
            file.write(b",\n" + record if number else record)
            if file.tell() >= size:
                file.write(after)
                return number + 1
    raise AssertionError


def small(out: Path, *, files: int, size: int) -> int:
    """Files of about `size` bytes, as a quiet account's trail delivers them, not zipped."""
    out.mkdir(parents=True)
    records, written = _records(), 0
    for number in range(files):
        held = [next(records)]
        while sum(map(len, held)) < size * 3 // 4:
            held.append(next(records))
        (out / f"{number}.json").write_bytes(b'{"Records":[' + b",".join(held) + b"]}")
        written += len(held)
    return written


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("form", choices=["company", "days", "records", "array", "small"])
    parser.add_argument("out", type=Path)
    parser.add_argument("--factor", type=int, default=8)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--files", type=int, default=4_000)
    parser.add_argument("--bytes", type=int, default=2_000)
    told = parser.parse_args()
    match told.form:
        case "company":
            written = company(told.out, factor=told.factor)
        case "days":
            written = days(told.out, events=told.events)
        case "records":
            written = one_file(told.out, size=told.bytes, before=b'{"Records":[', after=b"]}")
        case "array":
            written = one_file(told.out, size=told.bytes, before=b"[", after=b"]")
        case _:
            written = small(told.out, files=told.files, size=told.bytes)
    print(written)


if __name__ == "__main__":
    main()
