"""Pages without a browser: what the lakes behind them are made of, and what a page shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from streamlit.testing.v1 import AppTest

from builders.cloudtrail import cloudtrail
from builders.otel import request, span

PAGES = ["overview", "findings", "identity", "traces", "sql", "health"]
HOSTILE = "<script>document.title='owned'</script><img src=x onerror=alert(1)> **bold** $x$ [a](b)"
NOW = datetime(2026, 10, 1, tzinfo=timezone.utc)
Opened = Callable[..., AppTest]
"""Opens a page over a lake, `query` in its URL: the fixture `opened`."""


def trail(n: int, **over: Any) -> dict[str, Any]:
    """A call of an IAM user, one every six hours."""
    at = datetime(2026, 9, 1, 9, tzinfo=timezone.utc) + timedelta(hours=6 * n)
    usual = {
        "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "iam.amazonaws.com",
        "eventName": "ListRoles",
        "sourceIPAddress": "75.50.255.67",
        "userAgent": HOSTILE,
    }
    return cloudtrail(n, **{**usual, **over})


def traced() -> str:
    """One run of an agent with a hostile tool, argument and result."""
    agent = span(
        "a",
        trace="t",
        gen_ai__operation__name="invoke_agent",
        gen_ai__agent__id=HOSTILE,
        gen_ai__input__messages=HOSTILE,
    )
    tool = span(
        "b",
        "a",
        trace="t",
        second=1,
        gen_ai__operation__name="execute_tool",
        gen_ai__tool__name=HOSTILE,
        gen_ai__tool__call__arguments=json.dumps({"a": HOSTILE}),
        gen_ai__tool__call__result=HOSTILE,
    )
    return request(agent, tool)


def texts(app: AppTest) -> list[str]:
    return [element.value for element in app.text]


def button(app: AppTest, label: str) -> Any:
    [only] = [button for button in app.button if button.label == label]
    return only
