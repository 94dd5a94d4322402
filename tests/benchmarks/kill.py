"""Ingest, replay and compaction killed by SIGKILL, many times, at once, and what is there after.

    python tests/benchmarks/kill.py --kills 300 --seed 1

Prints a line for each kill: who, at which kind of point, how long it had run, which commit was the
last whole one, and how many data files lay there that belong to no commit. Then, for each round,
the counts of what must be true in the end. Exit status 1 if any is not. The same seed makes the
same plan; what a kill hits depends on the machine too.

A round is a new lake. Workers are forked from this process, which has all imports done; each has
its own kill point, as far as a whole run of its kind goes:
  time     a random moment
  file     when the lake has so many more files: between the data and the log of a commit, or
           between two commits
Up to three of them run at once, on the same files in different orders, and are followed by others
until the round's kills are made; then two ingests at once, a replay, and two compactions at once
are let through. In every other round a file is moved after each kill, as by rotation or into an
archive.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.housekeeping import Rules, keep_house
from pipeline.ingest import Limits, ingest
from pipeline.lake import Lake
from pipeline.rejected import Asked, replay
from pipeline.settings import Retention

KINDS = ("time", "file")
ROLES = ("ingest", "ingest", "ingest", "replay", "compact")
LONGEST_SECONDS = 120
"""A worker that takes longer hangs, and is killed as failed."""

_LONGEST_AT_FIRST = 2_000
"""Bytes of the longest record that an ingest here takes; a replay takes longer ones."""

SQL = Path(__file__).with_name("kill_counts.sql")


# -- the logs


@dataclass(frozen=True)
class Logs:
    """Files, and what has to be there when all of them are in: events, and bad records."""

    files: Sequence[Path]
    events: int
    bad: int


def write_logs(folder: Path, *, files: int, records: int) -> Logs:
    """Small files. A third of a file's events are in the next one too; every third is of lines, of
    which one is no JSON, one has no id, and three (one of them shared) are too long for the first
    ingest but not for a replay; every fourth lies there under another name as well.
    """
    folder.mkdir(parents=True)
    paths, ids, bad = [], set(), 0
    for number in range(files):
        first = number * (records - records // 3)
        rows = [_record(n) for n in range(first, first + records)]
        ids |= {row["eventID"] for row in rows}
        path = folder / f"{number:02}.json.gz"
        if number % 3 == 2:
            for row in rows[records // 3 - 1 : records // 3 + 2]:
                row["userAgent"] = "long" * (_LONGEST_AT_FIRST // 4)
            lines = [json.dumps(row) for row in rows]
            lines[4:4] = ["{half", json.dumps({**_record(0), "eventID": None})]
            bad += 2
            text = "\n".join(lines)
        else:
            text = json.dumps({"Records": rows})
        path.write_bytes(gzip.compress(text.encode()))
        paths.append(path)
        if number % 4 == 1 and number % 3 != 2:
            copy = folder / f"copy-of-{path.name}"
            copy.write_bytes(path.read_bytes())
            paths.append(copy)
    return Logs(paths, events=len(ids), bad=bad)


def _record(n: int) -> dict[str, Any]:
    """The n-th event of a busy day or two."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "arn": f"arn:aws:iam::111122223333:user/deployer-{n % 5}",
            "accountId": "111122223333",
            "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
            "userName": f"deployer-{n % 5}",
        },
        "eventTime": f"2026-09-0{1 + n % 2}T{n % 24:02}:{n % 60:02}:00Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "192.0.2.10",
        "userAgent": "Boto3/1.34",
        "requestParameters": {"bucketName": "invoices", "key": f"{n}.pdf"},
        "eventID": f"event-{n}",
        "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333",
    }


# -- the workers


@dataclass(frozen=True)
class Round:
    """A lake, the files that go into it, and whether rejected texts are kept whole there (a replay
    takes them) or cut (it reads their file again).
    """

    lake: Lake
    files: list[Path]
    whole_texts: bool

    @property
    def folder(self) -> Path:
        assert isinstance(self.lake.location, Path)
        return self.lake.location

    def work(self, role: str, dice: random.Random) -> None:
        now = datetime.now(tz=timezone.utc)
        if role == "ingest":
            first = Limits(
                batch_bytes=4_000,
                batches_in_commit=2,
                max_record_bytes=_LONGEST_AT_FIRST,
                reject_text_bytes=65_536 if self.whole_texts else 100,
            )
            paths = dice.sample(self.files, len(self.files))
            ingest(self.lake, paths, now=now, run_id="ingest", limits=first)
        elif role == "replay":
            replay(self.lake, Asked(), now=now, run_id="replay", limits=Limits(batch_bytes=8_000))
        else:
            keep_house(self.lake, rules=Rules(most_small_files=2), retention=Retention(), now=now)

    def move(self, number: int) -> None:
        """Give a file a name that it did not have."""
        old = self.files[number]
        self.files[number] = old.rename(old.with_name(f"moved-{old.name}"))


@dataclass(frozen=True)
class Point:
    """Where a worker is to be killed: after so many seconds, or files that are new in the lake."""

    kind: str
    at: float


@dataclass
class Worker:
    """A worker at work, and where it is to be killed; None if it is let through."""

    role: str
    point: Point | None
    pid: int
    started: float
    files: int


@dataclass(frozen=True, kw_only=True)
class Kill:
    """A kill that hit: beside how many other workers, and what was whole in the lake then."""

    number: int
    role: str
    kind: str
    at: float
    seconds: float
    beside: int
    last_commit: str
    loose_files: int


def fork(work: Callable[[], None]) -> int:
    """Do the work in a child; returns its pid. This process must not have used DuckDB, Delta or
    polars: their threads are not in a child.
    """
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        work()
        status = 0
    except BaseException as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
    finally:
        sys.stderr.flush()
        os._exit(status)


def lake_files(folder: Path) -> list[Path]:
    """Every file there is, also those being written."""
    found = []
    for place, _, names in os.walk(folder):
        found += [Path(place, name) for name in names]
    return found


def last_commit(files: Sequence[Path]) -> tuple[str, int]:
    """The newest whole commit, as table@version, and data files that no commit names."""
    commits = [f for f in files if f.parent.name == "_delta_log" and f.suffix == ".json"]
    commits = [f for f in commits if f.stem.isdigit()]
    if not commits:
        return "none", len(files)
    texts = {commit: commit.read_text() for commit in commits}
    newest = max(commits, key=lambda commit: commit.stat().st_mtime_ns)
    named = "".join(texts.values())
    loose = [f for f in files if f.suffix == ".parquet" and "_delta_log" not in f.parts]
    loose = [f for f in loose if f.name not in named]
    return f"{newest.parent.parent.name}@{int(newest.stem)}", len(loose)


# -- a round


class Killer:
    """Runs rounds, and keeps the list of kills that hit. `whole` says of each role how many seconds
    a whole run of it takes and how many files it writes.
    """

    def __init__(self, work: Path, seed: int, tell: Callable[[Kill], None]) -> None:
        self.folder = work
        self.dice = random.Random(seed)
        self.tell = tell
        self.kills: list[Kill] = []
        self.failed = 0
        self.whole = self._whole_runs()

    def _whole_runs(self) -> dict[str, tuple[float, int]]:
        files = list(self._logs("unharmed").files)
        unharmed = Round(Lake(self.folder / "unharmed"), files, whole_texts=True)
        whole = {}
        for role in dict.fromkeys(ROLES):
            before, start = len(lake_files(unharmed.folder)), time.monotonic()
            self.together(unharmed, [(role, None)])
            written = len(lake_files(unharmed.folder)) - before
            whole[role] = (time.monotonic() - start, written)
        return whole

    def _logs(self, name: str) -> Logs:
        return write_logs(self.folder / f"logs-{name}", files=8, records=12)

    def round(self, kills: int, *, moving: bool) -> tuple[dict[str, int], dict[str, int]]:
        """Kill so often, let each role through, and return the counts of what is there then and
        those of what has to be.
        """
        name = f"{len(self.kills)}"
        logs = self._logs(name)
        round_ = Round(
            Lake(self.folder / name),
            list(logs.files),
            # A replay has no other way to texts that are cut than to a file's first name.
            whole_texts=moving or self.dice.random() < 0.5,
        )
        until = len(self.kills) + kills
        while len(self.kills) < until:
            roles = self.dice.choices(ROLES, k=self.dice.choice((1, 2, 2, 3)))
            self.together(round_, [(role, self._point(role)) for role in roles])
            if moving:
                round_.move(self.dice.randrange(len(round_.files)))
        for roles in (("ingest", "ingest"), ("replay",), ("compact", "compact")):
            self.together(round_, [(role, None) for role in roles])
        told = counts(round_.lake)
        # Of a file that was moved there may be a row for each name.
        files = told["different_files"] if moving else len(logs.files)
        return told, expected(logs, files)

    def _point(self, role: str) -> Point:
        kind = self.dice.choice(KINDS)
        seconds, files = self.whole[role]
        at = self.dice.uniform(0, seconds) if kind == "time" else self.dice.randint(1, files)
        return Point(kind, round(at, 3))

    def together(self, round_: Round, planned: Sequence[tuple[str, Point | None]]) -> None:
        """Start these workers at once and wait until each is killed or through."""
        alive = []
        for role, point in planned:
            work = partial(round_.work, role, random.Random(self.dice.random()))
            files = len(lake_files(round_.folder))
            alive.append(Worker(role, point, fork(work), time.monotonic(), files))
        while alive:
            for worker in list(alive):
                seconds = time.monotonic() - worker.started
                if seconds > LONGEST_SECONDS or self._is_due(worker, seconds, round_.folder):
                    os.kill(worker.pid, signal.SIGKILL)
                pid, status = os.waitpid(worker.pid, os.WNOHANG)
                if pid:
                    alive.remove(worker)
                    self._ended(worker, status, seconds, round_.folder, beside=len(alive))
            time.sleep(0.001)

    def _is_due(self, worker: Worker, seconds: float, folder: Path) -> bool:
        match worker.point:
            case Point("time", at):
                return seconds >= at
            case Point("file", at):
                return len(lake_files(folder)) >= worker.files + at
        return False

    def _ended(
        self, worker: Worker, status: int, seconds: float, folder: Path, *, beside: int
    ) -> None:
        code = os.waitstatus_to_exitcode(status)
        hung = seconds > LONGEST_SECONDS
        if code == -signal.SIGKILL and worker.point is not None and not hung:
            commit, loose = last_commit(lake_files(folder))
            kill = Kill(
                number=len(self.kills) + 1,
                role=worker.role,
                kind=worker.point.kind,
                at=worker.point.at,
                seconds=round(seconds, 3),
                beside=beside,
                last_commit=commit,
                loose_files=loose,
            )
            self.kills.append(kill)
            self.tell(kill)
        elif code != 0:
            self.failed += 1


def counts(lake: Lake) -> dict[str, int]:
    """What `kill_counts.sql` says of the lake, read in a child: threads do not survive a fork."""
    reading, writing = os.pipe()

    def read() -> None:
        with lake.reader(tables=["events", "ingests", "rejects"]) as reader:
            row = reader.query(SQL).row(0, named=True)
        os.write(writing, json.dumps(row).encode())

    os.waitpid(fork(read), 0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        told: dict[str, int] = json.loads(answer.read())
    return told


def expected(logs: Logs, files: int) -> dict[str, int]:
    """What `counts` must be in the end."""
    return {
        "events": logs.events,
        "different_events": logs.events,
        "rejects": logs.bad,
        "different_rejects": logs.bad,
        "files": files,
        "different_files": files,
        "events_accounted": logs.events,
        "rejects_accounted": logs.bad,
        "untrue_accounts": 0,
        "unbalanced_accounts": 0,
    }


def rounds(killer: Killer, *, kills: int, each: int) -> Iterator[dict[str, Any]]:
    """Rounds of `each` kills until there are enough: the counts after each, and those expected."""
    for moving in itertools.cycle((False, True)):
        before = len(killer.kills)
        if before >= kills:
            return
        after, wanted = killer.round(min(each, kills - before), moving=moving)
        yield {
            "kills": len(killer.kills) - before,
            "moving": moving,
            "after": after,
            "expected": wanted,
        }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--each", type=int, default=6, help="kills in a round")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON value in place of tables")
    told = parser.parse_args()

    def tell(kill: Kill) -> None:
        if not told.json:
            print("| " + " | ".join(map(str, vars(kill).values())) + " |", flush=True)

    if not told.json:
        print("| " + " | ".join(Kill.__dataclass_fields__) + " |")
        print("|---" * len(Kill.__dataclass_fields__) + "|")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        killer = Killer(work, told.seed, tell)
        done = list(rounds(killer, kills=told.kills, each=told.each))
    wrong = [r for r in done if r["after"] != r["expected"]]
    if told.json:
        kills = [asdict(kill) for kill in killer.kills]
        print(json.dumps({"kills": kills, "rounds": done, "failed": killer.failed}))
    else:
        print(f"\n{len(killer.kills)} kills, {len(done)} lakes, {len(wrong)} not as expected, ")
        print(f"{killer.failed} workers failed by themselves\n")
        for number, each in enumerate(done, start=1):
            moved = ", files moved" if each["moving"] else ""
            print(f"lake {number}, {each['kills']} kills{moved}: {each['after']}")
        for each in wrong:
            print(f"expected {each['expected']}")
    sys.exit(1 if wrong or killer.failed else 0)


if __name__ == "__main__":
    main()
