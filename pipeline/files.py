"""Which files a path means, and what makes one the same file again."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError

LOG_SUFFIXES = frozenset({"", ".json", ".jsonl", ".ndjson", ".log", ".txt"})
COMPRESSION_SUFFIXES = frozenset({".gz", ".zst"})


@dataclass(frozen=True)
class Found:
    """The files to read, in order, and how many a folder held that are no logs by their name."""

    files: tuple[Path, ...]
    left_out: int


def find(paths: Iterable[str | Path], *, apart_from: Path) -> Found:
    """Every file that the paths (files, folders, globs) mean, each once.

    A folder gives its files with a log's suffix, hidden ones and those of the lake
    (`apart_from`) left out; a file named outright is always taken.
    """
    files: dict[Path, None] = {}
    left_out = 0
    for path in paths:
        for match in _matches(str(path)):
            inside = list(_in_folder(match, apart_from.resolve())) if match.is_dir() else [match]
            logs = [file for file in inside if file == match or _is_log(file)]
            files.update(dict.fromkeys(logs))
            left_out += len(inside) - len(logs)
    return Found(tuple(files), left_out)


def fingerprint(file: Path) -> str:
    """A hash of the file's bytes as they lie there: 32 hex digits of BLAKE2b."""
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}") from error


def _matches(path: str) -> list[Path]:
    if Path(path).exists():
        return [Path(path)]
    matches = sorted(glob.glob(path, recursive=True))  # noqa: PTH207  (absolute ones too)
    if not matches:
        raise InputError(f"expected a file, a folder or a glob that matches, got {path}")
    return [Path(match) for match in matches]


def _in_folder(folder: Path, apart_from: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if file.is_file() and not hidden and apart_from not in file.resolve().parents:
            yield file


def _is_log(file: Path) -> bool:
    suffixes = [suffix.lower() for suffix in file.suffixes]
    if suffixes and suffixes[-1] in COMPRESSION_SUFFIXES:
        suffixes.pop()
    return (suffixes[-1] if suffixes else "") in LOG_SUFFIXES
