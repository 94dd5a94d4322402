"""Pages in a real browser, from the command's own server."""

from __future__ import annotations

import time
from pathlib import Path

from builders.browser import Browser
from builders.pages import PAGES


def test_a_browser_shows_every_page_and_log_text_as_text(browser: Browser, site: str) -> None:
    for page in PAGES:
        title = "SQL" if page == "sql" else page.capitalize()
        path = "" if page == "overview" else page
        text = browser.open(f"{site}/{path}", until=title)
        assert "Traceback" not in text
    browser.open(f"{site}/traces", until="<img src=x onerror=alert(1)>")
    assert browser.evaluate("document.title") != "owned"
    assert browser.evaluate("document.querySelectorAll('img[src=x], strong').length") == 0
    browser.open(f"{site}/sql?q=select '**a** ![b](x)`'::int", until="**a** ![b](x)`")


def test_what_is_downloaded_runs_nothing_in_a_spreadsheet(
    browser: Browser, site: str, tmp_path: Path
) -> None:
    browser.send("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    browser.open(f"{site}/sql?q=select '=1%2B1' as a, ['ab'::blob] as b", until="Download CSV")
    own = "[...document.querySelectorAll('button')].filter(b => b.ariaLabel == 'Search')"
    theirs = own.replace("Search", "Download as CSV")
    browser.wait(f"{theirs}.length > 0")
    assert browser.evaluate(f"{own}.length") == browser.evaluate(f"{theirs}.length") > 0
    hidden = f"{theirs}.every(b => getComputedStyle(b).display == 'none')"
    assert browser.evaluate(hidden)
    browser.evaluate(
        "[...document.querySelectorAll('button')]"
        ".find(b => b.innerText.includes('Download CSV')).click()"
    )
    end = time.monotonic() + 20
    while not (files := list(tmp_path.glob("*.csv"))) and time.monotonic() < end:
        time.sleep(0.2)
    assert [file.read_text() for file in files] == ['a,b\n\'=1+1,"[""6162""]"\n']
