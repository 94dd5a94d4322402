"""The chain of tools of one agent's run, judged as a whole: each call alone is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

import polars as pl

from detectors import unusual_tool_chain_wording as wording
from detectors.base import (
    Amount,
    Count,
    Finding,
    Judgement,
    Reader,
    Severity,
    Share,
    Size,
    Spec,
    Window,
)
from pipeline import schemas

SQL = Path(__file__).parent / "sql" / "unusual_tool_chain"
WORDS_SQL = Path(schemas.__file__).parent / "sql"
"""Where the words of language are that a lake of fingerprints keeps in clear."""
WORD = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]|[\p{L}\d]{3,}|\d{2}"
"""What a word is: an identifier is one; where writing has no spaces, each sign is one."""

LANGUAGE = ("function_words", "request_words")
BEFORE = ("traces", "earlier_runs", "tool_traits")
WORDS = ("calls", "prompts", "call_words", "prompt_words")
EXPLAINED = ("novel_words", "sentences", "sentence_words")
TOLD = ("explained", "arguments", "sent", "chains")
"""What is known of runs when their texts are gone."""
KNOWN = (
    "alike_runs",
    "known_tools",
    "steps",
    "known_steps",
    "known_origins",
    "known_destinations",
    "usual_explanations",
    "usual_novelty",
    "usual_shapes",
    "usual_recurrences",
)
"""What the earlier runs show to be usual."""
JUDGED = ("steered", "flows", "leaks", "novelty", "new_origins", "steps", "new_steps", "drift")
"""The relations that lead to `runs.sql`, each after those it reads."""

Part = Literal[
    "steered",
    "leak",
    "loop",
    "length",
    "retries",
    "drift",
    "origin",
    "novelty",
    "order",
    "new_tools",
]
"""What a score is the sum of."""
PARTS: tuple[Part, ...] = get_args(Part)
COUNTED = ("loop", "length", "retries", "drift")
"""The parts that calls are enough for, without their texts."""
ALIKE = ("texts", "prompted", "hashed")
"""What the log has of a run: which of its texts, and whether as fingerprints."""


@dataclass(frozen=True)
class UnusualToolChain:
    """A run of an agent that somebody else than its user steers, or that has gone astray.

    Detects: a call that a sentence inside an earlier tool result explains while neither the
        prompt nor the agent's own earlier calls do (indirect prompt injection): `steered`. Private
        data, untrusted content and a way out in one run, to a place that neither prompt nor
        history knows: `leak`. The same call over and over, or far more calls than runs have:
        `loop`, `length`. Other tries after a denial: `retries`. A run made of another agent's
        tools: `drift`. An argument from an origin it never had (a result, where it always was the
        prompt): `origin`. Where results were not logged, words of a call that nothing in the log
        explains, tools in an order new to the agent, and tools new to it: `novelty`, `order`,
        `new_tools`. Where arguments were not logged either, one tool called far more often than
        usual (`loop`), and a tool new to the agent that can carry out the private data and the
        untrusted content read before (`leak`).
    Assumes: tool calls with a trace, in order of time; arguments, results and prompts where the
        log has them, as they are or as fingerprints. What most calls of a run have is told by
        `features.read`. A run is measured by earlier runs of which the log has the same: texts
        that are missing are no evidence, nor are those that begin or cease to be logged.
        Findings from texts go down in confidence by what is missing: without prompts 0.85 of what
        it is with all, without results 0.5, without both or without arguments 0.3; and they are
        low without arguments, or without results unless a new place for data shows that a known
        prompt does not name. Counts of calls need no texts; of a loop without arguments half the
        confidence is left.
    Misses: instructions written in other words than the call they cause; calls whose arguments the
        prompt already names; injections in the prompt itself; results that were not logged.
        Without texts most hijacked runs: one that uses the agent's own tools in their usual order
        looks like any other. The first days after a log begins to keep texts, or fingerprints of
        them: the line is high until there are runs alike.
    Triage: read the sentence and where it came from. Did the user ask for this? Who can write
        there? If not asked: stop the agent, undo the call, take the text out of the source, rotate
        what the run had read.
    Source: what a study of logged agent runs found strongest; "lethal trifecta" (private data,
        untrusted content, a way out); OWASP ASI01, ASI02; MITRE ATLAS AML.T0051.

    Weights are in words nobody used before (inverse document frequency over the agents' earlier
    prompts and calls). The score is total / (total + line), so 0.5 is the line: the total that
    `usual_quantile` of the earlier runs stay under, each weighed as if it were judged, with every
    run of its prompt left out. The agent's own runs count from `own_line_runs` on, its peers' until
    then; with few earlier runs of its own the line rises towards `unknown_line`. It is not below
    `least_line`, and with results in the log not above `most_line`, so that neither a monotonous
    history nor attacks in it set it. Runs of which the log has the same texts have a line each.
    """

    spec: ClassVar[Spec] = Spec(
        id="unusual_tool_chain",
        summary="A run of an agent that a tool's result steers, that carries data out, or strays",
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

    threshold: Amount = 0.5
    """Score from which a run is a finding, if anything in it counts; 0.5 is the line."""

    parts: tuple[Part, ...] = PARTS
    """What counts for the score."""

    usual_quantile: Share = 0.98
    """Share of earlier runs that stay under the line."""

    least_line: Amount = 1.25
    """The lowest line, in words nobody used before."""

    most_line: Amount = 2.0
    """The highest line that a history with results in the log can set, in the same words."""

    unknown_line: Amount = 4.0
    """The line where there is no history and results are in the log; twice that without them."""

    own_line_runs: Count = 50
    """Earlier runs of an agent from which its own line weighs more than its peers'."""

    history_traces: Size = 200
    """Earlier runs looked at per agent, a fixed sample where there are more."""

    all_history_traces: Size = 10_000
    """Earlier runs looked at of all agents together."""

    bucket_characters: Size = 8_000_000
    """Characters of the runs whose texts are in memory at once."""

    text_limit: Size = 50_000
    """Characters of a prompt, of arguments and of a result that are read."""

    most_forgiven: Amount = 1.0
    """The most that a tool's own history takes off a call, in words nobody used before."""

    usual_flow_share: Amount = 0.05
    """Share of an agent's earlier runs from which sending data to new places is its usual work."""

    untrusted_tools: tuple[str, ...] = ()
    """Tools whose results others can write, beside those the log tells."""

    private_tools: tuple[str, ...] = ()
    """Tools that read what must not leave, beside those the log tells."""

    ways_out: tuple[str, ...] = ()
    """Tools that can carry data out, whatever the log tells."""

    no_ways_out: tuple[str, ...] = ()
    """Tools that cannot, whatever the log tells."""

    least_repeats: Count = 4
    """Repeats of one call that are usual in any run, whatever the history."""

    least_recurrences: Count = 20
    """Calls of one tool, the log not saying with what, that are usual in any run."""

    least_calls: Count = 40
    """Calls that are usual in any run, whatever the history."""

    least_retries: Count = 2
    """Other tries after a denial that are usual in any run, whatever the history."""

    enough_history: Count = 10
    """Earlier runs of an agent from which its own history carries a finding."""

    def detect(self, reader: Reader, window: Window) -> Judgement:
        """Judge the runs that began in the window.

        Texts are read a bucket of runs at a time: the history's for how rare words are, again for
        what is usual, then those of the runs to judge.
        """
        params = {
            **window.params,
            **asdict(self),
            "word": WORD,
            "fingerprint": schemas.FINGERPRINT,
        }
        for name in LANGUAGE:
            reader.define(name, WORDS_SQL / f"{name}.sql")
        _define(reader, BEFORE, params)
        buckets = [
            {**params, **row} for row in reader.query(SQL / "buckets.sql").iter_rows(named=True)
        ]
        earlier = self._learn(reader, [b for b in buckets if not b["judged"]], params)
        scores, findings = [_NO_SCORES], []
        for bucket in buckets:
            if bucket["judged"]:
                for name, frame in self._told(reader, bucket).items():
                    reader.define(name, frame)
                scored = self._scored(self._totals(reader, params), earlier)
                found = scored.filter((pl.col("score") >= self.threshold) & (pl.col("total") > 0))
                scores.append(scored.select(_NO_SCORES.columns))
                findings += [self._finding(row) for row in found.iter_rows(named=True)]
        return Judgement(pl.concat(scores), tuple(findings))

    def _learn(
        self, reader: Reader, buckets: list[dict[str, Any]], params: Mapping[str, Any]
    ) -> pl.DataFrame:
        """Make what is usual known to the reader; returns the earlier runs' totals."""
        words = [_NO_WORDS]
        for bucket in buckets:
            _define(reader, WORDS, bucket)
            words.append(reader.query(SQL / "used_words.sql", params))
        reader.define("history_words", pl.concat(words))
        reader.define("rarity", SQL / "rarity.sql", params)
        told = [self._told(reader, bucket) for bucket in buckets or [{**params, **_NO_BUCKET}]]
        for name in TOLD:
            reader.define(name, pl.concat(frames[name] for frames in told))
        _define(reader, KNOWN, params)
        reader.define("earlier_flows", SQL / "flows.sql")
        # Where no call returned anything none could be steered: that is no measure for the others.
        told_anything = (pl.col("texts") != "results") | (pl.col("returned") > 0)
        totals = self._totals(reader, params).filter(told_anything)
        return totals.select("identity_id", *ALIKE, "total")

    def _told(self, reader: Reader, bucket: Mapping[str, Any]) -> dict[str, pl.DataFrame]:
        """What a bucket's texts tell of its runs: a frame of each name in TOLD."""
        _define(reader, (*WORDS, *EXPLAINED), bucket)
        return {name: reader.query(SQL / f"{name}.sql", bucket) for name in TOLD}

    def _totals(self, reader: Reader, params: Mapping[str, Any]) -> pl.DataFrame:
        """The runs of the relations in TOLD as `runs.sql` tells them, with parts and total."""
        _define(reader, JUDGED, params)
        counted = [f"{part}_part" for part in self.parts]
        return (
            reader.query(SQL / "runs.sql", params)
            .with_columns(_parts())
            .with_columns(total=pl.sum_horizontal(*counted, pl.lit(0.0)))
        )

    def _scored(self, runs: pl.DataFrame, earlier: pl.DataFrame) -> pl.DataFrame:
        """The runs with their score, highest first."""
        return (
            self._with_line(runs, earlier)
            .with_columns(
                subject_kind=pl.lit("trace"),
                subject_id="trace_id",
                score=pl.col("total") / (pl.col("total") + pl.col("line")),
                read=_read(),
            )
            .with_columns(features=_features())
            .sort("score", "subject_id", descending=[True, False])
        )

    def _with_line(self, runs: pl.DataFrame, earlier: pl.DataFrame) -> pl.DataFrame:
        """The runs with the total from which each is unusual: by what its log has, by its agent."""
        logged = pl.col("texts") == "results"
        most, unknown = self.most_line, self.unknown_line
        highest = pl.when(logged).then(most).otherwise(2 * unknown)
        ceiling = pl.when(logged).then(unknown).otherwise(2 * unknown)
        usual = pl.col("total").quantile(self.usual_quantile)
        by_agent = earlier.group_by(*ALIKE, "identity_id").agg(own=usual, own_runs=pl.len())
        of_all = earlier.group_by(ALIKE).agg(peers=usual, all_runs=pl.len())
        own, peers = (
            pl.min_horizontal(pl.col(name).fill_null(0), highest) for name in ("own", "peers")
        )
        own_runs, all_runs = (pl.col(name).fill_null(0) for name in ("own_runs", "all_runs"))
        both = (own * own_runs + peers * self.own_line_runs) / (own_runs + self.own_line_runs)
        # A peer's run says as much of this agent as a twentieth of its own.
        known = own_runs + all_runs / 20
        line = (pl.max_horizontal(both, self.least_line) * known + ceiling * 3) / (known + 3)
        return (
            runs.join(by_agent, on=[*ALIKE, "identity_id"], how="left")
            .join(of_all, on=ALIKE, how="left")
            .with_columns(line=line)
        )

    def _finding(self, run: dict[str, Any]) -> Finding:
        part = max(self.parts, key=lambda name: run[f"{name}_part"])
        needs_texts = part not in COUNTED
        # For a part that is of texts, the earlier runs with the same texts say what is usual.
        is_thin = run["alike_runs" if needs_texts else "history_runs"] < self.enough_history
        told = wording.tell(run, part)
        return Finding(
            subject_kind="trace",
            subject_id=run["subject_id"],
            identity_id=run["identity_id"],
            severity=_severity(run, part, is_thin=is_thin),
            score=run["score"],
            confidence=_confidence(run, part, is_thin=is_thin),
            title=told.title,
            observed=told.observed,
            expected=told.expected,
            support=wording.support(run, needs_texts=needs_texts, is_thin=is_thin),
            evidence=told.evidence,
            first_seen=run["first_seen"],
            last_seen=run["last_seen"],
        )


_NO_WORDS = pl.DataFrame(
    schema={"scope": pl.String, "word": pl.String, "kind": pl.String, "runs": pl.Int64}
)
_NO_SCORES = pl.DataFrame(
    schema={
        "subject_kind": pl.String,
        "subject_id": pl.String,
        "identity_id": pl.String,
        "score": pl.Float64,
        "features": pl.String,
    }
)
_NO_BUCKET = {"bucket": 0, "bucket_start": None, "bucket_end": None}
_CONFIDENCE = {
    "results, prompts": 1.0,
    "results": 0.85,
    "arguments, prompts": 0.5,
    "arguments": 0.3,
    "names, prompts": 0.3,
    "names": 0.3,
}
"""By what of a run could be read: what is left of the confidence in parts that are of texts."""


def _define(reader: Reader, names: Iterable[str], params: Mapping[str, Any]) -> None:
    for name in names:
        reader.define(name, SQL / f"{name}.sql", params)


def _parts() -> list[pl.Expr]:
    """The parts of a run's total, in words nobody used before. What an agent's own history has to
    show counts by how much of it there is; of texts, by how much that has the same texts.
    """
    known, alike = (pl.col(name) / (pl.col(name) + 10) for name in ("history_runs", "alike_runs"))
    blind = pl.col("texts") != "results"
    parts = {
        "steered": pl.col("steered"),
        "leak": pl.col("leak") * alike,
        "loop": pl.max_horizontal(_beyond("repeats"), _beyond("recurrences")) * 1.5,
        "length": _beyond("calls") * 1.5,
        "retries": _beyond("retries") * 2,
        "drift": pl.col("drift") * known * 2,
        "origin": pl.col("new_origin") * 0.5,
        "novelty": pl.when(pl.col("texts") == "arguments").then(pl.col("novelty")).otherwise(0.0),
        "order": pl.when(blind).then((1 + pl.col("new_steps")).log(2) * known * 0.5).otherwise(0.0),
        "new_tools": pl.when(blind).then(pl.col("new_tools") * known * 0.5).otherwise(0.0),
    }
    return [part.alias(f"{name}_part") for name, part in parts.items()]


def _beyond(name: str) -> pl.Expr:
    """How many doublings beyond what is usual, at most three."""
    usual = pl.col(f"usual_{name}")
    return pl.max_horizontal(pl.col(name) / usual, pl.lit(1.0)).log(2).clip(0, 3)


def _read() -> pl.Expr:
    """What of a run could be used: a key of `_CONFIDENCE`."""
    return pl.when("prompted").then(pl.col("texts") + ", prompts").otherwise("texts")


def _features() -> pl.Expr:
    """What made the score, as JSON text."""
    parts = [pl.col(f"{part}_part").alias(part) for part in PARTS]
    told = [
        pl.col(name)
        for name in (
            "line",
            "calls",
            "repeats",
            "recurrences",
            "denials",
            "history_runs",
            "alike_runs",
            "read",
        )
    ]
    return pl.struct([*parts, *told]).struct.json_encode()


def _severity(run: dict[str, Any], part: Part, *, is_thin: bool) -> Severity:
    if part in COUNTED:
        return Severity.MEDIUM
    if run["texts"] == "names" or (run["texts"] == "arguments" and not _names_place(run, part)):
        return Severity.LOW
    if part not in {"steered", "leak"} or is_thin:
        return Severity.MEDIUM
    if run["score"] >= 0.75:
        return Severity.CRITICAL
    return Severity.HIGH if run["score"] >= 0.6 else Severity.MEDIUM


def _names_place(run: dict[str, Any], part: Part) -> bool:
    """Whether a new place for data is shown that the user's words, which are known, do not name."""
    return part == "leak" and bool(run["prompted"])


def _confidence(run: dict[str, Any], part: Part, *, is_thin: bool) -> float:
    """How sure a finding is: by its history, and by what of the texts it needs is in the log."""
    known = 0.6 if is_thin else 0.9
    if part == "loop" and run["recurs"]:
        return known * 0.5
    return known if part in COUNTED else known * _CONFIDENCE[run["read"]]


DETECTOR = UnusualToolChain
