"""What a finding of `unusual_tool_chain` says: the part of a score that weighs most, in words.

A run is a row of `runs.sql`, with its score; a part is one of `unusual_tool_chain.PARTS`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from detectors.base import shown
from pipeline import schemas

Run = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Told:
    """A part in words: what of the run shows it, the call that broke the chain (None: the run as a
    whole), its events.
    """

    title: str
    observed: str
    expected: str
    call: int | None
    evidence: list[str]


def tell(run: Run, part: str) -> Told:
    """What a finding says of the part: whose run it is, with its chain and what was asked."""
    told = _TELL[part](run)
    return replace(
        told,
        title=f"{shown(run['identity_id'], limit=40)}: {told.title}",
        observed=f"{told.observed}\nChain: {_chain(run['tools'], told.call)}\nAsked: {_asked(run)}",
    )


def support(run: Run, *, needs_texts: bool, is_thin: bool) -> str:
    """On how much history a finding rests, and what of the run was read."""
    own = f"{run['history_runs']} earlier runs of this agent on {run['history_days']} days"
    if needs_texts and run["alike_runs"] < run["history_runs"]:
        own += f", {run['alike_runs']} of them with the same texts in the log"
    unlogged = _unlogged(run)
    read = f"; read: {run['read']}" + (f"; not in the log: {unlogged}" if unlogged else "")
    if is_thin:
        return (
            f"too little history ({own}); judged by its peers' runs and by rules that need none"
            + read
        )
    return own + read


_ORIGINS = {
    "prompt": "the prompt",
    "result": "a tool's result",
    "call": "an earlier call",
    "nowhere": "nowhere in the log",
}


def _steered(run: Run) -> Told:
    call, source = run["steered_call"], run["from_call"]
    tool, from_tool = _tool(run, call), _tool(run, source)
    place = f"sentence {run['sentence_no']} in the result of call {source} ({from_tool})"
    if re.search(schemas.FINGERPRINT, run["sentence"]):
        said = f"{place} has them; the texts are kept as fingerprints"
        words = f"{len(run['words'])} words"
    else:
        sentence = json.dumps(shown(run["sentence"], limit=300), ensure_ascii=False)
        said = f"{place} has them: {sentence}"
        words = f"words ({', '.join(shown(word, limit=30) for word in run['words'][:6])})"
    unused = (
        "neither the user nor the agent had used"
        if run["prompted"]
        else "the agent had not used (what the user asked is not known)"
    )
    return Told(
        title=f"{tool} follows an instruction found in a result of {from_tool}",
        observed=f"Call {call} ({tool}) brings in {words} that {unused}; {said}.",
        expected="Calls that the user's words, or the agent's earlier calls, explain.",
        call=call,
        evidence=[run["event_ids"][call - 1], run["event_ids"][source - 1]],
    )


def _leak(run: Run) -> Told:
    call = run["leak_call"]
    tool = _tool(run, call)
    carries = " with data of an earlier result" if run["carries"] else ""
    after = [
        what
        for what, there in (
            ("private data", run["private"]),
            ("something others can write", run["untrusted"]),
        )
        if there
    ]
    read = f" after {' and '.join(after)} was read" if after else ""
    if run["destination"] is None:
        title = f"{tool}, new to this agent, can carry out what it has read"
        observed = f"Call {call} ({tool}){read}; where to is not in the log."
        expected = "The tools that this agent uses."
    else:
        place = shown(run["destination"])
        known = "nobody named" if run["prompted"] else "it never sent to"
        title = f"{tool} sends to {place}, a place {known}"
        observed = f"Call {call} ({tool}) sends to {place}{carries}{read}."
        expected = "Data goes where the user said, or where this agent has sent before."
    return Told(
        title=title,
        observed=observed,
        expected=expected,
        call=call,
        evidence=[run["event_ids"][call - 1], *run["event_ids"][: call - 1][-20:]],
    )


def _loop(run: Run) -> Told:
    if run["recurs"]:
        tool, times = shown(run["recurring_tool"]), run["recurrences"]
        return Told(
            title=f"{tool} called {times} times",
            observed=f"{tool} called {times} times; with what is not in the log.",
            expected=f"At most {run['usual_recurrences']:.0f} calls of this tool "
            "in 99 of 100 earlier runs.",
            call=None,
            evidence=list(run["recurring_events"]),
        )
    tool, times = shown(run["repeated_tool"]), run["repeats"]
    return Told(
        title=f"{tool} called {times} times with the same arguments",
        observed=f"The same call of {tool}, word for word, {times} times.",
        expected=f"At most {run['usual_repeats']:.0f} such repeats in 99 of 100 earlier runs.",
        call=None,
        evidence=list(run["repeated_events"]),
    )


def _length(run: Run) -> Told:
    return Told(
        title=f"a run of {run['calls']} calls",
        observed=f"{run['calls']} tool calls in one run.",
        expected=f"At most {run['usual_calls']:.0f} calls in 99 of 100 earlier runs.",
        call=None,
        evidence=run["event_ids"][-50:],
    )


def _retries(run: Run) -> Told:
    return Told(
        title=f"{run['retries']} other tries after a denial",
        observed=f"{run['denials']} calls were denied; the run went on with {run['retries']} "
        "other calls of the same tools or resources.",
        expected=f"At most {run['usual_retries']:.0f} other tries after a denial "
        "in 99 of 100 earlier runs.",
        call=run["last_retry"],
        evidence=list(run["retry_events"]),
    )


def _drift(run: Run) -> Told:
    new, calls = _new_tools_of(run)
    other = shown(run["other_agent"], limit=40)
    return Told(
        title=f"works like {other}, with tools it never used",
        observed=f"Tools new to this agent, usual for {other}: {', '.join(new[:10])}.",
        expected="The tools that this agent uses.",
        call=calls[0],
        evidence=_events(run, calls),
    )


def _origin(run: Run) -> Told:
    call = run["origin_call"]
    tool, name = _tool(run, call), shown(run["origin_argument"] or "", limit=40) or "the tool"
    return Told(
        title=f"{tool} gets {name} from {_ORIGINS[run['origin']]}, as never before",
        observed=f"Call {call} ({tool}): {name} comes from {_ORIGINS[run['origin']]}.",
        expected="The argument from where it has come in all earlier runs.",
        call=call,
        evidence=[run["event_ids"][call - 1]],
    )


def _novelty(run: Run) -> Told:
    call = run["novel_call"]
    known = "neither the prompt nor an earlier call" if run["prompted"] else "no earlier call"
    return Told(
        title=f"{_tool(run, call)} called with words that are new to the run",
        observed=f"Call {call} ({_tool(run, call)}) brings in words that {known} had. "
        f"They may come from what is not in the log: {_unlogged(run)}.",
        expected="As many new words as earlier calls of this tool brought in.",
        call=call,
        evidence=[run["event_ids"][call - 1]],
    )


def _order(run: Run) -> Told:
    tools, calls = run["tools"], run["new_step_calls"]
    steps = dict.fromkeys(
        f"{shown(tools[n - 2], limit=40) if n > 1 else 'the start'} → {_tool(run, n)}"
        for n in calls
    )
    return Told(
        title=f"{len(steps)} steps from tool to tool that this agent never took",
        observed=f"New to this agent: {', '.join([*steps][:10])}.",
        expected="Tools in an order that this agent has used them in.",
        call=calls[0],
        evidence=_events(run, calls),
    )


def _new_tools(run: Run) -> Told:
    new, calls = _new_tools_of(run)
    return Told(
        title=f"{len(new)} tools that this agent never used",
        observed=f"New to this agent: {', '.join(new[:10])}.",
        expected="The tools that this agent uses.",
        call=calls[0],
        evidence=_events(run, calls),
    )


_TELL: dict[str, Callable[[Run], Told]] = {
    "steered": _steered,
    "leak": _leak,
    "loop": _loop,
    "length": _length,
    "retries": _retries,
    "drift": _drift,
    "origin": _origin,
    "novelty": _novelty,
    "order": _order,
    "new_tools": _new_tools,
}


def _tool(run: Run, call: int) -> str:
    return shown(run["tools"][call - 1], limit=40)


def _new_tools_of(run: Run) -> tuple[list[str], list[int]]:
    """The tools new to the agent, and the calls of them."""
    calls = [n for n, tool in enumerate(run["tools"], start=1) if tool in run["new_tool_names"]]
    return [shown(name, limit=40) for name in run["new_tool_names"]], calls


def _events(run: Run, calls: list[int]) -> list[str]:
    return [run["event_ids"][n - 1] for n in calls[:50]]


def _chain(tools: list[str], broken: int | None) -> str:
    """The tools in order, repeats counted, the call that broke the chain marked."""
    marked = [(tool, place == broken) for place, tool in enumerate(tools, start=1)]
    names = [_link(*link, times=len(list(same))) for link, same in groupby(marked)]
    at = next((place for place, name in enumerate(names) if name.startswith("▶")), 0)
    if len(names) > 24:
        first, last = max(0, at - 12), at + 12
        names = [*["…"][: first > 0], *names[first:last], *["…"][: last < len(names)]]
    return " → ".join(names)


def _link(tool: str, broken: bool, *, times: int) -> str:
    name = f"▶[{shown(tool, limit=40)}]" if broken else shown(tool, limit=40)
    return name if times == 1 else f"{name} ×{times}"


def _asked(run: Run) -> str:
    prompt = run["prompt"]
    if not prompt:
        return "not logged"
    if re.search(schemas.FINGERPRINT, prompt):
        return "kept as a fingerprint"
    return json.dumps(shown(prompt, limit=300), ensure_ascii=False)


def _unlogged(run: Run) -> str:
    """What of a run's texts is not in the log, or cannot be compared with the rest of it."""
    missing = {
        "results": run["texts"] != "results",
        "arguments": run["texts"] == "names",
        "the prompt": not run["prompted"],
    }
    return ", ".join(name for name, gone in missing.items() if gone)
