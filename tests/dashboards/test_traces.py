"""The runs of agents, call by call."""

from __future__ import annotations

from builders.pages import Opened, texts
from pipeline.lake import Lake


def test_a_call_has_the_number_that_a_finding_gives_it(opened: Opened, small: Lake) -> None:
    """Not its place among all spans of the run."""
    app = opened("traces", small)
    assert [expander.label for expander in app.expander] == ["Call 1"]


def test_a_run_below_the_five_hundred_that_are_listed_is_there_when_asked_for(
    opened: Opened, own: Lake
) -> None:
    with own.reader() as reader:
        events = reader.query(
            "select e.* replace('t' || n as trace_id, event_id || n as event_id, "
            "event_time - interval 1 minute * n as event_time) "
            "from events as e cross join range(1, 601) as r(n) where source = 'otel_genai'"
        )
    own.append("events", events)
    app = opened("traces", own, trace="t600")
    assert "The first 500 of 601." in [told.value for told in opened("traces", own).caption]
    assert not any("not in this list" in text for text in texts(app))
    assert app.dataframe[0].value["trace_id"].iloc[-1] == "t600"
