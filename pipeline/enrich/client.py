"""User agent -> client: the family of SDK, CLI, console, browser or tool, without its version."""

from __future__ import annotations

import re
from functools import lru_cache

import polars as pl
from ua_parser import parse_user_agent

_LONGEST = 40

# The most specific first: Terraform's user agent also names the SDK it is built on.
_FAMILIES = (
    (
        "console",
        r"(?:console|signin)(?:\.[a-z0-9-]+)?\.(?:amazonaws|aws\.amazon)\."
        r"|aws-internal/.*console|S3Console",
    ),
    ("service", r"^[a-z0-9.-]+\.amazonaws\.com$|^AWS Internal$|^AWS Service"),
    ("terraform", r"terraform|opentofu"),
    ("pulumi", r"pulumi"),
    ("ansible", r"ansible"),
    ("cloudformation", r"cloudformation"),
    ("aws-cdk", r"aws-cdk|^cdk/"),
    ("eksctl", r"eksctl"),
    ("aws-vault", r"aws-vault"),
    ("aws-cli", r"aws-cli/"),
    ("powershell", r"powershell"),
    ("boto3", r"boto3/"),
    ("botocore", r"botocore/"),
    ("aws-sdk", r"^aws-sdk-([a-z0-9]+)"),
    ("amazon-ssm-agent", r"amazon-ssm-agent"),
    ("kubectl", r"^kubectl"),
    ("opentelemetry", r"^opentelemetry|^otel-"),
)
_PATTERNS = [(name, re.compile(words, re.IGNORECASE)) for name, words in _FAMILIES]
# Of a name as long as a text, looking for its version would take the square.
_PRODUCT = re.compile(r"[A-Za-z][\w.+-]{0,99}")
# A version or a run's id behind the name would make each release, or each run, a new client.
_VERSION = re.compile(r"[-_.]([0-9a-f-]{8,}|v?\d[\w.]*)$", re.IGNORECASE)


def clients(user_agents: pl.Series) -> pl.DataFrame:
    """A row per distinct user agent: user_agent, client (lower case, few values, no version)."""
    distinct = user_agents.drop_nulls().unique().to_list()
    rows = [(agent, _family(agent)) for agent in distinct]
    return pl.DataFrame(rows, schema={"user_agent": pl.String, "client": pl.String}, orient="row")


# Bounded, as names come from logs: batches of one run see the same ones again.
@lru_cache(maxsize=8_192)
def _family(agent: str) -> str | None:
    text = agent.strip().strip("[]")[:1000]
    for name, words in _PATTERNS:
        if match := words.search(text):
            return f"{name}-{match.group(1).lower()}" if match.lastindex else name
    if text.startswith("Mozilla/") and (browser := parse_user_agent(text)) is not None:
        return browser.family.lower()
    product = _PRODUCT.match(text)
    return _VERSION.sub("", product.group()).lower()[:_LONGEST] if product is not None else None
