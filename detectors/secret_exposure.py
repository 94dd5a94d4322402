"""Secrets in what agents are asked, read and send, and their use as a credential afterwards."""

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
from pipeline.schemas import FINGERPRINT

SQL = Path(__file__).parent / "sql" / "secret_exposure"
STEPS = ("kinds", "units", "secrets_today", "handled", "exposures")
"""The relations that `judged.sql` and `uses.sql` read, each after those it reads."""

SCORES = ("subject_kind", "subject_id", "identity_id", "score", "features")
_TOOL = 60
"""Letters of a tool's name that are told."""


@dataclass(frozen=True)
class SecretExposure:
    """A secret in the open between a person, an agent and its tools, and who uses it then.

    Detects: private keys, access keys, providers' tokens, JWTs, passwords and other values that a
        word beside them calls secret: pasted into a prompt, returned by a tool, sent as an argument
        of a tool that does not authenticate, worst when an argument carries on what a result
        brought. Then the other end: a credential exposed on the day or in the history that is in
        use after it, from a place or by an identity that did not use it before, or (told on its
        first `known_days` days) as never before. Examples, templates and words are none; what an
        agent handles on other days as well counts less.
    Assumes: the texts of prompts, arguments and results are in the log. Where it keeps none, or
        only their hashes, nothing can be found; the score's feature `readable` is then 0. The two
        ends are joined where the log names the credential as the secret does: an access key id, a
        JWT's jti or sub, the SHA-256 of a token (hex or base64).
    Misses: secrets of unknown form that no word calls secret; secrets cut in pieces, encoded or
        spelt out; passwords that are plain words; session cookies; what stands in a cloud's own
        records (request parameters, user data); keys whose log shows another name for them; the
        use of what was exposed longer ago than the history reaches.
    Triage: revoke first, then ask. Who can read that run's log, and where did the tool send it?
        Look at what the credential did after the moment of exposure. If the agent has to handle
        secrets: let a vault's reference pass through the model, and never the value.
    Source: the forms of tokens as their providers publish them, checked against Yelp's
        detect-secrets; OWASP NHI2; MITRE ATT&CK T1552, ATLAS AML.T0055 and AML.T0098; times from
        leak to abuse of minutes, as measured on leaked AWS keys.
    """

    spec: ClassVar[Spec] = Spec(
        id="secret_exposure",
        summary="A secret in a prompt, a tool's result or its arguments, and its use afterwards",
        subject_kinds=("trace", "session", "identity", "credential"),
        frameworks=(
            "OWASP-NHI:NHI2:2025",
            "OWASP-ASI:ASI03",
            "ATT&CK:T1552",
            "ATLAS:AML.T0055",
            "MAESTRO:L2",
            "NIST-AI-RMF:MEASURE 2.7",
            "NIST-CSF:PR.AA-01",
        ),
    )

    threshold: Amount = 0.6
    """Score from which a run or a credential is a finding."""

    prompt_weight: Share = 0.95
    """How much a secret counts in a prompt, against one sent as an argument."""

    result_weight: Share = 0.8
    """The same in a tool's result."""

    login_weight: Share = 0.2
    """The same in an argument of a tool that authenticates, where secrets belong."""

    carried_weight: Share = 0.55
    """What is added, of the rest to 1, where an argument carries on what a result brought."""

    known_days: Count = 2
    """Earlier days from which an identity's handling of a secret, or of its kind, is usual; or
    the use of a credential that was not used before its exposure."""

    known_secret_share: Share = 0.2
    """How much of the score is left where the very secret was handled there before."""

    known_kind_share: Share = 0.5
    """How much is left where others of its kind were."""

    foreign_use: Share = 0.97
    """Score of a use, after the exposure, from where or by whom it was not used before."""

    first_use: Share = 0.9
    """Score of the first use that is known of a credential at all, after its exposure."""

    usual_use: Share = 0.4
    """Score of an exposed credential that is used on as before."""

    name_only_share: Share = 0.65
    """How much of that counts where only the key's id was exposed and not its secret."""

    most_evidence: Count = 30
    """Events shown for a finding."""

    def detect(self, reader: Reader, window: Window) -> Judgement:
        """Judge the runs of the window, and the exposed credentials in use in it."""
        params = {**window.params, **asdict(self), "fingerprint": FINGERPRINT}
        for name in STEPS:
            reader.define(name, SQL / f"{name}.sql", params)
        runs = reader.query(SQL / "judged.sql", params).sort("subject_kind", "subject_id")
        uses = reader.query(SQL / "uses.sql", params).sort("subject_id")
        found = runs.filter(pl.col("score") >= self.threshold)
        findings = [self._exposed(row) for row in found.iter_rows(named=True)]
        findings += self._used(reader, uses.filter(pl.col("score") >= self.threshold), params)
        return Judgement(pl.concat([_run_scores(runs), _use_scores(uses)]), tuple(findings))

    def _exposed(self, run: dict[str, Any]) -> Finding:
        worst = run["worst"]
        return Finding(
            subject_kind=run["subject_kind"],
            subject_id=run["subject_id"],
            identity_id=run["identity_id"],
            severity=_severity(run),
            score=run["score"],
            confidence=0.6 if worst["kind"] in ("password", "named secret") else 0.9,
            title=f"{_name(run['identity_id'])}: {_where(worst)}",
            observed=f"{_secret(worst)} {_place(worst)}."
            + (f" {run['secrets']} different secrets in this run." if run["secrets"] > 1 else ""),
            expected=_expected(worst),
            support=_support(run),
            evidence=list(dict.fromkeys(run["evidence"]))[: self.most_evidence],
            first_seen=run["first_seen"],
            last_seen=run["last_seen"],
        )

    def _used(self, reader: Reader, found: pl.DataFrame, params: dict[str, Any]) -> list[Finding]:
        """Findings of exposed credentials in use: both ends in the evidence."""
        if found.is_empty():
            return []
        reader.define(
            "found_uses",
            found.select(
                "subject_id", "exposed_at", "is_foreign", "usual_identities", "usual_networks"
            ),
        )
        evidence = reader.query(SQL / "use_evidence.sql", params)
        rows = found.join(evidence, on="subject_id", how="inner", maintain_order="left")
        return [_in_use(row) for row in rows.iter_rows(named=True)]


def _run_scores(runs: pl.DataFrame) -> pl.DataFrame:
    return runs.with_columns(
        features=pl.struct(
            "secrets",
            "is_carried",
            "texts",
            "readable",
            kind=pl.col("worst").struct.field("kind"),
            place=pl.col("worst").struct.field("place"),
            tool=pl.col("worst").struct.field("tool_name").str.head(_TOOL),
            fingerprint=pl.col("worst").struct.field("fingerprint"),
        ).struct.json_encode()
    ).select(SCORES)


def _use_scores(uses: pl.DataFrame) -> pl.DataFrame:
    return uses.with_columns(
        features=pl.struct(
            "is_foreign", "is_name_only", "usual_days", "is_since", "events", "kind", "fingerprint"
        ).struct.json_encode()
    ).select(SCORES)


def _name(identity: str) -> str:
    """An identity as people call it: an ARN by its last part."""
    return shown(identity.rsplit("/", 1)[-1] if identity.startswith("arn:") else identity, limit=60)


def _severity(run: dict[str, Any]) -> Severity:
    opens_much = run["score"] >= 0.8
    return Severity.HIGH if run["worst"]["is_carried"] or opens_much else Severity.MEDIUM


def _secret(told: dict[str, Any]) -> str:
    """The secret, without what it is: its kind, mask and the start of its fingerprint."""
    masked = shown(told["masked"], limit=40)
    return f"{_article(told['kind'])}, {masked}, fingerprint {told['fingerprint'][:8]},"


def _article(kind: str) -> str:
    return f"An {kind}" if kind[0] in "AO" else f"A {kind}"


def _where(worst: dict[str, Any]) -> str:
    """The title's end: what the agent did with which kind of secret."""
    kind, tool = _article(worst["kind"]).lower().replace(worst["kind"].lower(), worst["kind"]), ""
    if worst["tool_name"]:
        tool = shown(worst["tool_name"], limit=_TOOL)
    if worst["place"] == "prompt":
        return f"{kind} pasted into a prompt"
    if worst["place"] == "result":
        return f"{kind} returned by {tool or 'a tool'}"
    if worst["is_carried"]:
        return f"{kind} read from one tool and sent to {tool or 'another'}"
    return f"{kind} sent to {tool or 'a tool'}"


def _place(worst: dict[str, Any]) -> str:
    tool = shown(worst["tool_name"] or "a tool", limit=_TOOL)
    if worst["place"] == "prompt":
        return "stood in the prompt of the run"
    if worst["place"] == "result":
        return f"came back from {tool} and is in the model's context"
    if worst["is_carried"]:
        return f"came back from a tool and was then sent as an argument of {tool}"
    return f"was sent as an argument of {tool}"


def _expected(worst: dict[str, Any]) -> str:
    if worst["kind_days"]:
        return (
            f"Secrets of this kind were seen there on {worst['kind_days']} earlier days, "
            f"this one on {worst['secret_days']}."
        )
    return "No secret of this kind was seen there before; agents need none in their texts."


def _support(row: dict[str, Any]) -> str:
    days = row["history_days"]
    if days == 0:
        return "too little history (this identity was never seen before); the rule needs none"
    # Roll-ups know secrets, and not which days had texts that none was in.
    return f"{days} earlier days of this identity, as far as their texts were logged"


def _in_use(use: dict[str, Any]) -> Finding:
    exposed = f"{use['exposed_at']:%Y-%m-%d %H:%M} UTC"
    exposer = _name(use["exposer"])
    places = ", ".join(shown(place, limit=40) for place in (use["foreign_places"] or [])[:5])
    name = shown(use["subject_id"], limit=60)
    how = (f"from {places}" if places else "by another identity") if use["is_foreign"] else ""
    return Finding(
        subject_kind="credential",
        subject_id=use["subject_id"],
        identity_id=use["identity_id"],
        severity=Severity.HIGH if use["is_name_only"] else Severity.CRITICAL,
        score=use["score"],
        confidence=0.7 if use["is_name_only"] else 0.95,
        title=f"{_name(use['identity_id'])}: credential {f'used {how}' if how else 'first used'} "
        f"after {exposer} exposed it",
        observed=f"{_secret(use)} {_place({**use, 'is_carried': False})} of {exposer} "
        f"at {exposed}. After it, {name} was used {how or 'as never before'}: "
        f"{use['events']} events on the day.",
        expected=_usual_use(use),
        support=f"{use['usual_days']} days of use {'since' if use['is_since'] else 'before'} the "
        "exposure"
        if use["usual_days"]
        else "too little history (no earlier use); the rule needs none",
        evidence=[use["used_by"][0], use["exposed_by"], *use["used_by"][1:]],
        first_seen=min(use["exposed_at"], use["first_used"]),
        last_seen=use["last_used"],
    )


def _usual_use(use: dict[str, Any]) -> str:
    if not use["usual_days"]:
        return "No use of this credential is known before the exposure."
    places = ", ".join(shown(place, limit=40) for place in (use["usual_networks"] or [])[:5])
    who = ", ".join(_name(identity) for identity in use["usual_identities"][:5])
    when = "Since the exposure" if use["is_since"] else "Before the exposure"
    return f"{when} it was used from {places or 'places the log does not name'} by {who}."


DETECTOR = SecretExposure
