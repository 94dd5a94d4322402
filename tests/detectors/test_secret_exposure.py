"""Secrets: found by form and by the words beside them, never told, and joined with their use."""

from __future__ import annotations

import base64
import hashlib
import json
import string
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest
from detect_secrets.core.scan import scan_line
from detect_secrets.settings import transient_settings

from detectors.base import Judgement, Severity, Window
from detectors.judge import judge as judge_days
from detectors.secret_exposure import SecretExposure
from pipeline.baselines import roll_up
from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.reader import LakeReader

NOW = datetime(2026, 11, 1, tzinfo=timezone.utc)
ALPHANUMERIC = string.ascii_letters + string.digits
Judge = Callable[..., Judgement]
Make = Callable[..., dict[str, Any]]


def drawn(count: int, letters: str = ALPHANUMERIC, *, seed: int = 7) -> str:
    """Random text; no literal in this file looks like a secret to whoever scans it."""
    dice = Random(f"{seed}{count}{letters}")
    return "".join(dice.choice(letters) for _ in range(count))


def jwt(**claims: Any) -> str:
    parts = [{"alg": "HS256", "typ": "JWT"}, claims]
    texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join([*(text.rstrip("=") for text in texts), drawn(43)])


CAPITALS = string.ascii_uppercase + "234567"
KEY_ID = "AKIA" + drawn(16, CAPITALS)
TOKEN = "ghp_" + drawn(36)
PRIVATE_KEY = "\n".join(
    ["-----BEGIN RSA PRIVATE" + " KEY-----", drawn(64), drawn(64, seed=8), "-----END"]
)
SECRETS = {
    "private key": PRIVATE_KEY,
    "AWS access key id": KEY_ID,
    "AWS secret access key": f"{KEY_ID} / {drawn(40)}",
    "GitHub token": TOKEN,
    "GitLab token": "glpat-" + drawn(20),
    "Slack token": "xoxb-" + drawn(12, string.digits) + "-" + drawn(24),
    "Stripe key": "sk_live_" + drawn(24),
    "Stripe test key": "sk_test_" + drawn(24),
    "Anthropic API key": "sk-ant-api03-" + drawn(90),
    "OpenAI API key": "sk-proj-" + drawn(48),
    "Google credential": "AIza" + drawn(35),
    "API token": "hf_" + drawn(34),
    "JWT": jwt(sub="u-81", jti="t-4411"),
    "password in a URL": f"postgres://app:{drawn(14)}@db.internal/freight",
    "password": f'{{"user": "ann", "password": "Tide-{drawn(6)}"}}',
    "named secret": f"carrier_api_key = {drawn(32)}",
}
HARMLESS = (
    "AKIAIOSFODNN7EXAMPLE and wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "Authorization: Bearer <your-token>",
    "api_key=xxxxxxxxxxxxxxxxxxxxxxxx; token=${CARRIER_TOKEN}; secret: {{ vault.item }}",
    "password: ********, password = changeme1, password='your_password1'",
    "The token is expired. Enter your password: required field, max_tokens: 4096",
    '{"next_page_token": "' + drawn(40) + '", "secret_name": "prod/core-db/app2"}',
    '{"token_id": "0f8fad5b-d9cb-469f-a165-70867728950e", "secret_arn": "arn:aws:x:1:secret:y"}',
    "token: 123456, password reset link: https://example.com/reset?u=8",
    jwt(sub="1234567890", name="John Doe"),
    "-----BEGIN PUBLIC KEY-----" + drawn(64),
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
)


@pytest.fixture
def call(make_event: Make) -> Make:
    """A tool call of an agent in a run."""

    def make(n: int, **over: Any) -> dict[str, Any]:
        told = {
            "source": "spans",
            "identity_id": "helper",
            "identity_kind": "agent",
            "trace_id": "run",
            "session_id": "run",
            "credential_id": None,
            "source_ip": None,
            "network": None,
            "tool_name": "read_note",
            "action": "read_note",
            "access": "read",
            **over,
        }
        return make_event(n, **told)

    return make


def by_unit(judgement: Judgement) -> dict[str, dict[str, Any]]:
    rows = judgement.scores.to_dicts()
    return {row["subject_id"]: {**row, **json.loads(row["features"])} for row in rows}


# -- what a secret is


def test_each_kind_of_secret_is_known(judged: Judge, call: Make) -> None:
    events = [
        call(n, trace_id=kind, tool_result=f"Here: {text}\nBye.")
        for n, (kind, text) in enumerate(SECRETS.items())
    ]
    units = by_unit(judged(SecretExposure(), events))
    assert {unit: told["kind"] for unit, told in units.items()} == {kind: kind for kind in SECRETS}


def test_examples_templates_and_words_are_none(judged: Judge, call: Make) -> None:
    events = [
        call(f"{n}-{place}", identity_id=f"helper-{n}", trace_id=text, **{place: text})
        for n, text in enumerate(HARMLESS)
        for place in ("tool_result", "prompt", "tool_arguments")
    ]
    units = by_unit(judged(SecretExposure(), events))
    assert {text: units[text]["score"] for text in HARMLESS} == dict.fromkeys(HARMLESS, 0)


def test_what_yelps_detect_secrets_knows_is_known_here(judged: Judge, call: Make) -> None:
    names = ("AWSKeyDetector", "GitHubTokenDetector", "GitLabTokenDetector", "JwtTokenDetector")
    names += ("OpenAIDetector", "PrivateKeyDetector", "SlackDetector", "StripeDetector")
    names += ("BasicAuthDetector", "SendGridDetector", "NpmDetector", "SquareOAuthDetector")
    texts = [
        *SECRETS.values(),
        f"SG.{drawn(22)}.{drawn(43)}",
        f"//registry.example/:_authToken=npm_{drawn(36)}",
    ]
    with transient_settings({"plugins_used": [{"name": name} for name in names]}):
        theirs = [any(scan_line(line) for line in text.splitlines()) for text in texts]
    events = [call(n, trace_id=str(n), tool_result=text) for n, text in enumerate(texts)]
    units = by_unit(judged(SecretExposure(), events))
    assert sum(theirs) >= 9
    assert [
        text for n, text in enumerate(texts) if theirs[n] and not units[str(n)]["secrets"]
    ] == []


def test_a_long_name_of_a_tool_is_cut_wherever_it_is_told(judged: Judge, call: Make) -> None:
    judgement = judged(SecretExposure(), [call(1, tool_name="t" * 10**6, tool_result=TOKEN)])
    assert by_unit(judgement)["run"]["tool"] == "t" * 60
    [found] = judgement.findings
    assert max(map(len, (found.title, found.observed, found.expected, found.support))) < 300


def test_a_secret_is_never_told(judged: Judge, call: Make, lake: Lake) -> None:
    secrets = {kind: text for kind, text in SECRETS.items() if kind != "AWS access key id"}
    events = [call(n, trace_id=k, prompt=text) for n, (k, text) in enumerate(secrets.items())]
    judgement = judged(replace(SecretExposure(), threshold=0.05), events)
    with lake.reader() as reader:
        kept = reader.query("select * from daily_secret").to_dicts()
    told = str([judgement.scores.to_dicts(), judgement.findings, kept])
    for text in (TOKEN, SECRETS["JWT"], drawn(40), drawn(64), drawn(24), drawn(32), drawn(90)):
        assert text[:12] not in told
    assert "ghp_… (40 characters)" in told


# -- where it was seen, and where it went


def test_read_from_one_tool_and_sent_to_another_is_worst(judged: Judge, call: Make) -> None:
    events = [
        call(1, hour=9, tool_result=f"deploy with {TOKEN}"),
        call(2, hour=10, tool_name="post", access="write", tool_arguments=f'["{TOKEN}"]'),
        call(3, trace_id="read only", tool_result=SECRETS["GitLab token"]),
    ]
    judgement = judged(SecretExposure(), events)
    finding = next(f for f in judgement.findings if f.subject_id == "run")
    assert finding.severity == Severity.HIGH
    assert "sent to post" in finding.title
    assert set(finding.evidence) == {event["event_id"] for event in events[:2]}
    assert finding.score > by_unit(judgement)["read only"]["score"]


def judged_score(judgement: Judgement) -> float:
    return float(max(judgement.scores["score"]))


def test_what_nothing_names_is_found_where_it_is_carried_to(judged: Judge, call: Make) -> None:
    events = [
        call(1, hour=9, tool_result="{'password': 'tide99harbour'}"),
        call(2, hour=10, tool_name="mail", access="write", tool_arguments='["tide99harbour"]'),
    ]
    [finding] = judged(SecretExposure(), events).findings
    assert "sent to mail" in finding.title


def test_a_password_where_passwords_belong_is_low(judged: Judge, call: Make) -> None:
    login = call(1, tool_name="login", access="auth", tool_arguments=SECRETS["password"])
    judgement = judged(SecretExposure(), [login])
    assert judgement.findings == ()
    assert 0 < judged_score(judgement) < 0.2


def test_what_an_agent_handles_on_other_days_is_usual(judged: Judge, call: Make, day: date) -> None:
    days = [day - timedelta(n) for n in range(5)]
    events = [call(1, day=each, tool_result=TOKEN, trace_id=str(each)) for each in days]
    assert judged(SecretExposure(), events).findings == ()
    first = judged(SecretExposure(), [], day=days[-1])
    assert len(first.findings) == 1


def test_texts_that_the_log_does_not_keep_are_told_as_such(judged: Judge, call: Make) -> None:
    digest = "sha256:" + hashlib.sha256(b"text").hexdigest()
    words = '{"password": "Zq0a1b2c3d4e5f", "api_key": "zq1a2b3c4d5e6f_zq0f1e2d3c4b5a"}'
    events = [
        call(1, trace_id="dropped"),
        call(2, trace_id="hashed", prompt=digest, tool_arguments=digest, tool_result=digest),
        call(3, trace_id="by word", prompt=words, tool_arguments=words, tool_result=words),
    ]
    units = by_unit(judged(SecretExposure(), events))
    told = {unit: (row["score"], row["texts"], row["readable"]) for unit, row in units.items()}
    assert told == {"dropped": (0, 0, 0), "hashed": (0, 3, 0), "by word": (0, 3, 0)}


def test_days_without_texts_are_not_told_to_have_been_clean(
    judged: Judge, call: Make, day: date
) -> None:
    before = [call(n, day=day - timedelta(days=n)) for n in range(1, 4)]
    [found] = judged(SecretExposure(), [*before, call(9, prompt=TOKEN)]).findings
    assert "was seen there before" in found.expected
    assert found.support == "3 earlier days of this identity, as far as their texts were logged"


# -- its use after it was seen


def used(make_event: Make, n: int, **over: Any) -> dict[str, Any]:
    told = {"identity_id": "user/mailer", "credential_id": KEY_ID, "network": "HOME"}
    return make_event(n, **{**told, "source_ip": "9.9.9.9", **over})


@pytest.fixture
def exposed(call: Make, make_event: Make, day: date) -> list[dict[str, Any]]:
    """A key in use for days, then pasted into a prompt two days before the judged one."""
    week = [used(make_event, n, day=day - timedelta(n)) for n in range(2, 9)]
    pasted = f"key {KEY_ID}, secret {drawn(40)}"
    return [*week, call(90, day=day - timedelta(2), hour=15, prompt=pasted, tool_name=None)]


def test_a_key_used_from_elsewhere_after_its_exposure(
    judged: Judge, exposed: list[dict[str, Any]], make_event: Make
) -> None:
    events = [
        *exposed,
        used(make_event, 1, network="RENTED", source_ip="8.8.4.4"),
        used(make_event, 2),
    ]
    [finding] = judged(SecretExposure(), events).findings
    assert finding.severity == Severity.CRITICAL
    assert finding.evidence == [events[-2]["event_id"], exposed[-1]["event_id"]]
    assert (finding.subject_kind, finding.subject_id) == ("credential", KEY_ID)
    assert finding.identity_id == "user/mailer"
    assert "RENTED" in finding.title
    assert "helper exposed it" in finding.title


def test_a_key_used_by_another_identity_after_its_exposure(
    judged: Judge, exposed: list[dict[str, Any]], make_event: Make
) -> None:
    events = [*exposed, used(make_event, 1, identity_id="agent/odd")]
    [finding] = judged(SecretExposure(), events).findings
    assert finding.identity_id == "agent/odd"
    assert "used by another identity" in finding.title
    assert finding.expected == "Before the exposure it was used from HOME by user/mailer."


def test_a_first_use_is_told_on_its_first_days_and_is_then_what_others_are_measured_by(
    judged: Judge, call: Make, make_event: Make, day: date
) -> None:
    """A service that goes on with the key it got is no news each morning; a thief is."""
    pasted = f"key {KEY_ID}, secret {drawn(40)}"
    events = [
        call(9, day=day - timedelta(3), hour=9, prompt=pasted, tool_name=None),
        *(used(make_event, n, day=day - timedelta(n)) for n in range(4)),
    ]
    judgements = [judged(SecretExposure(), events, day=day - timedelta(3))]
    judgements += [judged(SecretExposure(), [], day=day - timedelta(n)) for n in (2, 1, 0)]
    first_use = [f.title for j in judgements for f in j.findings if f.subject_id == KEY_ID]
    assert first_use == ["user/mailer: credential first used after helper exposed it"] * 2
    stolen = used(make_event, 8, network="RENTED", source_ip="8.8.4.4")
    [finding] = judged(SecretExposure(), [stolen]).findings
    assert "used from RENTED" in finding.title
    assert finding.expected == "Since the exposure it was used from HOME by user/mailer."
    assert finding.support == "3 days of use since the exposure"


def test_an_exposed_key_used_on_as_before_is_scored_and_not_found(
    judged: Judge, exposed: list[dict[str, Any]], make_event: Make
) -> None:
    judgement = judged(SecretExposure(), [*exposed, used(make_event, 1)])
    assert judgement.findings == ()
    assert by_unit(judgement)[KEY_ID]["score"] == SecretExposure().usual_use


def test_a_use_before_the_exposure_says_nothing(
    judged: Judge, call: Make, make_event: Make
) -> None:
    events = [
        used(make_event, 1, hour=8),
        call(2, hour=9, prompt=f"{KEY_ID} {drawn(40)}", tool_name=None),
    ]
    assert KEY_ID not in by_unit(judged(SecretExposure(), events))


@pytest.mark.parametrize(
    ("secret", "credential_id"),
    [
        (SECRETS["JWT"], "t-4411"),
        (TOKEN, hashlib.sha256(TOKEN.encode()).hexdigest()),
        (TOKEN, base64.b64encode(hashlib.sha256(TOKEN.encode()).digest()).decode()),
    ],
    ids=["jti", "hash", "base64"],
)
def test_a_token_is_known_by_its_claims_or_its_hash(
    judged: Judge, call: Make, make_event: Make, secret: str, credential_id: str
) -> None:
    events = [
        call(1, hour=9, tool_result=f"Bearer {secret}"),
        used(make_event, 2, hour=10, credential_id=credential_id),
    ]
    subjects = {f.subject_id: f for f in judged(SecretExposure(), events).findings}
    assert subjects[credential_id].severity == Severity.CRITICAL


def test_the_name_of_a_key_alone_is_less(
    judged: Judge, call: Make, make_event: Make, day: date
) -> None:
    listed = call(1, day=day - timedelta(1), tool_result=f"keys: {KEY_ID}")
    judgement = judged(SecretExposure(), [listed, used(make_event, 2)])
    assert judgement.findings == ()
    assert judged_score(judgement) == pytest.approx(0.9 * 0.65)


# -- the weights


CHANGES: dict[str, float] = {
    "prompt_weight": 0.1,
    "result_weight": 0.1,
    "login_weight": 0.9,
    "carried_weight": 0.1,
    "known_days": 9,
    "known_secret_share": 0.9,
    "known_kind_share": 0.9,
    "foreign_use": 0.7,
    "first_use": 0.7,
    "usual_use": 0.1,
    "name_only_share": 0.1,
}


def test_each_weight_is_wired(mixed: LakeReader, day: date) -> None:
    usual = scores(mixed, SecretExposure(), day)
    for name, value in CHANGES.items():
        changed = scores(mixed, replace(SecretExposure(), **{name: value}), day)
        assert changed != usual, name
    told = {field.name for field in fields(SecretExposure)}
    assert told == {*CHANGES, "threshold", "most_evidence"}
    assert judge(mixed, SecretExposure(threshold=1), day).findings == ()
    few = judge(mixed, SecretExposure(most_evidence=1), day).findings
    assert max(len(f.evidence) for f in few if f.subject_kind == "trace") == 1


def scores(reader: LakeReader, detector: SecretExposure, day: date) -> dict[str, float]:
    return dict(judge(reader, detector, day).scores.select("subject_id", "score").iter_rows())


def judge(reader: LakeReader, detector: SecretExposure, day: date) -> Judgement:
    return detector.detect(reader.beside(), Window.of_day(day, history_days=30))


@pytest.fixture
def mixed(
    judged: Judge,
    call: Make,
    make_event: Make,
    exposed: list[dict[str, Any]],
    day: date,
    lake: Lake,
) -> Iterator[LakeReader]:
    """A lake with something for every weight."""
    other = "AKIA" + drawn(16, CAPITALS, seed=3)
    events = [
        *exposed,
        used(make_event, 1),
        *(call(10, day=day - timedelta(n), trace_id=f"d{n}", tool_result=TOKEN) for n in range(4)),
        call(11, trace_id="kind", tool_result="ghp_" + drawn(36, seed=5)),
        call(12, trace_id="prompt", prompt=TOKEN),
        call(
            13, trace_id="login", tool_name="l", access="auth", tool_arguments=SECRETS["password"]
        ),
        call(14, trace_id="carry", hour=9, tool_result=SECRETS["JWT"], tool_name="a"),
        call(15, trace_id="carry", tool_arguments=SECRETS["JWT"], tool_name="b", access="write"),
        call(16, trace_id="name", hour=8, prompt=other),
        used(make_event, 17, credential_id=other),
        used(make_event, 18, credential_id="t-4411"),
        used(make_event, 19, credential_id=hashlib.sha256(TOKEN.encode()).hexdigest()),
        *(
            used(
                make_event,
                20,
                day=day - timedelta(n),
                network=f"NET-{n}",
                credential_id=base64.b64encode(hashlib.sha256(TOKEN.encode()).digest()).decode(),
            )
            for n in (0, 6)
        ),
    ]
    judged(SecretExposure(), events)
    with lake.reader() as reader:
        yield reader


# -- real agents


def test_only_hijacked_runs_of_real_agents_are_found(shared_data: Path, lake: Lake) -> None:
    """Agents that read passwords and sign in with them, some of them steered to give them away."""
    labels = pl.read_csv(shared_data / "agent_traces" / "labels.csv")
    ingest(lake, [shared_data / "agent_traces" / "traces-window.jsonl.gz"], now=NOW, run_id="test")
    roll_up(lake, now=NOW)
    run = judge_days(lake, [SecretExposure()], now=NOW, run_id="test")
    assert run.failures == ()
    with lake.reader() as reader:
        found = reader.query("select split_part(subject, ':', 2) as trace_id from findings")
    told = found.join(labels, on="trace_id")
    assert told.height >= 3
    assert told["attack_succeeded"].to_list() == [1] * told.height
