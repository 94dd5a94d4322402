"""Listing a bucket from where the last listing left off, not from its start.

Logs are delivered into folders of days (`2026/01/02/`, `dt=2026-01-02/`, hours below). A listing
goes down folder by folder; where it comes to days listed before, it leaves out those that end
before the last of them less a lookback, so that late objects are still found. What is above the
days (an account, a region) is always looked through: a new one has no days listed before, and is
listed from its start. A folder whose files' names begin alike up to their day is listed from the
name of that day on.

How far a folder is listed counts for the same path as it was given only, and is kept once all that
was found is in: a trial on one file or a run that was killed hides nothing. Missed is what comes
into a day's folder later than the lookback; a longer lookback finds it.
"""

from __future__ import annotations

import fnmatch
import itertools
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError

from pipeline.buckets import BucketUrl, ObjectStore, fault, store
from pipeline.days import DayFolder, day_in_name, day_of_folder, last_day_of_folder
from pipeline.errors import InputError, NotThereError

if TYPE_CHECKING:
    from obstore import ObjectMeta as Object

_REQUESTS = 16
"""Listings asked for at once: each is a round trip."""
_ATTEMPTS = 5
"""Looks at a folder whose listing breaks off in the middle of an answer."""
_PAGE = 1000
"""Keys that one answer holds at most."""


@dataclass(frozen=True)
class Listed:
    """Of a path as it was given: a folder of days is listed up to its `last_day`.

    `name_form` is the strftime form of how its files' names begin, if these hold the days.
    """

    path: str
    folder: str
    last_day: date
    name_form: str | None = None


@dataclass(frozen=True)
class Listing:
    """What was found, by key: objects named outright, objects in folders; how far it is listed."""

    outright: list[Object]
    inside: list[Object]
    listed: list[Listed]


def list_path(
    url: BucketUrl, *, apart_from: BucketUrl | None, listed: Iterable[Listed], lookback_days: int
) -> Listing:
    """The objects that a URL (an object, a folder, a glob) means.

    Left out are days `listed` before, what is hidden, and what lies in `apart_from`.
    """
    known: dict[str, Listed] = {}
    for seen in sorted(listed, key=lambda seen: seen.last_day):
        if seen.path == str(url):
            known[seen.folder] = seen
    try:
        named = _object(url)
        if named is not None:
            return Listing([named], [], [])
        return _Walk(url, apart_from, known, timedelta(days=lookback_days)).listing()
    except (BaseError, OSError) as error:
        raise InputError(fault(url, error)) from error


def _object(url: BucketUrl) -> Object | None:
    """The object of exactly that key, if there is one that holds anything."""
    if not url.key:
        return None
    try:
        found = obstore.head(store(url.scheme, url.bucket), url.key)
    except FileNotFoundError:
        return None
    return found if found["size"] else None


@dataclass
class _Look:
    """What a look at a folder showed: objects, folders to look at next, days listed."""

    objects: list[Object]
    folders: list[str] = field(default_factory=list)
    listed: list[Listed] = field(default_factory=list)


@dataclass(frozen=True)
class _Walk:
    url: BucketUrl
    apart_from: BucketUrl | None
    known: dict[str, Listed]
    lookback: timedelta

    def listing(self) -> Listing:
        found: list[Object] = []
        listed = dict(self.known)
        level = [_plain_start(self.url.key)]
        with ThreadPoolExecutor(_REQUESTS) as pool:
            while level:
                looks = list(pool.map(self._look, level))
                level = [folder for look in looks for folder in look.folders]
                found += [item for look in looks for item in look.objects]
                for seen in (seen for look in looks for seen in look.listed):
                    before = listed.get(seen.folder)
                    if before is None or before.last_day < seen.last_day:
                        listed[seen.folder] = seen
        outright, inside = self._meant(found)
        if self.url.key and not (outright or inside or self.known):
            raise NotThereError(
                f"expected an object, a folder or a glob that matches, got {self.url}"
            )
        new = [seen for seen in listed.values() if seen != self.known.get(seen.folder)]
        return Listing(outright, inside, new)

    # -- one folder

    def _look(self, folder: str) -> _Look:
        for _ in range(_ATTEMPTS - 1):
            try:
                return self._look_once(folder)
            except BaseError as error:
                # The one fault that obstore does not try again by itself.
                if "list response body" not in str(error):
                    raise
        return self._look_once(folder)

    def _look_once(self, folder: str) -> _Look:
        seen = self.known.get(folder)
        if seen is not None and seen.name_form is not None:
            return self._look_by_name(seen, seen.name_form)
        dated = day_of_folder(folder)
        if dated is not None and dated.whole:
            objects = list(self._all(folder))
            return _Look(objects, listed=self._up_to(dated, objects))
        page = obstore.list_with_delimiter(self._store, folder or None)
        objects, folders = list(page["objects"]), [f"{name}/" for name in page["common_prefixes"]]
        if len(folders) > _PAGE and not any(name.startswith(folder) for name in self.known):
            # A request for each folder would be more than one for each thousand objects.
            return _Look(list(self._all(folder)))
        if dated is not None:
            listed = self._up_to(dated, objects)
        elif len(objects) >= _PAGE and not folders:
            listed = self._up_to_name(folder, objects)
        else:
            listed = []
        return _Look(objects, self._to_look_at(folders), listed)

    def _look_by_name(self, seen: Listed, form: str) -> _Look:
        """The objects of a folder from the day to resume at on, and those whose names come before
        those of all days.
        """
        resume = seen.folder + (seen.last_day - self.lookback).strftime(form)
        first = seen.folder + form.partition("%Y")[0].replace("%%", "%") + "20"
        objects = list(
            itertools.takewhile(
                lambda item: item["path"] <= resume and not item["path"].startswith(first),
                self._all(seen.folder),
            )
        )
        later = list(self._all(seen.folder, offset=resume))
        listed = [now for now in self._up_to_name(seen.folder, later) if now.name_form == form]
        return _Look(objects + later, listed=listed)

    def _all(self, folder: str, *, offset: str | None = None) -> Iterator[Object]:
        """Every object in a folder and below, by key."""
        pages = obstore.list(self._store, folder or None, offset=offset, chunk_size=_PAGE)
        return (item for page in pages for item in page)

    @property
    def _store(self) -> ObjectStore:
        return store(self.url.scheme, self.url.bucket)

    # -- how far it is listed

    def _up_to(self, dated: DayFolder, objects: list[Object]) -> list[Listed]:
        if any(_has_been(dated.day, item) for item in objects):
            return [Listed(str(self.url), dated.stream, dated.day)]
        return []

    def _up_to_name(self, folder: str, objects: list[Object]) -> list[Listed]:
        """By the files' names, if all of them begin alike up to their day."""
        named = [day_in_name(item["path"].removeprefix(folder)) for item in objects]
        forms = {name.form if name is not None else None for name in named}
        days = [
            name.day
            for name, item in zip(named, objects, strict=True)
            if name is not None and _has_been(name.day, item)
        ]
        form = forms.pop() if len(forms) == 1 else None
        return [Listed(str(self.url), folder, max(days), form)] if form and days else []

    # -- what of it is meant

    def _to_look_at(self, folders: list[str]) -> list[str]:
        """Those of a folder's folders that the path may mean something in, less days past."""
        wanted = [folder for folder in folders if self._is_wanted(folder)]
        periods = [last_day_of_folder(folder) for folder in wanted]
        if 2 * sum(period is not None for period in periods) < len(wanted):
            # Ids, of which some read like a day.
            return wanted
        return [
            folder
            for folder, period in zip(wanted, periods, strict=True)
            if period is None or not self._is_past(period)
        ]

    def _is_past(self, period: DayFolder) -> bool:
        """Whether a period is listed, and over for longer than objects may be late."""
        seen = self.known.get(period.stream)
        return seen is not None and period.day < seen.last_day - self.lookback

    def _is_wanted(self, folder: str) -> bool:
        parts = folder.rstrip("/").split("/")
        depth, may_match = glob_depth(parts, self.url.key)
        return (depth is not None or may_match) and not self._is_apart(folder.rstrip("/"))

    def _is_apart(self, key: str) -> bool:
        return self.apart_from is not None and self.apart_from.contains(key)

    def _meant(self, found: list[Object]) -> tuple[list[Object], list[Object]]:
        """The objects that the path names outright, and those in folders it names; by key."""
        outright, inside = [], []
        for item in sorted(found, key=lambda item: item["path"]):
            parts = item["path"].split("/")
            depth, _ = glob_depth(parts, self.url.key)
            if depth is None or _is_marker(item) or self._is_apart(item["path"]):
                continue
            if depth == len(parts):
                outright.append(item)
            elif not any(part.startswith(".") for part in parts[depth:]):
                inside.append(item)
        return outright, inside


def glob_depth(parts: Sequence[str], pattern: str) -> tuple[int | None, bool]:
    """How many of a path's first parts a glob matches (the fewest), and whether it could match if
    the path went on. `**` stands for any number of parts; nothing hidden is matched by a wildcard.
    """
    wanted = pattern.split("/") if pattern else []
    at = _through_stars(wanted, {0})
    for depth in range(len(parts) + 1):
        if len(wanted) in at:
            return depth, True
        if depth < len(parts):
            at = _through_stars(wanted, _after(parts[depth], wanted, at))
    return None, bool(at)


def _after(part: str, wanted: list[str], at: set[int]) -> set[int]:
    """The places in a pattern that are reached from some by one part of a path."""
    hidden = part.startswith(".")
    stay = {n for n in at if wanted[n] == "**" and not hidden}
    return stay | {
        n + 1
        for n in at - stay
        if fnmatch.fnmatchcase(part, wanted[n]) and (not hidden or wanted[n].startswith("."))
    }


def _through_stars(wanted: list[str], at: set[int]) -> set[int]:
    """The places in a pattern that are reached from some, `**` standing for nothing."""
    reached = set(at)
    for n in range(len(wanted)):
        if n in reached and wanted[n] == "**":
            reached.add(n + 1)
    return reached


def _plain_start(pattern: str) -> str:
    """The folder above a pattern's first wildcard, with its slash."""
    parts = pattern.split("/") if pattern else []
    plain = itertools.takewhile(lambda part: not set(part) & set("*?["), parts)
    return "".join(f"{part}/" for part in plain)


def _has_been(day: date, item: Object) -> bool:
    """Whether an object was written on its day or later: a folder may be named for any day."""
    return day <= item["last_modified"].date() + timedelta(days=1)


def _is_marker(item: Object) -> bool:
    """Whether an object only stands for a folder, as consoles make them."""
    return item["size"] == 0 and "." not in item["path"].rpartition("/")[2]
