"""The page for SELECTs: answers, refusals, examples, the dictionary."""

from __future__ import annotations

import pytest

from builders.pages import Opened
from pipeline.lake import Lake


def test_the_sql_page_answers(opened: Opened, small: Lake) -> None:
    app = opened("sql", small, q="select count(*) as n from events")
    assert not app.error
    [answer] = [frame.value for frame in app.dataframe if "n" in frame.value]
    assert answer["n"].tolist() == [22]


def test_the_sql_page_shows_nested_values_and_bytes_as_they_are(
    opened: Opened, small: Lake
) -> None:
    app = opened("sql", small, q="select {'a': [1, null]} as nested, 'ab'::blob as bytes")
    [answer] = [frame.value for frame in app.dataframe if "nested" in frame.value]
    assert answer.to_numpy().tolist() == [['{"a": [1, null]}', "6162"]]


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("drop table events", "read-only"),
        ("select nonsense", "nonsense"),
        ("select 1; select 2", "one"),
        ("select date 'infinity' as d", "years 1 to 9999 in column d"),
        ("with x as (copy (select 1) to 'x.csv') select 1", "read-only"),
    ],
)
def test_the_sql_page_refuses_in_one_line(
    opened: Opened, small: Lake, statement: str, told: str
) -> None:
    app = opened("sql", small, q=statement)
    assert not app.exception
    assert told in app.error[0].value


def test_a_select_that_never_ends_is_ended_in_a_line(
    opened: Opened, small: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NHIWATCH_QUERY_SECONDS", "0.5")
    endless = (
        "with recursive t as (select 1 as n union all select n + 1 from t) from t select sum(n)"
    )
    app = opened("sql", small, q=endless)
    assert [error.value for error in app.error] == [
        "` expected an answer within 0.5 seconds, got none (setting query_seconds) `"
    ]
    app = opened("sql", small, q="select 41 + 1 as told")
    assert not app.error


def test_a_plan_is_shown_in_its_lines(opened: Opened, small: Lake) -> None:
    app = opened("sql", small, q="explain select count(*) from events")
    assert "\n" in app.code[0].value


def test_an_example_takes_the_place_of_what_was_asked(opened: Opened, small: Lake) -> None:
    app = opened("sql", small, q="select 1")
    app.selectbox[0].set_value("Who changed permissions").run()
    assert "access = 'permission'" in app.text_area[0].value
    assert "q" not in app.query_params


def test_the_dictionary_has_tables_and_views(opened: Opened, small: Lake) -> None:
    app = opened("sql", small)
    names = app.selectbox[1].options
    assert names[0] == "events"
    assert "findings_current" in names
    app.selectbox[1].set_value("feeds").run()
    assert "behind_hours" in app.dataframe[0].value["column"].tolist()
