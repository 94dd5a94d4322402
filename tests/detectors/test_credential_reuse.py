"""credential_reuse: what fires, what stays silent, and why."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from detectors.base import Judgement, Window
from detectors.credential_reuse import CredentialReuse
from pipeline.baselines import roll_up
from pipeline.lake import Lake
from pipeline.schemas import EVENTS

Event = dict[str, Any]
Make = Callable[..., Event]
Judge = Callable[..., Judgement]

HOSTER = {"network": "CHEAP-VPS", "country": "NL", "cloud": "vps", "client": "aws-cli"}
KEY = {
    "identity_id": "user/svc",
    "identity_kind": "service_account",
    "credential_id": "AKIA1",
    "credential_kind": "long_lived_key",
    "session_id": None,
    "network": "OFFICE-ISP",
    "cloud": None,
}


def fortnight(make: Make, day: date, *, until: int = 0, **over: Any) -> list[Event]:
    """Fourteen days of the same few calls before the day, and the day itself."""
    return [
        make(n, day=day - timedelta(days=back), hour=8 + n, **over)
        for back in range(14, until - 1, -1)
        for n in range(6)
    ]


def test_a_quiet_fortnight_is_silent(make_event: Make, judged: Judge, day: date) -> None:
    judgement = judged(CredentialReuse(), fortnight(make_event, day))
    assert judgement.findings == ()
    assert judgement.scores["score"].to_list() == [0.0]


def test_a_key_abroad_beside_its_usual_place(make_event: Make, judged: Judge, day: date) -> None:
    theft = [make_event(90 + n, hour=10 + n / 10, **{**KEY, **HOSTER, "source_ip": "5.6.7.8"})
             for n in range(3)]  # fmt: skip
    judgement = judged(CredentialReuse(), fortnight(make_event, day, **KEY) + theft)
    [found] = judgement.findings
    assert (found.identity_id, found.subject_kind, found.subject_id) == (
        "user/svc",
        "credential",
        "AKIA1",
    )
    assert found.severity == "critical"
    assert set(found.evidence) == {event["event_id"] for event in theft}
    assert "CHEAP-VPS (NL)" in found.observed
    assert "at the same time as from elsewhere" in found.observed
    assert "OFFICE-ISP" in found.expected
    assert "84 events on 14 days of this identity" in found.support
    assert "14 days of this credential" in found.support


def test_a_workloads_session_outside_its_cloud(make_event: Make, judged: Judge, day: date) -> None:
    home = {"network": "HOME-ISP", "country": "US", "cloud": None, "source_ip": "9.9.9.9"}
    theft = [make_event(90, hour=11, **home)]
    judgement = judged(CredentialReuse(), fortnight(make_event, day) + theft)
    [found] = judgement.findings
    assert (found.subject_kind, found.subject_id) == ("session", "app:task-1")
    assert found.evidence == [f"{day}-90"]
    assert "outside the cloud it lives in" in found.observed


def test_one_key_that_several_identities_use(make_event: Make, judged: Judge, day: date) -> None:
    key = {"credential_id": "sk-1", "credential_kind": "api_key"}
    events = [
        make_event(n, identity_id=f"agent/{n % 3}", identity_kind="agent", **key) for n in range(9)
    ]
    [found] = judged(CredentialReuse(), events).findings
    assert "used by 3 identities" in found.title
    assert len(found.evidence) == 9
    assert found.support.startswith("too little history")


@pytest.mark.parametrize("step", [1, -1])
def test_whose_a_shared_key_is_does_not_hang_on_the_order_of_events(
    make_event: Make, judged: Judge, step: int
) -> None:
    """Or a finding would go to another identity when its day is judged again."""
    key = {"credential_id": "sk-1", "credential_kind": "api_key"}
    users = [make_event(n, identity_id=f"role/{n}", **key) for n in range(5)]
    [found] = judged(CredentialReuse(), users[::step]).findings
    assert found.identity_id == "role/4"
    assert "by 5 identities: 0, 1, 2, 3, 4." in found.observed


def test_a_key_that_all_have_shared_for_days_was_told_then_and_a_newcomer_is_told(
    make_event: Make, judged: Judge, day: date
) -> None:
    """A fleet of agents behind one key of a model is no news each morning."""
    key = {"identity_kind": "agent", "credential_id": "sk-1", "credential_kind": "api_key"}
    users = [
        make_event(n, day=day - timedelta(days=back), identity_id=f"agent/{n}", **key)
        for back in range(6)
        for n in range(3)
    ]
    assert judged(CredentialReuse(), users).findings == ()
    second_day = day - timedelta(days=4)
    assert judged(CredentialReuse(), [], day=second_day).findings
    newcomer = make_event(9, identity_id="agent/new", **key)
    [found] = judged(CredentialReuse(), [newcomer]).findings
    assert found.observed.endswith("New to it: new.")
    assert found.evidence == [newcomer["event_id"]]


def test_new_clients_on_new_hosts_beside_the_usual_one(
    make_event: Make, judged: Judge, day: date
) -> None:
    others = [
        make_event(80 + n, hour=9 + n, **{**KEY, "client": client, "source_ip": f"7.7.7.{n}"})
        for n, client in enumerate(["aws-sdk-go", "aws-sdk-js"])
    ]
    [found] = judged(CredentialReuse(), fortnight(make_event, day, **KEY) + others).findings
    assert "shared by 3 clients" in found.title
    assert set(found.evidence) == {event["event_id"] for event in others}


def test_an_office_that_many_begin_to_use_is_the_companys(
    make_event: Make, judged: Judge, day: date
) -> None:
    people = [{**KEY, "identity_id": f"user/{n}", "credential_id": f"AKIA{n}"} for n in range(6)]
    events = [e for who in people for e in fortnight(make_event, day, until=1, **who)]
    events = [{**e, "event_id": f"{e['identity_id']}-{e['event_id']}"} for e in events]
    office = {"network": "NEW-OFFICE", "source_ip": "8.8.4.4"}
    events += [make_event(50 + n, **{**who, **office}) for n, who in enumerate(people)]
    judgement = judged(CredentialReuse(), events)
    assert judgement.findings == ()
    assert judgement.scores["score"].max() < 0.2


def test_a_rotated_key_on_the_same_network_is_silent(
    make_event: Make, judged: Judge, day: date
) -> None:
    rotated = [make_event(70 + n, hour=9 + n, **{**KEY, "credential_id": "AKIA2"})
               for n in range(4)]  # fmt: skip
    judgement = judged(CredentialReuse(), fortnight(make_event, day, **KEY) + rotated)
    assert judgement.findings == ()


def test_a_person_who_travels_is_no_finding(make_event: Make, judged: Judge, day: date) -> None:
    person = {**KEY, "identity_kind": "human", "session_id": "sso:ann", "credential_id": None}
    journey = {**person, "network": "HOTEL", "country": "PT", "source_ip": "2.2.2.2"}
    events = [*fortnight(make_event, day, until=1, **person), make_event(60, **journey)]
    judgement = judged(CredentialReuse(), events)
    assert judgement.findings == ()
    assert 0 < judgement.scores["score"].max() < 0.65


def test_calls_that_a_cloud_service_makes_are_not_the_callers(
    make_event: Make, judged: Judge, day: date
) -> None:
    service = {"network": "service", "cloud": "one", "source_ip": "athena.amazonaws.com"}
    events = [*fortnight(make_event, day, **KEY), make_event(60, **{**KEY, **service})]
    assert judged(CredentialReuse(), events).findings == ()


def test_what_goes_on_is_told_twice_and_then_known(
    make_event: Make, judged: Judge, day: date
) -> None:
    events = fortnight(make_event, day, **KEY)
    for back in (2, 1, 0):
        at = day - timedelta(days=back)
        events.append(make_event(90, day=at, hour=10, **{**KEY, **HOSTER, "source_ip": "5.6.7.8"}))
    assert judged(CredentialReuse(), events, day=day - timedelta(days=1)).findings
    assert judged(CredentialReuse(), [], day=day).findings == ()


def test_a_key_in_thousands_of_places_takes_no_square_of_them(
    tmp_path: Path, make_event: Make, day: date
) -> None:
    def seconds(places: int) -> float:
        lake = Lake(tmp_path / str(places))
        used = [
            make_event(
                n,
                **{**KEY, "network": f"NET-{n}", "country": ("DE", "FR")[n % 2]},
                source_ip=f"5.6.{n // 256}.{n % 256}",
            )
            for n in range(places)
        ]
        lake.append("events", EVENTS.frame(used))
        roll_up(lake, now=datetime(2026, 4, 1, tzinfo=timezone.utc))
        with lake.reader() as reader:
            before = time.process_time()
            judgement = CredentialReuse().detect(reader, Window.of_day(day, history_days=30))
        [at_once] = judgement.scores["features"].str.json_path_match("$.at_once")
        assert at_once == "true"
        return time.process_time() - before

    seconds(10)
    assert seconds(10_000) < 8 * seconds(2_000)


def test_thresholds_are_wired(make_event: Make, judged: Judge, day: date) -> None:
    theft = [make_event(90, hour=20, **{**KEY, **HOSTER, "source_ip": "5.6.7.8"})]
    assert judged(CredentialReuse(), fortnight(make_event, day, **KEY) + theft).findings
    for thresholds in ({"threshold": 0.99}, {"enough_days": 30}, {"company_identities": 1}):
        assert judged(CredentialReuse(**thresholds), []).findings == (), thresholds
