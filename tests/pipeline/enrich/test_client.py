"""User agent -> client, few and without versions."""

from __future__ import annotations

import time

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.client import clients


def client(user_agent: str) -> str | None:
    found: str | None = clients(pl.Series([user_agent]))["client"][0]
    return found


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        ("Boto3/1.34.7 md/Botocore#1.34.7 ua/2.0 os/linux#5.10", "boto3"),
        ("aws-cli/2.15.0 Python/3.11.6 Linux/5.10 source/x86_64", "aws-cli"),
        ("APN/1.0 HashiCorp/1.0 Terraform/1.6 (+https://x) aws-sdk-go/1.44", "terraform"),
        ("aws-sdk-go-v2/1.24 os/linux", "aws-sdk-go"),
        ("[aws-sdk-java/1.12]", "aws-sdk-java"),
        ("console.amazonaws.com", "console"),
        ("console.ec2.amazonaws.com", "console"),
        ("signin.amazonaws.com", "console"),
        ("us-east-2.console.aws.amazon.com", "console"),
        ("lambda.amazonaws.com", "service"),
        ("AWS Internal", "service"),
        ("curl/8.4.0", "curl"),
        ("MyAgent-1.2.3", "myagent"),
        ("tool_6bf00313-712c-4fd2-9bdd-88f48a4b1282", "tool"),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/130.0.0.0 Safari/537.36",
            "chrome",
        ),
        ("\x1b[31m", None),
        ("", None),
    ],
)
def test_families(user_agent: str, expected: str | None) -> None:
    assert client(user_agent) == expected


def test_a_name_as_long_as_a_text_takes_no_square_of_it() -> None:
    names = [f"a{number}{'-' * 990}+" for number in range(1_000)]
    start = time.process_time()
    assert clients(pl.Series(names))["client"].null_count() == 0
    assert time.process_time() - start < 5


@given(st.text())
def test_any_text_gives_a_short_printable_client_or_none(user_agent: str) -> None:
    found = client(user_agent)
    assert found is None or (0 < len(found) <= 60 and found.isprintable())
