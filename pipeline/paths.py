"""Which files a path means, on disk or in a bucket."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from errno import ELOOP, ENOENT, ENOTDIR
from pathlib import Path, PurePath, PurePosixPath
from stat import S_ISDIR, S_ISREG

from pipeline.buckets import BucketUrl, Location, located
from pipeline.days import day_in_name, day_of_folder
from pipeline.errors import InputError, NotThereError
from pipeline.files import LocalFile, LogObject, asked_beside, bucket_object, unreadable
from pipeline.listing import Listed, list_path

LOG_SUFFIXES = frozenset({"", ".json", ".jsonl", ".ndjson", ".log", ".txt"})
COMPRESSION_SUFFIXES = frozenset({".gz", ".zst"})
LOOKBACK_DAYS = 2
_ROTATED = re.compile(r"(.+?)[._-]\d[\dT:._-]*Z?")
"""What rotation makes of a log's name: app.log.1, app.log-20260901, app.log.2026-09-01_13."""


@dataclass(frozen=True)
class Found:
    """The files to read, in order; how many a folder held that are no logs by their name; how far
    buckets are listed, to be kept when the files are in; and what is wrong with paths that mean
    nothing yet, and with folders that may not be read.
    """

    files: tuple[LogObject, ...]
    left_out: int
    listed: tuple[Listed, ...] = ()
    missing: tuple[str, ...] = ()


def find(
    paths: Iterable[str | Path],
    *,
    apart_from: Location,
    listed: Iterable[Listed] = (),
    lookback_days: int = LOOKBACK_DAYS,
    may_come: bool = False,
) -> Found:
    """Every file that the paths (files, folders, globs, also of buckets) mean, each once, those of
    a day together: what lands of a day then lies in few files.

    A folder gives its files with a log's suffix, hidden ones and those of the lake
    (`apart_from`) left out; a file named outright is always taken, and beside it those that
    rotation may have made of it. Of a bucket's days that were `listed` for the same path, those
    more than `lookback_days` before the last are left out. A path that means nothing fails, unless
    what it means `may_come`.
    """
    known = tuple(listed)
    files: dict[str, LogObject] = {}
    left_out = 0
    now_listed: list[Listed] = []
    missing: list[str] = []
    for path in paths:
        place = located(path)
        try:
            if isinstance(place, BucketUrl):
                found = _in_bucket(place, apart_from, known, lookback_days)
            else:
                found = _on_disk(str(path), apart_from)
        except NotThereError as error:
            if not may_come:
                raise
            missing.append(str(error))
            continue
        if found.missing and not may_come:
            raise InputError(found.missing[0])
        for file in found.files:
            if file.name not in files or asked_beside(file) is None:
                files[file.name] = file
        missing += found.missing
        left_out += found.left_out
        now_listed += found.listed
    by_day = tuple(sorted(files.values(), key=_day))
    return Found(by_day, left_out, tuple(now_listed), tuple(missing))


def _day(file: LogObject) -> date:
    """The day that a file's folder or its name is for; one that is for none goes last, as a log
    that is being written to does.
    """
    path = PurePosixPath(file.name)
    told = day_of_folder(f"{path.parent}/") or day_in_name(path.name)
    return date.max if told is None else told.day


def _in_bucket(
    url: BucketUrl, apart_from: Location, listed: tuple[Listed, ...], lookback_days: int
) -> Found:
    lake = apart_from if isinstance(apart_from, BucketUrl) else None
    if lake is not None and (lake.scheme, lake.bucket) != (url.scheme, url.bucket):
        lake = None
    if lake is not None and lake.contains(url.key):
        raise InputError(f"expected logs outside of the lake at {lake}, got {url}")
    listing = list_path(url, apart_from=lake, listed=listed, lookback_days=lookback_days)
    logs = [item for item in listing.inside if _is_log(PurePosixPath(item["path"]))]
    files = tuple(bucket_object(url, item) for item in listing.outright + logs)
    return Found(files, len(listing.inside) - len(logs), tuple(listing.listed))


def _on_disk(path: str, apart_from: Location) -> Found:
    lake = apart_from.resolve() if isinstance(apart_from, Path) else None
    files: dict[Path, LocalFile] = {}
    named: dict[Path, set[str]] = {}
    unread: list[str] = []
    left_out = 0
    for match, is_folder in _matches(path):
        if is_folder:
            inside = _in_folder(match, lake, unread)
            logs = [file for file in inside if _is_log(file)]
            left_out += len(inside) - len(logs)
        else:
            logs = [match]
            named.setdefault(match.parent, set()).add(match.name)
        files.update((file, LocalFile(file)) for file in logs)
    rotated = [file for folder, names in named.items() for file in _rotated(folder, names)]
    logs_there = (*(f for f in rotated if f.path not in files), *files.values())
    return Found(logs_there, left_out, missing=tuple(unread))


def _matches(path: str) -> list[tuple[Path, bool]]:
    """The files and folders that a path means, with whether each is a folder."""
    names = [path]
    if not path or _mode(path) is None:
        names = sorted(glob.glob(path, recursive=True))  # noqa: PTH207  (absolute ones too)
    modes = [(name, mode) for name in names if (mode := _mode(name)) is not None]
    there = [(Path(name), S_ISDIR(mode)) for name, mode in modes if S_ISDIR(mode) or S_ISREG(mode)]
    if modes and not there:
        raise InputError(
            f"expected a file, a folder or a glob that matches, got {path}, "
            "a pipe or a device: write what comes of it to a file"
        )
    if not there:
        raise NotThereError(
            f"expected a file, a folder or a glob that matches, got {path or 'nothing'}"
        )
    return there


def _mode(path: str) -> int | None:
    """What kind of thing lies at a path; None if there is none, such as at the end of a link."""
    try:
        return os.stat(path).st_mode  # noqa: PTH116  (a glob's matches, as they come)
    except OSError as error:
        if error.errno in {ENOENT, ENOTDIR, ELOOP}:
            return None
        raise unreadable(path, error) from error


def _in_folder(folder: Path, apart_from: Path | None, unread: list[str]) -> list[Path]:
    """The files in a folder and below, in order; nothing hidden, nothing of the lake. What is wrong
    with folders below that cannot be read is added to `unread`.
    """
    try:
        os.scandir(folder).close()
    except OSError as error:
        raise unreadable(str(folder), error) from error
    resolved = folder.resolve()
    if apart_from is not None and (apart_from == resolved or apart_from in resolved.parents):
        return []
    return sorted(_walked(folder, apart_from, unread))


def _walked(folder: Path, apart_from: Path | None, unread: list[str]) -> Iterator[Path]:
    try:
        for entry in _entries(folder):
            path = folder / entry.name
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                if path.resolve() != apart_from:
                    yield from _walked(path, apart_from, unread)
            elif _is_file(entry) and not (
                entry.is_symlink() and apart_from in path.resolve().parents
            ):
                yield path
    except OSError as error:
        unread.append(str(unreadable(str(folder), error)))


def _rotated(folder: Path, names: set[str]) -> Iterator[LocalFile]:
    """The files of a folder that rotation may have made of those of some names; none if they may
    be read but not listed.
    """
    with suppress(PermissionError):
        for entry in _entries(folder):
            before = _before_rotation(_uncompressed(entry.name))
            if before in names and _is_file(entry):
                yield LocalFile(folder / entry.name, beside=LocalFile(folder / before).name)


def _is_file(entry: os.DirEntry[str]) -> bool:
    with suppress(OSError):  # such as a link to itself
        return entry.is_file()
    return False


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """What lies in a folder; nothing if it has gone since it was found."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        yield from entries


def _is_log(file: PurePath) -> bool:
    name = _uncompressed(file.name)
    return bool({_suffix(name), _suffix(_before_rotation(name))} & LOG_SUFFIXES)


def _suffix(name: str) -> str:
    # As PurePath.suffix, which takes most of the time of a look at many files.
    stem, _, last = name.rpartition(".")
    return f".{last.lower()}" if stem and last else ""


def _uncompressed(name: str) -> str:
    """The name without the suffix of a compression."""
    return name[: -len(suffix)] if (suffix := _suffix(name)) in COMPRESSION_SUFFIXES else name


def _before_rotation(name: str) -> str:
    """The name that a log had, if rotation gave it this one."""
    match = _ROTATED.fullmatch(name)
    return match[1] if match else name
