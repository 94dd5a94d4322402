"""Chains of delegation: what is usual stays silent, what a start gains through others is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from detectors.base import Finding, Judgement, Severity, Window
from detectors.delegation_amplification import DelegationAmplification
from pipeline.lake import Lake

Judge = Callable[..., Judgement]
Make = Callable[..., dict[str, Any]]
Events = list[dict[str, Any]]


@pytest.fixture
def span(make_event: Make) -> Make:
    """A tool call of an agent for somebody, in a run."""

    def make(n: int, who: str, behalf: str | None, tool: str = "look", **over: Any) -> Any:
        told = {
            "identity_id": who,
            "identity_kind": "agent",
            "on_behalf_of": behalf,
            "trace_id": f"run-{n}",
            "credential_id": None,
            "session_id": None,
            "source_ip": None,
            "network": None,
            "action": tool,
            "tool_name": tool,
            "service": "tools",
            **over,
        }
        return make_event(f"{n}-{who}-{behalf}-{tool}", **told)

    return make


@pytest.fixture
def take(make_event: Make) -> Callable[..., Events]:
    """A role taken on, and what is done with it, each action with its level of access."""

    def make(n: int, giver: str, role: str, *acts: tuple[str, str], **over: Any) -> Events:
        issued, given = f"ASIA-{n}-{role}", over.pop("given", f"KEY-{giver}")
        raw = json.dumps({"responseElements": {"credentials": {"accessKeyId": issued}}})
        hand_over = {
            "action": "sts:AssumeRole",
            "access": "delegate",
            "identity_id": giver,
            "credential_id": given,
            "resource_id": role,
            "raw": raw,
            **over,
        }
        used = {"identity_id": role, "credential_id": issued, **over}
        return [
            make_event(f"{n}-{giver}-{role}", hour=9, **hand_over),
            *(
                make_event(f"{n}-{role}-{action}", hour=10, action=action, access=access, **used)
                for action, access in acts
            ),
        ]

    return make


GRANT = ("iam:PutRolePolicy", "permission")
READ = ("s3:GetObject", "read")


@pytest.fixture
def usual(take: Callable[..., Events], day: date) -> Events:
    """Two jobs at work for ten days: docs writes pages, deploy takes on the deployer's role."""
    return [
        event
        for n in range(1, 11)
        for giver, role, acts in (
            ("job/docs", "role/docs", (READ, ("s3:PutObject", "write"))),
            ("job/deploy", "role/deployer", (READ, GRANT)),
        )
        for event in take(n, giver, role, *acts, day=day - timedelta(n))
    ]


def found(judgement: Judgement) -> dict[str, Finding]:
    return {finding.subject_id: finding for finding in judgement.findings}


def score_of(judgement: Judgement, subject: str) -> float:
    return dict(judgement.scores.select("subject_id", "score").iter_rows())[subject]


def test_a_job_that_takes_on_its_role_each_day_is_silent(
    judged: Judge, usual: Events, take: Callable[..., Events]
) -> None:
    judgement = judged(
        DelegationAmplification(), [*usual, *take(0, "job/deploy", "role/deployer", READ, GRANT)]
    )
    assert judgement.findings == ()
    assert score_of(judgement, "job/deploy → role/deployer") == 0


def test_a_role_taken_on_through_another_is_found_to_its_start(
    judged: Judge, usual: Events, take: Callable[..., Events]
) -> None:
    chain = [
        *take(0, "job/docs", "role/docs", READ),
        *take(0, "role/docs", "role/deployer", GRANT, given="ASIA-0-role/docs"),
    ]
    [finding] = judged(DelegationAmplification(), [*usual, *chain]).findings
    assert finding.subject_id == "job/docs → role/deployer"
    assert finding.identity_id == "role/deployer"
    assert finding.severity == Severity.MEDIUM
    assert "docs → docs → deployer" in finding.observed
    assert "iam:PutRolePolicy" in finding.title
    assert "ATT&CK:T1098.003" in finding.frameworks
    assert chain[-1]["event_id"] == finding.evidence[0]


def test_a_session_lives_past_midnight(
    judged: Judge, usual: Events, take: Callable[..., Events], day: date
) -> None:
    [hand_over, act] = take(0, "job/docs", "role/deployer", GRANT)
    yesterday = {
        "event_date": day - timedelta(1),
        "event_time": hand_over["event_time"] - timedelta(days=1),
    }
    events = [*usual, {**hand_over, **yesterday}, act]
    assert "job/docs → role/deployer" in found(judged(DelegationAmplification(), events))


def test_a_service_that_acts_with_an_identitys_rights_is_no_chain(
    judged: Judge, take: Callable[..., Events], make_event: Make
) -> None:
    by_cloud = take(0, "tasks.cloud", "role/app", GRANT, identity_kind="cloud_service")
    for_role = make_event(1, on_behalf_of="athena.cloud", network="service", access="permission")
    judgement = judged(DelegationAmplification(), [*by_cloud, for_role])
    assert judgement.scores.filter(subject_kind="chain").is_empty()


@pytest.fixture
def office(span: Make, day: date) -> Events:
    """Three people use the planner, which has the operator do things, for ten days."""
    return [
        event
        for n in range(1, 11)
        for user in ("ann", "ben", "cleo")
        for event in (
            span(n, "planner", user, trace_id=f"{n}{user}", day=day - timedelta(n)),
            span(
                n,
                "operator",
                "planner",
                "restart_thing",
                access="execute",
                trace_id=f"{n}{user}",
                day=day - timedelta(n),
            ),
        )
    ]


def test_a_new_user_of_what_serves_everybody_is_low(
    judged: Judge, office: Events, span: Make
) -> None:
    today = [
        span(0, "planner", "dora"),
        span(0, "operator", "planner", "restart_thing", access="execute"),
    ]
    judgement = judged(DelegationAmplification(), [*office, *today])
    assert judgement.findings == ()
    assert 0 < score_of(judgement, "dora → operator") < 0.5


def test_what_an_agent_was_refused_and_another_does_for_it(
    judged: Judge, office: Events, span: Make
) -> None:
    refused = span(0, "planner", "ann", "drop_thing", access="write", outcome="denied", hour=9)
    done = span(0, "operator", "planner", "drop_thing", access="write", hour=10)
    [finding] = judged(DelegationAmplification(), [*office, refused, done]).findings
    assert finding.subject_id == "ann → operator"
    assert finding.severity == Severity.HIGH
    assert "what planner was refused: drop_thing" in finding.title
    assert finding.evidence[:2] == [refused["event_id"], done["event_id"]]


def test_a_refusal_after_the_act_went_around_nothing(
    judged: Judge, office: Events, span: Make
) -> None:
    done = span(0, "operator", "planner", "drop_thing", access="write", hour=9)
    known = span(0, "planner", "ann", hour=9)
    late = span(0, "planner", "ann", "drop_thing", access="write", outcome="denied", hour=10)
    assert judged(DelegationAmplification(), [*office, known, done, late]).findings == ()


@pytest.mark.parametrize(
    ("kind", "days", "is_told"), [("human", 10, False), ("human", 0, True), ("workload", 10, True)]
)
def test_a_person_who_forgot_to_take_on_the_usual_role_went_around_nothing(
    judged: Judge, take: Callable[..., Events], day: date, kind: str, days: int, *, is_told: bool
) -> None:
    """The role does it for others; a machine does not forget, and a new role is not the usual."""
    act, own = ("ec2:RebootInstances", "write"), {"identity_kind": kind}
    usual = [
        event
        for n in range(1, 11)
        for who, session, acts in (("ann", n, (READ,)), ("ben", n + 50, (READ, act)))
        if who == "ben" or n <= days
        for event in take(session, who, "role/ops", *acts, day=day - timedelta(n))
    ]
    for event in usual:
        event.update(own if event["identity_id"] in ("ann", "ben") else {})
    [refused, *_] = take(0, "ann", "role/none", **own)
    refused.update(event_id="no", action=act[0], access=act[1], outcome="denied", raw=None)
    today = take(0, "ann", "role/ops", act)
    today[0].update(own)
    judgement = judged(DelegationAmplification(), [*usual, refused, *today])
    assert ("ann → role/ops" in found(judgement)) is is_told


def test_a_chain_deeper_than_any_before(judged: Judge, office: Events, span: Make) -> None:
    hands = ["ann", "planner", "a1", "a2", "a3", "operator"]
    deep = [span(0, who, behalf, "write_thing", access="write") for behalf, who in pairwise(hands)]
    shallow = [span(1, "planner", "ben"), span(1, "a4", "planner", "write_thing", access="write")]
    judgement = judged(DelegationAmplification(), [*office, *deep, *shallow])
    assert "ann → operator" in found(judgement)
    assert score_of(judgement, "ann → a1") < score_of(judgement, "ann → operator")
    assert score_of(judgement, "ben → a4") < 0.6


def test_agents_that_call_each_other_in_a_circle_end(judged: Judge, span: Make) -> None:
    circle = [span(0, "a", "b"), span(0, "b", "c"), span(0, "c", "a")]
    judgement = judged(DelegationAmplification(), circle)
    assert judgement.findings == ()
    assert judgement.scores.filter(subject_kind="chain").height >= 3


def test_a_start_that_reaches_many_for_the_first_time(
    judged: Judge, office: Events, span: Make
) -> None:
    today = [span(n, f"agent-{n}", "ann") for n in range(9)]
    finding = found(judged(DelegationAmplification(), [*office, *today]))["ann"]
    assert "9 identities" in finding.title
    assert len(finding.evidence) == 9


def test_an_agent_that_lost_its_user(judged: Judge, office: Events, span: Make) -> None:
    lost = span(0, "planner", None, "write_thing", access="write")
    finding = found(judged(DelegationAmplification(), [*office, lost]))["planner"]
    assert "acted for nobody" in finding.title
    assert finding.evidence == [lost["event_id"]]


def test_an_agent_that_often_acts_by_itself_lost_nobody(
    judged: Judge, office: Events, span: Make, day: date
) -> None:
    alone = [
        span(90 + n, "planner", None, "write_thing", access="write", day=day - timedelta(n))
        for n in range(0, 10, 2)
    ]
    assert judged(DelegationAmplification(), [*office, *alone]).findings == ()


def test_the_first_days_of_a_log_are_low(judged: Judge, take: Callable[..., Events]) -> None:
    events = take(0, "job/deploy", "role/deployer", READ, GRANT)
    judgement = judged(DelegationAmplification(), events)
    assert judgement.findings == ()
    [finding] = judged(DelegationAmplification(threshold=0.3), []).findings
    assert finding.severity == Severity.LOW
    assert "too little history" in finding.support


CHANGES: dict[str, float] = {
    "known_days": 5,
    "few_days": 12,
    "known_edge_share": 0.9,
    "open_starts": 9.0,
    "own_act_share": 0.9,
    "silent_start_share": 0.2,
    "new_end_share": 0.9,
    "thin_share": 0.9,
    "human_share": 0.9,
    "denied_share": 0.9,
    "refused_weight": 0.5,
    "known_refusal_share": 0.9,
    "depth_weight": 0.2,
    "depth_floor": 2.0,
    "depth_scale": 4.0,
    "fan_out_floor": 3.0,
    "fan_out_scale": 5.0,
    "least_carried": 1.1,
    "lost_base": 0.1,
}


def test_each_weight_is_wired(
    judged: Judge,
    usual: Events,
    office: Events,
    take: Callable[..., Events],
    span: Make,
    lake: Lake,
    day: date,
) -> None:
    refused = {"access": "write", "outcome": "denied", "hour": 9}
    days = [day - timedelta(n) for n in range(4)]
    today = [
        *take(0, "job/docs", "role/deployer", GRANT, READ),
        *take(0, "job/docs", "role/docs", GRANT, outcome="denied"),
        *take(0, "job/docs", "role/new", GRANT),
        *take(0, "job/new", "role/newer", GRANT),
        *take(0, "person", "person/session", GRANT, identity_kind="human"),
        span(0, "planner", "dora"),
        span(0, "operator", "planner", "move_thing", access="write"),
        *(span(8, f"agent-{n}", "ann") for n in range(7)),
        *(span(8, f"deep-{n}", f"deep-{n - 1}" if n else "ann") for n in range(5)),
        *(span(9, "planner", "cleo", "drop", day=each, **refused) for each in days),
        *(span(9, "operator", "planner", "drop", access="write", day=each) for each in days),
        span(7, "planner", "ben", "burn", **refused),
        span(7, "operator", "planner", "burn", access="write"),
        span(6, "planner", None, "write_thing", access="write"),
        *(span(5, "ann", None, "peek", day=each) for each in days),
        span(5, "planner", "ann", "peek"),
    ]
    judged(DelegationAmplification(), [*usual, *office, *today])

    with lake.reader() as reader:

        def judgement(**change: Any) -> Judgement:
            detector = replace(DelegationAmplification(), **change)
            return detector.detect(reader.beside(), Window.of_day(day, history_days=30))

        def scores(**change: Any) -> dict[str, float]:
            return dict(judgement(**change).scores.select("subject_id", "score").iter_rows())

        usually = scores()
        assert [name for name, value in CHANGES.items() if scores(**{name: value}) == usually] == []
        few = judgement(threshold=0.1, most_evidence=1)
    told = {field.name for field in fields(DelegationAmplification)}
    assert told == {*CHANGES, "threshold", "most_evidence"}
    assert max(len(finding.evidence) for finding in few.findings) == 1
