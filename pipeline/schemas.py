"""Every table of the lake: column, type, unit, meaning. The data dictionary is made from it.

Names follow OCSF's vocabulary where it has a word. Times are UTC microseconds. A type is a
DuckDB type name, because that is what users query with; `Table.arrow_schema` is the same as
Arrow, which is what is written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pyarrow as pa

_ARROW_TYPES: dict[str, pa.DataType] = {
    "VARCHAR": pa.string(),
    "VARCHAR[]": pa.list_(pa.string()),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMPTZ": pa.timestamp("us", tz="UTC"),
}


@dataclass(frozen=True)
class Column:
    """One column: its name, DuckDB type, meaning, and unit or set of values where it has one."""

    name: str
    type: str
    meaning: str
    unit: str = ""


@dataclass(frozen=True)
class Table:
    """One table of the lake.

    `key` is what makes a row unique; `partition_by` the folders its files lie in.
    """

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    partition_by: tuple[str, ...] = field(default=())

    @property
    def arrow_schema(self) -> pa.Schema:
        """The table's columns as Arrow types, in order, all nullable."""
        return pa.schema([(c.name, _ARROW_TYPES[c.type]) for c in self.columns])

    def frame(self, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
        """Rows as a frame with the table's columns and types."""
        return pl.DataFrame(rows, schema=pl.DataFrame(self.arrow_schema.empty_table()).schema)

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)


IDENTITY_KINDS = (
    "human",
    "service_account",
    "workload",
    "agent",
    "cloud_service",
    "anonymous",
    "unknown",
)
CREDENTIAL_KINDS = (
    "long_lived_key",
    "session_token",
    "oidc_token",
    "svid",
    "api_key",
    "personal_token",
    "password",
    "lease",
    "none",
)
ACCESS_LEVELS = ("read", "list", "write", "permission", "auth", "execute", "delegate", "other")
CAPABILITIES = (
    "other",
    "infer",
    "read",
    "retrieve",
    "write",
    "execute",
    "send_out",
    "approve",
    "spend",
    "move_laterally",
    "grant",
)
"""What an identity does, the least of it first; `pipeline/views/capability_classes.sql` has what
each is. Asking a model (infer) is neither data access nor action."""
FINGERPRINT = r"\b[zZ]q[0-9a-f]{12}\b"
"""What stands for a word in a text that is kept as a fingerprint (a regular expression)."""
OUTCOMES = ("success", "denied", "failure", "unknown")


def _c(name: str, type_: str, meaning: str, unit: str = "") -> Column:
    return Column(name, type_, meaning, unit)


EVENTS = Table(
    name="events",
    meaning="One thing one identity did, or tried to do, as one log wrote it.",
    key=("source", "event_id"),
    partition_by=("source", "event_date"),
    columns=(
        _c("event_id", "VARCHAR", "The source's own id of the event; unique within the source"),
        _c("event_time", "TIMESTAMPTZ", "When it happened", "UTC"),
        _c("event_date", "DATE", "The UTC day of event_time; a partition"),
        _c("ingested_at", "TIMESTAMPTZ", "When nhiwatch wrote it", "UTC"),
        _c("source", "VARCHAR", "Which log it comes from; a partition"),
        _c("source_file", "VARCHAR", "The file it came in"),
        _c("fingerprint", "VARCHAR", "That file's fingerprint in `ingests`"),
        _c("record_index", "BIGINT", "Its record in that file", "0-based"),
        _c("identity_id", "VARCHAR", "Who acted, stable across sessions: the role, the agent"),
        _c("identity_name", "VARCHAR", "That identity's short name, for people"),
        _c("identity_kind", "VARCHAR", "What kind of identity", " | ".join(IDENTITY_KINDS)),
        _c("on_behalf_of", "VARCHAR", "For whom it acted: a user, a calling agent, a service"),
        _c("session_id", "VARCHAR", "The role session, conversation or trace"),
        _c("trace_id", "VARCHAR", "The run of an agent, or the request chain, this belongs to"),
        _c("parent_id", "VARCHAR", "event_id of the event that caused this one"),
        _c("credential_id", "VARCHAR", "Key id, jti, accessor or salted hash; never a secret"),
        _c("credential_kind", "VARCHAR", "What kind of credential", " | ".join(CREDENTIAL_KINDS)),
        _c("credential_issued_at", "TIMESTAMPTZ", "When the credential was issued", "UTC"),
        _c("credential_expires_at", "TIMESTAMPTZ", "When it ends", "UTC"),
        _c("action", "VARCHAR", "What was done: service:Operation in a cloud, the tool's name"),
        _c("service", "VARCHAR", "The service, MCP server or agent framework that was asked"),
        _c("access", "VARCHAR", "What the action can do", " | ".join(ACCESS_LEVELS)),
        _c("tool_name", "VARCHAR", "The tool an agent called"),
        _c("resource_id", "VARCHAR", "What it was done to"),
        _c("resource_kind", "VARCHAR", "What kind of thing that is"),
        _c("account_id", "VARCHAR", "The cloud account, project, tenant or environment"),
        _c("region", "VARCHAR", "The cloud's region"),
        _c("outcome", "VARCHAR", "How it ended", " | ".join(OUTCOMES)),
        _c("error_code", "VARCHAR", "The source's error code, if it failed"),
        _c("policy_engine", "VARCHAR", "Which policy engine decided"),
        _c("policy_decision", "VARCHAR", "What it decided", "allow | deny"),
        _c("policy_id", "VARCHAR", "By which policy"),
        _c("source_ip", "VARCHAR", "The address it came from"),
        _c("network", "VARCHAR", "Who owns that address: the operator's name, private, or service"),
        _c("country", "VARCHAR", "Where the address is", "ISO 3166-1 alpha-2"),
        _c("cloud", "VARCHAR", "The cloud the address belongs to, null if none"),
        _c("user_agent", "VARCHAR", "The client as it named itself"),
        _c("client", "VARCHAR", "The client's family: SDK, CLI, console, browser, tool"),
        _c("model", "VARCHAR", "The language model asked or acting"),
        _c("input_tokens", "BIGINT", "Tokens the model read", "tokens"),
        _c("output_tokens", "BIGINT", "Tokens the model wrote", "tokens"),
        _c("prompt", "VARCHAR", "What the user (or the calling agent) asked"),
        _c("tool_arguments", "VARCHAR", "The tool call's arguments, as JSON text"),
        _c("tool_result", "VARCHAR", "What the tool returned"),
        _c("raw", "VARCHAR", "The record as it came, as JSON text"),
    ),
)

REJECTS = Table(
    name="rejects",
    meaning="What could not be read. Nothing is dropped silently.",
    key=("source_file", "fingerprint", "record_index", "reason"),
    columns=(
        _c("source_file", "VARCHAR", "The file it came in"),
        _c("fingerprint", "VARCHAR", "That file's fingerprint in `ingests`"),
        _c(
            "record_index",
            "BIGINT",
            "Its record in that file; -1 for the file as a whole",
            "0-based",
        ),
        _c("source", "VARCHAR", "The source the file was taken for, null if none"),
        _c("reason", "VARCHAR", "Why it was rejected: what was expected, what came"),
        _c("text", "VARCHAR", "The text as it came, cut to the setting reject_text_bytes"),
        _c("text_bytes", "BIGINT", "How long the whole text was", "bytes"),
        _c("rejected_at", "TIMESTAMPTZ", "When", "UTC"),
    ),
)

INGESTS = Table(
    name="ingests",
    meaning="Every file seen.",
    key=("source_file", "fingerprint"),
    columns=(
        _c("source_file", "VARCHAR", "The file; a log that was renamed keeps its first name"),
        _c("fingerprint", "VARCHAR", "Its content hash; of a log of lines, of how it begins"),
        _c("bytes", "BIGINT", "Its size as it lies there", "bytes"),
        _c("source", "VARCHAR", "What it was recognised as, null if nothing"),
        _c(
            "records",
            "BIGINT",
            "Records found in it; of a copy, which is not read, those that are no rejects",
            "records",
        ),
        _c("events", "BIGINT", "Events it brought that the lake did not have", "events"),
        _c(
            "duplicates",
            "BIGINT",
            "Events in it that another record, of any file, had brought",
            "events",
        ),
        _c("rejects", "BIGINT", "Records (or remains) rejected", "records"),
        _c("first_event_at", "TIMESTAMPTZ", "Its earliest event", "UTC"),
        _c("last_event_at", "TIMESTAMPTZ", "Its latest event", "UTC"),
        _c("ingested_at", "TIMESTAMPTZ", "When it was done", "UTC"),
        _c("run_id", "VARCHAR", "The run that did it"),
        _c("replayed_at", "TIMESTAMPTZ", "When rejects of it were last replayed", "UTC"),
        _c("read_to", "BIGINT", "How far a log of lines is read, of its plain content", "bytes"),
        _c(
            "next_record",
            "BIGINT",
            "The record that comes there; a reject from it on is what the log ended in",
            "0-based",
        ),
        _c("edges", "VARCHAR", "Hash of its bytes at its beginning and before read_to"),
        _c(
            "content",
            "VARCHAR",
            "Content hash when last read, of a log that is not plain on disk; empty while an "
            "ingest is not through with the file, or if it broke off",
        ),
    ),
)

IN_PART = ""
"""The `content` of a file in `ingests` that an ingest has not come to the end of."""

LISTINGS = Table(
    name="listings",
    meaning="How far folders of buckets are listed, every log in them brought in.",
    key=("path", "folder", "last_day"),
    columns=(
        _c("path", "VARCHAR", "The path that was given"),
        _c("folder", "VARCHAR", "The folder under which days lie, a key with its slash"),
        _c("last_day", "DATE", "The last of its days that is listed"),
        _c("name_form", "VARCHAR", "How its files' names begin (strftime), if these hold the days"),
        _c("listed_at", "TIMESTAMPTZ", "When it was done", "UTC"),
        _c("run_id", "VARCHAR", "The run that did it"),
    ),
)

_DAY = (
    _c("source", "VARCHAR", "Which log; a partition"),
    _c("event_date", "DATE", "The UTC day; a partition"),
)
_IDENTITY = (
    _c("identity_id", "VARCHAR", "The identity"),
    _c("identity_kind", "VARCHAR", "Its kind", " | ".join(IDENTITY_KINDS)),
)
_SEEN = (
    _c("events", "BIGINT", "How many events", "events"),
    _c("first_seen", "TIMESTAMPTZ", "The first of them", "UTC"),
    _c("last_seen", "TIMESTAMPTZ", "The last of them", "UTC"),
)

DAILY_IDENTITY = Table(
    name="daily_identity",
    meaning="What one identity did in one day, in numbers.",
    key=("source", "event_date", "identity_id"),
    partition_by=("source", "event_date"),
    columns=(
        *_DAY,
        *_IDENTITY,
        _c("identity_name", "VARCHAR", "Its short name"),
        _c("account_id", "VARCHAR", "The account it acted in most"),
        *_SEEN,
        _c("denied", "BIGINT", "Of them, denied", "events"),
        _c("failed", "BIGINT", "Of them, failed otherwise", "events"),
        _c("reads", "BIGINT", "Successful reads and lists", "events"),
        _c("writes", "BIGINT", "Successful writes", "events"),
        _c("permissions", "BIGINT", "Successful changes of permissions", "events"),
        _c("executes", "BIGINT", "Successful executions and delegations", "events"),
        _c("actions", "BIGINT", "Different actions", "actions"),
        _c("services", "BIGINT", "Different services", "services"),
        _c("resources", "BIGINT", "Different resources", "resources"),
        _c("sessions", "BIGINT", "Different sessions", "sessions"),
        _c("credentials", "BIGINT", "Different credentials", "credentials"),
        _c("networks", "BIGINT", "Different networks", "networks"),
        _c("active_hours", "BIGINT", "Hours of the day with an event", "hours"),
        _c("input_tokens", "BIGINT", "Tokens its models read", "tokens"),
        _c("output_tokens", "BIGINT", "Tokens its models wrote", "tokens"),
    ),
)

DAILY_ACTION = Table(
    name="daily_action",
    meaning="Which actions one identity took in one day, and how they ended.",
    key=("source", "event_date", "identity_id", "action", "access", "capability", "on_behalf_of"),
    partition_by=("source", "event_date"),
    columns=(
        *_DAY,
        *_IDENTITY,
        _c("account_id", "VARCHAR", "The account it acted in most"),
        _c("service", "VARCHAR", "The service asked"),
        _c("action", "VARCHAR", "The action"),
        _c("access", "VARCHAR", "What the action can do", " | ".join(ACCESS_LEVELS)),
        _c("capability", "VARCHAR", "What who takes it does", " | ".join(CAPABILITIES)),
        _c("on_behalf_of", "VARCHAR", "For whom"),
        *_SEEN,
        _c("succeeded", "BIGINT", "Of them, successful", "events"),
        _c("denied", "BIGINT", "Of them, denied", "events"),
        _c("resources", "BIGINT", "Different resources", "resources"),
        _c("example", "VARCHAR", "event_id of the first of them, a successful one if there is"),
    ),
)

DAILY_CREDENTIAL = Table(
    name="daily_credential",
    meaning="From where, with what client and in which session a credential was used in one day.",
    key=(
        "source",
        "event_date",
        "identity_id",
        "credential_id",
        "session_id",
        "source_ip",
        "client",
        "account_id",
    ),
    partition_by=("source", "event_date"),
    columns=(
        *_DAY,
        *_IDENTITY,
        _c("credential_id", "VARCHAR", "The credential, null if the event names none"),
        _c("credential_kind", "VARCHAR", "Its kind", " | ".join(CREDENTIAL_KINDS)),
        _c("session_id", "VARCHAR", "The session"),
        _c("source_ip", "VARCHAR", "The address"),
        _c("network", "VARCHAR", "Who owns the address"),
        _c("country", "VARCHAR", "Where it is", "ISO 3166-1 alpha-2"),
        _c("cloud", "VARCHAR", "Which cloud it belongs to, null if none"),
        _c("client", "VARCHAR", "The client's family"),
        _c("user_agent", "VARCHAR", "One user agent of them"),
        _c("account_id", "VARCHAR", "The account"),
        *_SEEN,
        _c("succeeded", "BIGINT", "Of them, successful", "events"),
        _c("denied", "BIGINT", "Of them, denied", "events"),
        _c("actions", "BIGINT", "Different actions", "actions"),
        _c("issued_at", "TIMESTAMPTZ", "When the credential was issued, if told", "UTC"),
    ),
)

DAILY_RESOURCE = Table(
    name="daily_resource",
    meaning="Which resources one identity touched in one day, and how.",
    key=("source", "event_date", "identity_id", "resource_id", "service", "access"),
    partition_by=("source", "event_date"),
    columns=(
        *_DAY,
        *_IDENTITY,
        _c("service", "VARCHAR", "The service asked"),
        _c("resource_id", "VARCHAR", "The resource"),
        _c("resource_kind", "VARCHAR", "What kind of thing it is"),
        _c("access", "VARCHAR", "How", " | ".join(ACCESS_LEVELS)),
        *_SEEN,
        _c("succeeded", "BIGINT", "Of them, successful", "events"),
    ),
)

DAILY_TOOL_EDGE = Table(
    name="daily_tool_edge",
    meaning="Which tool followed which in the runs of one agent in one day.",
    key=("source", "event_date", "identity_id", "from_tool", "to_tool"),
    partition_by=("source", "event_date"),
    columns=(
        *_DAY,
        *_IDENTITY,
        _c("from_tool", "VARCHAR", "The tool called before; (start) for a run's first call"),
        _c("to_tool", "VARCHAR", "The tool called next; (end) after a run's last call"),
        _c("events", "BIGINT", "How often", "transitions"),
        _c("traces", "BIGINT", "In how many runs", "traces"),
    ),
)

DAILY_DELEGATION = Table(
    name="daily_delegation",
    meaning="What was done for whom in one day, with every hand it went through.",
    key=("source", "event_date", "path", "via", "action", "access"),
    partition_by=("source", "event_date"),
    columns=(
        *_DAY,
        _c("identity_id", "VARCHAR", "Who did it: the end of the path"),
        _c("identity_kind", "VARCHAR", "The kind of who was logged", " | ".join(IDENTITY_KINDS)),
        _c("start_id", "VARCHAR", "For whom in the end: the start of the path"),
        _c("path", "VARCHAR[]", "From the start to the end: users, agents, roles"),
        _c("via", "VARCHAR", "How the last hand-over is known", "on_behalf_of | role"),
        _c("service", "VARCHAR", "The service asked"),
        _c("action", "VARCHAR", "The action"),
        _c("access", "VARCHAR", "What the action can do", " | ".join(ACCESS_LEVELS)),
        *_SEEN,
        _c("succeeded", "BIGINT", "Of them, successful", "events"),
        _c("denied", "BIGINT", "Of them, denied", "events"),
        _c("scopes", "BIGINT", "In how many traces or credentials", "scopes"),
        _c("event_id", "VARCHAR", "The first of them, a successful one if there is one"),
    ),
)

DAILY_SECRET = Table(
    name="daily_secret",
    meaning="Secrets in prompts, arguments and results of one day; never the secret itself.",
    key=(
        "source",
        "event_date",
        "identity_id",
        "trace_id",
        "session_id",
        "place",
        "tool_name",
        "kind",
        "fingerprint",
    ),
    partition_by=("source", "event_date"),
    columns=(
        *_DAY,
        *_IDENTITY,
        _c("trace_id", "VARCHAR", "The run it was in"),
        _c("session_id", "VARCHAR", "The session it was in"),
        _c("place", "VARCHAR", "Where it stood", "prompt | argument | result"),
        _c("tool_name", "VARCHAR", "The tool it was sent to, or that returned it"),
        _c("access", "VARCHAR", "What that tool can do", " | ".join(ACCESS_LEVELS)),
        _c("kind", "VARCHAR", "What kind of secret: a private key, a provider's token, a password"),
        _c("fingerprint", "VARCHAR", "First 16 hex digits of its SHA-256; equal for equal secrets"),
        _c("masked", "VARCHAR", "Its first characters, at most four, and its length"),
        _c(
            "credential_ids", "VARCHAR[]", "credential_id under which logs may know it: key id, jti"
        ),
        *_SEEN,
        _c("event_id", "VARCHAR", "The first event it was in"),
    ),
)

ROLLUPS = Table(
    name="rollups",
    meaning="Which days of which source are rolled up, on how many events.",
    key=("source", "event_date"),
    columns=(
        *_DAY,
        _c("events", "BIGINT", "Events the roll-ups were made from", "events"),
        _c("events_before", "BIGINT", "Events of the day before, followed past midnight", "events"),
        _c("rolled_at", "TIMESTAMPTZ", "When", "UTC"),
    ),
)

IDENTITIES = Table(
    name="identities",
    meaning="The inventory: declared (owner, purpose, limits) and discovered.",
    key=("identity_id",),
    columns=(
        _c("identity_id", "VARCHAR", "The identity"),
        _c("identity_name", "VARCHAR", "Its short name"),
        _c("identity_kind", "VARCHAR", "Its kind", " | ".join(IDENTITY_KINDS)),
        _c("source", "VARCHAR", "The log it was seen in most"),
        _c("account_id", "VARCHAR", "The account it acted in most"),
        _c("declared", "BOOLEAN", "Whether the inventory file names it"),
        _c("owner", "VARCHAR", "Who answers for it, as declared"),
        _c("purpose", "VARCHAR", "What it is for, as declared"),
        _c(
            "capability",
            "VARCHAR",
            "What it may do, as declared; several separated by semicolons",
            " | ".join(("analyse", "act", *CAPABILITIES)),
        ),
        _c("allowed_networks", "VARCHAR[]", "From where it may act, as declared"),
        _c("allowed_tools", "VARCHAR[]", "Which tools it may use, as declared"),
        _c("first_seen", "TIMESTAMPTZ", "Its first event, null if never seen", "UTC"),
        _c("last_seen", "TIMESTAMPTZ", "Its last event", "UTC"),
        _c("events", "BIGINT", "Its events", "events"),
        _c("active_days", "BIGINT", "Days with an event", "days"),
    ),
)

SCORES = Table(
    name="scores",
    meaning="Every unit a detector judged, not only what crossed the line.",
    key=("detector", "subject_kind", "subject_id", "window_start"),
    partition_by=("detector",),
    columns=(
        _c("detector", "VARCHAR", "Which detector; a partition"),
        _c("subject_kind", "VARCHAR", "What was judged", "identity | credential | session | trace"),
        _c("subject_id", "VARCHAR", "Which one"),
        _c("identity_id", "VARCHAR", "Whose it is"),
        _c("window_start", "TIMESTAMPTZ", "Start of the judged time", "UTC"),
        _c("window_end", "TIMESTAMPTZ", "End of the judged time, not included", "UTC"),
        _c("score", "DOUBLE", "How far it left its normal; higher is worse", "0..1"),
        _c("features", "VARCHAR", "What the score was made of, as JSON text"),
    ),
)

FINDINGS = Table(
    name="findings",
    meaning="What crossed a detector's line: who, what, why, on how much history.",
    key=("finding_id",),
    columns=(
        _c("finding_id", "VARCHAR", "Hash of detector, subject and window; a re-run replaces"),
        _c("detector", "VARCHAR", "Which detector"),
        _c("severity", "VARCHAR", "How urgent", "low | medium | high | critical"),
        _c("score", "DOUBLE", "As in scores; higher is worse", "0..1"),
        _c("confidence", "DOUBLE", "How much the evidence and history carry it", "0..1"),
        _c("identity_id", "VARCHAR", "Whose finding it is"),
        _c("subject", "VARCHAR", "What was judged: kind:id"),
        _c("window", "VARCHAR", "The judged time, an ISO 8601 interval start/end", "UTC"),
        _c("title", "VARCHAR", "One line an analyst reads first"),
        _c("observed", "VARCHAR", "What was seen"),
        _c("expected", "VARCHAR", "What was usual, or what rule says otherwise"),
        _c("support", "VARCHAR", "The history behind expected, in words: days, observations"),
        _c("evidence", "VARCHAR[]", "event_id of the events that show it"),
        _c("frameworks", "VARCHAR[]", "Ids in ATT&CK, ATLAS, OWASP, MAESTRO, NIST"),
        _c("first_seen", "TIMESTAMPTZ", "The first evidence event", "UTC"),
        _c("last_seen", "TIMESTAMPTZ", "The last evidence event", "UTC"),
        _c("run_id", "VARCHAR", "The run that judged it"),
    ),
)

JUDGEMENTS = Table(
    name="judgements",
    meaning="Which days a detector has judged, on which roll-ups, with which thresholds.",
    key=("detector", "event_date"),
    columns=(
        _c("detector", "VARCHAR", "Which detector"),
        _c("event_date", "DATE", "The judged UTC day"),
        _c("rolled_at", "TIMESTAMPTZ", "When that day's newest roll-up was made", "UTC"),
        _c("events", "BIGINT", "Events of that day then", "events"),
        _c("history_events", "BIGINT", "Events of the history before it then", "events"),
        _c("thresholds", "VARCHAR", "The detector's thresholds then, as JSON text"),
        _c("judged_at", "TIMESTAMPTZ", "When", "UTC"),
        _c("run_id", "VARCHAR", "The run that judged it"),
    ),
)

TRIAGE = Table(
    name="triage",
    meaning="The analysts' decisions, append-only; the last one on a finding holds.",
    key=("finding_id", "decided_at"),
    columns=(
        _c("finding_id", "VARCHAR", "The finding"),
        _c(
            "decision", "VARCHAR", "What was decided", "acknowledge | suppress | hand_over | reopen"
        ),
        _c(
            "severity",
            "VARCHAR",
            "How urgent the finding was when it was decided: it is new again once it is more so",
            "low | medium | high | critical",
        ),
        _c("until", "TIMESTAMPTZ", "End of a suppression", "UTC"),
        _c("assignee", "VARCHAR", "To whom it was handed"),
        _c("note", "VARCHAR", "Why"),
        _c("decided_by", "VARCHAR", "Who decided"),
        _c("decided_at", "TIMESTAMPTZ", "When", "UTC"),
    ),
)

RUNS = Table(
    name="runs",
    meaning="What ran, on what, how long, what failed.",
    key=("run_id",),
    columns=(
        _c("run_id", "VARCHAR", "The run"),
        _c(
            "command",
            "VARCHAR",
            "What was asked: ingest, follow, replay, detect, run, demo, compact",
        ),
        _c("started_at", "TIMESTAMPTZ", "When it began", "UTC"),
        _c("finished_at", "TIMESTAMPTZ", "When it ended", "UTC"),
        _c("status", "VARCHAR", "How it ended", "ok | rejects | failed"),
        _c("summary", "VARCHAR", "Its counts, as JSON text"),
        _c("errors", "VARCHAR[]", "What failed, a line each"),
        _c("lake_versions", "VARCHAR", "Delta version of each table it judged on, as JSON text"),
        _c("version", "VARCHAR", "The version of nhiwatch"),
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        EVENTS,
        REJECTS,
        INGESTS,
        LISTINGS,
        DAILY_IDENTITY,
        DAILY_ACTION,
        DAILY_CREDENTIAL,
        DAILY_RESOURCE,
        DAILY_TOOL_EDGE,
        DAILY_DELEGATION,
        DAILY_SECRET,
        ROLLUPS,
        IDENTITIES,
        SCORES,
        FINDINGS,
        JUDGEMENTS,
        TRIAGE,
        RUNS,
    )
}


def json_text(value: Any) -> str:
    """JSON text of a value, keys in order, for the lake's JSON columns."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
