"""privilege_drift: an identity's reach leaves its own history and its peers'."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
    shown,
)
from pipeline.schemas import json_text

_SQL = Path(__file__).parent / "sql" / "privilege_drift"

_BEFORE_RULES = ("access_weights", "drift_known", "drift_peers", "drift_today", "drift_units")
_AFTER_RULES = (
    "drift_known_accounts",
    "drift_hits",
    "drift_rotations",
    "drift_weights",
    "drift_common",
    "drift_new",
    "drift_novelty",
    "drift_habits",
    "drift_acts",
    "drift_probing",
    "drift_reach",
    "drift_additions",
    "drift_creep",
)

_CLASSES = {
    "audit": "switched off or narrowed logging or monitoring",
    "credential": "made a credential",
    "principal": "made a principal",
    "trust": "changed who is trusted, or how they prove who they are",
    "permission": "changed permissions",
    "exposure": "opened something to the outside",
    "secret": "read secrets",
    "code": "ran code, or put code, where other work runs",
    "removal": "took away credentials or rights",
    "compute": "started unusually strong machines",
    "model": "enabled AI models",
}
"""What a class of `sensitive_actions.sql` is, as it stands in a sentence."""

_FEATURES = (
    *("novelty", "rules", "probing", "new_things", "new_places", "creep", "strongest"),
    *("new_mass", "expected_mass", "new_actions", "expected_actions", "new_services"),
    *("new_levels", "refused_actions", "refused_attempts", "opened_actions", "new_resources"),
    *("expected_resources", "creep_steps", "creep_days", "active_days", "observations", "peers"),
)
"""What goes into a score's features: first the parts in [0, 1], then the numbers behind them."""

_SCORES = ("subject_kind", "subject_id", "identity_id", "score", "features")


@dataclass(frozen=True)
class PrivilegeDrift:
    """Is what an identity can do, shown by what it does, growing?

    Detects: actions, levels of access, services, accounts and things that an identity never used
        before and its peers do not use; sensitive acts (permissions, credentials, trust, logging,
        exposure, secrets, code on others' machines, AI models) that are no routine of it, also
        with no history at all; grants to itself, and their use; doors tried and opened; reach
        that creeps over weeks.
    Assumes: an identity is the role or the agent, not its session; a call that a service makes
        for it (on_behalf_of is a service's host name) is no doing of its own; what several begin
        together is a deployment.
    Misses: rights granted and not used; grants to itself where the log names only the thing that
        the grant is for (a project's policy), not the one who gets it; what an attacker does
        within the usual reach (see credential_reuse); a creep slower than the history is long;
        sensitive acts of clouds that `sensitive_actions.sql` does not list, beyond their level
        of access.
    Triage: was there a change or a ticket for the new actions? Who granted them, and is that
        identity in the finding too? If nobody answers: take back the grant, then look at what
        was done with it; for a credential or a trust made here, follow it.
    Source: access levels as in AWS's service authorization reference; the expected number of new
        things is Good's and Turing's estimate (Good 1953) over days; noisy-or as in Pearl 1988;
        sensitive acts after the public rules of Elastic, Panther, Sigma and Prowler.
    """

    spec: ClassVar[Spec] = Spec(
        id="privilege_drift",
        summary="What an identity does goes beyond its own history and its peers'",
        subject_kinds=("identity",),
        frameworks=(
            "ATT&CK:T1078.004",
            "ATT&CK:T1098",
            "OWASP-ASI:ASI03",
            "OWASP-NHI:NHI5:2025",
            "MAESTRO:L6",
            "NIST-AI-RMF:MEASURE 2.4",
            "NIST-CSF:PR.AA-05",
            "NIST-CSF:DE.CM-03",
        ),
    )

    line: Amount = 0.55
    """A finding at this score of the day or above."""
    human_share: Share = 0.6
    """How much of the same novelty counts for a person: people do new things."""
    cloud_service_share: Share = 0.25
    """How much of the same counts for a service of the cloud itself."""
    denied_share: Share = 0.65
    """How much of a success an attempt counts that was refused or failed."""
    routine_days: Amount = 3.0
    """An act seen on this many days before is routine."""
    few_days: Count = 3
    """Fewer active days of history than this are too little to say what is usual."""
    novelty_floor: Amount = 0.5
    """Floor under the spread of new mass a day (a write weighs 0.5): for constant histories."""
    novelty_scale: Amount = 2.0
    """Spreads above the expected new mass at which novelty is 1 - 1/e."""
    creep_days: Count = 14
    """The last days over which reach may have crept."""
    creep_history_days: Count = 5
    """Active days needed before those, to know what was there."""
    creep_steps: Count = 3
    """Different days with an addition that make it creep rather than a jump."""
    creep_scale: Amount = 1.5
    """As novelty_scale, for the sum of the additions."""
    creep_line: Amount = 0.55
    """Creep is told on the day it first reaches this."""
    novelty_weight: Share = 0.9
    """The most that new actions, levels and services add to the score."""
    probing_weight: Share = 0.5
    """The most that refusals, and doors opened after one, add."""
    reach_weight: Share = 0.3
    """The most that things never touched before add, and accounts again."""
    creep_weight: Share = 0.95
    """The most that creep adds, until it is told."""
    unlisted_permission: Share = 0.45
    """Strength of a permission change that no line of sensitive_actions.sql knows."""

    def detect(self, reader: Reader, window: Window) -> Judgement:
        """A score for each identity of the day; findings for those that cross the line."""
        params = {**window.params, **asdict(self)}
        _define(reader, _BEFORE_RULES, params)
        reader.define("drift_ruled", self._ruled(reader))
        _define(reader, _AFTER_RULES, params)
        units = reader.query(_SQL / "drift_scores.sql", params).sort(
            "score", "identity_id", descending=[True, False]
        )
        found = units.filter((pl.col("of_the_day") >= self.line) | pl.col("creep_crosses"))
        return Judgement(_scores(units), self._findings(reader, found, params))

    def _ruled(self, reader: Reader) -> pl.DataFrame:
        """Each action of the day and the history with each rule that knows it."""
        rules = reader.query(_SQL / "sensitive_actions.sql").with_row_index("rule")
        actions = reader.query(_SQL / "drift_actions.sql")
        ruled = _matched(actions.select("action").unique(), rules)
        plain = ruled.filter(pl.col("raw_pattern").is_null() & ~pl.col("outsider"))
        unlisted = (
            actions.filter(pl.col("access") == "permission")
            .join(plain, on="action", how="anti")
            .select("action")
            .unique()
        )
        return pl.concat([ruled, self._unlisted(unlisted, rule=rules.height, like=ruled)])

    def _unlisted(self, actions: pl.DataFrame, *, rule: int, like: pl.DataFrame) -> pl.DataFrame:
        """Rows as `like` for permission changes that no rule knows."""
        told = {
            "rule": rule,
            "class": "permission",
            "technique": "ATT&CK:T1098",
            "strength": self.unlisted_permission,
            "everyday": True,
            "outsider": False,
        }
        columns = [pl.lit(told.get(c), t).alias(c) for c, t in like.schema.items() if c != "action"]
        return actions.with_columns(columns).select(like.columns)

    def _findings(
        self, reader: Reader, found: pl.DataFrame, params: Mapping[str, Any]
    ) -> tuple[Finding, ...]:
        """The findings of the identities in `found`, told with their acts and additions."""
        if found.is_empty():
            return ()
        reader.define("drift_found", found.select("identity_id", "active_days"))
        evidence = _by_identity(reader.query(_SQL / "drift_evidence.sql", params))
        acts = _by_identity(reader.query(_SQL / "found_acts.sql"))
        new = _by_identity(reader.query(_SQL / "found_new.sql"))
        grown = _by_identity(reader.query(_SQL / "found_additions.sql"))
        told = (
            _Told(
                row,
                acts.get(row["identity_id"], []),
                new.get(row["identity_id"], []),
                grown.get(row["identity_id"], []),
                evidence.get(row["identity_id"], []),
                self.few_days,
            )
            for row in found.to_dicts()
        )
        return tuple(each.finding() for each in told if each.evidence)


@dataclass(frozen=True)
class _Told:
    """One identity-day that crossed the line, as it is told: its row of drift_scores and what
    lies behind it, most telling first.
    """

    row: Mapping[str, Any]
    acts: Sequence[Mapping[str, Any]]
    new: Sequence[Mapping[str, Any]]
    grown: Sequence[Mapping[str, Any]]
    evidence: Sequence[Mapping[str, Any]]
    few_days: int

    def finding(self) -> Finding:
        row = self.row
        return Finding(
            subject_kind="identity",
            subject_id=row["identity_id"],
            identity_id=row["identity_id"],
            severity=self._severity(),
            score=row["score"],
            confidence=self._confidence(),
            title=self._title(),
            observed=" ".join(self._observed()),
            expected=self._expected(),
            support=self._support(),
            evidence=[e["event_id"] for e in self.evidence],
            first_seen=min(e["event_time"] for e in self.evidence),
            last_seen=max(e["event_time"] for e in self.evidence),
            frameworks=self._frameworks(),
        )

    @property
    def _name(self) -> str:
        return shown(self.row["identity_name"] or self.row["identity_id"], limit=60)

    @property
    def _is_thin(self) -> bool:
        return bool(self.row["active_days"] < self.few_days)

    @property
    def _self_grant(self) -> Mapping[str, Any] | None:
        return next((act for act in self.acts if act["is_self_grant"]), None)

    def _severity(self) -> Severity:
        score = self.row["score"]
        grant = self._self_grant
        if grant is not None and grant["used_after"]:
            return Severity.CRITICAL
        if score >= 0.85 and not self._is_thin:
            return Severity.HIGH
        return Severity.MEDIUM if score >= 0.7 else Severity.LOW

    def _confidence(self) -> float:
        """From the history: 0.5 with none, to 0.9 with ten active days or more."""
        days: int = self.row["active_days"]
        return round(0.5 + 0.4 * min(1.0, days / 10), 2)

    def _title(self) -> str:
        if self._self_grant is not None:
            return f"{self._name} changed its own permissions"
        if self.row["creep_crosses"] and self.row["creep"] >= self.row["of_the_day"]:
            days = self.row["creep_days"]
            return f"{self._name}: reach grew on {days} different days of the last weeks"
        if self.row["rules"] >= max(self.row["novelty"], self.row["probing"]) and self.acts:
            return f"{self._name} {_CLASSES[self.acts[0]['class']]}"
        if self.row["probing"] > self.row["novelty"]:
            return f"{self._name} tried doors that stayed shut"
        count = _count(self.row["new_actions"], "thing")
        did = "did" if not self.new or any(new["succeeded"] for new in self.new) else "tried"
        first = f" ({shown(self.new[0]['action'], limit=50)})" if self.new else ""
        return f"{self._name} {did} {count} it never {did} before{first}"

    def _observed(self) -> list[str]:
        """Sentences, most telling first."""
        sentences = [_act_sentence(act) for act in self.acts[:4]]
        if self.new:
            shares = ", ".join(map(_new_phrase, self.new[:6]))
            sentences.append(f"New to it: {shares}{_more(self.new, 6)}.")
        sentences += self._doors()
        if self.row["new_accounts"]:
            accounts = ", ".join(shown(a, limit=40) for a in self.row["new_accounts"][:5])
            sentences.append(f"First time in account {accounts}.")
        if self.row["creep_crosses"]:
            steps = "; ".join(map(_addition_phrase, self.grown[:8]))
            sentences.append(f"Gained in the last weeks: {steps}{_more(self.grown, 8)}.")
        return sentences or [f"{_count(self.row['events'], 'event')} beyond its usual reach."]

    def _doors(self) -> list[str]:
        row, sentences = self.row, []
        if row["refused_attempts"]:
            sentences.append(
                f"Refused {_count(row['refused_attempts'], 'time')} in "
                f"{_count(row['refused_actions'], 'action')} it has no habit of."
            )
        if row["opened_actions"]:
            opened = _count(row["opened_actions"], "action")
            sentences.append(f"{opened.capitalize()} succeeded after having been refused.")
        return sentences

    def _expected(self) -> str:
        row = self.row
        if row["active_days"] == 0:
            return "No history: a rule that needs none says these acts are sensitive."
        sentences = [
            f"By its history {row['expected_actions']:.1f} new actions a day "
            f"(weight {row['expected_mass']:.2f}); seen {row['new_actions']} "
            f"(weight {row['new_mass']:.2f})."
        ]
        if row["peers"] and self.new:
            group = shown(row["peer_group"], limit=80)
            using = max(each["peers_using"] for each in self.new)
            sentences.append(
                f"Of its {_count(row['peers'], 'peer')} ({group}), at most {using} do any of this."
            )
        if row["creep_crosses"]:
            sentences.append(
                f"In {row['creep_earlier_days']} active days before the last weeks it had none of "
                "what it gained since."
            )
        return " ".join(sentences)

    def _support(self) -> str:
        days, observations = self.row["active_days"], self.row["observations"]
        history = f"{_count(days, 'active day')} of history, {_count(observations, 'observation')}"
        if self._is_thin:
            return f"too little history ({history}); judged by rules that need none, and by peers"
        return f"{history}; {_count(self.row['peers'], 'peer')}"

    def _frameworks(self) -> tuple[str, ...]:
        techniques = [act["technique"] for act in self.acts]
        return tuple(dict.fromkeys([*techniques, *PrivilegeDrift.spec.frameworks]))


def _define(reader: Reader, names: Sequence[str], params: Mapping[str, Any]) -> None:
    for name in names:
        reader.define(name, _SQL / f"{name}.sql", params)


def _matched(actions: pl.DataFrame, rules: pl.DataFrame) -> pl.DataFrame:
    """A row per action and rule whose pattern knows it, with the rule's other columns."""
    name = pl.col("action").str.to_lowercase()
    matches = actions.select(
        "action",
        *(
            name.str.contains(p).alias(str(n))
            for n, p in rules.select("rule", "action_pattern").rows()
        ),
    )
    pairs = matches.unpivot(index="action", variable_name="rule", value_name="matches")
    known = pairs.filter("matches").select("action", pl.col("rule").cast(rules.schema["rule"]))
    return known.join(rules.drop("action_pattern"), on="rule").with_columns(
        pl.col("strength").cast(pl.Float64)
    )


def _scores(units: pl.DataFrame) -> pl.DataFrame:
    """The units as rows of `scores`."""
    features = [json_text(_rounded(row)) for row in units.select(_FEATURES).to_dicts()]
    return units.with_columns(
        subject_kind=pl.lit("identity"),
        subject_id=pl.col("identity_id"),
        features=pl.Series(features, dtype=pl.String),
    ).select(_SCORES)


def _rounded(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: round(value, 4) if isinstance(value, float) and math.isfinite(value) else value
        for name, value in row.items()
    }


def _by_identity(rows: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Rows by identity_id, in order."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows.to_dicts():
        groups.setdefault(row["identity_id"], []).append(row)
    return groups


def _act_sentence(act: Mapping[str, Any]) -> str:
    names = ", ".join(shown(name, limit=60) for name in act["action_names"][:4])
    refused = "" if act["succeeded"] else ", never with success"
    targets = f" on {_count(act['targets'], 'thing')}" if act["targets"] else ""
    before = (
        "never before"
        if act["days_before"] == 0
        else f"on {_count(act['days_before'], 'day')} before"
    )
    what = "changed its own permissions" if act["is_self_grant"] else _CLASSES[act["class"]]
    used = ""
    if act["is_self_grant"] and act["used_after"]:
        used = f" Then did {_count(act['used_after'], 'thing')} it could not or did not do before."
    elif act["class"] == "model" and act["used_after"]:
        used = " Then used them."
    times = _count(act["events"], "time")
    return f"It {what}: {names}, {times}{targets}{refused}; {before}.{used}"


def _new_phrase(new: Mapping[str, Any]) -> str:
    if new["is_new_service"]:
        how = "new service"
    elif new["is_new_access"]:
        how = f"first {shown(new['access'], limit=20)} in {shown(new['service'], limit=40)}"
    else:
        how = shown(new["access"], limit=20)
    refused = "" if new["succeeded"] else ", refused or failed"
    return f"{shown(new['action'], limit=60)} ({how}{refused})"


def _addition_phrase(grown: Mapping[str, Any]) -> str:
    actions = ", ".join(shown(action, limit=60) for action in grown["actions"][:3])
    return f"{grown['first_day']:%d %b}: {shown(grown['access'], limit=20)} by {actions}"


def _more(items: Sequence[Any], told: int) -> str:
    return f" and {len(items) - told} more" if len(items) > told else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number:,} {noun}s"


DETECTOR = PrivilegeDrift
