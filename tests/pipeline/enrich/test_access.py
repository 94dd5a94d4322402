"""What an action can do: AWS operations, and tools by the verbs in their names."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.access import access_levels
from pipeline.schemas import ACCESS_LEVELS

SCHEMA = {
    "action": pl.String,
    "service": pl.String,
    "tool_name": pl.String,
    "read_only": pl.Boolean,
}


def level(action: str | None, *, tool: str | None = None, read_only: bool | None = None) -> str:
    row = pl.DataFrame([(action, "s", tool, read_only)], schema=SCHEMA, orient="row")
    return str(access_levels(row)["access"][0])


@pytest.mark.parametrize(
    ("action", "read_only", "expected"),
    [
        ("s3:GetObject", True, "read"),
        ("s3:ListObjects", True, "list"),
        ("s3:HeadObject", True, "read"),
        ("s3:PutObject", False, "write"),
        ("s3:PutBucketPolicy", False, "permission"),
        ("ec2:CreateTags", False, "write"),
        ("iam:AttachRolePolicy", False, "permission"),
        ("sts:AssumeRole", True, "delegate"),
        ("sts:AssumeRoleWithWebIdentity", True, "delegate"),
        ("sts:GetSessionToken", True, "auth"),
        ("signin:ConsoleLogin", False, "auth"),
        ("ec2:RunInstances", False, "execute"),
        ("bedrock:InvokeModel", True, "execute"),
        ("lambda:Invoke", False, "execute"),
        ("ssm:SendCommand", False, "execute"),
        ("newservice:FrobnicateThing", False, "write"),
        ("newservice:FrobnicateThing", True, "read"),
        ("newservice:FrobnicateThing", None, "other"),
        ("newservice:ListThings", None, "list"),
    ],
)
def test_aws_operations(action: str, read_only: bool | None, expected: str) -> None:
    assert level(action, read_only=read_only) == expected


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        ("get_weather", "read"),
        ("searchInvoices", "read"),
        ("list-files", "list"),
        ("crm.create_ticket", "write"),
        ("search_and_replace", "write"),
        ("read_and_delete", "write"),
        ("SEND_EMAIL", "write"),
        ("run_shell", "execute"),
        ("grant_access", "permission"),
        ("update_user_role", "permission"),
        ("remove_collaborator", "permission"),
        ("handoff_to_billing", "delegate"),
        ("transfer_to_billing_agent", "delegate"),
        ("transfer_money_to_account", "write"),
        ("wipe_disk", "write"),
        ("login", "auth"),
        ("view_order_history", "read"),
        ("rotate_api_key", "permission"),
        ("cart.addItem", "write"),
        ("qwertz", "other"),
    ],
)
def test_tools_by_their_words(tool: str, expected: str) -> None:
    assert level(tool, tool=tool) == expected


@given(
    action=st.none() | st.text(), tool=st.none() | st.text(), read_only=st.none() | st.booleans()
)
def test_any_action_has_a_level(
    action: str | None, tool: str | None, read_only: bool | None
) -> None:
    assert level(action, tool=tool, read_only=read_only) in ACCESS_LEVELS
