"""OpenTelemetry GenAI and MCP spans, as the collector's file exporter writes them (OTLP/JSON).

Each record is one ExportTraceServiceRequest; each of its spans becomes an event, those of other
instrumentation too, because the agent is found through the parents.
Source: OpenTelemetry semantic conventions for generative AI and MCP, 1.41; OTLP 1.x JSON encoding.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.sources import Source


def _recognises(record: Mapping[str, Any]) -> bool:
    return isinstance(record.get("resourceSpans"), list)


SOURCE = Source(
    name="otel_genai",
    title="OpenTelemetry GenAI and MCP spans, OTLP/JSON as the collector's file exporter writes it",
    recognises=_recognises,
    own_agent=r'"key"\s*:\s*"gen_ai\.agent\.(id|name)"',
)
