"""Days in the names of folders and files."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.days import day_in_name, day_of_folder, last_day_of_folder

FORMS = [
    "%Y/%m/%d/",
    "%Y-%m-%d/",
    "%Y%m%d/",
    "dt=%Y-%m-%d/",
    "date=%Y%m%d/",
    "year=%Y/month=%m/day=%d/",
    "y=%Y/m=%m/d=%d/",
    "%Y-%m/%d/",
    "%Y/%m-%d/",
    "%Y-%m-%dT00/",
]


@given(
    day=st.dates(date(1970, 1, 1), date(2090, 1, 1)),
    form=st.sampled_from(FORMS),
    stream=st.sampled_from(
        ["", "logs/", "AWSLogs/111122223333/CloudTrail/eu-central-1/", "2026/x/"]
    ),
)
def test_a_folder_of_a_day_is_known_in_every_form(day: date, form: str, stream: str) -> None:
    found = day_of_folder(stream + day.strftime(form))
    assert found is not None
    assert (found.stream, found.day, found.whole) == (stream, day, True)
    assert last_day_of_folder(stream + day.strftime(form)) == found


@given(day=st.dates(date(1970, 1, 1), date(2090, 1, 1)))
def test_levels_need_no_leading_zeros(day: date) -> None:
    found = day_of_folder(f"a/year={day.year}/month={day.month}/day={day.day}/")
    assert found is not None
    assert (found.stream, found.day) == ("a/", day)


@pytest.mark.parametrize(
    ("folder", "stream", "last"),
    [
        ("a/2026/", "a/", date(2026, 12, 31)),
        ("a/2026/02/", "a/", date(2026, 2, 28)),
        ("a/year=2024/month=2/", "a/", date(2024, 2, 29)),
        ("2026-04/", "", date(2026, 4, 30)),
    ],
)
def test_a_longer_period_ends_with_its_last_day(folder: str, stream: str, last: date) -> None:
    found = last_day_of_folder(folder)
    assert found is not None
    assert (found.stream, found.day, found.whole) == (stream, last, False)


@pytest.mark.parametrize(
    "folder",
    [
        "",
        "a/",
        "111122223333/",
        "us-east-1/",
        "20101/",
        "2026/13/",
        "2026/02/30/",
        "a/13/",
        "v2026.1/",
    ],
)
def test_other_folders_are_of_no_day(folder: str) -> None:
    assert day_of_folder(folder) is None


@pytest.mark.parametrize(
    ("name", "form", "day"),
    [
        ("app-2026-01-02T03:04:05.json", "app-%Y-%m-%d", date(2026, 1, 2)),
        ("100%20260102.gz", "100%%%Y%m%d", date(2026, 1, 2)),
        ("20260102030405.log", "%Y%m%d", date(2026, 1, 2)),
    ],
)
def test_a_day_in_a_name_comes_with_what_stands_before_it(name: str, form: str, day: date) -> None:
    found = day_in_name(name)
    assert found is not None
    assert (found.form, found.day) == (form, day)
    assert name.startswith(day.strftime(form))


@pytest.mark.parametrize("name", ["app.json", "app-2026-13-01.json", "1" * 30])
def test_other_names_tell_no_day(name: str) -> None:
    assert day_in_name(name) is None
