"""The overview: what is open, and where it leads."""

from __future__ import annotations

from urllib.parse import parse_qsl

from builders.pages import Opened, texts
from pipeline.lake import Lake


def test_the_overview_counts_what_is_open(opened: Opened, small: Lake) -> None:
    with small.reader() as reader:
        [(findings,)] = reader.query("select count(*) from findings").rows()
    assert findings >= 1
    metrics = {metric.label: metric.value for metric in opened("overview", small).metric}
    assert metrics["Open findings"] == str(findings)
    assert metrics["AI agents"] == "1"


def test_the_overview_leads_to_each_finding_and_identity(opened: Opened, pair: Lake) -> None:
    with pair.reader() as reader:
        recent = reader.query("select * replace('2026-09-05' as \"window\") from findings")
    pair.replace("findings", recent)
    for shown, (page, name, label) in zip(
        opened("overview", pair).dataframe,
        [("findings", "finding", "Findings"), ("identity", "id", "Identity")],
        strict=True,
    ):
        path, _, query = shown.value["link"].iloc[0].partition("?")
        assert path == page
        app = opened(page, pair, **dict(parse_qsl(query)))
        assert app.title[0].value == label
        assert list(app.query_params) == [name]
        assert not any("not in this list" in text or "no " in text for text in texts(app)[:1])
