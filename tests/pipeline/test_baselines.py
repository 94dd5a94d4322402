"""Roll-ups: rows in, rows out; each day once, again when late events came."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from builders.processes import KilledError
from builders.stored import rows
from builders.varied import varied
from pipeline import baselines
from pipeline.baselines import DAILY, missing_days, roll_up
from pipeline.lake import Lake, Turn
from pipeline.schemas import EVENTS, TABLES

NOON = datetime(2026, 1, 2, 12, tzinfo=timezone.utc)
NOW = datetime(2026, 2, 1, tzinfo=timezone.utc)


def event(n: int, **over: Any) -> dict[str, Any]:
    time = over.pop("event_time", NOON + timedelta(minutes=n))
    return {
        "event_id": f"e{n}",
        "source": "log",
        "event_time": time,
        "event_date": time.date(),
        "identity_id": "role/app",
        "identity_kind": "workload",
        "action": "s3:GetObject",
        "service": "s3",
        "access": "read",
        "outcome": "success",
        **over,
    }


def lake_of(lake: Lake, *events: dict[str, Any]) -> Lake:
    append(lake, *events)
    roll_up(lake, now=NOW)
    return lake


def append(lake: Lake, *events: dict[str, Any]) -> None:
    lake.append("events", pa.Table.from_pylist(list(events), schema=EVENTS.arrow_schema))


@dataclass(frozen=True)
class OvertakenLake(Lake):
    """A lake whose writer sees nothing of an event that comes, and is rolled up by another, right
    before its first commit; it is killed before its commit to the table `killed_at`.
    """

    killed_at: str = ""
    seen: list[str] = field(default_factory=list)

    def _committed(
        self, name: str, change: Callable[[DeltaTable], int], *, turn: Turn | None = None
    ) -> int:
        if name == self.killed_at:
            raise KilledError
        if not self.seen:
            self.seen.append(name)
            other = Lake(self.location)
            append(other, event(1))
            roll_up(other, now=NOW)
        return super()._committed(name, change, turn=turn)


def test_every_roll_up_is_a_table_with_its_columns(lake: Lake) -> None:
    told = {"tool_name": "t", "trace_id": "x", "source_ip": "1.2.3.4", "resource_id": "r"}
    secret = "token = a1B2c3D4e5F6g7H8i9J0"
    lake_of(lake, event(0, on_behalf_of="ann", tool_result=secret, **told))
    with lake.reader() as reader:
        for name in DAILY:
            told = reader.query(f"select * from {name}")
            assert told.columns == list(TABLES[name].column_names)
            assert told.height >= 1


def test_an_identitys_day_in_numbers(lake: Lake) -> None:
    lake_of(
        lake,
        event(0, session_id="s1", network="home"),
        event(1, session_id="s2", network="home", access="write", action="s3:PutObject"),
        event(2, outcome="denied", access="permission", action="iam:PutUserPolicy"),
        event(3, outcome="failure", event_time=NOON + timedelta(hours=5)),
    )
    told = rows(
        lake,
        "select events, denied, failed, reads, writes, permissions, actions, sessions, networks, "
        "active_hours from daily_identity",
    )
    assert told == [(4, 1, 1, 1, 1, 0, 3, 2, 1, 2)]


def test_actions_of_a_day_by_whom_they_were_for(lake: Lake) -> None:
    lake_of(lake, event(0), event(1, outcome="denied"), event(2, on_behalf_of="ann"))
    told = rows(
        lake,
        "select action, on_behalf_of, events, succeeded, denied from daily_action "
        "order by on_behalf_of nulls first",
    )
    assert told == [("s3:GetObject", None, 2, 1, 1), ("s3:GetObject", "ann", 1, 1, 0)]


def test_tools_that_follow_each_other_within_a_trace(lake: Lake) -> None:
    calls = [("a", "x"), ("b", "x"), ("a", "y"), ("b", "x")]
    lake_of(lake, *(event(n, tool_name=t, trace_id=x) for n, (t, x) in enumerate(calls)))
    told = rows(lake, "select from_tool, to_tool, events, traces from daily_tool_edge order by all")
    assert told == [
        ("(start)", "a", 2, 2),
        ("a", "(end)", 1, 1),
        ("a", "b", 1, 1),
        ("b", "(end)", 1, 1),
        ("b", "b", 1, 1),
    ]


def test_whom_an_agents_agent_acts_for_in_the_end(lake: Lake) -> None:
    lake_of(
        lake,
        event(0, identity_id="planner", on_behalf_of="ann", trace_id="x"),
        event(1, identity_id="writer", on_behalf_of="planner", trace_id="x"),
        event(2, identity_id="writer", on_behalf_of="planner", trace_id="y"),
    )
    told = rows(lake, "select path, via, events from daily_delegation order by path")
    assert told == [
        (["ann", "planner"], "on_behalf_of", 1),
        (["ann", "planner", "writer"], "on_behalf_of", 1),
        (["planner", "writer"], "on_behalf_of", 1),
    ]


def test_of_the_ways_through_agents_that_all_call_each_other_some_are_followed(lake: Lake) -> None:
    """All of them grow with the factorial of the agents: of a dozen, a roll-up would never end."""
    pairs = [(a, b) for a in range(12) for b in range(12) if a != b]
    lake_of(
        lake,
        *(
            event(n, identity_id=f"agent/{a}", on_behalf_of=f"agent/{b}", trace_id="x")
            for n, (a, b) in enumerate(pairs)
        ),
    )
    told = rows(lake, "select count(*), max(length(path)) from daily_delegation")
    assert told == [(16 * len(pairs), 12)]


def test_a_role_is_done_for_who_took_it_on_also_if_refused(lake: Lake) -> None:
    raw = '{"responseElements": {"credentials": {"accessKeyId": "ASIA1"}}}'
    take = {"identity_id": "job", "action": "assume", "access": "delegate", "resource_id": "role"}
    lake_of(
        lake,
        event(0, raw=raw, credential_id="KEY", **take),
        event(1, identity_id="role", credential_id="ASIA1"),
        event(2, credential_id="KEY", outcome="denied", **{**take, "resource_id": "other"}),
    )
    told = rows(lake, "select path, action, succeeded, denied from daily_delegation order by all")
    assert told == [
        (["job", "other"], "assume", 0, 1),
        (["job", "role"], "assume", 1, 0),
        (["job", "role"], "s3:GetObject", 1, 0),
    ]


def test_a_secret_is_kept_as_a_fingerprint(lake: Lake) -> None:
    lake_of(lake, event(0, trace_id="x", tool_name="t", tool_result="token = a1B2c3D4e5F6g7H8i9J0"))
    columns = "place, kind, masked, length(fingerprint), events"
    told = rows(lake, f"select {columns} from daily_secret")
    assert told == [("result", "named secret", "a1B2… (20 characters)", 16, 1)]


def test_roll_ups_do_not_hang_on_the_order_of_events(tmp_path: Path) -> None:
    dice = Random(1)
    events = varied(dice, day=NOON.date())
    told = []
    for name in ("one", "other"):
        there = lake_of(Lake(tmp_path / name), *events)
        told.append({name: rows(there, f"from {name} order by all") for name in DAILY})
        dice.shuffle(events)
    assert told[0] == told[1]


def test_events_without_an_identity_are_in_no_roll_up(lake: Lake) -> None:
    lake_of(lake, event(0, identity_id=None))
    assert rows(lake, "select * from daily_identity") == []
    assert missing_days(lake).is_empty()


def test_a_day_is_rolled_up_once(lake: Lake) -> None:
    lake_of(lake, event(0))
    versions = lake.versions()
    assert roll_up(lake, now=NOW + timedelta(hours=1)) == 0
    assert lake.versions() == versions


def test_a_backlog_is_rolled_up_some_days_at_a_time(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is done at once, the roll-ups are the same: what was handed over before midnight
    is followed past it.
    """
    days = [NOON + timedelta(days=n) for n in range(4)]
    told = [
        event(n, event_time=day, source=s) for s in ("log", "other") for n, day in enumerate(days)
    ]
    evening, night = (days[1] + timedelta(hours=h) for h in (11, 13))
    handed_over = event(8, event_time=evening, action="sts:AssumeRole", resource_id="role/next")
    taken_on = event(9, event_time=night, identity_id="role/next", session_id="s")
    together = lake_of(lake, *told, handed_over, taken_on)
    monkeypatch.setattr(baselines, "EVENTS_AT_ONCE", 2)
    apart = Lake(tmp_path / "apart")
    apart.append(
        "events", pa.Table.from_pylist([*told, handed_over, taken_on], EVENTS.arrow_schema)
    )
    done: list[tuple[int, int]] = []
    assert roll_up(apart, now=NOW, progress=lambda *at: done.append(at)) == 8
    assert len(done) > 4
    assert done[-1] == (8, 8)
    for name in DAILY:
        assert rows(apart, f"from {name} order by all") == rows(
            together, f"from {name} order by all"
        )


def test_late_events_roll_up_their_day_and_the_next_again_and_no_other(lake: Lake) -> None:
    lake_of(lake, *(event(n, event_time=NOON + timedelta(days=n)) for n in range(3)))
    append(lake, event(3))
    later = NOW + timedelta(hours=1)
    assert roll_up(lake, now=later) == 2
    told = rows(lake, "select events, rolled_at from rollups order by event_date")
    assert told == [(2, later), (1, later), (1, NOW)]
    assert rows(lake, "select sum(events) from daily_identity") == [(4,)]


def test_a_role_that_is_told_late_to_be_handed_over_is_followed_past_midnight(lake: Lake) -> None:
    """Also of the first day that retention leaves: what was before it is gone, and not missed."""
    midnight = NOON + timedelta(hours=12)
    raw = '{"responseElements": {"credentials": {"accessKeyId": "ASIA1"}}}'
    lake_of(lake, event(0, event_time=midnight, identity_id="role", credential_id="ASIA1"))
    assert rows(lake, "from daily_delegation") == []
    late = {"identity_id": "job", "action": "assume", "access": "delegate", "raw": raw}
    append(lake, event(1, event_time=NOON, credential_id="KEY", **late))
    assert roll_up(lake, now=NOW) == 2
    told = rows(lake, "select path, action from daily_delegation where event_date = '2026-01-03'")
    assert told == [(["job", "role"], "s3:GetObject")]
    lake.delete("events", where="event_date = '2026-01-02'")
    assert missing_days(lake, since=midnight.date()).is_empty()


def test_days_rolled_up_at_once_follow_a_role_no_further_than_days_one_by_one(lake: Lake) -> None:
    raw = '{"responseElements": {"credentials": {"accessKeyId": "ASIA1"}}}'
    later = NOON + timedelta(days=2)
    lake_of(
        lake,
        event(0, identity_id="job", access="delegate", raw=raw, credential_id="KEY"),
        event(1, event_time=later, identity_id="role", credential_id="ASIA1"),
    )
    assert rows(lake, "from daily_delegation") == []


def test_a_run_killed_before_its_last_commit_is_done_again(lake: Lake) -> None:
    lake_of(lake, event(0))
    empty = TABLES["rollups"].arrow_schema.empty_table()
    lake.replace("rollups", empty)  # as if killed before that table was written
    assert roll_up(lake, now=NOW) == 1
    assert rows(lake, "select sum(events) from daily_identity") == [(1,)]


def test_of_two_roll_ups_at_once_the_tables_hold_one(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(lake, event(0))
    before = lake.versions()
    append(lake, event(1))
    replace, reader = Lake.replace, Lake.reader

    def slow(self: Lake, name: str, *args: Any, **more: Any) -> int:
        """Before the last commit another process rolls up what was there before the last event."""
        if name == "rollups":
            monkeypatch.undo()
            with monkeypatch.context() as other:
                other.setattr(Lake, "reader", lambda self, **a: reader(self, **a, versions=before))
                roll_up(self, now=NOW)
        return replace(self, name, *args, **more)

    monkeypatch.setattr(Lake, "replace", slow)
    roll_up(lake, now=NOW)
    assert rows(lake, "select events from rollups") == [(2,)]
    assert rows(lake, "select events from daily_identity") == [(2,)]
    assert rows(lake, "select events from daily_action") == [(2,)]


def test_a_roll_up_that_a_newer_one_overtook_is_done_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(lake, event(0))
    replace = Lake.replace

    def slow(self: Lake, name: str, *args: Any, **more: Any) -> int:
        """Before the first table is written an event comes, and another rolls up both."""
        monkeypatch.undo()
        append(self, event(1))
        roll_up(self, now=NOW)
        return replace(self, name, *args, **more)

    monkeypatch.setattr(Lake, "replace", slow)
    roll_up(lake, now=NOW)
    assert missing_days(lake).is_empty()
    told = [rows(lake, f"select sum(events) from {name}") for name in ("rollups", "daily_identity")]
    assert told == [[(2,)], [(2,)]]
    assert rows(lake, "select sum(events) from daily_action") == [(2,)]


def test_a_roll_up_that_is_killed_after_a_newer_one_overtook_it_leaves_nothing_older(
    lake: Lake,
) -> None:
    append(lake, event(0))
    overtaken = OvertakenLake(lake.location, killed_at="rollups")
    with suppress(KilledError):
        roll_up(overtaken, now=NOW)
    assert missing_days(lake).is_empty()
    told = [rows(lake, f"select sum(events) from {name}") for name in ("rollups", "daily_identity")]
    assert told == [[(2,)], [(2,)]]
    assert rows(lake, "select sum(events) from daily_action") == [(2,)]
