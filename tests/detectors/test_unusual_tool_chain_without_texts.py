"""unusual_tool_chain where the log has no texts, some of them, or their fingerprints."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from hashlib import md5

import pytest

from builders.agent_runs import CITIES, Call, Event, Make, hijacked, history, ordinary, run
from detectors.base import Judgement, Window
from detectors.unusual_tool_chain import UnusualToolChain
from pipeline.lake import Lake

Judge = Callable[..., Judgement]
Keep = Callable[[list[Event]], list[Event]]


def untold(events: list[Event]) -> list[Event]:
    """The events as a log has them that keeps no texts."""
    texts = ("prompt", "tool_arguments", "tool_result")
    return [{**event, **dict.fromkeys(texts)} for event in events]


def fingerprinted(events: list[Event]) -> list[Event]:
    """The events as a log has them that keeps fingerprints: here of each longer word."""

    def hashed(text: str | None) -> str | None:
        return text and re.sub(
            r"[^\W_]{4,}", lambda w: f"zq{md5(w[0].encode()).hexdigest()[:12]}", text
        )

    return [
        {
            **event,
            "prompt": hashed(event.get("prompt")),
            "tool_arguments": hashed(event.get("tool_arguments")),
            "tool_result": hashed(event.get("tool_result")),
        }
        for event in events
    ]


def page_by_page(make: Make) -> list[Event]:
    """An honest run that calls one tool for each of a dozen things."""
    calls: list[Call] = [
        ("read_page", "read", {"topic": f"{city} {n}"}, f"{city} has a harbour.")
        for n in (1, 2)
        for city in CITIES[:6]
    ]
    return run(make, "paging", prompt=f"Sum up pages 1 and 2 of {', '.join(CITIES)}.", calls=calls)


def of_agent(events: list[Event], name: str) -> list[Event]:
    """The same runs as another agent's."""
    return [
        {
            **event,
            "identity_id": name,
            "event_id": f"{name}-{event['event_id']}",
            "trace_id": f"{name}-{event['trace_id']}",
        }
        for event in events
    ]


@pytest.mark.parametrize(
    ("before", "now"),
    [(untold, untold), (list, untold), (untold, list)],
    ids=["never logged", "no longer logged", "logged since today"],
)
def test_texts_that_the_log_does_not_have_are_no_evidence(
    make_event: Make, judged: Judge, day: date, before: Keep, now: Keep
) -> None:
    today = page_by_page(make_event)
    today += [e for n, city in enumerate(CITIES) for e in ordinary(make_event, f"t{n}", city)]
    judgement = judged(UnusualToolChain(), before(history(make_event, day)) + now(today))
    assert judgement.findings == ()
    assert len(judgement.scores) == len(CITIES) + 1
    features = [json.loads(text) for text in judgement.scores["features"]]
    assert {row["origin"] for row in features} == {0}
    assert {row["novelty"] for row in features} == {0}


def test_fingerprints_are_no_news_to_a_history_in_clear(
    make_event: Make, judged: Judge, day: date
) -> None:
    today = [e for n, city in enumerate(CITIES) for e in ordinary(make_event, f"t{n}", city)]
    judgement = judged(UnusualToolChain(), history(make_event, day) + fingerprinted(today))
    assert judgement.findings == ()
    features = [json.loads(text) for text in judgement.scores["features"]]
    assert {row["alike_runs"] for row in features} == {0}
    assert min(row["line"] for row in features) > UnusualToolChain().most_line


def test_of_two_agents_one_is_logged_without_texts(
    make_event: Make, judged: Judge, day: date
) -> None:
    past, today = history(make_event, day), page_by_page(make_event)
    today += ordinary(make_event, "t", "Lima")
    events = past + today + hijacked(make_event)
    events += untold(of_agent(past + today, "porter"))
    [found] = judged(UnusualToolChain(), events).findings
    assert (found.subject_id, found.severity) == ("hijacked", "critical")


def test_some_calls_are_logged_without_texts(make_event: Make, judged: Judge, day: date) -> None:
    def patchy(events: list[Event]) -> list[Event]:
        return [untold([e])[0] if e.get("tool_name") == "get_weather" else e for e in events]

    today = ordinary(make_event, "t", "Lima") + hijacked(make_event)
    events = patchy(history(make_event, day) + today)
    assert [f.subject_id for f in judged(UnusualToolChain(), events).findings] == ["hijacked"]


@pytest.mark.parametrize(
    ("missing", "read"),
    [
        ([], "results, prompts"),
        (["prompt"], "results"),
        (["tool_result"], "arguments, prompts"),
        (["tool_result", "prompt"], "arguments"),
        (["tool_result", "tool_arguments"], "names, prompts"),
    ],
)
def test_what_could_be_read_is_told(
    make_event: Make, judged: Judge, day: date, missing: list[str], read: str
) -> None:
    rows = history(make_event, day) + hijacked(make_event)
    events = [{**e, **dict.fromkeys(missing)} for e in rows]
    judgement = judged(UnusualToolChain(threshold=0.0), events)
    [features] = judgement.scores["features"].to_list()
    assert json.loads(features)["read"] == read
    [found] = judgement.findings
    assert (found.confidence < 0.8) == bool(missing)


def test_where_every_call_failed_nothing_is_missing(
    make_event: Make, judged: Judge, day: date
) -> None:
    refused = [
        {**e, "tool_result": None, "outcome": "failure"} if e.get("tool_name") else e
        for e in ordinary(make_event, "refused", "Lima")
    ]
    judgement = judged(UnusualToolChain(), history(make_event, day) + refused)
    [features] = judgement.scores["features"].to_list()
    assert json.loads(features)["read"] == "results, prompts"


def test_a_loop_shows_without_texts(make_event: Make, lake: Lake, judged: Judge, day: date) -> None:
    calls: list[Call] = [("get_weather", "read", {"city": "Lima"}, "busy")] * 60
    stuck = run(make_event, "stuck", prompt="The weather in Lima.", calls=calls)
    [found] = judged(UnusualToolChain(), untold(history(make_event, day) + stuck)).findings
    assert found.title == "concierge: get_weather called 60 times"
    assert "with what is not in the log" in found.observed
    assert found.support.endswith("not in the log: results, arguments, the prompt")
    assert (found.severity, found.confidence) == ("medium", 0.45)
    with lake.reader() as reader:
        window = Window.of_day(day, history_days=30)
        assert UnusualToolChain(least_recurrences=60).detect(reader, window).findings == ()


def test_a_new_way_out_after_what_others_can_write_shows_without_texts(
    make_event: Make, judged: Judge, day: date
) -> None:
    leak = run(
        make_event,
        "leak",
        prompt="Compare our rates with the club's.",
        calls=[
            ("get_weather", "read", {"city": "Lima"}, "{'margin': 33}"),
            ("fetch_web_page", "read", {"url": "https://club.example"}, "desk@club.example"),
            ("share_report", "permission", {"to": "desk@club.example"}, "ok"),
        ],
    )
    [found] = judged(UnusualToolChain(), untold(history(make_event, day) + leak)).findings
    assert (
        found.title == "concierge: share_report, new to this agent, can carry out what it has read"
    )
    assert "private data and something others can write was read; where to is not" in found.observed
    assert found.severity == "low"
    assert found.confidence < 0.3


def test_an_order_of_tools_that_is_new_counts_without_texts(
    make_event: Make, judged: Judge, day: date
) -> None:
    usual = ordinary(make_event, "usual", "Lima")
    turned = ordinary(make_event, "turned", "Lima")
    places = [e["event_time"] for e in turned if e.get("tool_name")]
    for event, time in zip([e for e in turned if e.get("tool_name")], places[::-1], strict=True):
        event["event_time"] = time
    judgement = judged(UnusualToolChain(), untold(history(make_event, day) + usual + turned))
    order = {
        row["subject_id"]: json.loads(row["features"])["order"]
        for row in judgement.scores.to_dicts()
    }
    assert order["usual"] == 0
    assert order["turned"] > 0
    assert judgement.findings == ()
