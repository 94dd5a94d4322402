"""One credential used from places, clients or by identities that do not go together."""

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
    Spec,
    Window,
    short_name,
    shown,
)

SQL = Path(__file__).parent / "sql" / "credential_reuse"
STEPS = ("uses", "usual_places", "company_networks", "shared_credentials")
"""The relations that `judged.sql` reads."""

PARTS = ("new_network", "new_country", "outside_cloud", "foreign_cloud", "new_client", "at_once")


@dataclass(frozen=True)
class CredentialReuse:
    """A credential or session that is used where its owner is not.

    Detects: a key or role session used from a network, country or hosting provider that its
        identity's history does not know, the more so at the same time as from its usual place; a
        workload's session used outside its cloud; several new clients on new hosts using one key
        beside its usual client; one key that several identities act with, one of them new to it.
        Parts are weighed (0.2 to 0.7) and joined by noisy-or.
    Assumes: source addresses of the callers, user agents, and key or session ids. A place, or a
        user of a key, counts as known from `known_days` earlier days, so a theft that goes on is
        told again on its second day and then taken as known.
    Misses: a thief inside the usual network with the usual client; a stolen session of a workload
        used inside the same cloud's address ranges; identities without a source address.
    Triage: who owns that address? Ask the owner whether a deployment, a move or a journey explains
        it. If not: revoke the session or key, look at what the odd events did, find the leak.
    Source: MITRE ATT&CK T1078.004, T1550.001, T1552.005; OWASP NHI2, NHI9; what users of other
        systems had to build by hand: the share of each network, the role instead of its session.
    """

    spec: ClassVar[Spec] = Spec(
        id="credential_reuse",
        summary="A key or session used from places, clients or by identities that do not match",
        subject_kinds=("credential", "session", "identity"),
        frameworks=(
            "ATT&CK:T1078.004",
            "ATT&CK:T1550.001",
            "OWASP-NHI:NHI2:2025",
            "OWASP-NHI:NHI9:2025",
            "OWASP-ASI:ASI03",
            "NIST-CSF:PR.AA-03",
        ),
    )

    threshold: Amount = 0.65
    """Score from which a subject is a finding."""

    known_days: Count = 2
    """Earlier days from which a network, a client, or an identity that uses a key, is known."""

    enough_days: Count = 3
    """Days of an identity's history from which something can be new to it."""

    company_identities: Count = 4
    """Identities on one network from which it is the company's own."""

    company_days: Count = 30
    """Days up to the judged one over which those identities are counted."""

    together_minutes: Count = 30
    """Uses closer in time than this are at the same time."""

    most_places: Count = 500
    """Places of a subject, the most used, with which each of its places is compared."""

    most_evidence: Count = 50
    """Events shown for a finding."""

    def detect(self, reader: Reader, window: Window) -> Judgement:
        """Judge each credential, session or identity used in the window."""
        params = {**window.params, **asdict(self)}
        for name in STEPS:
            reader.define(name, SQL / f"{name}.sql", params)
        judged = reader.query(SQL / "judged.sql", params)
        scores = judged.with_columns(
            features=pl.struct(
                *(pl.col("place").struct.field(part) for part in PARTS),
                "other_clients",
                "identities",
                "history_days",
            ).struct.json_encode()
        ).select("subject_kind", "subject_id", "identity_id", "score", "features")
        return Judgement(scores, self._findings(reader, judged, params))

    def _findings(
        self, reader: Reader, judged: pl.DataFrame, params: dict[str, Any]
    ) -> tuple[Finding, ...]:
        found = judged.filter(pl.col("score") >= self.threshold)
        reader.define(
            "found",
            found.select(
                "subject_kind",
                "subject_id",
                addresses=pl.when(pl.col("place_score") >= 0.5)
                .then(pl.col("place").struct.field("addresses"))
                .when(pl.col("other_clients") > 0)
                .then(pl.col("client_addresses"))
                .when(pl.col("identities") == 0)
                .then(pl.col("place").struct.field("addresses")),
                newcomers="newcomers",
            ),
        )
        evidence = reader.query(SQL / "evidence.sql", params)
        told = found.drop("first_seen", "last_seen").join(
            evidence, on=["subject_kind", "subject_id"]
        )
        return tuple(self._finding(row) for row in told.iter_rows(named=True))

    def _finding(self, row: dict[str, Any]) -> Finding:
        enough = row["history_days"] >= self.enough_days
        title, observed = _told(row)
        return Finding(
            subject_kind=row["subject_kind"],
            subject_id=row["subject_id"],
            identity_id=row["identity_id"],
            severity=_severity(row),
            score=row["score"],
            confidence=0.9 if enough else 0.5,
            title=f"{short_name(row['identity_id'])}: {title}",
            observed=observed,
            expected=_expected(row, enough=enough),
            support=_support(row, enough=enough),
            evidence=row["evidence"],
            first_seen=row["first_seen"],
            last_seen=row["last_seen"],
        )


def _severity(row: dict[str, Any]) -> Severity:
    if row["score"] >= 0.85 and row["identity_kind"] != "human":
        return Severity.CRITICAL
    return Severity.HIGH if row["score"] >= 0.75 else Severity.MEDIUM


def _told(row: dict[str, Any]) -> tuple[str, str]:
    """The title and what was observed, by what weighs most."""
    what = f"{row['subject_kind']} {shown(row['subject_id'], limit=60)}"
    if row["identities"] > 1:
        return (
            f"one credential used by {row['identities']} identities",
            f"On the day, {what} was used by {row['identities']} identities: "
            f"{_names(row['who'])}. New to it: {_names(row['newcomers'])}.",
        )
    if _by_clients(row):
        clients = ", ".join(shown(client, limit=40) for client in row["clients_at_once"])
        hosts = ", ".join(row["client_addresses"][:6])
        return (
            f"one credential shared by {row['other_clients'] + 1} clients at once",
            f"Beside its usual client, {what} was used at the same time with {clients}, "
            f"from addresses new to it ({hosts}).",
        )
    place = row["place"]
    where = _place(place["network"], place["country"])
    reasons = [text for part, text in _REASONS.items() if place[part]]
    other = _place(place["other_network"], place["other_country"])
    beside = f" At the same time it was used from {other}." if place["at_once"] else ""
    client = shown(place["client"]) or "no client named"
    return (
        f"used from {where}" + (" and from its usual place at once" if place["at_once"] else ""),
        f"{place['events']} events of {what} came from {where} "
        f"({', '.join(place['addresses'][:5])}) with {client}: "
        f"{', '.join(reasons)}.{beside}",
    )


def _by_clients(row: dict[str, Any]) -> bool:
    """Whether it is the clients, rather than the places, that do not go together."""
    return bool(row["other_clients"] > 0 and row["place_score"] < 0.5)


_REASONS = {
    "new_network": "a network new to it",
    "new_country": "a country new to it",
    "outside_cloud": "outside the cloud it lives in",
    "foreign_cloud": "a cloud or hosting provider new to it",
    "new_client": "a client new to it",
    "at_once": "at the same time as from elsewhere",
}


def _expected(row: dict[str, Any], *, enough: bool) -> str:
    if row["identities"] > 1:
        return "A credential belongs to one identity."
    if not enough:
        return "A credential is used from one place at a time."
    networks = ", ".join(shown(n, limit=40) for n in sorted(row["usual_networks"] or [])[:6])
    countries = ", ".join(sorted(row["usual_countries"] or [])[:6]) or "unknown"
    clients = ", ".join(shown(c, limit=40) for c in sorted(row["usual_clients"] or [])[:6])
    return f"Networks {networks}; countries {countries}; clients {clients or 'unknown'}."


def _support(row: dict[str, Any], *, enough: bool) -> str:
    history = f"{row['history_events']} events on {row['history_days']} days of this identity"
    if row["subject_kind"] == "credential":
        history += f", {row['credential_days']} days of this credential"
    return history if enough else f"too little history ({history}); judged within the day"


def _names(identities: list[str]) -> str:
    """The first few of them, and how many more there are."""
    more = f" and {len(identities) - 5} more" if len(identities) > 5 else ""
    return ", ".join(short_name(identity) for identity in identities[:5]) + more


def _place(network: str | None, country: str | None) -> str:
    return f"{shown(network, limit=40)} ({country})" if country else shown(network, limit=40)


DETECTOR = CredentialReuse
