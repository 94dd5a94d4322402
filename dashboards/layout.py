"""What every page shares: its four states (empty, error, stale, normal), and log text as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
import streamlit as st

from dashboards import data
from pipeline import plain

SCORE = st.column_config.ProgressColumn(
    "score", help="0 to 1, higher is worse", width="small", min_value=0, max_value=1, format="%.2f"
)
"""How a table shows a score."""

RAISED = st.column_config.TextColumn(
    "was", help="its severity when it was decided; it is higher now", width="small"
)
"""How a table shows that a finding has become more urgent since it was decided."""

LINK = st.column_config.LinkColumn(
    "", help="open it", width=40, display_text=":material/open_in_new:"
)
"""How a table shows the address of a page that tells more."""

TITLE = 300
"""Letters of a title or a name that are shown at most."""

_NUMBER_WIDTH = 160

_NO_OWN_DOWNLOAD = (
    "<style>[data-testid=stElementToolbar] button[aria-label='Download as CSV']"
    "{display: none}</style>"
)
"""A browser would write texts of logs as they are, formulas included."""


def page(title: str, body: Callable[[], None]) -> None:
    """Draw a page in the state it is in."""
    st.title(title)
    st.html(_NO_OWN_DOWNLOAD)
    try:
        if not data.look():
            _empty()
            return
        _stale()
        _unjudged()
        body()
    except (Exception, pl.exceptions.PanicException) as error:
        # A page is where an error ends: one line for the analyst, the rest of the app goes on.
        fault(error)


def fault(error: BaseException) -> None:
    """One line that says what went wrong."""
    st.error(as_written(data.fault_line(error)), icon=":material/error:")


def as_written(text: str) -> str:
    """Markdown that shows a text as it is, in one line: a log or a query may have written it."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {' '.join(plain.printable(text).split())} {fence}"


def text(value: str, *, most: int = 10_000) -> None:
    """A text as it is, whatever wrote it, cut where it would bury what comes below."""
    st.text(plain.printable(value if len(value) <= most else f"{value[: most - 1]}…"))


def code(value: str, *, language: str | None = None) -> None:
    """A text of many lines as it is, whatever wrote it."""
    st.code(plain.printable(value), language=language, wrap_lines=True)


def _empty() -> None:
    st.info("There is nothing in this lake yet.", icon=":material/inbox:")
    st.text("Bring logs in, then come back:")
    st.code("nhiwatch run PATH-TO-LOGS", language=None)
    st.text(f"The lake looked at: {data.lake().location}")


def _stale() -> None:
    quiet = data.rows("quiet_feeds", {"hour": data.hour()})
    for source, age, behind in quiet.rows():
        others = f", {behind:,.0f} hours behind the newest feed" if behind else ""
        st.warning(
            f"{source} is quiet: its newest event is {age:,.0f} hours old{others}.",
            icon=":material/schedule:",
        )


def _unjudged() -> None:
    if not data.is_judged():
        st.warning(
            "Nothing was judged yet, so there are no identities and no findings: `nhiwatch detect`",
            icon=":material/hourglass_empty:",
        )


def numbers(told: Mapping[str, int]) -> None:
    """Numbers under their names, side by side as far as the window goes."""
    with st.container(horizontal=True):
        for label, number in told.items():
            st.metric(label, f"{number:,}", width=_NUMBER_WIDTH)


def table(rows: pl.DataFrame, *, counted: str | None = None, **options: Any) -> Any:
    """A table of rows: text stays text whatever is in it; never more than ROW_LIMIT rows. How many
    there are in all is told by the column `counted`, if rows were left out before.
    """
    total = rows.height
    if counted is not None:
        total = max(rows[counted], default=0)
        rows = rows.drop(counted)
    if total > min(rows.height, data.ROW_LIMIT):
        st.caption(f"The first {min(rows.height, data.ROW_LIMIT):,} of {total:,}.")
    columns = {**_time_columns(rows), **options.pop("column_config", {})}
    settings: dict[str, Any] = {"hide_index": True, "width": "stretch", "column_config": columns}
    return st.dataframe(plain.seen(rows.head(data.ROW_LIMIT)), **settings, **options)


def told(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """The rows without a text that none of them has; where only some have it, the others' is empty,
    or a browser would write None.
    """
    if rows[name].null_count() == rows.height:
        return rows.drop(name)
    return rows.with_columns(pl.col(name).fill_null(""))


def download(rows: pl.DataFrame, *, file: str) -> None:
    """A button that gives the rows as CSV."""
    st.download_button(
        "Download CSV",
        lambda: plain.as_csv(rows).encode(),
        file,
        "text/csv",
        on_click="ignore",
        icon=":material/download:",
    )


def height(rows: pl.DataFrame, *, most: int) -> int:
    """The height in pixels that shows every row, up to `most`."""
    return min(most, 33 * (rows.height + 1) + 3)


def _time_columns(rows: pl.DataFrame) -> dict[str, Any]:
    """Days and times as an analyst writes them, Z for UTC."""
    days = {name: st.column_config.DateColumn(format="YYYY-MM-DD")
            for name, kind in rows.schema.items() if kind == pl.Date}  # fmt: skip
    times = {name: st.column_config.DatetimeColumn(
                 format="YYYY-MM-DD HH:mm:ss[Z]" if kind.time_zone else "YYYY-MM-DD HH:mm:ss")
             for name, kind in rows.schema.items() if isinstance(kind, pl.Datetime)}  # fmt: skip
    return {**days, **times}


def chosen(
    name: str,
    options: list[str],
    *,
    label: str,
    every: str | None = None,
    told: Callable[[str], str] = str,
) -> str | None:
    """A choice that lives in the URL; `every` is the text for no choice, None if one must be;
    `told` is how an option is shown.
    """
    listed = ([every] if every is not None else []) + options
    asked = st.query_params.get(name)
    index = listed.index(asked) if asked in listed else 0
    choice = st.selectbox(
        label,
        listed,
        index=index if listed else None,
        format_func=lambda option: plain.printable(told(option)),
    )
    if asked is not None and asked not in listed:
        text(f"There is no {asked} here.", most=TITLE)
    if choice is None or choice == every:
        st.query_params.pop(name, None)
        return None
    st.query_params[name] = choice
    return str(choice)


def place_asked(name: str, ids: list[str], *, what: str) -> int:
    """Where in a list the one is that the URL asks for: the first, and a word about it, if it is
    not there.
    """
    asked = st.query_params.get(name)
    if asked in ids:
        return ids.index(asked)
    if asked is not None:
        text(f"The {what} {asked} is not in this list; below is the first that is.", most=TITLE)
    return 0
