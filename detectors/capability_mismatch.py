"""What an agent or AI workload does, against what it is declared or known to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import polars as pl

from detectors.base import (
    Amount,
    Count,
    Finding,
    Judgement,
    Reader,
    Severity,
    Share,
    Spec,
    Window,
    short_name,
    shown,
)

SQL = Path(__file__).parent / "sql" / "capability_mismatch"
STEPS = ("capability_weights", "machine_actions", "judged_identities", "mismatches")
"""The relations that lead to `judged.sql`, each after those it reads."""

_SENDS_OUT = 3
"""The rank of sending out in the view capability_classes; authority is above."""


@dataclass(frozen=True)
class CapabilityMismatch:
    """One that is there to analyse, and acts; or an actor that gains authority.

    Detects: an agent or workload that the inventory lets analyse only, and that writes, executes,
        sends out, approves, spends, grants or becomes somebody else (the passive copilot that
        exports or approves); one that nobody declared, whose own history is an analyst's, and that
        acts now; an actor that begins to approve, spend, grant or become others. The weightiest
        act of the day is its score: authority above sending out above writing; an attempt that was
        refused weighs less. Reading new data is nothing here.
    Assumes: what an action does is told by its words and its access level
        (pipeline/enrich/capability.toml); tools of `allowed_tools` are declared. A mismatch with
        the inventory is told on its first `known_days` days of each month, then scored lower.
    Misses: acts behind names that tell nothing (run, do_task), or behind reading verbs; an
        undeclared identity that acted from its first days; what a database statement does.
    Triage: who gave it that tool or right, and for what? Declare it (capability or allowed_tools)
        if it is meant; else take the right away, and see who asked for the act and what it did.
    Source: OWASP ASI02, ASI03, ASI09 and the principle of least agency; NIST AI RMF MAP 3.3.
    """

    spec: ClassVar[Spec] = Spec(
        id="capability_mismatch",
        summary="An agent or AI workload that is there to analyse, and acts; or gains authority",
        subject_kinds=("identity",),
        frameworks=(
            "OWASP-ASI:ASI02",
            "OWASP-ASI:ASI03",
            "OWASP-NHI:NHI5:2025",
            "ATLAS:AML.T0053",
            "ATLAS:AML.M0026",
            "MAESTRO:L7",
            "NIST-AI-RMF:MAP 3.3",
            "NIST-CSF:PR.AA-05",
        ),
    )

    threshold: Amount = 0.5
    """Score from which an identity's day is a finding."""

    enough_days: Count = 7
    """Days of history from which what an identity does can be new to it."""

    known_days: Count = 2
    """Earlier days from which an act is known: of the month where it is declared against."""

    undeclared_share: Share = 0.85
    """What a mismatch with the own history weighs, of one with the inventory."""

    gained_share: Share = 0.75
    """What an authority new to an actor weighs, of one that an analyst has."""

    tried_share: Share = 0.6
    """What an act that never succeeded on the day weighs, of one that did."""

    known_share: Share = 0.5
    """What a mismatch already told this month weighs, of a new one."""

    most_evidence: Count = 50
    """Events shown for a finding."""

    def detect(self, reader: Reader, window: Window) -> Judgement:
        """Judge each agent, each workload that asks models, and each declared analyst."""
        params = {**window.params, **asdict(self)}
        for name in STEPS:
            reader.define(name, SQL / f"{name}.sql", params)
        judged = reader.query(SQL / "judged.sql", params).with_columns(
            subject_kind=pl.lit("identity"), subject_id="identity_id"
        )
        scores = judged.with_columns(
            features=pl.struct(
                "declared", "against", "acts", "history_days", "acting_days"
            ).struct.json_encode()
        ).select("subject_kind", "subject_id", "identity_id", "score", "features")
        found = judged.filter(pl.col("score") >= self.threshold)
        reader.define("found", found.select("identity_id"))
        told = found.join(
            reader.query(SQL / "evidence.sql", params), on="identity_id", maintain_order="left"
        )
        return Judgement(scores, tuple(self._finding(row) for row in told.iter_rows(named=True)))

    def _finding(self, row: dict[str, Any]) -> Finding:
        against = row["against"]
        return Finding(
            subject_kind="identity",
            subject_id=row["identity_id"],
            identity_id=row["identity_id"],
            severity=_severity(row),
            score=row["score"],
            confidence=0.9 if against == "declared" else 0.7,
            title=f"{short_name(row['identity_id'])}: {_BROKEN[against](row)} "
            f"{_joined(_did(row['acts']))} ({shown(row['acts'][0]['action'], limit=40)})",
            observed="On the day: " + "; ".join(map(_told, row["acts"][:6])) + ".",
            expected=_EXPECTED[against](row),
            support=_support(row),
            evidence=row["evidence"],
            first_seen=row["first_seen"],
            last_seen=row["last_seen"],
        )


def _severity(row: dict[str, Any]) -> Severity:
    """Authority and sending out are high, writing and executing medium; a step less where it only
    tried, and where it is the own history that says so and not the inventory.
    """
    done = row["rank_done"] is not None
    serious: bool = (row["rank_done"] or row["rank"]) >= _SENDS_OUT
    level = Severity.HIGH if serious else Severity.MEDIUM
    steps = int(not done) + int(row["against"] != "declared")
    lower: Severity = list(Severity)[level.rank - steps]
    return lower


def _declared_to(row: dict[str, Any]) -> str:
    return f"declared to {_joined(row['declared'].split(';'))}"


_BROKEN: dict[str, Callable[[dict[str, Any]], str]] = {
    "declared": lambda row: f"{_declared_to(row)}, but",
    "history": lambda row: "only analysed so far, now",
    "gained": lambda row: "acts, and now",
}


def _expected_of_declared(row: dict[str, Any]) -> str:
    tools = ", ".join(shown(tool, limit=40) for tool in (row["allowed_tools"] or [])[:10])
    beside = f", and allowed {tools}" if tools else ""
    return f"It is {_declared_to(row)}{beside}."


_EXPECTED: dict[str, Callable[[dict[str, Any]], str]] = {
    "declared": _expected_of_declared,
    "history": lambda row: f"It is not declared; in its history it {_before(row)}.",
    "gained": lambda row: f"In its history it {_before(row)}.",
}


def _support(row: dict[str, Any]) -> str:
    history = f"{row['history_days']} earlier days of this identity"
    if row["against"] == "declared":
        return f"the inventory; {history}"
    return f"{history}, {row['acting_days']} of them with a write or more"


def _before(row: dict[str, Any]) -> str:
    return _joined(row["did_before"] or ["only asks models"])


def _did(acts: Sequence[dict[str, Any]]) -> list[str]:
    """What the acts are, in words, weightiest first, each once."""
    return list(dict.fromkeys(act["words"] for act in acts))


def _told(act: dict[str, Any]) -> str:
    refused = f", {act['denied']} denied" if act["denied"] else ""
    return (
        f"{act['words']} by {shown(act['action'], limit=60)} ×{act['events']}, "
        f"{act['succeeded']} with success{refused}"
    )


def _joined(names: Sequence[str]) -> str:
    words = [name.replace("_", " ") for name in names]
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


DETECTOR = CapabilityMismatch
