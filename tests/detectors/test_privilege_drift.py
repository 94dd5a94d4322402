"""privilege_drift: reach that leaves its history, on one small company with one story a name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from detectors.base import Finding, Judgement, Window
from detectors.privilege_drift import PrivilegeDrift
from pipeline.baselines import roll_up
from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.reader import LakeReader
from pipeline.schemas import EVENTS

FIRST = date(2026, 1, 1)
DAY = date(2026, 1, 25)
NOW = datetime(2026, 2, 1, tzinfo=timezone.utc)
ACCOUNT = "111122223333"
STRANGER = "999988887777"

# Action -> service and access, as enrichment would tell them.
ACCESS = {
    "read": "s3:GetObject s3:GetBucketTagging sqs:ReceiveMessage secretsmanager:GetSecretValue "
    "dynamodb:GetItem kms:Decrypt ssm:GetParameter athena:GetQueryResults glue:GetTable",
    "list": "s3:ListBuckets ec2:DescribeInstances iam:ListUsers iam:ListRoles "
    "rds:DescribeDBInstances",
    "write": "s3:PutObject dynamodb:PutItem sns:Publish cloudtrail:StopLogging iam:CreateUser "
    "lambda:UpdateFunctionCode kms:CreateKey sqs:SendMessage ec2:ModifySnapshotAttribute "
    "events:PutEvents",
    "permission": "iam:AttachRolePolicy iam:PutRolePolicy iam:CreateAccessKey iam:DeleteAccessKey "
    "s3:PutBucketPolicy",
    "execute": "lambda:Invoke ecs:RunTask",
}
LEVEL = {action: level for level, actions in ACCESS.items() for action in actions.split()}


def role(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def event(day: date, name: str, action: str, **over: Any) -> dict[str, Any]:
    """One event; its id tells day, name and action."""
    resource = over.get("resource_id")
    hour = over.pop("hour", 12)
    return {
        "event_id": f"{day}/{name}/{action}/{resource or ''}/{hour}/{over.get('outcome', 'ok')}",
        "event_time": datetime.combine(day, time(hour), tzinfo=timezone.utc),
        "event_date": day,
        "source": "log",
        "identity_id": role(name),
        "identity_name": name,
        "identity_kind": "workload",
        "action": action,
        "service": action.partition(":")[0],
        "access": LEVEL.get(action, "read"),
        "account_id": ACCOUNT,
        "source_ip": "10.0.0.1",
        "outcome": "success",
        "raw": "{}",
        **over,
    }


HABITS = {
    "reports": ("s3:GetObject", "s3:PutObject", "glue:GetTable"),
    "worker-1": ("sqs:ReceiveMessage", "dynamodb:PutItem"),
    "worker-2": ("sqs:ReceiveMessage", "dynamodb:PutItem"),
    "worker-3": ("sqs:ReceiveMessage", "dynamodb:PutItem"),
    "deployer": ("lambda:UpdateFunctionCode", "iam:PutRolePolicy", "s3:GetObject"),
    "vault-user": ("secretsmanager:GetSecretValue", "dynamodb:GetItem"),
    "creeper": ("s3:GetObject", "s3:GetBucketTagging"),
    "stack": ("s3:GetObject",),
    "prober": ("s3:GetObject",),
    "sharer": ("s3:PutObject", "ec2:ModifySnapshotAttribute"),
    "reader": ("s3:GetObject", "athena:GetQueryResults"),
}
CREEP = (
    *("sqs:SendMessage", "lambda:Invoke", "ecs:RunTask"),
    *("secretsmanager:GetSecretValue", "events:PutEvents"),
)


def usual(day: date) -> Iterator[dict[str, Any]]:
    """What everybody does on every day: a history without any variance."""
    for name, actions in HABITS.items():
        for action in actions:
            yield event(day, name, action, resource_id=f"{action}-1")
    for action in ("s3:ListBuckets", "ec2:DescribeInstances"):
        yield event(day, "ada", action, identity_kind="human")


def stories(day: date) -> Iterator[dict[str, Any]]:
    """What happens on DAY, each to one identity."""
    yield event(day, "reports", "iam:AttachRolePolicy", resource_id=role("reports"), hour=10)
    yield event(day, "reports", "secretsmanager:GetSecretValue", resource_id="s-1", hour=11)
    yield event(day, "reports", "iam:CreateAccessKey", resource_id="user/break-glass", hour=11)
    for n in (1, 2, 3):
        yield event(day, f"worker-{n}", "sns:Publish", resource_id="topic")
    for n in range(40):
        yield event(day, "vault-user", "secretsmanager:GetSecretValue", resource_id=f"s-{n}")
    for action in ("kms:CreateKey", "iam:AttachRolePolicy"):
        yield event(day, "stack", action, on_behalf_of="cloudformation.amazonaws.com")
    for action in LEVEL:
        yield event(day, "prober", action, outcome="denied", hour=9)
    yield event(
        day,
        "sharer",
        "ec2:ModifySnapshotAttribute",
        resource_id="snap-2",
        raw='{"createVolumePermission": {"add": {"items": [{"userId": "999988887777"}]}}}',
    )
    yield event(day, "stranger", "cloudtrail:StopLogging", resource_id="trail")
    yield event(day, "newcomer", "s3:GetObject")
    for action in ("iam:ListRoles", "s3:GetObject", "rds:DescribeDBInstances"):
        yield event(day, "ada", action, identity_kind="human")
    for action in ("iam:CreateAccessKey", "iam:DeleteAccessKey"):
        yield event(day, "ada", action, identity_kind="human", resource_id="user/robot")


def events() -> list[dict[str, Any]]:
    days = [FIRST + timedelta(days=n) for n in range((DAY - FIRST).days + 1)]
    rows = [row for day in days for row in usual(day)]
    gained = {DAY - timedelta(days=2 * n): action for n, action in enumerate(reversed(CREEP))}
    rows += [event(day, "creeper", action) for day, action in gained.items()]
    return [*rows, *stories(DAY)]


def lake_of(folder: Path, rows: list[dict[str, Any]]) -> Lake:
    """A lake of those events, rolled up."""
    lake = Lake(folder)
    lake.append("events", pa.Table.from_pylist(rows, schema=EVENTS.arrow_schema))
    roll_up(lake, now=NOW)
    return lake


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LakeReader]:
    lake = lake_of(tmp_path_factory.mktemp("company"), events())
    with lake.reader() as reader:
        yield reader


@pytest.fixture(scope="module")
def judged(company: LakeReader) -> Judgement:
    return judge(company, DAY)


def judge(reader: LakeReader, day: date, **thresholds: Any) -> Judgement:
    return PrivilegeDrift(**thresholds).detect(reader, Window.of_day(day, history_days=30))


def finding(judgement: Judgement, name: str) -> Finding:
    [found] = [f for f in judgement.findings if f.identity_id == role(name)]
    return found


def names(judgement: Judgement) -> set[str]:
    return {f.identity_id.rpartition("/")[2] for f in judgement.findings}


def score(judgement: Judgement, name: str) -> float:
    [value] = judgement.scores.filter(pl.col("subject_id") == role(name))["score"]
    return float(value)


def test_a_grant_to_itself_and_its_use_is_critical(judged: Judgement) -> None:
    found = finding(judged, "reports")
    assert found.severity == "critical"
    assert found.title == "reports changed its own permissions"
    assert "Then did" in found.observed
    assert found.evidence[0] == f"{DAY}/reports/iam:AttachRolePolicy/{role('reports')}/10/ok"
    assert {e.split("/")[2] for e in found.evidence} == {
        "iam:AttachRolePolicy",
        "iam:CreateAccessKey",
        "secretsmanager:GetSecretValue",
    }
    assert "24 active days" in found.support
    assert "ATT&CK:T1098.003" in found.frameworks


def test_each_story_is_found_and_nothing_else(judged: Judgement) -> None:
    assert names(judged) == {"reports", "vault-user", "prober", "sharer", "stranger"}


def test_everybody_is_scored(judged: Judgement) -> None:
    expected = {role(name) for name in (*HABITS, "ada", "stranger", "newcomer")}
    assert set(judged.scores["subject_id"]) == expected


@pytest.mark.parametrize(
    "name", ["worker-1", "deployer", "stack", "ada", "newcomer", "reader", "worker-3"]
)
def test_the_innocent_stay_low(judged: Judgement, name: str) -> None:
    assert score(judged, name) < 0.5


def test_what_several_begin_together_counts_less_than_what_one_begins(
    company: LakeReader, tmp_path: Path
) -> None:
    alone = [e for e in events() if e["action"] != "sns:Publish" or "worker-1" in e["event_id"]]
    with lake_of(tmp_path / "alone", alone).reader() as reader:
        lonely = judge(reader, DAY)
    assert score(lonely, "worker-1") > 1.5 * score(judge(company, DAY), "worker-1")


def test_a_burst_of_secrets_is_found_in_spite_of_the_routine(judged: Judgement) -> None:
    found = finding(judged, "vault-user")
    assert "on 41 things" in found.observed
    assert len(found.evidence) == 41


def test_sharing_outside_is_found_where_changing_is_routine(judged: Judgement) -> None:
    found = finding(judged, "sharer")
    assert found.evidence == [f"{DAY}/sharer/ec2:ModifySnapshotAttribute/snap-2/12/ok"]
    assert "outside" in found.title


def test_an_identity_without_history_is_judged_by_rules_that_say_so(judged: Judgement) -> None:
    found = finding(judged, "stranger")
    assert "too little history" in found.support
    assert found.confidence == 0.5
    assert found.evidence == [f"{DAY}/stranger/cloudtrail:StopLogging/trail/12/ok"]


def test_refusals_count_less_than_successes(judged: Judgement, tmp_path: Path) -> None:
    rows = [e for e in events() if "prober" not in e["event_id"] or e["event_date"] != DAY]
    opened = [event(DAY, "prober", action, hour=9) for action in LEVEL]
    with lake_of(tmp_path, [*rows, *opened]).reader() as reader:
        let_in = judge(reader, DAY)
    assert score(judged, "prober") < score(let_in, "prober")


@pytest.mark.parametrize(("outcome", "did"), [("success", "did"), ("denied", "tried")])
def test_a_title_names_the_heaviest_new_act_and_says_if_it_was_only_tried(
    tmp_path: Path, outcome: str, did: str
) -> None:
    days = [DAY - timedelta(days=n) for n in range(1, 11)]
    rows = [event(day, "app", "s3:GetObject") for day in days]
    for action, access in (("sqs:SendMessage", "write"), ("kms:RetireGrant", "permission")):
        rows.append(event(DAY, "app", action, access=access, outcome=outcome))
    with lake_of(tmp_path, rows).reader() as reader:
        found = finding(judge(reader, DAY, line=0.1, probing_weight=0), "app")
    assert found.title == f"app {did} 2 things it never {did} before (kms:RetireGrant)"


def test_a_quiet_fortnight_is_silent(company: LakeReader) -> None:
    for n in range(3, 14):
        assert judge(company, FIRST + timedelta(days=n)).findings == ()


def test_a_first_day_is_judged_by_rules_alone(company: LakeReader) -> None:
    first = judge(company, FIRST)
    assert first.scores.height == len(HABITS) + 1
    assert all("too little history" in f.support for f in first.findings)
    assert names(first) <= {"deployer"}


def test_creep_is_told_once_when_it_crosses_the_line(company: LakeReader) -> None:
    days = [DAY - timedelta(days=n) for n in range(6, -1, -1)]
    told = [
        (day, f)
        for day in days
        for f in judge(company, day).findings
        if f.identity_id == role("creeper")
    ]
    [(day, found)] = told
    assert day == DAY - timedelta(days=4)
    assert "reach grew on 3 different days" in found.title
    assert "17 Jan: write by sqs:SendMessage" in found.observed
    assert found.evidence == [f"{day}/creeper/ecs:RunTask//12/ok"]


def test_thresholds_are_wired(company: LakeReader) -> None:
    assert judge(company, DAY, line=1.0).findings == ()
    assert "ada" in names(judge(company, DAY, human_share=1.0, line=0.3))
    assert "sharer" not in names(judge(company, DAY, routine_days=0.01, line=0.9))
    lenient = judge(company, DAY, novelty_scale=50.0)
    strict = judge(company, DAY, novelty_scale=0.5)
    assert score(lenient, "worker-1") < score(strict, "worker-1")
    assert names(judge(company, DAY - timedelta(days=4), creep_line=0.99)) == set()
    assert names(judge(company, DAY - timedelta(days=4), creep_steps=9)) == set()


def test_features_are_numbers_that_made_the_score(judged: Judgement) -> None:
    [text] = judged.scores.filter(pl.col("subject_id") == role("reports"))["features"]
    features = json.loads(text)
    assert features["new_actions"] == 3
    assert features["active_days"] == 24
    assert features["strongest"] == "permission"
    assert 0 < features["novelty"] < 1


def test_an_outsider_named_in_a_trust_is_found_and_an_own_account_is_not(tmp_path: Path) -> None:
    def trusting(name: str, account: str) -> dict[str, Any]:
        raw = json.dumps({"document": json.dumps({"AWS": f"arn:aws:iam::{account}:root"})})
        return event(DAY, name, "iam:UpdateAssumeRolePolicy", access="write", raw=raw)

    rows = [
        trusting("inviter", STRANGER) | {"action": "iam:CreateRole", "access": "write"},
        trusting("builder", ACCOUNT) | {"action": "iam:CreateRole", "access": "write"},
    ]
    with lake_of(tmp_path, rows).reader() as reader:
        assert names(judge(reader, DAY)) == {"inviter"}


def test_a_policy_that_a_condition_narrows_is_not_open_to_all(tmp_path: Path) -> None:
    def opened(name: str, **statement: Any) -> dict[str, Any]:
        policy = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", **statement}]})
        raw = json.dumps({"requestParameters": {"policy": policy}})
        return event(DAY, name, "sqs:SetQueuePolicy", access="write", raw=raw)

    rows = [opened("open"), opened("narrow", Condition={"Bool": {"aws:SecureTransport": "true"}})]
    with lake_of(tmp_path, rows).reader() as reader:
        assert names(judge(reader, DAY)) == {"open"}


SENSITIVE = {
    "google.iam.admin.v1.CreateServiceAccountKey": "{}",
    "google.logging.v2.ConfigServiceV2.DeleteSink": "{}",
    "v1.compute.images.setIamPolicy": '{"members": ["allUsers"]}',
    "Microsoft.Authorization/roleAssignments/write": "{}",
    "MICROSOFT.COMPUTE/DISKS/BEGINGETACCESS/ACTION": "{}",
    "org.disable_two_factor_requirement": "{}",
    "io.k8s.rbac.v1.clusterrolebindings.create": "{}",
    "disable_audit_log": "{}",
}
ORDINARY = (
    *("compute.instances.list", "Microsoft.Compute/virtualMachines/read", "repo.create"),
    *("v1.compute.instances.insert", "search_flights", "send_email", "git.push"),
)


def test_other_clouds_and_tools_are_known_by_their_actions(tmp_path: Path) -> None:
    rows = [
        *(
            event(DAY, f"bad {n}", a, access="write", raw=r)
            for n, (a, r) in enumerate(SENSITIVE.items())
        ),
        *(event(DAY, f"good {n}", a, access="write") for n, a in enumerate(ORDINARY)),
    ]
    with lake_of(tmp_path, rows).reader() as reader:
        assert names(judge(reader, DAY)) == {f"bad {n}" for n in range(len(SENSITIVE))}


def test_a_grant_to_another_of_the_same_account_is_no_grant_to_itself(tmp_path: Path) -> None:
    rows = [
        event(DAY, "a", "iam:PutRolePolicy", resource_id=f"arn:aws:organizations::1:{ACCOUNT}"),
        event(DAY, "b", "iam:PutRolePolicy", resource_id="b"),
    ]
    with lake_of(tmp_path, rows).reader() as reader:
        titles = [f.title for f in judge(reader, DAY).findings]
    assert titles == ["b changed its own permissions", "a changed permissions"]


def test_hostile_text_is_data(tmp_path: Path) -> None:
    action = "iam:AttachRolePolicy\x1b[31m'; drop table events; --" + "x" * 5000
    odd = {"access": "permission", "service": "\x00", "raw": '{"AdministratorAccess'}
    rows = [
        *(event(FIRST + timedelta(days=n), "odd\x1b", "s3:GetObject") for n in range(9)),
        event(FIRST + timedelta(days=9), "odd\x1b", action, **odd),
        event(FIRST + timedelta(days=9), "odd\x1b", "iam:CreateUser", raw=None, service=None),
    ]
    with lake_of(tmp_path, rows).reader() as reader:
        [found] = judge(reader, FIRST + timedelta(days=9)).findings
    text = found.title + found.observed + found.expected
    assert text.isprintable()
    assert len(text) < 1000


def test_missing_fields_are_no_error(tmp_path: Path) -> None:
    bare = {"event_id": "e", "event_date": DAY, "event_time": NOW, "source": "log"}
    rows = [bare, bare | {"event_id": "f", "identity_id": "x"}]
    with lake_of(tmp_path, rows).reader() as reader:
        judgement = judge(reader, DAY)
    assert judgement.scores.select("subject_id", "score").rows() == [("x", 0.0)]


def test_attacks_on_aws_without_any_history(shared_data: Path, tmp_path: Path) -> None:
    """Each file is one attack technique; nearly all show by rules that need no history."""
    folder = shared_data / "stratus_red_team"
    lake = Lake(tmp_path / "lake")
    ingest(lake, [folder], now=NOW, run_id="r")
    roll_up(lake, now=NOW)
    with lake.reader() as reader:
        days = reader.query("select distinct event_date from rollups order by all")["event_date"]
        evidence = {e for day in days for f in judge(reader, day).findings for e in f.evidence}
        reader.define("shown", pl.DataFrame({"event_id": sorted(evidence)}))
        files = reader.query(
            "select distinct source_file from events semi join shown using (event_id)"
        )
    techniques = {path.stem for path in folder.glob("*.json")}
    found = {Path(name).stem for name in files["source_file"]}
    assert techniques - found == set()
