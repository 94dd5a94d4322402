"""From the journal into `rejects` and `ingests`: a row a file; that of a log that grew goes on.

Who lands something settles it at once. What a killed process has landed is settled by whoever comes
next, before anything else is asked of these tables. Landings are settled in the order of their
commits, and each once, whoever does it: both tables keep up to which commit of `events` they are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from pipeline.errors import LakeError
from pipeline.journal import GROWN, Landing, landings
from pipeline.lake import ConcurrentWriteError, Lake, Turn
from pipeline.schemas import INGESTS

SQL = Path(__file__).parent / "sql"
QUEUE = "settled"
_ATTEMPTS = 100


def settle(lake: Lake) -> int:
    """Have `rejects` and `ingests` say what the landings tell; returns the version of `events` of
    which they tell then, -1 if there is none.
    """
    table = lake.table("events")
    if table is None:
        return -1
    booked = lake.turn_taken("ingests", QUEUE)
    for version, landing in landings(lake, after=booked, until=table.version()):
        # First what is no reject any more, then what is.
        _once(lake, "rejects", 2 * version, partial(_resolve, lake, landing))
        if landing.rejects:
            add = partial(lake.change_files, "rejects", landing.rejects)
            _once(lake, "rejects", 2 * version + 1, add)
        _once(lake, "ingests", version, partial(_book, lake, landing))
    return table.version()


def _once(lake: Lake, name: str, number: int, change: Callable[..., None]) -> None:
    """Change a table in a turn, unless that was taken."""
    for _ in range(_ATTEMPTS):
        turn = lake.turn(name, QUEUE, number)
        if turn is None:
            return
        try:
            change(turn=turn)
        except ConcurrentWriteError:
            continue
        return
    raise LakeError(f"{_ATTEMPTS} times another writer was first; try again later")


def _resolve(lake: Lake, landing: Landing, *, turn: Turn) -> None:
    """Take out of `rejects` what was told of records that were read again, or of what a file was
    before it grew.
    """
    with lake.reader(versions={"rejects": turn.version}, tables=["rejects"]) as reader:
        reader.define("readings", landing.readings)
        reader.define("resolved", landing.resolved)
        gone = reader.query(SQL / "resolved.sql")
    lake.remove("rejects", gone, turn=turn)


def _book(lake: Lake, landing: Landing, *, turn: Turn) -> None:
    """Put into `ingests` what the readings bring its rows to."""
    keys = landing.readings.select(INGESTS.key)
    with lake.reader(versions={"ingests": turn.version}, tables=["ingests"]) as reader:
        there = reader.there_of("ingests", keys)
        reader.define("readings", landing.readings)
        # There may be millions: all of their columns are read only if they have to be.
        booked = "from ingests semi join readings using (source_file, fingerprint)"
        reader.define("booked", INGESTS.frame([]) if there.is_empty() else booked)
        rows = reader.query(SQL / "accounts.sql").select(INGESTS.column_names)
    if there.is_empty():
        lake.append("ingests", rows, turn=turn)
    else:
        gone = landing.readings.filter(kind=GROWN)
        lake.put("ingests", rows, gone=gone, turn=turn)
