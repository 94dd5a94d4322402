"""otel_genai: spans to events, agents found through their parents in whatever order they come."""

from __future__ import annotations

import json
import random
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.any_json import JSON
from builders.otel import attribute, request, span
from builders.selecting import selected
from builders.stored import rows
from pipeline.baselines import missing_days, roll_up
from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.sources import SELECTED, source_named

NOW = datetime(2026, 10, 1, tzinfo=timezone.utc)
OTEL = source_named("otel_genai")


def select(*records: str) -> list[dict[str, Any]]:
    rows = selected(OTEL, *records)
    assert set(rows.columns) == set(SELECTED.names)
    return rows.to_dicts()


MESSAGES = json.dumps(
    [
        {"role": "system", "parts": [{"type": "text", "content": "be kind"}]},
        {"role": "user", "parts": [{"type": "text", "content": "book a room"}]},
    ]
)


def test_an_agents_span_tells_who_acts_for_whom_and_what_was_asked() -> None:
    agent = {"gen_ai__agent__id": "a1", "gen_ai__agent__name": "Concierge", "enduser__id": "ann"}
    asked = {"gen_ai__input__messages": MESSAGES, "gen_ai__conversation__id": "c1"}
    [row] = select(request(span("root", gen_ai__operation__name="invoke_agent", **agent, **asked)))
    assert (row["identity_id"], row["identity_name"], row["identity_kind"]) == (
        "a1",
        "Concierge",
        "agent",
    )
    assert (row["event_id"], row["parent_id"], row["trace_id"]) == ("t1-root", None, "t1")
    assert (row["on_behalf_of"], row["session_id"], row["prompt"]) == ("ann", "c1", "book a room")
    assert (row["action"], row["access"], row["outcome"]) == ("invoke_agent", "delegate", "success")
    assert row["event_time"] == datetime(2026, 9, 1, 8, 53, 42, tzinfo=timezone.utc)


def test_a_tool_call_tells_tool_arguments_and_result() -> None:
    told = {
        "gen_ai__operation__name": "execute_tool",
        "gen_ai__tool__name": "get_rooms",
        "gen_ai__tool__call__arguments": '{"beds": 2}',
        "gen_ai__tool__call__result": "[101, 102]",
    }
    [row] = select(request(span("call", "root", **told)))
    assert (row["action"], row["tool_name"], row["parent_id"]) == (
        "get_rooms",
        "get_rooms",
        "t1-root",
    )
    assert (row["tool_arguments"], row["tool_result"]) == ('{"beds": 2}', "[101, 102]")
    assert row["problem"] is None


def test_an_mcp_call_is_a_tool_call_of_its_server() -> None:
    told = {
        "mcp__method__name": "tools/call",
        "gen_ai__tool__name": "get_rooms",
        "server__address": "rooms.example",
    }
    [row] = select(request(span("call", **told)))
    assert (row["action"], row["tool_name"], row["service"]) == (
        "get_rooms",
        "get_rooms",
        "rooms.example",
    )


def test_a_chat_tells_model_and_tokens() -> None:
    told = {
        "gen_ai__operation__name": "chat",
        "gen_ai__request__model": "m-1",
        "gen_ai__response__model": "m-1-2026",
        "gen_ai__usage__input_tokens": 12,
        "gen_ai__usage__output_tokens": 3,
    }
    [row] = select(request(span("chat", **told)))
    assert (row["action"], row["access"], row["model"]) == ("chat", "execute", "m-1-2026")
    assert (row["input_tokens"], row["output_tokens"]) == (12, 3)


def test_errors_and_denials() -> None:
    broken = {**span("a"), "status": {"code": 2, "message": "boom"}}
    refused = span("b", error__type="PermissionDenied")
    assert [row["outcome"] for row in select(request(broken, refused))] == ["failure", "denied"]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (request(), "resourceSpans"),
        ('{"resourceLogs": []}', "resourceSpans"),
        ("17", "resourceSpans"),
        (request({**span("a"), "traceId": ""}), "traceId"),
        (request({**span("a"), "spanId": None}), "spanId"),
        (request({**span("a"), "traceId": "0" * 32}), "traceId"),
        (request({**span("a"), "spanId": "AAAAAAAAAAA="}), "spanId"),
        (request({**span("a"), "startTimeUnixNano": "noon"}), "noon"),
        (request({**span("a"), "startTimeUnixNano": "17"}), "1990"),
    ],
)
def test_what_is_no_span_says_what_was_expected(record: str, reason: str) -> None:
    [row] = select(record)
    assert reason in row["problem"]


@pytest.mark.parametrize("beside", [{"scopeSpans": "x"}, {"scopeSpans": [{"spans": {}}]}])
def test_what_is_no_list_beside_spans_is_no_silent_loss(beside: dict[str, Any]) -> None:
    told = json.loads(request(span("a")))
    told["resourceSpans"] += [beside, {}, {"scopeSpans": []}, {"scopeSpans": [{"spans": None}]}]
    good, lost = select(json.dumps(told))
    assert (good["problem"], good["event_id"]) == (None, "t1-a")
    assert lost["problem"] == "expected lists of scopeSpans and of spans, got one of another type"


def test_an_empty_text_names_nobody() -> None:
    nameless = {"gen_ai__agent__id": "", "gen_ai__agent__name": "", "gen_ai__conversation__id": ""}
    [row] = select(request({**span("a", **nameless), "name": ""}))
    assert (row["identity_id"], row["identity_kind"]) == ("shop", "workload")
    assert (row["session_id"], row["action"]) == ("t1", "unknown")


def test_ids_are_the_same_in_either_case_and_a_parent_of_zeros_is_none() -> None:
    trace, parent = "ABCDEF" + "0" * 26, "AB" * 8
    upper = {**span("CD" * 8, parent), "traceId": trace}
    lower = {**span(parent.lower(), "AAAAAAAAAAA="), "traceId": trace.lower()}
    child, root = select(request(upper, lower))
    assert child["parent_id"] == root["event_id"]
    assert root["parent_id"] is None


def test_older_names_of_attributes_are_read() -> None:
    told = {
        "gen_ai__operation__name": "chat",
        "gen_ai__system": "openai",
        "gen_ai__usage__prompt_tokens": 5,
        "gen_ai__usage__completion_tokens": 6,
    }
    [row] = select(request(span("a", **told)))
    assert (row["service"], row["input_tokens"], row["output_tokens"]) == ("openai", 5, 6)


@pytest.mark.parametrize("name", ["gen_ai.input.messages", "gen_ai.prompt"])
def test_what_was_asked_may_be_in_an_event_of_the_span(name: str) -> None:
    events = [{"name": "exception"}, {"name": "asked", "attributes": [attribute(name, MESSAGES)]}]
    [row] = select(request({**span("a"), "events": events}))
    assert row["prompt"] == "book a room"


def test_an_attribute_of_the_resource_may_be_a_number() -> None:
    resource = {"attributes": [attribute("cloud.account.id", 111122223333)]}
    spans = [{"spans": [span("a")]}]
    [row] = select(json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": spans}]}))
    assert row["account_id"] == "111122223333"


def test_a_span_of_many_attributes_takes_no_square_of_them() -> None:
    many = [attribute(f"gen_ai.prompt.{number}.content", "x") for number in range(20_000)]
    told = [*many, attribute("gen_ai.agent.id", "a1"), attribute("gen_ai.agent.id", "a2")]
    start = time.process_time()
    [row] = select(request({**span("a"), "attributes": told}))
    assert row["identity_id"] == "a1"
    assert time.process_time() - start < 5


@settings(max_examples=60)
@given(value=JSON, field=st.sampled_from([*span("a"), "resourceSpans", "scopeSpans"]))
def test_any_json_in_any_field_gives_a_row(value: Any, field: str) -> None:
    odd = {field: value} if field.endswith("Spans") else {**span("a"), field: value}
    assert select(json.dumps(odd) if field.endswith("Spans") else request(odd))


# -- agents through parents

AGENT = {"gen_ai__operation__name": "invoke_agent"}
TOOL = {"gen_ai__operation__name": "execute_tool", "gen_ai__tool__name": "look"}
RUN = [
    span("root", **AGENT, gen_ai__agent__id="front", enduser__id="ann"),
    span("chat1", "root", gen_ai__operation__name="chat", second=1),
    span("http", "chat1", second=2),
    span("sub", "http", **AGENT, gen_ai__agent__id="back", second=3),
    span("tool1", "sub", **TOOL, second=4),
    span("tool2", "root", **TOOL, second=5),
]
WHO = {
    "t1-root": ("front", "ann"),
    "t1-chat1": ("front", "ann"),
    "t1-http": ("front", "ann"),
    "t1-sub": ("back", "front"),
    "t1-tool1": ("back", "front"),
    "t1-tool2": ("front", "ann"),
}


def who(lake: Lake) -> dict[str, tuple[str, str]]:
    told = rows(lake, "select event_id, identity_id, on_behalf_of, identity_kind from events")
    assert {kind for *_, kind in told} <= {"agent", "workload"}
    return {event_id: (identity, behalf) for event_id, identity, behalf, _ in told}


def bring(lake: Lake, path: Path, *records: str) -> None:
    path.write_text("\n".join(records))
    ingest(lake, [path], now=NOW, run_id="r")


def test_the_agent_of_a_span_is_the_nearest_above_it(lake: Lake, tmp_path: Path) -> None:
    bring(lake, tmp_path / "a.jsonl", request(*RUN))
    assert who(lake) == WHO


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000))
def test_neither_order_nor_files_matter(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("order")
    lake = Lake(folder / "lake")
    dice = random.Random(seed)
    spans = dice.sample(RUN, len(RUN))
    cut = dice.randrange(1, len(spans))
    bring(lake, folder / "a.jsonl", *(request(s) for s in spans[:cut]))
    bring(lake, folder / "b.jsonl", request(*spans[cut:]))
    assert who(lake) == WHO


def test_a_parent_that_comes_later_has_its_days_rolled_up_again(lake: Lake, tmp_path: Path) -> None:
    bring(lake, tmp_path / "a.jsonl", request(RUN[5]))
    roll_up(lake, now=NOW)
    assert who(lake) == {"t1-tool2": ("shop", None)}
    bring(lake, tmp_path / "b.jsonl", request(RUN[0]))
    assert missing_days(lake).height == 1
    roll_up(lake, now=NOW)
    assert rows(lake, "select identity_id, events from daily_identity") == [("front", 2)]


def test_a_day_rolled_up_while_its_events_are_put_right_is_rolled_up_again(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(lake, tmp_path / "a.jsonl", request(span("tool", "root", **TOOL)))
    merge = Lake.merge

    def slow(self: Lake, name: str, *args: Any, **more: Any) -> int:
        """Before the events are put right another process rolls up what they were."""
        if name == "events":
            monkeypatch.undo()
            roll_up(self, now=NOW)
        return merge(self, name, *args, **more)

    monkeypatch.setattr(Lake, "merge", slow)
    # The agent's span is of the day after: that the first day has changed shows in no count.
    late = span("root", **AGENT, gen_ai__agent__id="front", second=24 * 3600)
    bring(lake, tmp_path / "b.jsonl", request(late))
    roll_up(lake, now=NOW)
    assert rows(lake, "select distinct identity_id from daily_identity") == [("front",)]


def test_with_a_parent_missing_the_traces_only_agent_it_is(lake: Lake, tmp_path: Path) -> None:
    lost = span("tool3", "never-delivered", **TOOL)
    bring(lake, tmp_path / "a.jsonl", request(RUN[0], lost))
    assert who(lake)["t1-tool3"] == ("front", "ann")


def test_a_circle_of_parents_ends(lake: Lake, tmp_path: Path) -> None:
    bring(lake, tmp_path / "a.jsonl", request(span("a", "b"), span("b", "a")))
    assert who(lake) == {"t1-a": ("shop", None), "t1-b": ("shop", None)}


def test_a_deep_run_that_is_delivered_twice_takes_no_longer(lake: Lake, tmp_path: Path) -> None:
    steps = [span(f"s{depth}", f"s{depth - 1}") for depth in range(1, 50)]
    run = request(span("s0", **AGENT, gen_ai__agent__id="front"), *steps)
    bring(lake, tmp_path / "a.jsonl", run, run)
    assert {identity for identity, _ in who(lake).values()} == {"front"}
    assert rows(lake, "select events, duplicates from ingests") == [(50, 50)]


def test_every_span_of_real_agents_is_in_under_its_agent(lake: Lake, shared_data: Path) -> None:
    summary = ingest(lake, [shared_data / "agent_traces"], now=NOW, run_id="r")
    assert (summary.events, summary.rejects) == (9894, 0)
    assert rows(lake, "select distinct identity_kind from events") == [("agent",)]
