"""Runs of agents as OTLP/JSON: one export request a line, as the collector's file exporter writes.

Spans follow the GenAI semantic conventions: `invoke_agent` with `chat` and `execute_tool` below it,
tools behind an MCP server as `tools/call`, a sub-agent as another `invoke_agent`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from sample_data.cloudtrail import write_gzip
from sample_data.dice import Dice
from sample_data.month import Day
from sample_data.runs import Run, ToolCall

_INTERNAL, _CLIENT = 1, 3
_MILLI = 1_000_000
Span = dict[str, Any]


@dataclass(slots=True)
class _Clock:
    """Nanoseconds since the epoch, moving forward as the run goes on."""

    now: int

    def passes(self, milliseconds: float) -> int:
        self.now += int(milliseconds) * _MILLI
        return self.now


def write_traces(
    out: Path, day: Day, runs: Iterable[Run], seed: int, *, level: int
) -> tuple[int, int]:
    """Writes the day's file. Returns how many traces and spans."""
    dice = Dice(seed, 950, day.date.toordinal())
    lines: list[tuple[int, bytes]] = []
    traces = spans = 0
    for run in runs:
        made = spans_of(run, dice)
        traces, spans = traces + 1, spans + len(made)
        lines += [_line(run, batch) for batch in _batches(made, dice)]
    lines.sort()
    path = out / "traces" / f"{day.date.isoformat()}.jsonl.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_gzip(path, b"".join(line + b"\n" for _, line in lines), level=level)
    return traces, spans


def _batches(spans: list[Span], dice: Dice) -> list[list[Span]]:
    """How the exporter cuts a trace: often whole, else as spans end, children before parents."""
    if dice.chance(0.5):
        return [spans]
    ended = sorted(spans, key=lambda span: int(span["endTimeUnixNano"]))
    size = 3 + dice.below(4)
    return [ended[first : first + size] for first in range(0, len(ended), size)]


def _line(run: Run, spans: list[Span]) -> tuple[int, bytes]:
    resource = {
        "service.name": run.agent.id,
        "service.version": run.agent.version,
        "deployment.environment.name": "prod",
    }
    request = {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes(resource)},
                "scopeSpans": [
                    {"scope": {"name": "brackwater.agents", "version": "4.2"}, "spans": spans}
                ],
            }
        ]
    }
    return max(int(span["endTimeUnixNano"]) for span in spans), msgspec.json.encode(request)


def spans_of(run: Run, dice: Dice) -> list[Span]:
    """The run's spans, the root first, each before its children."""
    start = int(run.start.timestamp()) * 1_000_000_000 + dice.below(1000) * _MILLI
    clock = _Clock(start)
    root = dice.hex(16)
    spans: list[Span] = []
    if run.agent.mcp and dice.chance(0.3):
        spans.append(_list_tools(run, root, clock, dice))
    spans.append(_chat(run, root, clock, dice, len(run.prompt) // 4 + 900, "tool_calls"))
    for place, call in enumerate(run.calls):
        spans += (
            _delegated(run, root, call, clock, dice)
            if call.by
            else [_tool(run, root, call, clock, dice)]
        )
        if place % 3 == 2 and place + 1 < len(run.calls):
            spans.append(_chat(run, root, clock, dice, 1200 + 350 * place, "tool_calls"))
    spans.append(_chat(run, root, clock, dice, 1300 + 350 * len(run.calls), "stop"))
    return [_root(run, root, start, clock.passes(3), dice), *spans]


def _root(run: Run, span: str, start: int, end: int, dice: Dice) -> Span:
    return _span(
        run,
        span,
        "",
        f"invoke_agent {run.agent.name}",
        _INTERNAL,
        start,
        end,
        {
            **_agent(run, run.agent.id, run.agent.name),
            "gen_ai.agent.version": run.agent.version,
            "gen_ai.conversation.id": "conv_" + dice.hex(12),
            **({"enduser.id": run.user} if run.user else {}),
            "gen_ai.input.messages": _messages("user", run.prompt),
            "gen_ai.output.messages": _messages("assistant", run.answer),
        },
    )


def _delegated(run: Run, root: str, call: ToolCall, clock: _Clock, dice: Dice) -> list[Span]:
    """A sub-agent that makes one call."""
    span, start = dice.hex(16), clock.passes(20)
    tool = _tool(run, span, call, clock, dice)
    told = _agent(run, call.by, call.by)
    name = f"invoke_agent {call.by}"
    return [_span(run, span, root, name, _INTERNAL, start, clock.passes(8), told), tool]


def _agent(run: Run, agent_id: str, name: str) -> dict[str, Any]:
    return {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.provider.name": run.agent.provider,
        "gen_ai.agent.id": agent_id,
        "gen_ai.agent.name": name,
        "gen_ai.request.model": run.agent.model,
    }


def _chat(run: Run, parent: str, clock: _Clock, dice: Dice, tokens: int, finish: str) -> Span:
    start = clock.passes(15)
    end = clock.passes(500 + dice.below(4000))
    return _span(
        run,
        dice.hex(16),
        parent,
        f"chat {run.agent.model}",
        _CLIENT,
        start,
        end,
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": run.agent.provider,
            "gen_ai.request.model": run.agent.model,
            "gen_ai.response.model": run.agent.model,
            "gen_ai.usage.input_tokens": tokens + dice.below(300),
            "gen_ai.usage.output_tokens": 30 + dice.below(400),
            "gen_ai.response.finish_reasons": [finish],
        },
    )


def _tool(run: Run, parent: str, call: ToolCall, clock: _Clock, dice: Dice) -> Span:
    start = clock.passes(10)
    end = clock.passes(30_000 if call.failed == "timeout" else 40 + dice.below(1500))
    told: dict[str, Any] = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": call.tool,
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": "call_" + dice.hex(12),
        "gen_ai.tool.call.arguments": _text(call.arguments),
    }
    if call.failed:
        told["error.type"] = call.failed
    else:
        told["gen_ai.tool.call.result"] = _text(call.result)
    name, kind = f"execute_tool {call.tool}", _INTERNAL
    if call.tool in run.agent.mcp:
        name, kind = f"tools/call {call.tool}", _CLIENT
        told |= {
            "mcp.method.name": "tools/call",
            "mcp.protocol.version": "2025-11-25",
            "network.transport": "tcp",
        }
    return _span(run, dice.hex(16), parent, name, kind, start, end, told, failed=bool(call.failed))


def _list_tools(run: Run, parent: str, clock: _Clock, dice: Dice) -> Span:
    start = clock.passes(5)
    return _span(
        run,
        dice.hex(16),
        parent,
        "tools/list",
        _CLIENT,
        start,
        clock.passes(60),
        {"mcp.method.name": "tools/list", "mcp.protocol.version": "2025-11-25"},
    )


def _span(
    run: Run,
    span: str,
    parent: str,
    name: str,
    kind: int,
    start: int,
    end: int,
    told: dict[str, Any],
    *,
    failed: bool = False,
) -> Span:
    return {
        "traceId": run.trace,
        "spanId": span,
        "parentSpanId": parent,
        "name": name,
        "kind": kind,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(end),
        "attributes": _attributes(told),
        "status": {"code": 2} if failed else {},
    }


def _attributes(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in told.items()]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(each) for each in value]}}
    return {"stringValue": value}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _messages(role: str, text: str) -> str:
    return _text([{"role": role, "parts": [{"type": "text", "content": text}]}])
