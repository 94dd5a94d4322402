"""Following folders, globs and buckets: looking again and again, and bringing in what is new.

What was seen is kept in memory, so that a look at which nothing has changed lists the paths and
reads nothing. How far logs are read is in the lake: a follower that was killed goes on there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pipeline.arrivals import Passed, Patience
from pipeline.errors import InputError, LakeError
from pipeline.files import LogObject
from pipeline.ingest import Summary, Way, bring, find_logs
from pipeline.paths import Found


@dataclass(frozen=True, kw_only=True)
class Look:
    """When one look at the paths began, what it brought, and what is wrong that may pass, a line
    each.
    """

    began: datetime
    summary: Summary
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Seen:
    """A file as it was last seen: what it looked like, since when, and when to look into it again
    although it looks the same; None if never.
    """

    stamp: tuple[object, ...]
    since: datetime
    due: datetime | None


@dataclass(kw_only=True)
class Follower:
    """Looks at paths, one `look` after the other. Files are left to be written for as long as
    `Patience` says.
    """

    way: Way
    paths: Sequence[str]
    lookback_days: int
    settle: timedelta
    give_up: timedelta
    _seen: dict[str, _Seen] = field(default_factory=dict)

    def look(self, *, now: datetime, stopped: Callable[[], bool] = lambda: False) -> Look:
        """Bring in what is new; once it is `stopped`, no more than what is read already."""
        found = find_logs(
            self.way.lake, self.paths, lookback_days=self.lookback_days, may_come=True
        )
        files = self._due(found, now)
        if not files and not found.listed:
            return Look(began=now, summary=Summary(left_out=found.left_out), faults=found.missing)
        patience = Patience(
            now=now,
            settle=self.settle,
            give_up=self.give_up,
            since={name: seen.since for name, seen in self._seen.items()},
        )
        brought = bring(
            self.way,
            replace(found, files=tuple(files)),
            now=now,
            patience=patience,
            stopped=stopped,
        )
        if brought.ended:
            self._looked_into(files, brought.left)
        faults = (file.fault for file in brought.left if file.fault is not None)
        return Look(began=now, summary=brought.summary, faults=(*found.missing, *faults))

    def _due(self, found: Found, now: datetime) -> list[LogObject]:
        """The files to look into: new ones, those that changed, those whose time has come."""
        seen: dict[str, _Seen] = {}
        due: list[LogObject] = []
        for file in found.files:
            try:
                stamp = file.stamp()
            except OSError:
                # It has gone since it was found, or cannot be seen; the next look tells.
                continue
            before = self._seen.get(file.name)
            if before is None or before.stamp != stamp:
                before = _Seen(stamp, since=now, due=now)
            seen[file.name] = before
            if before.due is not None and before.due <= now:
                due.append(file)
        self._seen = seen
        return due

    def _looked_into(self, files: Sequence[LogObject], left: Sequence[Passed]) -> None:
        again = {file.name: file.until for file in left}
        for file in files:
            name = file.name
            self._seen[name] = replace(self._seen[name], due=again.get(name))


def follow(
    follower: Follower,
    *,
    clock: Callable[[], datetime],
    wait: Callable[[], bool],
    stopped: Callable[[], bool],
    tell: Callable[[Look], None],
) -> None:
    """Look, tell, wait, and so on until it is `stopped`; `wait` returns whether it was.

    What fails at the first look has to be put right and is raised; later it may pass, and is told.
    """
    first = True
    while True:
        now = clock()
        try:
            tell(follower.look(now=now, stopped=stopped))
        except (InputError, LakeError) as error:
            if first:
                raise
            tell(Look(began=now, summary=Summary(), faults=(str(error),)))
        first = False
        if stopped() or wait():
            return
