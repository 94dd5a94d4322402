"""The chain of tools of one agent's run, judged as a whole: each call alone is allowed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar

import polars as pl

from detectors.base import Finding, Judgement, Reader, Severity, Spec, Window, shown

SQL = Path(__file__).parent / "sql" / "unusual_tool_chain"
STEPS = (
    "function_words",
    "traces",
    "calls",
    "prompts",
    "call_words",
    "prompt_words",
    "rarity",
    "novel_words",
    "sentences",
    "sentence_words",
    "explanations",
    "usual_explanations",
    "novelty",
    "loops",
    "destinations",
    "flows",
)
"""The relations that lead to `judged.sql`, each after those it reads."""


@dataclass(frozen=True)
class UnusualToolChain:
    """A run of an agent that somebody else than its user steers, or that has gone astray.

    Detects: a call that a sentence inside an earlier tool result explains while neither the
        prompt nor the agent's own earlier calls do (indirect prompt injection); data of an earlier
        result sent to a place that neither prompt nor history knows, after something from outside
        was read; the same call over and over. Calls are weighed in words nobody used before
        (inverse document frequency over the agents' earlier prompts and calls), sentences by how
        they instruct; what is usual for a tool is taken off; the worst call is the run's score.
    Assumes: tool calls with a trace, in order of time; arguments, results and prompts where the
        log has them. Without results only new words are left to judge, at half the confidence.
    Misses: instructions written in other words than the call they cause; calls whose arguments the
        prompt already names; injections in the prompt itself; languages without letters-and-spaces
        words; results that were not logged.
    Triage: read the sentence and where it came from. Did the user ask for this? Who can write
        there? If not asked: stop the agent, undo the call, take the text out of the source, rotate
        what the run had read.
    Source: what a study of logged agent runs found strongest; "lethal trifecta" (private data,
        untrusted content, a way out); OWASP ASI01, ASI02; MITRE ATLAS AML.T0051.
    """

    spec: ClassVar[Spec] = Spec(
        id="unusual_tool_chain",
        title="Unusual tool chain",
        summary="A run of an agent that a tool's result steers, that carries data out, or loops",
        subject_kinds=("trace",),
        frameworks=(
            "OWASP-ASI:ASI01",
            "OWASP-ASI:ASI02",
            "ATLAS:AML.T0051.001",
            "ATLAS:AML.T0053",
            "MAESTRO:L3",
            "NIST-AI-RMF:MEASURE 2.4",
        ),
    )

    threshold: float = 0.5
    """Score from which a run is a finding; 0.5 is one word's worth beyond what is usual."""

    history_traces: int = 200
    """Earlier runs looked at per agent, a fixed sample where there are more."""

    text_limit: int = 50_000
    """Characters of a prompt, of arguments and of a result that are read."""

    most_forgiven: float = 1.0
    """The most that a tool's own history takes off a call, in words nobody used before."""

    usual_flow_share: float = 0.05
    """Share of an agent's earlier runs from which sending data to new places is its usual work."""

    least_repeats: int = 4
    """Repeats of one call that are usual in any run, whatever the history."""

    enough_history: int = 10
    """Earlier runs of an agent from which its own history carries a finding."""

    def detect(self, reader: Reader, window: Window) -> Judgement:
        """Judge the runs that began in the window."""
        params = {**window.params, **asdict(self)}
        for name in STEPS:
            reader.define(name, SQL / f"{name}.sql", params)
        runs = reader.query(SQL / "judged.sql", params)
        scored = _scored(runs)
        found = scored.filter(pl.col("score") >= self.threshold)
        return Judgement(
            scored.select("subject_kind", "subject_id", "identity_id", "score", "features"),
            tuple(self._finding(row) for row in found.iter_rows(named=True)),
        )

    def _finding(self, run: dict[str, Any]) -> Finding:
        part = max(("explained", "flow", "loop", "novelty"), key=lambda name: run[f"{name}_part"])
        title, observed, event_ids = _TELL[part](run)
        confidence = 0.9 if run["history_runs"] >= self.enough_history else 0.6
        return Finding(
            subject_kind="trace",
            subject_id=run["subject_id"],
            identity_id=run["identity_id"],
            severity=_severity(run, part, self.enough_history),
            score=run["score"],
            confidence=confidence * (1 if run["results"] else 0.5),
            title=f"{shown(run['identity_id'], limit=40)}: {title}",
            observed=f"{observed} Chain: {_chain(run)}. Asked: {_asked(run)}.",
            expected=_EXPECTED[part](run),
            support=_support(run, self.enough_history),
            evidence=event_ids,
            first_seen=run["first_seen"],
            last_seen=run["last_seen"],
        )


def _scored(runs: pl.DataFrame) -> pl.DataFrame:
    """The runs with their parts, in words nobody used before, and the score that they make:
    total / (1 + total), so 0.5 is one such word.
    """
    no_results = pl.col("results") == 0
    return (
        runs.with_columns(
            explained_part=pl.col("explained"),
            flow_part=pl.col("flow") * 0.7,
            loop_part=pl.col("loop_ratio").clip(1, 8).log(2),
            novelty_part=pl.when(no_results).then(pl.col("novelty") / 4).otherwise(0.0),
        )
        .with_columns(
            total=pl.sum_horizontal("explained_part", "flow_part", "loop_part", "novelty_part")
        )
        .with_columns(
            subject_kind=pl.lit("trace"),
            subject_id="trace_id",
            score=pl.col("total") / (1 + pl.col("total")),
        )
        .with_columns(features=_features())
        .sort("score", "subject_id", descending=[True, False])
    )


def _features() -> pl.Expr:
    """What made the score, as JSON text."""
    return pl.struct(
        explained="explained_part",
        flow="flow_part",
        loop="loop_part",
        novelty="novelty_part",
        calls="calls",
        repeats="repeats",
        history_runs="history_runs",
        read=pl.when(pl.col("results") == 0)
        .then(pl.when(pl.col("argued") == 0).then(pl.lit("names")).otherwise(pl.lit("arguments")))
        .otherwise(pl.lit("results")),
        prompt=pl.col("prompt").is_not_null(),
    ).struct.json_encode()


def _severity(run: dict[str, Any], part: str, enough: int) -> Severity:
    if part == "loop" or run["history_runs"] < enough:
        return Severity.MEDIUM
    if run["score"] >= 0.75:
        return Severity.CRITICAL
    return Severity.HIGH if run["score"] >= 0.6 else Severity.MEDIUM


def _tell_explained(run: dict[str, Any]) -> tuple[str, str, list[str]]:
    call, source = run["explained_call"], run["from_call"]
    tool, from_tool = run["tools"][call - 1], run["tools"][source - 1]
    words = ", ".join(shown(word, limit=30) for word in run["words"][:6])
    return (
        f"{shown(tool, limit=40)} follows an instruction found in a result of "
        f"{shown(from_tool, limit=40)}",
        f"Call {call} ({shown(tool)}) brings in words ({words}) that neither the user nor the "
        f"agent had used; a sentence in the result of call {source} ({shown(from_tool)}) has them: "
        f"{json.dumps(shown(run['sentence'], limit=300), ensure_ascii=False)}.",
        [run["event_ids"][call - 1], run["event_ids"][source - 1]],
    )


def _tell_flow(run: dict[str, Any]) -> tuple[str, str, list[str]]:
    call = run["flow_call"]
    tool, place = shown(run["tools"][call - 1]), shown(run["destination"])
    carries = " with data of an earlier result" if run["carries"] else ""
    after = " after something from outside was read" if run["after_outside"] else ""
    earlier = [run["event_ids"][n] for n in range(call - 1)]
    return (
        f"{tool} sends to {place}, a place nobody named",
        f"Call {call} ({tool}) sends to {place}{carries}{after}.",
        [run["event_ids"][call - 1], *earlier[-20:]],
    )


def _tell_loop(run: dict[str, Any]) -> tuple[str, str, list[str]]:
    tool = shown(run["repeated_tool"])
    return (
        f"{tool} called {run['repeats']} times with the same arguments",
        f"The same call of {tool}, word for word, {run['repeats']} times.",
        list(run["repeated_events"][:50]),
    )


def _tell_novelty(run: dict[str, Any]) -> tuple[str, str, list[str]]:
    call = run["novel_call"]
    tool = shown(run["tools"][call - 1])
    return (
        f"{tool} called with words that nothing explains",
        f"Call {call} ({tool}) brings in words that neither the prompt nor an earlier call had; "
        "what tools returned was not logged.",
        [run["event_ids"][call - 1]],
    )


_TELL = {
    "explained": _tell_explained,
    "flow": _tell_flow,
    "loop": _tell_loop,
    "novelty": _tell_novelty,
}
_EXPECTED: dict[str, Callable[[dict[str, Any]], str]] = {
    "explained": lambda run: "Calls that the user's words, or the agent's earlier calls, explain.",
    "flow": lambda run: "Data goes where the user said, or where this agent has sent before.",
    "loop": lambda run: (
        f"At most {run['usual_repeats']:.0f} such repeats in 99 of 100 earlier runs."
    ),
    "novelty": lambda run: "As many new words as earlier calls of this tool brought in.",
}


def _chain(run: dict[str, Any]) -> str:
    """The tools in order, repeats counted, the one that broke the chain in brackets."""
    broken = run["explained_call"] or run["flow_call"]
    marked = [(tool, place == broken) for place, tool in enumerate(run["tools"], start=1)]
    names = [_link(*link, times=len(list(same))) for link, same in groupby(marked)]
    if len(names) > 24:
        names = [*names[:12], "…", *names[-12:]]
    return " → ".join(names)


def _link(tool: str, broken: bool, *, times: int) -> str:
    name = f"[{shown(tool, limit=40)}]" if broken else shown(tool, limit=40)
    return name if times == 1 else f"{name} ×{times}"


def _asked(run: dict[str, Any]) -> str:
    prompt = shown(run["prompt"], limit=300)
    return json.dumps(prompt, ensure_ascii=False) if prompt else "not logged"


def _support(run: dict[str, Any], enough: int) -> str:
    own = f"{run['history_runs']} earlier runs of this agent on {run['history_days']} days"
    if run["history_runs"] >= enough:
        return own
    return f"too little history ({own}); judged by its peers' runs and by rules that need none"


DETECTOR = UnusualToolChain
