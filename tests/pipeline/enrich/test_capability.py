"""What an action makes of the one who takes it."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.access import access_levels
from pipeline.enrich.capability import capabilities
from pipeline.schemas import ACCESS_LEVELS, CAPABILITIES

KEY = {"action": pl.String, "access": pl.String, "is_tool": pl.Boolean}


def capability(action: str, access: str | None, *, tool: bool = True) -> str:
    row = pl.DataFrame([(action, access, tool)], schema=KEY, orient="row")
    return str(capabilities(row)["capability"][0])


def of_tool(name: str) -> str:
    """A tool's capability, on the access level that ingest gives it."""
    row = pl.DataFrame(
        {"action": [name], "service": ["s"], "tool_name": [name], "read_only": [None]},
        schema_overrides={"read_only": pl.Boolean},
    )
    return capability(name, access_levels(row)["access"][0])


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        ("get_patient", "read"),
        ("list_files", "read"),
        ("open_page", "read"),
        ("searchInvoices", "retrieve"),
        ("lookup_purchase_order", "retrieve"),
        ("run_warehouse_query", "retrieve"),
        ("update_record", "write"),
        ("draft_email", "write"),
        ("escalate_ticket", "write"),
        ("post_journal_note", "write"),
        ("run_python", "execute"),
        ("restart_server", "execute"),
        ("export_customers", "send_out"),
        ("exportToCsv", "send_out"),
        ("send_email", "send_out"),
        ("share_report", "send_out"),
        ("post_message", "send_out"),
        ("read_and_forward_mail", "send_out"),
        ("approve_request", "approve"),
        ("merge_pull_request", "approve"),
        ("authorize_payment", "approve"),
        ("buy_ticket", "spend"),
        ("create_payment", "spend"),
        ("send_money", "spend"),
        ("issue_refund", "spend"),
        ("launch_gpu_instance", "spend"),
        ("transfer_to_billing", "move_laterally"),
        ("assume_role", "move_laterally"),
        ("run_ssh", "move_laterally"),
        ("grant_access", "grant"),
        ("add_member", "grant"),
        ("invite_user", "grant"),
        ("frobnicate", "other"),
        ("", "other"),
    ],
)
def test_tools(tool: str, expected: str) -> None:
    assert of_tool(tool) == expected


@pytest.mark.parametrize(
    ("action", "access", "expected"),
    [
        ("s3:GetObject", "read", "read"),
        ("dynamodb:Query", "read", "retrieve"),
        ("athena:StartQueryExecution", "execute", "retrieve"),
        ("bedrock:InvokeModel", "execute", "infer"),
        ("chat", "execute", "infer"),
        ("invoke_agent", "delegate", "infer"),
        ("sqs:SendMessage", "write", "write"),
        ("ses:SendEmail", "write", "send_out"),
        ("rds:StartExportTask", "write", "send_out"),
        ("logs:PutLogEvents", "write", "other"),
        ("s3:PutObject", "write", "write"),
        ("lambda:Invoke", "execute", "execute"),
        ("ec2:RunInstances", "execute", "spend"),
        ("ec2:PurchaseReservedInstancesOffering", "write", "spend"),
        ("ssm:StartSession", "execute", "move_laterally"),
        ("ssm:SendCommand", "execute", "move_laterally"),
        ("sts:AssumeRole", "delegate", "move_laterally"),
        ("iam:AttachRolePolicy", "permission", "grant"),
        ("sts:GetCallerIdentity", "auth", "other"),
        ("s3:GetObject", None, "other"),
    ],
)
def test_calls_of_services(action: str, access: str, expected: str) -> None:
    assert capability(action, access, tool=False) == expected


@given(st.text(max_size=60), st.sampled_from([None, *ACCESS_LEVELS]), st.booleans())
def test_any_name_has_one_capability(name: str, access: str | None, tool: bool) -> None:
    assert capability(name, access, tool=tool) in CAPABILITIES
