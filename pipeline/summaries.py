"""What runs did, in words: for a terminal, and for a page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any


def in_words(summary: Mapping[str, Any]) -> str:
    """What a run did, in a line. A run of another version may have counted other things."""
    told, words = defaultdict(int, summary), []
    if "files" in told:
        unfinished = told["unfinished"]
        words.append(
            f"{told['files']:,} files ({told['unchanged']:,} unchanged, "
            f"{f'{unfinished:,} still being written or read, ' if unfinished else ''}"
            f"{told['left_out']:,} no logs), {told['events']:,} new events, "
            f"{told['duplicates']:,} duplicates, {told['rejects']:,} rejects"
        )
    if "detector_days" in told:
        words.append(
            f"{told['detector_days']:,} detector-days, {told['scores']:,} scores, "
            f"{told['findings']:,} findings"
        )
    if "tried" in told:
        words.append(
            f"{told['tried']:,} rejects tried again: {told['events']:,} new events, "
            f"{told['duplicates']:,} duplicates, {told['rejects'] - told['untried']:,} rejects left"
        )
        if told["untried"]:
            words.append(
                f"{told['untried']:,} rejects not tried: not kept whole (setting "
                "reject_text_bytes) and their files gone or changed, or their files not wholly in"
            )
    words += _house_words(summary.get("housekeeping", []))
    hint = " (nhiwatch rejects tells why)" if told["rejects"] else ""
    return f"{'; '.join(words) or 'nothing to do'}{hint}"


def _house_words(tables: Sequence[Mapping[str, Any]]) -> list[str]:
    """What housekeeping did, over all tables; nothing if it did nothing."""
    counted = ("files_before", "files_after", "rows_removed", "texts_removed", "files_deleted")
    total = {name: sum(work.get(name, 0) for work in tables) for name in counted}
    words = []
    if total["files_before"] != total["files_after"]:
        words.append(f"{total['files_before']:,} files compacted into {total['files_after']:,}")
    if total["rows_removed"] or total["texts_removed"]:
        words.append(
            f"{total['rows_removed']:,} rows and the texts of {total['texts_removed']:,} events "
            "removed as too old (settings [retention])"
        )
    if total["files_deleted"]:
        words.append(f"{total['files_deleted']:,} unused files deleted")
    return words
