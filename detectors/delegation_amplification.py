"""Chains of users, agents and roles where the end does what the start could not, or never did."""

from __future__ import annotations

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

SQL = Path(__file__).parent / "sql" / "delegation_amplification"
DRIFT_SQL = Path(__file__).parent / "sql" / "privilege_drift"
"""What an action adds to what one can do is said once, for both detectors."""

STEPS = (
    "agent_operations",
    "delegated_today",
    "delegated_before",
    "edges",
    "own_acts",
    "acts",
    "depths",
)
"""The relations that `chains.sql` reads, each after those it reads."""

SCORES = ("subject_kind", "subject_id", "identity_id", "score", "features")


@dataclass(frozen=True)
class DelegationAmplification:
    """Somebody gains through others what is not theirs.

    Detects: acts at the end of a chain of delegation (a user's agent, an agent's agent, a role
        taken on by a role) that somebody on the chain was refused, or that neither this start nor
        this hand-over ever led to, the more so where the end serves few others and the act weighs
        much; chains deeper than its start's usually go; a start that reaches many identities it
        never reached; an agent that always acted for a user and now acts for nobody.
    Assumes: the log tells for whom (on_behalf_of), or which credential a hand-over issued; traces
        keep their parents. An edge is usual from `known_days` earlier days; what an end does for
        everybody is no gain of one of them.
    Misses: what passes between agents outside the log (a queue, a shared file); a start that is
        another name in another log; refusals of the same thing under another action's name; an
        amplification that is old enough to be usual; sessions of roles whose log does not show the
        credential that was issued; a session that begins on a day whose log arrives after the next
        day was rolled up.
    Triage: did the start ask for that, and may it have it? Read the chain from its start, and look
        at each hand-over: who allowed it, and does the end check for whom it acts? If not: bind the
        end to the caller's own rights (token exchange, session policy), take back the hand-over.
    Source: the confused deputy (Hardy 1988); OWASP ASI03, T3 and T9; RFC 8693 on delegation and
        impersonation; users of other systems: baseline the pair and not its ends. Medians and MAD
        with a floor; noisy-or as in Pearl 1988.
    """

    spec: ClassVar[Spec] = Spec(
        id="delegation_amplification",
        summary="A chain of users, agents and roles does what its start could not or never did",
        subject_kinds=("chain", "identity"),
        frameworks=(
            "OWASP-ASI:ASI03",
            "OWASP-ASI:ASI07",
            "OWASP-AAI-TM-1.1:T3",
            "OWASP-AAI-TM-1.1:T9",
            "ATT&CK:T1548.005",
            "ATT&CK:T1078.004",
            "MAESTRO:L7",
            "NIST-AI-RMF:GOVERN 3.2",
            "NIST-CSF:PR.AA-05",
        ),
    )

    threshold: Amount = 0.6
    """Score from which a chain or an identity is a finding."""

    known_days: Count = 2
    """Earlier days from which a hand-over, or an act through it, is usual."""

    few_days: Count = 3
    """Fewer days of history than this are too little to say what is usual."""

    known_edge_share: Share = 0.4
    """How much an act that is new to the end counts on a hand-over that is usual."""

    open_starts: Amount = 2.0
    """Starts that an end must have served for one more to be half expected."""

    own_act_share: Share = 0.1
    """How much an act counts that the start does by itself as well."""

    silent_start_share: Share = 0.7
    """How much it counts where the start has no acts of its own in the log to compare with."""

    new_end_share: Share = 0.6
    """How much where the end is new itself: a deployment has new ends."""

    thin_share: Share = 0.35
    """How much where neither start nor end has a history."""

    human_share: Share = 0.5
    """How much where the end is a person, who signs in with a role."""

    denied_share: Share = 0.4
    """How much an act that was refused counts, of one that succeeded."""

    refused_weight: Share = 0.9
    """Score of the strongest act that somebody on the chain was refused before."""

    known_refusal_share: Share = 0.3
    """How much of that is left where the act is usual on this chain, or where a person took on a
    usual role for what it does for others."""

    depth_weight: Share = 0.6
    """The most that depth adds."""

    depth_floor: Amount = 0.75
    """Floor under the spread of depths, in hand-overs."""

    depth_scale: Amount = 1.5
    """Spreads beyond the first at which depth counts 1 - 1/e of its most."""

    fan_out_floor: Amount = 1.0
    """Floor under the spread of the number of identities reached a day."""

    fan_out_scale: Amount = 2.0
    """As depth_scale, for fan-out, beyond the second spread."""

    least_carried: Share = 0.9
    """Share of an identity's earlier events done for somebody, from which none is a loss."""

    lost_base: Share = 0.4
    """Score of acts for nobody before their strength counts."""

    most_evidence: Count = 30
    """Events shown for a finding."""

    def detect(self, reader: Reader, window: Window) -> Judgement:
        """Judge the chains of the window, the fan-out of their starts, and lost users."""
        params = {**window.params, **asdict(self)}
        for name in ("access_weights", "sensitive_actions"):
            reader.define(name, DRIFT_SQL / f"{name}.sql")
        for name in STEPS:
            reader.define(name, SQL / f"{name}.sql", params)
        chains = reader.query(SQL / "chains.sql", params).sort("start_id", "identity_id")
        for name in ("fan_out", "lost_context"):
            reader.define(name, SQL / f"{name}.sql", params)
        identities = reader.query(SQL / "identities.sql").sort("identity_id")
        return Judgement(
            pl.concat([_chain_scores(chains), _identity_scores(identities)]),
            (*self._amplified(reader, chains, params), *self._strayed(reader, identities, params)),
        )

    def _amplified(
        self, reader: Reader, chains: pl.DataFrame, params: dict[str, Any]
    ) -> list[Finding]:
        """Findings of chains, with the refusals that they went around."""
        rows = chains.filter(pl.col("score") >= self.threshold).to_dicts()
        refused = [
            {"identity_id": act["refused_id"], "action": act["action"]}
            for row in rows
            for act in row["new_acts"] or []
            if act["refused_id"]
        ]
        refusals = {}
        if refused:
            reader.define("found_refusals", pl.DataFrame(refused))
            evidence = reader.query(SQL / "refusal_evidence.sql", params)
            refusals = {(who, action): event_id for who, action, event_id in evidence.rows()}
        return [self._chain(row, refusals) for row in rows]

    def _chain(self, chain: dict[str, Any], refusals: dict[tuple[str, str], str]) -> Finding:
        acts, refused = chain["new_acts"] or [], chain["refused_actions"] > 0
        shown_first = [
            event_id
            for act in acts
            if (event_id := refusals.get((act["refused_id"], act["action"])))
        ]
        is_thin = min(chain["start_days"], chain["end_days"]) < self.few_days
        techniques = [act["technique"] for act in acts if act["technique"]]
        return Finding(
            subject_kind="chain",
            subject_id=_chain_id(chain),
            identity_id=chain["identity_id"],
            severity=_severity(chain["score"], refused=refused, is_thin=is_thin),
            score=chain["score"],
            confidence=0.9 if refused else 0.5 if is_thin else 0.75,
            title=_chain_title(chain, acts),
            observed=_chain_observed(chain, acts),
            expected=_chain_expected(chain),
            support=_support(chain["start_days"], chain["end_days"], is_thin=is_thin),
            evidence=list(dict.fromkeys([*shown_first, *chain["evidence"]]))[: self.most_evidence],
            first_seen=chain["first_seen"],
            last_seen=chain["last_seen"],
            frameworks=tuple(dict.fromkeys([*techniques, *self.spec.frameworks])),
        )

    def _strayed(
        self, reader: Reader, identities: pl.DataFrame, params: dict[str, Any]
    ) -> list[Finding]:
        """Findings of identities that reach too many others, or lost their user."""
        found = identities.filter(pl.col("score") >= self.threshold)
        if found.is_empty():
            return []
        lost = found.filter(pl.col("lost_score") >= pl.col("fan_out_score"))
        reader.define("found_lost", lost.select("identity_id"))
        evidence = reader.query(SQL / "lost_evidence.sql", params)
        lost = lost.drop("evidence", "first_seen", "last_seen").join(evidence, on="identity_id")
        fanned = found.filter(pl.col("lost_score") < pl.col("fan_out_score"))
        return [
            *(self._lost(row) for row in lost.iter_rows(named=True)),
            *(self._fanned(row) for row in fanned.iter_rows(named=True)),
        ]

    def _fanned(self, start: dict[str, Any]) -> Finding:
        reached = _names(start["reached"])
        is_thin = start["days"] < self.few_days
        return Finding(
            subject_kind="identity",
            subject_id=start["identity_id"],
            identity_id=start["identity_id"],
            severity=Severity.LOW if is_thin else Severity.MEDIUM,
            score=start["score"],
            confidence=0.5 if is_thin else 0.75,
            title=f"{_name(start['identity_id'])} reached {start['new_ends']} identities "
            "it never acted through before",
            observed=f"{start['ends']} identities acted for it on the day, {start['new_ends']} "
            f"of them for the first time: {reached}.",
            expected=f"{start['usual']:.0f} a day in the median"
            + (" of all who hand over." if is_thin else " of its earlier days."),
            support=f"{'too little history: ' if is_thin else ''}{start['days']} earlier days",
            evidence=list(dict.fromkeys(start["evidence"]))[: self.most_evidence],
            first_seen=start["first_seen"],
            last_seen=start["last_seen"],
        )

    def _lost(self, agent: dict[str, Any]) -> Finding:
        actions = ", ".join(shown(action, limit=60) for action in agent["actions"][:6])
        return Finding(
            subject_kind="identity",
            subject_id=agent["identity_id"],
            identity_id=agent["identity_id"],
            severity=Severity.MEDIUM,
            score=agent["score"],
            confidence=0.75,
            title=f"{_name(agent['identity_id'])} acted for nobody; it always acted for a user",
            observed=f"{agent['lost_events']} events that name nobody they were done for: "
            f"{actions}.",
            expected=f"{agent['carried_share']:.0%} of its earlier events name for whom; "
            f"{agent['uncarried_days']} of {agent['lost_days']} days had some that did not.",
            support=f"{agent['lost_days']} earlier days of this identity",
            evidence=agent["evidence"],
            first_seen=agent["first_seen"],
            last_seen=agent["last_seen"],
        )


def _chain_scores(chains: pl.DataFrame) -> pl.DataFrame:
    return chains.with_columns(
        subject_kind=pl.lit("chain"),
        subject_id=pl.concat_str("start_id", "identity_id", separator=" → "),
        features=pl.struct(
            "amplification",
            "depth_part",
            "depth",
            "usual_depth",
            "edge_days",
            "starts",
            "actions",
            "new_actions",
            "refused_actions",
            "events",
        ).struct.json_encode(),
    ).select(SCORES)


def _identity_scores(identities: pl.DataFrame) -> pl.DataFrame:
    return identities.with_columns(
        subject_kind=pl.lit("identity"),
        subject_id="identity_id",
        features=pl.struct(
            "fan_out_score",
            "lost_score",
            "ends",
            "new_ends",
            "usual",
            "lost_events",
            "carried_share",
            "uncarried_days",
        ).struct.json_encode(),
    ).select(SCORES)


def _severity(score: float, *, refused: bool, is_thin: bool) -> Severity:
    if refused:
        return Severity.CRITICAL if score >= 0.9 else Severity.HIGH
    if is_thin:
        return Severity.LOW
    return Severity.HIGH if score >= 0.85 else Severity.MEDIUM


def _chain_id(chain: dict[str, Any]) -> str:
    return f"{chain['start_id']} → {chain['identity_id']}"


def _chain_title(chain: dict[str, Any], acts: list[dict[str, Any]]) -> str:
    end, start = _name(chain["identity_id"]), _name(chain["start_id"])
    if end == start:
        end, start = (shown(chain[side], limit=60) for side in ("identity_id", "start_id"))
    refused = next((act for act in acts if act["refused_id"]), None)
    if refused is not None:
        what = shown(refused["action"], limit=50)
        return f"{end} did for {start} what {_name(refused['refused_id'])} was refused: {what}"
    if chain["depth_part"] > chain["amplification"] or not acts:
        return f"{end} acted for {start} through {_count(chain['depth'], 'hand-over')}"
    what = shown(acts[0]["action"], limit=50)
    return f"{end} did for {start} what {start} never did: {what}"


def _chain_observed(chain: dict[str, Any], acts: list[dict[str, Any]]) -> str:
    way = " → ".join(_name(hand) for hand in chain["path"])
    told = "; ".join(_act(act) for act in acts[:6])
    more = f" and {len(acts) - 6} more" if len(acts) > 6 else ""
    return f"Chain: {way}." + (f" At its end: {told}{more}." if acts else "")


def _act(act: dict[str, Any]) -> str:
    """One act: its name, level, count, and what its start knows of it."""
    name, access = shown(act["action"], limit=60), shown(act["access"], limit=20)
    outcome = "" if act["succeeded"] else ", never with success"
    refused = f", refused to {_name(act['refused_id'])} itself" if act["refused_id"] else ""
    return f"{name} ({access}, {_count(act['events'], 'time')}{outcome}{refused})"


def _chain_expected(chain: dict[str, Any]) -> str:
    known = "This hand-over was never used before"
    if chain["edge_days"]:
        known = f"This hand-over was used on {_count(chain['edge_days'], 'earlier day')}"
    usual = ""
    if chain["usual_depth"] is not None:
        hands = _count(round(chain["usual_depth"]), "hand-over")
        usual = f"; chains of this start usually take {hands}"
    starts = _count(chain["starts"], "start")
    return f"{known}; the end acted for {starts} in that time{usual}."


def _support(start_days: int, end_days: int, *, is_thin: bool) -> str:
    days = f"{_count(start_days, 'earlier day')} of the start, {end_days} of the end"
    return f"too little history ({days})" if is_thin else days


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number:,} {noun}s"


def _name(identity: str) -> str:
    """The part of an id that people know: what stands after the last slash or colon."""
    text = shown(identity, limit=300).rstrip("/:")
    return shown(text.rsplit("/", 1)[-1].rsplit(":", 1)[-1] or text, limit=60)


def _names(identities: list[str] | None) -> str:
    told = [_name(identity) for identity in identities or []]
    return ", ".join(told[:8]) + (f" and {len(told) - 8} more" if len(told) > 8 else "")


DETECTOR = DelegationAmplification
