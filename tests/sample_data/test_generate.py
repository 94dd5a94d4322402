"""The generator: same seed, same bytes; native forms; the truth names what is there."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from sample_data import DATA
from sample_data.generate import Summary, generate


def contents(folder: Path) -> dict[str, bytes]:
    """Every file under `folder`, unpacked: a gzip's bytes depend on the zlib that wrote it."""
    return {
        path.relative_to(folder).as_posix(): (
            gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def records(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob("AWSLogs/**/*.json.gz")):
        yield from json.loads(gzip.decompress(path.read_bytes()))["Records"]


def spans(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob("traces/*.jsonl.gz")):
        for line in gzip.decompress(path.read_bytes()).splitlines():
            for resource in json.loads(line)["resourceSpans"]:
                for scope in resource["scopeSpans"]:
                    yield from scope["spans"]


def attributes(span: dict[str, Any]) -> dict[str, Any]:
    return {each["key"]: next(iter(each["value"].values())) for each in span["attributes"]}


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    return list(records(DATA))


@pytest.fixture(scope="module")
def all_spans() -> list[dict[str, Any]]:
    return list(spans(DATA))


@pytest.fixture(scope="module")
def truth() -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads((DATA / "truth.json").read_text())
    return told


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    first = generate(tmp_path / "one", seed=7, start=date(2026, 9, 1), days=2)
    again = generate(tmp_path / "two", seed=7, start=date(2026, 9, 1), days=2)
    other = generate(tmp_path / "three", seed=8, start=date(2026, 9, 1), days=2)

    assert first == again != other
    one, two = (
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        for root in (tmp_path / "one", tmp_path / "two")
    )
    assert one == two
    assert contents(tmp_path / "three") != contents(tmp_path / "one")


def test_the_factor_multiplies_accounts_and_work(tmp_path: Path) -> None:
    one = generate(tmp_path / "one", days=1)
    six = generate(tmp_path / "six", days=1, factor=6)

    assert 4 * one.events < six.events < 8 * one.events
    assert 4 * one.spans < six.spans < 8 * one.spans
    assert len(list((tmp_path / "six" / "AWSLogs").iterdir())) == 2


def test_the_committed_files_are_what_the_generator_makes(tmp_path: Path) -> None:
    generate(tmp_path)

    made, committed = contents(tmp_path), contents(DATA)
    assert made.keys() == committed.keys()
    assert [name for name in made if made[name] != committed[name]] == []


def test_the_summary_counts_what_was_written(tmp_path: Path) -> None:
    summary = generate(tmp_path, days=1)

    written = list(spans(tmp_path))
    assert summary == Summary(
        len(list(records(tmp_path))), len({span["traceId"] for span in written}), len(written)
    )


def test_the_committed_files_are_small() -> None:
    assert sum(path.stat().st_size for path in DATA.rglob("*") if path.is_file()) < 5_000_000


def test_every_record_has_an_id_a_time_and_a_type(events: list[dict[str, Any]]) -> None:
    assert len({event["eventID"] for event in events}) == len(events)
    for event in events:
        datetime.strptime(event["eventTime"], "%Y-%m-%dT%H:%M:%SZ")
        assert event["eventSource"].endswith(".amazonaws.com")
        assert event["eventName"]
        assert "{" not in event["sourceIPAddress"]
    assert {event["userIdentity"]["type"] for event in events} == {
        "IAMUser", "AssumedRole", "AWSService", "AWSAccount", "WebIdentityUser", "SAMLUser", "Root",
    }  # fmt: skip


def test_no_slot_is_left_unfilled(events: list[dict[str, Any]], truth: list[Any]) -> None:
    policies = ("policyDocument",)
    for event in events:
        request = {
            key: value
            for key, value in (event["requestParameters"] or {}).items()
            if key not in policies
        }
        told = json.dumps([list(request.values()), event.get("resources")])
        assert "{n" not in told
        assert "{bucket" not in told
    assert "{0}" not in json.dumps(truth)


def test_a_key_is_given_before_it_is_used(events: list[dict[str, Any]]) -> None:
    given = {
        event["responseElements"]["credentials"]["accessKeyId"]
        for event in events
        if event["eventName"].startswith("AssumeRole")
    }
    used = {
        event["userIdentity"]["accessKeyId"]
        for event in events
        if event["userIdentity"]["type"] == "AssumedRole"
        and "aws-service-role"
        not in event["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"]
    }
    assert used - given == set()


def test_every_parent_is_in_its_own_trace(all_spans: list[dict[str, Any]]) -> None:
    ids = defaultdict(set)
    for span in all_spans:
        ids[span["traceId"]].add(span["spanId"])
    roots = defaultdict(list)
    for span in all_spans:
        if span["parentSpanId"]:
            assert span["parentSpanId"] in ids[span["traceId"]]
        else:
            roots[span["traceId"]].append(span)
        assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
    assert all(len(found) == 1 for found in roots.values())
    assert roots.keys() == ids.keys()
    assert len({span["spanId"] for span in all_spans}) == len(all_spans)


def test_some_children_are_written_before_their_parents(all_spans: list[dict[str, Any]]) -> None:
    seen: set[str] = set()
    early = 0
    for span in all_spans:
        early += bool(span["parentSpanId"]) and span["parentSpanId"] not in seen
        seen.add(span["spanId"])
    assert 0.1 < early / len(all_spans) < 0.9


def test_the_truth_names_what_is_in_the_files(
    events: list[dict[str, Any]], all_spans: list[dict[str, Any]], truth: list[dict[str, Any]]
) -> None:
    arns: dict[str, set[str]] = defaultdict(set)
    for event in events:
        who = event["userIdentity"]
        issuer = who.get("sessionContext", {}).get("sessionIssuer", {})
        arns[who.get("accessKeyId", "")] |= {who.get("arn", ""), issuer.get("arn", "")}
    agents: dict[str, set[str]] = defaultdict(set)
    for span in all_spans:
        if "gen_ai.agent.id" in attributes(span):
            agents[span["traceId"]].add(attributes(span)["gen_ai.agent.id"])
    for row in truth:
        assert row["subject"]
        for subject in row["subject"]:
            assert row["identity"] in agents[subject] | arns[subject]


def test_each_detector_has_attacks_and_look_alikes(truth: list[dict[str, Any]]) -> None:
    kinds = {(row["detector"], row["kind"]) for row in truth}
    assert kinds == {
        (detector, kind)
        for detector in (
            "capability_mismatch",
            "credential_reuse",
            "delegation_amplification",
            "privilege_drift",
            "secret_exposure",
            "unusual_tool_chain",
        )
        for kind in ("attack", "lookalike")
    }


def test_every_identity_of_a_story_has_a_history_before_it(
    events: list[dict[str, Any]], truth: list[dict[str, Any]]
) -> None:
    first: dict[str, str] = {}
    for event in events:
        who = event["userIdentity"]
        issuer = who.get("sessionContext", {}).get("sessionIssuer", {})
        for arn in {who.get("arn"), issuer.get("arn")} - {None}:
            day = event["eventTime"][:10]
            first[arn] = min(first.get(arn, day), day)
    for row in truth:
        if row["identity"].startswith("arn:"):
            assert first[row["identity"]] <= "2026-09-03"


def test_the_readme_lists_every_story(truth: list[dict[str, Any]]) -> None:
    readme = (DATA.parent / "README.md").read_text()
    for row in truth:
        assert f"| {row['story']} | {row['detector']} |" in readme
