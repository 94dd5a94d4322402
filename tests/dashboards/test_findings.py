"""The page of findings: the list, a finding and its evidence, and what is decided of it."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import parse_qsl

import pytest

from builders.pages import Opened, button, texts
from pipeline.lake import Lake

# -- the list and what it shows


def test_filters_live_in_the_url(opened: Opened, small: Lake) -> None:
    app = opened("findings", small, severity="low", detector="unusual_tool_chain")
    assert not app.exception
    assert "No finding matches these filters." in texts(app)


def test_a_finding_is_found_by_the_name_that_is_shown(opened: Opened, pair: Lake) -> None:
    with pair.reader() as reader:
        named = reader.query("select * replace('Dockhand' as identity_name) from identities")
    pair.replace("identities", named)
    app = opened("findings", pair)
    assert "Dockhand · arn:aws:iam::111122223333:user/backup" in (
        opened("identity", pair).selectbox[0].options
    )
    app.text_input[0].set_value("dockh").run()
    assert app.dataframe[0].value["identity_name"].tolist() == ["Dockhand", "Dockhand"]
    assert app.query_params["identity"] == "dockh"


def test_a_finding_leads_to_its_identity_and_its_run(opened: Opened, pair: Lake) -> None:
    with pair.reader() as reader:
        run = reader.query("select * replace('trace:t&=?' as subject) from findings limit 1")
    pair.replace("findings", run)
    links = [button.proto.url for button in opened("findings", pair).get("link_button")]
    assert [dict(parse_qsl(link.partition("?")[2])) for link in links] == [
        {"id": "arn:aws:iam::111122223333:user/backup"},
        {"trace": "t&=?"},
    ]


def test_a_finding_outlives_its_events(opened: Opened, pair: Lake) -> None:
    app = opened("findings", pair)
    assert not app.error
    assert "1 of its 1 events are no longer in the lake." in texts(app)


def test_evidence_without_its_records_is_shown(opened: Opened, own: Lake) -> None:
    own.blank("events", ["raw"], where="true")
    app = opened("findings", own)
    assert not app.error
    assert "not kept" in [code.value for code in app.code]


@pytest.mark.parametrize("raw", [r'{"a": "\ud83d"}', '{"a": 1', "[" * 5000 + "]" * 5000])
def test_a_record_that_cannot_be_indented_is_shown_as_it_is(
    opened: Opened, own: Lake, raw: str
) -> None:
    with own.reader() as reader:
        events = reader.query("select * replace($raw as raw) from events", {"raw": raw})
    own.replace("events", events)
    app = opened("findings", own)
    assert not app.error
    assert raw in [code.value for code in app.code]


# -- what is decided


def test_a_decision_is_written_and_shown(opened: Opened, own: Lake) -> None:
    app = opened("findings", own)
    [acknowledge] = [button for button in app.button if button.label == "Acknowledge"]
    acknowledge.click().run()
    assert not app.exception
    with own.reader() as reader:
        decided = reader.query("select decision, decided_by from triage").rows()
        states = reader.query("select state from findings_current").rows()
    assert decided == [("acknowledge", "dashboard")]
    assert ("acknowledged",) in states


def decisions(lake: Lake) -> list[Any]:
    with lake.reader() as reader:
        return reader.query("select finding_id, decision from triage order by all").rows()


def test_a_click_on_a_finding_that_has_left_the_list_decides_on_no_other(
    opened: Opened, pair: Lake
) -> None:
    stale = opened("findings", pair, state="new")
    assert "The newer" in texts(stale)
    button(opened("findings", pair, state="new"), "Acknowledge").click().run()
    button(stale, "Acknowledge").click().run()
    assert "The older" in texts(stale)
    assert ("older", "acknowledge") not in decisions(pair)


def test_what_was_typed_for_one_finding_is_not_there_for_the_next(
    opened: Opened, pair: Lake
) -> None:
    app = opened("findings", pair, state="new")
    [assignee] = [field for field in app.text_input if field.label == "To whom"]
    assignee.set_value("ada").run()
    button(app, "Hand over to them").click().run()
    assert "The older" in texts(app)
    [assignee] = [field for field in app.text_input if field.label == "To whom"]
    assert assignee.value == ""


def test_a_suppression_ends_after_the_newest_data(opened: Opened, pair: Lake) -> None:
    app = opened("findings", pair)
    assert app.date_input[0].min == date(2026, 9, 7)
    app.date_input[0].set_value(date(2026, 9, 7)).run()
    button(app, "Suppress until then").click().run()
    with pair.reader() as reader:
        states = reader.query("select finding_id, state from findings_current order by 1").rows()
    assert states == [("newer", "suppressed"), ("older", "new")]


def test_a_finding_that_was_decided_and_became_more_urgent_is_shown_again(
    opened: Opened, pair: Lake
) -> None:
    app = opened("findings", pair, finding="newer")
    button(app, "Acknowledge").click().run()
    with pair.reader() as reader:
        raised = reader.query("select * replace('critical' as severity) from findings")
    pair.replace("findings", raised)
    app = opened("findings", pair, state="new", finding="newer")
    shown = app.dataframe[0].value
    assert shown["severity"].tolist() == ["critical", "critical"]
    assert shown["raised_from"].tolist() == ["high", ""]
    assert any(
        text.startswith("It was acknowledged on ")
        and text.endswith(" as high (no note), and is critical now.")
        for text in texts(app)
    )
    button(app, "Acknowledge").click().run()
    with pair.reader() as reader:
        states = reader.query("select finding_id, state from findings_current order by 1").rows()
    assert states == [("newer", "acknowledged"), ("older", "new")]
