"""Days in the names that logs are delivered under: folders of days, or days in files' names."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date

_LABEL = r"(?:\w+=)?"
_NEXT = rf"(?:-?|/{_LABEL})"
_PERIOD = re.compile(
    rf"{_LABEL}(?P<year>(?:19|20)\d\d)"
    rf"(?:{_NEXT}(?P<month>0[1-9]|1[0-2]|(?<=[/=-])[1-9](?=[/-]))"
    rf"(?:{_NEXT}(?P<day>0[1-9]|[12]\d|3[01]|(?<=[/=-])[1-9](?=/))(?:[T_-][^/]*)?)?)?/"
)
_LEVELS = 3
_IN_NAME = re.compile(r"(?P<head>.*?)(?<!\d)(?P<day>20\d\d(?P<dash>-?)\d\d(?P=dash)\d\d)")


@dataclass(frozen=True)
class DayFolder:
    """A folder of a day, or of a longer period: `stream` is the folder that holds the days, `whole`
    tells whether it is one day's.
    """

    stream: str
    day: date
    whole: bool


@dataclass(frozen=True)
class DayName:
    """How a file's name begins, as a strftime form that ends with the day; and its day."""

    form: str
    day: date


def day_of_folder(folder: str) -> DayFolder | None:
    """The day (of a month: the first) that a folder is for; None if it is for none.

    Days of `a/`: `a/2026/01/02/`, `a/dt=2026-01-02/`, `a/20260102/`, `a/year=2026/month=1/day=2/`.
    """
    period = _period(folder)
    if period is None or period[1]["month"] is None:
        return None
    stream, match = period
    day = date(int(match["year"]), int(match["month"]), int(match["day"] or 1))
    return DayFolder(stream, day, whole=match["day"] is not None)


def last_day_of_folder(folder: str) -> DayFolder | None:
    """The last day that a folder of a year, a month or a day is for; None if it is for none."""
    period = _period(folder)
    if period is None:
        return None
    stream, match = period
    year, month = int(match["year"]), int(match["month"] or 12)
    day = int(match["day"] or calendar.monthrange(year, month)[1])
    return DayFolder(stream, date(year, month, day), whole=match["day"] is not None)


def day_in_name(name: str) -> DayName | None:
    """The day that a file's name tells, and what comes before it."""
    match = _IN_NAME.match(name)
    if match is None:
        return None
    try:
        day = date.fromisoformat(match["day"])
    except ValueError:
        return None
    head, dash = match["head"].replace("%", "%%"), match["dash"]
    return DayName(f"{head}%Y{dash}%m{dash}%d", day)


def _period(folder: str) -> tuple[str, re.Match[str]] | None:
    """The folder that holds the days, and the match of year, month and day below it."""
    parts = folder.split("/")[:-1]
    for levels in range(min(_LEVELS, len(parts)), 0, -1):
        stream = "".join(f"{part}/" for part in parts[:-levels])
        match = _PERIOD.fullmatch(folder, len(stream))
        if match is not None and int(match["day"] or 1) <= _days(match):
            return stream, match
    return None


def _days(match: re.Match[str]) -> int:
    return calendar.monthrange(int(match["year"]), int(match["month"] or 1))[1]
