"""CloudTrail with Python's json in a loop: the columns of `with_chdb_plain.sql`, to Parquet, `raw`
kept.

    python tests/benchmarks/with_json.py LOGS OUT.parquet

Prints how many events it wrote. One event at a time, one thread: what a script would do.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("event_time", pa.timestamp("us", "UTC")),
        ("event_date", pa.date32()),
        ("source_file", pa.string()),
        ("record_index", pa.int64()),
        *(
            (name, pa.string())
            for name in (
                "identity_id",
                "identity_name",
                "identity_kind",
                "on_behalf_of",
                "session_id",
                "credential_id",
                "credential_kind",
            )
        ),
        ("credential_issued_at", pa.timestamp("us", "UTC")),
        *(
            (name, pa.string())
            for name in (
                "action",
                "service",
                "resource_id",
                "resource_kind",
                "account_id",
                "region",
                "outcome",
                "error_code",
                "source_ip",
                "user_agent",
                "model",
            )
        ),
        ("input_tokens", pa.int64()),
        ("output_tokens", pa.int64()),
        ("raw", pa.string()),
    ]
)
KINDS = {"AWSService": "cloud_service", "Root": "human", "AssumedRole": "workload"}
NAMED = ("roleArn", "policyArn", "secretId", "functionName", "instanceId", "bucketName")


def events(file: Path) -> Iterator[dict[str, Any]]:
    records = json.loads(gzip.decompress(file.read_bytes()))["Records"]
    for index, record in enumerate(records):
        yield {"source_file": str(file), "record_index": index, **event(record)}


def event(record: dict[str, Any]) -> dict[str, Any]:
    user = record.get("userIdentity") or {}
    context = user.get("sessionContext") or {}
    issuer = context.get("sessionIssuer") or {}
    request = record.get("requestParameters") or {}
    answer = record.get("responseElements") or {}
    usage = answer.get("usage") or record.get("additionalEventData") or {}
    resource = (record.get("resources") or [{}])[0]
    arn, key = user.get("arn") or "", user.get("accessKeyId")
    time = datetime.fromisoformat(record["eventTime"])
    service = record["eventSource"].removesuffix(".amazonaws.com")
    error = record.get("errorCode")
    created = (context.get("attributes") or {}).get("creationDate")
    identity = issuer.get("arn") or arn or user.get("invokedBy") or user.get("principalId")
    return {
        "event_id": record["eventID"],
        "event_time": time,
        "event_date": time.date(),
        "identity_id": identity,
        "identity_name": issuer.get("userName") or user.get("userName"),
        "identity_kind": KINDS.get(user.get("type") or "", "service_account"),
        "on_behalf_of": user.get("invokedBy"),
        "session_id": arn if ":assumed-role/" in arn else None,
        "credential_id": key,
        "credential_kind": None
        if key is None
        else "long_lived_key"
        if key.startswith("AKIA")
        else "session_token",
        "credential_issued_at": datetime.fromisoformat(created) if created else None,
        "action": f"{service}:{record['eventName']}",
        "service": service,
        "resource_id": resource.get("ARN")
        or next((request[name] for name in NAMED if request.get(name)), None),
        "resource_kind": resource.get("type"),
        "account_id": record.get("recipientAccountId") or user.get("accountId"),
        "region": record.get("awsRegion"),
        "outcome": "success"
        if error is None
        else "denied"
        if "AccessDenied" in error or "Unauthorized" in error
        else "failure",
        "error_code": error,
        "source_ip": record.get("sourceIPAddress"),
        "user_agent": record.get("userAgent"),
        "model": request.get("modelId"),
        "input_tokens": usage.get("inputTokens"),
        "output_tokens": usage.get("outputTokens"),
        "raw": json.dumps(record, separators=(",", ":")),
    }


def main() -> None:
    logs, out = Path(sys.argv[1]), sys.argv[2]
    written = 0
    with pq.ParquetWriter(out, SCHEMA, compression="zstd", compression_level=1) as writer:
        for file in sorted(logs.rglob("*.json.gz")):
            table = pa.Table.from_pylist(list(events(file)), schema=SCHEMA)
            writer.write_table(table)
            written += table.num_rows
    print(written)


if __name__ == "__main__":
    main()
