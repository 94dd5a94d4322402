"""OTLP's JSON of agents' traces: spans, and the requests that bring them."""

from __future__ import annotations

import json
from typing import Any

Span = dict[str, Any]

_START = 1_788_252_822_000_000_000
"""The second 0 of spans: 2026-09-01 08:53:42."""


def attribute(key: str, value: str | int | float | bool) -> dict[str, Any]:
    """An attribute as OTLP writes it: by the type of its value, whole numbers as text."""
    kind = {bool: "boolValue", int: "intValue", float: "doubleValue", str: "stringValue"}
    told = str(value) if type(value) is int else value
    return {"key": key, "value": {kind[type(value)]: told}}


def span(
    name: str, parent: str = "", *, trace: str = "t1", second: int = 0, **attributes: Any
) -> Span:
    """A span whose id is its name; `gen_ai__tool__name=...` becomes gen_ai.tool.name."""
    return {
        "traceId": trace,
        "spanId": name,
        "parentSpanId": parent,
        "name": name,
        "startTimeUnixNano": str(_START + second * 1_000_000_000),
        "attributes": [
            attribute(key.replace("__", "."), value) for key, value in attributes.items()
        ],
        "status": {},
    }


def request(*spans: Span) -> str:
    """An export request of a service's spans."""
    resource = {"attributes": [attribute("service.name", "shop")]}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]})
