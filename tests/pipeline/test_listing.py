"""Listing a bucket: nothing new is missed, and what was listed is not asked for again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest

from pipeline.buckets import BucketUrl
from pipeline.errors import InputError
from pipeline.listing import Listed, Listing, glob_depth, list_path

DAYS = [date(2026, 8, 20) + timedelta(days=n) for n in range(60)]
REGIONS = ("eu-central-1", "us-east-1")


def trail(region: str, day: date, n: int = 0, account: str = "111122223333") -> str:
    name = f"{account}_CloudTrail_{region}_{day:%Y%m%d}T{n:04}Z_x.json.gz"
    return f"AWSLogs/{account}/CloudTrail/{region}/{day:%Y/%m/%d}/{name}"


def bucket_of(s3: Any, name: str, keys: Iterable[str]) -> BucketUrl:
    s3.make_bucket(name)
    s3.fill(name, keys)
    return BucketUrl("s3", name)


def keys_of(listing: Listing) -> list[str]:
    return [item["path"] for item in listing.outright + listing.inside]


def look(url: BucketUrl, *listings: Listing, days: int = 2, apart_from: Any = None) -> Listing:
    """A listing after others, all that they found being in."""
    listed = [seen for listing in listings for seen in listing.listed]
    return list_path(url, apart_from=apart_from, listed=listed, lookback_days=days)


def test_the_first_listing_finds_all_and_the_second_asks_for_the_last_days_only(s3: Any) -> None:
    keys = [trail(region, day, n) for region in REGIONS for day in DAYS for n in range(20)]
    url = bucket_of(s3, "many", keys)
    first = look(url)
    assert keys_of(first) == keys
    asked = len(s3.requests("list", "many"))
    second = look(url, first)
    last_days = [f"/{day:%Y/%m/%d}/" for day in DAYS[-3:]]
    assert keys_of(second) == [key for key in keys if any(day in key for day in last_days)]
    assert second.listed == []
    # The bucket, AWSLogs, account and CloudTrail; of a region its folder, year, month, three days.
    assert len(s3.requests("list", "many")) - asked <= 4 + len(REGIONS) * (3 + 3)


def test_every_lookback_finds_exactly_the_days_within_it(s3: Any) -> None:
    keys = [trail("eu-central-1", day) for day in DAYS]
    url = bucket_of(s3, "lookback", keys)
    first = look(url)
    for days in (0, 1, 30, 36_500):
        assert keys_of(look(url, first, days=days)) == keys[-days - 1 :]


def test_late_objects_new_days_and_new_regions_are_found(s3: Any) -> None:
    url = bucket_of(s3, "late", [trail("eu-central-1", day) for day in DAYS[:10]])
    first = look(url)
    arrived = [
        trail("eu-central-1", DAYS[8], 1),  # late
        trail("eu-central-1", DAYS[10]),  # the next day
        trail("eu-west-9", DAYS[0]),  # a region whose days begin long ago
        trail("eu-west-9", DAYS[1], account="999999999999"),  # an account
    ]
    s3.fill("late", arrived)
    second = look(url, first)
    assert set(arrived) <= set(keys_of(second))
    assert look(url, first, second).listed == []
    assert trail("eu-west-9", DAYS[0]) in keys_of(look(url, first))


def test_what_was_listed_counts_for_the_same_path_only(s3: Any) -> None:
    keys = sorted(trail("eu-central-1", day) for day in DAYS[:5])
    url = bucket_of(s3, "trial", keys)
    for trial in (
        look(BucketUrl("s3", "trial", keys[-1])),
        look(BucketUrl("s3", "trial", keys[-1].rpartition("/")[0])),
        look(BucketUrl("s3", "trial", "AWSLogs/*/CloudTrail/**/*0000Z*.gz")),
    ):
        assert keys_of(trial)
        assert keys_of(look(url, trial)) == keys


def test_a_day_to_come_hides_no_day_that_is(s3: Any) -> None:
    url = bucket_of(s3, "future", ["a/2026/01/02/x.json", "a/2999/01/01/x.json"])
    first = look(url)
    assert [seen.last_day for seen in first.listed] == [date(2026, 1, 2)]
    s3.put("future", "a/2026/01/03/x.json")
    assert "a/2026/01/03/x.json" in keys_of(look(url, first))


def test_ids_that_read_like_days_are_no_days(s3: Any) -> None:
    ids = ["20260101", "20250101", "87654321", "12345678", "99999999"]
    url = bucket_of(s3, "ids", [f"users/{id_}/log.json" for id_ in ids])
    assert len(keys_of(look(url, look(url)))) == len(ids)


@pytest.mark.parametrize(
    "form", ["dt={:%Y-%m-%d}/10/x.json", "year={0.year}/month={0.month}/day={0.day}/x.json"]
)
def test_other_forms_of_folders_are_resumed_too(s3: Any, form: str) -> None:
    name = f"form{len(form)}"
    url = bucket_of(s3, name, [f"logs/{form.format(day)}" for day in DAYS])
    first = look(url)
    assert len(keys_of(first)) == len(DAYS)
    assert keys_of(look(url, first, days=1)) == [f"logs/{form.format(day)}" for day in DAYS[-2:]]


def test_a_flat_folder_is_listed_from_the_name_of_a_day_on(s3: Any) -> None:
    keys = [f"flat/app-{day:%Y-%m-%d}-{n:02}.json" for day in DAYS for n in range(17)]
    url = bucket_of(s3, "flat", keys)
    first = look(url)
    assert len(keys_of(first)) == len(keys)
    assert first.listed == [Listed("s3://flat", "flat/", DAYS[-1], "app-%Y-%m-%d")]
    others = ["flat/aaa.json", "flat/app-1.json", f"flat/app-{DAYS[-2]:%Y-%m-%d}-99.json"]
    others += ["flat/app-2026-10-30.json", "flat/zzz-2020-01-01.json"]
    s3.fill("flat", others)
    second = keys_of(look(url, first))
    assert set(others) <= set(second)
    assert len(second) == 3 * 17 + len(others)


def test_many_folders_of_no_days_are_listed_at_once(s3: Any) -> None:
    url = bucket_of(s3, "wide", [f"runs/{n:05}/events.json" for n in range(1005)])
    asked = len(s3.requests("list", "wide"))
    assert len(keys_of(look(url))) == 1005
    assert len(s3.requests("list", "wide")) - asked < 10


def test_a_listing_that_breaks_off_is_asked_for_again(s3: Any) -> None:
    keys = [f"logs/2026/09/{day:02}/{n}.json" for day in (1, 2) for n in range(9)]
    url = bucket_of(s3, "breaksoff", keys)
    s3.breaks({"method": "GET", "path": "breaksoff.*list-type", "kind": "cut", "times": 3})
    assert keys_of(look(url)) == keys
    s3.breaks({"method": "GET", "path": "breaksoff.*list-type", "kind": "cut", "times": 1000})
    with pytest.raises(InputError, match="out of reach"):
        look(url)


def test_a_path_may_be_an_object_a_folder_or_a_glob(s3: Any) -> None:
    keys = ["a/x.json", "a/b/y.json", "a/b/.hidden/z.json", "a/[1].json", "a2/x.json"]
    url = bucket_of(s3, "paths", keys)
    s3.put("paths", "a/", b"")

    def found(key: str) -> list[str]:
        return keys_of(look(BucketUrl(url.scheme, url.bucket, key)))

    assert found("a/x.json") == ["a/x.json"]
    assert found("a/[1].json") == ["a/[1].json"]
    assert found("a") == ["a/[1].json", "a/b/y.json", "a/x.json"]
    assert found("a*/x.json") == ["a/x.json", "a2/x.json"]
    assert found("a/*") == ["a/[1].json", "a/x.json", "a/b/y.json"]
    assert found("**/y.json") == ["a/b/y.json"]
    assert found("*/b") == ["a/b/y.json"]
    for nothing in ("none", "a/x.jso", "a/*.csv"):
        with pytest.raises(InputError, match="expected an object, a folder or a glob"):
            found(nothing)


def test_what_lies_in_the_lake_is_left_out(s3: Any) -> None:
    url = bucket_of(s3, "mixed", ["logs/x.json", "lake/events/y.json", "lakes/z.json"])
    lake = BucketUrl("s3", "mixed", "lake")
    assert keys_of(look(url, apart_from=lake)) == ["lakes/z.json", "logs/x.json"]


@pytest.mark.parametrize(
    ("path", "pattern", "depth"),
    [
        ("a/b/c", "", 0),
        ("a/b/c", "a", 1),
        ("a/b/c", "a/*/c", 3),
        ("a/b/c", "**/c", 3),
        ("c", "**/c", 1),
        ("a/b/c", "a/**/b/**/c", 3),
        ("a/b/c", "*/c", None),
        ("a/.b/c", "a/*/c", None),
        ("a/.b/c", "a/**/c", None),
        ("a/.b/c", "a/.b/c", 3),
        ("a/b", "a/b/c", None),
    ],
)
def test_a_glob_matches_part_by_part(path: str, pattern: str, depth: int | None) -> None:
    assert glob_depth(path.split("/"), pattern)[0] == depth
