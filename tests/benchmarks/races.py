"""Logs that are written, rotated, copied and rewritten beside ingests that race and are killed.

    python tests/benchmarks/races.py --seed 1 --minutes 10

A world is a folder of small logs and a new lake. Its steps are dealt by a seed: something happens
to the files, or something works on the lake: an ingest (of all in one commit, or of each batch in
its own), a look of a follower, a replay, a compaction. What works on the lake may be stopped right
before or after its first or second commit of a table that is named: there it is killed, or
something else happens to the files and works on the lake from its beginning to its end before it
goes on. That is all in one process, so a seed makes the same world again.

After every step no event is there twice, or was never written; and each file's account is true,
when what killed processes have landed is settled. After each ingest of the folder that was let
through:
  every event that a file holds is there, or its record is a reject (a record too long for an ingest
    here, which a replay takes);
  rejects are what is bad, and all of it.

Prints the steps of each world in which that is not so, and what is wrong. Exit status 1 if there
was one; `--seed S --world N` repeats it.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from pipeline.booking import QUEUE
from pipeline.following import Follower
from pipeline.housekeeping import Rules, keep_house
from pipeline.ingest import Limits, Way, ingest
from pipeline.journal import landings
from pipeline.lake import Lake, Turn
from pipeline.rejected import Asked, replay
from pipeline.settings import Retention

START = datetime(2026, 10, 1, tzinfo=timezone.utc)
SETTLE, GIVE_UP = timedelta(seconds=5), timedelta(seconds=600)
TABLES = ("events", "rejects", "ingests")
ROLES = ("ingest", "ingest", "ingest", "batches", "look", "replay", "tidy")
SQL = Path(__file__).with_name("races_untrue.sql")

_LONGEST = 2_000
"""Bytes of the longest record that an ingest here takes; a replay takes longer ones."""
_TOGETHER = Limits(max_record_bytes=_LONGEST)
_APART = Limits(max_record_bytes=_LONGEST, batch_bytes=1, batches_in_commit=1)


# -- the files


@dataclass(frozen=True)
class Held:
    """What some bytes hold: events by the text of their record; texts that are none, those of whole
    lines and those that end a file.
    """

    events: dict[str, str]
    bad: set[str]
    ends: set[str]


def held_by(path: Path) -> Held:
    """What a file holds, read in the plainest way."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    if path.name.startswith("doc"):
        return Held({json.dumps(row): row["eventID"] for row in json.loads(text)}, set(), set())
    *lines, end = text.split("\n")
    end = end.rstrip()
    events = {line: id_ for line in [*lines, end] if (id_ := _event_id(line)) is not None}
    bad = {line for line in lines if line not in events}
    return Held(events, bad, set() if end in events or (lines and not end) else {end})


def _event_id(line: str) -> str | None:
    try:
        return str(json.loads(line)["eventID"])
    except ValueError:
        return None


@dataclass
class Files:
    """A folder in which app.log is written and rotated, and other files come and change.

    `written` are the ids of all events; `may_be_bad` are texts that were bad in files that hold
    something else by now.
    """

    folder: Path
    dice: random.Random
    now: datetime = START
    numbers: Iterator[int] = field(default_factory=itertools.count)
    written: set[str] = field(default_factory=set)
    may_be_bad: set[str] = field(default_factory=set)
    halves: dict[Path, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        return self.folder / "app.log"

    def all(self) -> list[Path]:
        return sorted(self.folder.iterdir())

    def happen(self) -> str:
        """Let something happen; returns what."""
        kinds: dict[str, tuple[int, Callable[[], str]]] = {
            "append": (6, self._append),
            "half": (3, self._half),
            "torn": (2, self._torn),
            "rename": (2, self._rotate),
            "copy and truncate": (2, self._copy_and_truncate),
            "compress": (1, self._compress),
            "copy": (2, self._copy),
            "grow": (2, self._grow),
            "move": (2, self._move),
            "document": (1, self._document),
            "rewrite": (2, self._rewrite),
        }
        weights = [weight for weight, _ in kinds.values()]
        [kind] = self.dice.choices(list(kinds), weights)
        return f"{kind} {kinds[kind][1]()}".strip()

    def _records(self, most: int = 3) -> list[str]:
        """New records; now and then one that is too long, or one that was written before."""
        rows = []
        for _ in range(self.dice.randint(1, most)):
            number = next(self.numbers)
            if number > 1 and self.dice.random() < 0.1:
                number = self.dice.randrange(number)
            agent = "long" * (_LONGEST // 4) if number % 12 == 5 else "Boto3"
            rows.append(json.dumps(_record(number, agent)))
            self.written.add(f"event-{number}")
        return rows

    def _write(self, path: Path, data: bytes) -> None:
        path.write_bytes(data)
        os.utime(path, (self.now.timestamp(),) * 2)

    def _add(self, path: Path, text: str) -> str:
        """Write on, what was begun in a line first."""
        whole = self.halves.pop(path, "") + text
        before = path.read_bytes() if path.exists() else b""
        data = whole.encode()
        self._write(path, before + (gzip.compress(data, mtime=0) if path.suffix == ".gz" else data))
        return path.name

    def _append(self) -> str:
        return self._add(self.log, "".join(f"{row}\n" for row in self._records()))

    def _half(self) -> str:
        """The beginning of a line, not of the first one: half of that alone, if it is whole and has
        another name by the next ingest, is not known again and stays a reject.
        """
        if not self._is_there():
            self._append()
        [row] = self._records(1)
        cut = self.dice.randrange(1, len(row))
        self._add(self.log, row[:cut])
        self.halves[self.log] = f"{row[cut:]}\n"
        return f"{cut} of {len(row)}"

    def _torn(self) -> str:
        """A line that is none, behind one that tells what the log is."""
        self._append()
        return self._add(self.log, f"{{torn-{next(self.numbers)}\n")

    def _is_there(self) -> bool:
        """End the line of app.log that is begun, if there is anything; and whether there is."""
        if self.log in self.halves:
            self._add(self.log, "")
        return self.log.exists() and self.log.stat().st_size > 0

    def _shifted(self) -> Path:
        """app.log.1, which is free then."""
        for number in range(len(self.all()), 0, -1):
            for suffix in ("", ".gz"):
                old = self.folder / f"app.log.{number}{suffix}"
                if old.exists():
                    self._renamed(old, self.folder / f"app.log.{number + 1}{suffix}")
        return self.folder / "app.log.1"

    def _renamed(self, old: Path, new: Path) -> None:
        """Give a file another name. If it was empty when it was told of, as is a log that is just
        truncated, and is written to and renamed before the next ingest, it is not known again.
        """
        self.may_be_bad.add("")
        old.rename(new)
        if old in self.halves:
            self.halves[new] = self.halves.pop(old)

    def _rotate(self) -> str:
        if self._is_there():
            self._renamed(self.log, self._shifted())
        return ""

    def _copy_and_truncate(self) -> str:
        if self._is_there():
            self._write(self._shifted(), self.log.read_bytes())
            self._write(self.log, b"")
        return ""

    def _compress(self) -> str:
        rotated = self.folder / "app.log.1"
        if rotated.exists():
            data = gzip.compress(rotated.read_bytes(), mtime=0)
            self._write(self.folder / "app.log.1.gz", data)
            rotated.unlink()
        return ""

    def _copy(self) -> str:
        if not self.all():
            return ""
        old = self.dice.choice(self.all())
        new = old.with_name(f"{old.name.split('.')[0]}-copy{next(self.numbers)}.{_suffix(old)}")
        shutil.copy2(old, new)
        return f"{old.name} to {new.name}"

    def _grow(self) -> str:
        logs = [p for p in self.all() if not p.name.startswith("doc") and not held_by(p).ends]
        if not logs:
            return ""
        path = self.dice.choice(logs)
        whole = "" if _plain(path).endswith(b"\n") else "\n"
        return self._add(path, whole + "".join(f"{row}\n" for row in self._records()))

    def _move(self) -> str:
        if not self.all():
            return ""
        old = self.dice.choice(self.all())
        new = old.with_name(f"{old.name.split('.')[0]}-moved{next(self.numbers)}.{_suffix(old)}")
        self._renamed(old, new)
        return f"{old.name} to {new.name}"

    def _document(self) -> str:
        path = self.folder / f"doc{next(self.numbers)}.json{self.dice.choice(('', '.gz'))}"
        self._write_document(path)
        return path.name

    def _write_document(self, path: Path) -> None:
        data = f"[{','.join(self._records())}]".encode()
        self._write(path, gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)

    def _rewrite(self) -> str:
        """Something else in place of what a file held, and is no more; perhaps it begins alike."""
        if not self.all():
            return ""
        path = self.dice.choice(self.all())
        held = held_by(path)
        self.may_be_bad |= held.bad | held.ends | set(held.events)
        self.halves.pop(path, None)
        if path.name.startswith("doc"):
            self._write_document(path)
            return path.name
        alike = list(held.events)[: self.dice.randrange(2)]
        self._write(path, b"")
        path.unlink() if path.suffix == ".gz" else None
        return self._add(path, "".join(f"{row}\n" for row in [*alike, *self._records()]))


def _plain(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def _suffix(path: Path) -> str:
    kind = "json" if path.name.startswith("doc") else "log"
    return f"{kind}.gz" if path.suffix == ".gz" else kind


def _record(number: int, agent: str) -> dict[str, Any]:
    """An event by its number."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "Root", "accountId": "111122223333"},
        "eventTime": f"2026-09-0{1 + number % 2}T{number // 60 % 24:02}:{number % 60:02}:00Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "ListBuckets",
        "userAgent": agent,
        "eventID": f"event-{number}",
    }


# -- what works on the lake


class KilledError(BaseException):
    """As good as SIGKILL: nothing in the pipeline catches it."""


@dataclass
class Between:
    """What is done once, right `before` or after a commit of a table: the `number`-th of it."""

    table: str
    before: bool
    number: int
    do: Callable[[], None]
    told: str
    seen: int = 0
    is_dead: bool = False

    def at(self, table: str, *, before: bool) -> None:
        if self.is_dead:
            raise KilledError
        if (table, before) != (self.table, self.before):
            return
        self.seen += 1
        if self.seen == self.number:
            try:
                self.do()
            except KilledError:
                self.is_dead = True
                raise


@dataclass(frozen=True)
class RacedLake(Lake):
    """A lake in which something comes between two commits of who works on it."""

    between: Between | None = None

    def _committed(
        self, name: str, change: Callable[[DeltaTable], int], *, turn: Turn | None = None
    ) -> int:
        if self.between is None:
            return super()._committed(name, change, turn=turn)
        self.between.at(name, before=True)
        done = super()._committed(name, change, turn=turn)
        self.between.at(name, before=False)
        return done


def _kill() -> None:
    raise KilledError


@dataclass
class World:
    """A folder, a lake and what has happened; `must_be_bad` are texts that were found to be."""

    place: Path
    dice: random.Random
    steps: list[str] = field(default_factory=list)
    must_be_bad: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        folder = self.place / "in"
        folder.mkdir(parents=True)
        self.files = Files(folder, self.dice)
        self.lake = Lake(self.place / "lake")
        self.follower = self._follower(self.lake)

    def _follower(self, lake: Lake) -> Follower:
        return Follower(
            way=Way(lake=lake, run_id="follower", limits=_TOGETHER),
            paths=[str(self.files.folder)],
            lookback_days=2,
            settle=SETTLE,
            give_up=GIVE_UP,
        )

    def step(self) -> list[str]:
        """Let one thing happen; returns what is wrong then."""
        self._tick()
        if self.dice.random() < 0.6:
            self.steps.append(self.files.happen())
            return []
        role = self.dice.choice(ROLES)
        between = self._between(role) if self.dice.random() < 0.6 else None
        if between is not None:
            # Else there might be nothing to commit.
            self.steps.append(self.files.happen())
        self.steps.append(role if between is None else f"{role}, {between.told}")
        return self._worked(role, between)

    def end(self) -> list[str]:
        """Let all in that is there; returns what is wrong then."""
        for role in ("look", "ingest", "replay", "ingest"):
            self._tick()
            self.steps.append(role)
            if wrong := self._worked(role, None):
                return wrong
        return []

    def _tick(self) -> None:
        self.files.now += timedelta(seconds=self.dice.choice((1, 6, 601)))

    def _worked(self, role: str, between: Between | None) -> list[str]:
        lake = RacedLake(self.lake.location, between=between)
        with suppress(KilledError):
            self._work(role, lake)
        if between is not None and between.seen < between.number:
            self.steps[-1] += " (came to its end before)"
        is_through = between is None or not between.seen
        is_whole = role in ("ingest", "batches") and is_through
        return self.wrong(is_whole=is_whole)

    def _work(self, role: str, lake: Lake) -> None:
        now = self.files.now
        if role == "replay":
            replay(lake, Asked(), now=now, run_id=f"replay {now}")
        elif role == "tidy":
            keep_house(lake, rules=Rules(most_small_files=2), retention=Retention(), now=now)
        elif role == "look":
            follower, self.follower = self._follower(lake), self._follower(self.lake)
            if isinstance(lake, RacedLake) and lake.between is None:
                self.follower = follower
            follower.look(now=now)
        elif self.files.all():
            limits = _APART if role == "batches" else _TOGETHER
            ingest(lake, [self.files.folder], now=now, run_id=f"ingest {now}", limits=limits)

    def _between(self, role: str) -> Between:
        """A kill, or another who works on the lake, perhaps after something happened to the files:
        not while batches of them are read still.
        """
        table, before = self.dice.choice(TABLES), self.dice.random() < 0.5
        number = self.dice.choice((1, 1, 1, 2))
        where = f"{'before' if before else 'after'} commit {number} of {table}"
        if self.dice.random() < 0.5:
            return Between(table, before, number, _kill, f"killed {where}")
        other = self.dice.choice(("ingest", "ingest", "replay", "tidy"))
        happenings = self.dice.randrange(3) if role in ("ingest", "look") else 0
        do = partial(self._meanwhile, other, happenings)
        return Between(table, before, number, do, f"{where} meanwhile {other}")

    def _meanwhile(self, other: str, happenings: int) -> None:
        told = []
        for _ in range(happenings if _all_is_read() else 0):
            told.append(self.files.happen())
        if told:
            self.steps[-1] += f" after {' and '.join(told)}"
        self._work(other, self.lake)

    # -- what has to be true

    def wrong(self, *, is_whole: bool) -> list[str]:
        """What is wrong, a line each; `is_whole` if all files were just read to their ends."""
        with self.lake.reader(tables=["events", "rejects", "ingests"]) as reader:
            ids = [id_ for (id_,) in reader.query("select event_id from events").rows()]
            texts = {text for (text,) in reader.query("select text from rejects").rows()}
            untrue = reader.query(SQL).rows() if self._is_settled() else []
        wrong = [f"{id_} is there {n} times" for id_, n in Counter(ids).items() if n > 1]
        wrong += [f"{id_} was never written" for id_ in set(ids) - self.files.written]
        names = "records, events, duplicates, rejects, events there, rejects there"
        wrong += [f"{Path(path).name} {mark[:6]}: {names}: {told}" for path, mark, *told in untrue]
        if not is_whole:
            return wrong
        may_be_bad = set(self.files.may_be_bad)
        for path in self.files.all():
            held = held_by(path)
            if any(len(text) <= _LONGEST for text in held.events):
                # Of a file in which nothing is understood, only its first text is kept.
                missing = {id_ for text, id_ in held.events.items() if text not in texts} - set(ids)
                wrong += [f"{id_} of {path.name} is missing" for id_ in missing]
                self.must_be_bad |= held.bad
                wrong += [f"no reject: {t[:30]} of {path.name}" for t in held.ends - texts]
            may_be_bad |= held.bad | held.ends | {t for t in held.events if len(t) > _LONGEST}
        wrong += [f"no reject: {text[:30]}" for text in self.must_be_bad - texts]
        gone = texts - may_be_bad - self.must_be_bad
        # What a file ended in before it was written on, and then held something else.
        gone = {text for text in gone if not any(t.startswith(text) for t in may_be_bad)}
        wrong += [f"still a reject: {text[:30]} ({len(text)} bytes)" for text in gone]
        return wrong

    def _is_settled(self) -> bool:
        """Whether nobody was killed since, between landing something and settling it."""
        return not any(landings(self.lake, after=self.lake.turn_taken("ingests", QUEUE)))


def _all_is_read() -> bool:
    """Whether who works on the lake has read its files; waits for it."""
    ahead = [thread for thread in threading.enumerate() if thread.name == "read-ahead"]
    for thread in ahead:
        thread.join(5)
    return not any(thread.is_alive() for thread in ahead)


def world(folder: Path, seed: int, number: int, steps: int) -> tuple[World, list[str]]:
    """A world and what was wrong in it, at its first step that left something wrong."""
    made = World(folder / f"{number}", random.Random(f"{seed} {number}"))
    for _ in range(steps):
        if wrong := made.step():
            return made, wrong
    return made, made.end()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=500, help="so many, in worlds of --each")
    parser.add_argument("--minutes", type=float, help="go on for so long, in place of --steps")
    parser.add_argument("--each", type=int, default=20, help="steps in a world")
    parser.add_argument("--world", type=int, help="only this one, each step told")
    told = parser.parse_args()
    began, worlds, bad = time.monotonic(), 0, []
    tried: Counter[str] = Counter()
    numbers = itertools.count() if told.world is None else iter([told.world])
    for number in numbers:
        is_late = told.minutes and time.monotonic() - began > told.minutes * 60
        if is_late or (not told.minutes and tried.total() >= told.steps):
            break
        with tempfile.TemporaryDirectory() as folder:
            made, wrong = world(Path(folder), told.seed, number, told.each)
        worlds += 1
        tried.update(_kind(step) for step in made.steps)
        if wrong or told.world is not None:
            print(f"\n--seed {told.seed} --each {told.each} --world {number}", flush=True)
            print("\n".join(f"  {step}" for step in made.steps), flush=True)
            print("\n".join(f"! {line}" for line in wrong), flush=True)
        bad += [number] if wrong else []
    print(f"\n{worlds} worlds, {tried.total()} steps, {len(bad)} worlds not as expected: {bad}")
    print("\n".join(f"{count:6,} {kind}" for kind, count in sorted(tried.items())))
    sys.exit(1 if bad else 0)


def _kind(step: str) -> str:
    """What a step is, without its names and numbers."""
    role, comma, between = step.partition(", ")
    if not comma:
        return " ".join(word for word in role.split() if word.isalpha())
    return f"{role}, {'killed' if between.startswith('killed') else 'another between'}"


if __name__ == "__main__":
    main()
