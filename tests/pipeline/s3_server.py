"""An S3 server on loopback: moto's, with what it lacks: a write that looks, then writes, as one.
It answers Google's clients as well: their XML API is S3's but for the words of some headers.

Usage: python s3_server.py LOG. Prints its port; appends a line "METHOD path?query" per request.
POST /-/fill with {"bucket": ..., "keys": [...]} puts an empty JSON object under each key. For the
bucket "careless" it is a server that does not know conditional writes.
POST /-/faults with [{"method": ..., "path": ..., "kind": ..., "times": ...}, ...] breaks the next
so many requests whose path (with its query) has a regular expression, in place of faults told
before: `kind` is the code of an error of S3, "cut" (half the body of an answer, then the connection
ends), "lost" (it is done, and the connection ends without an answer) or "reset" (it is not done).
"""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: Any) -> None:
        pass


def recorded(app: Callable[..., Iterable[bytes]], log: Path) -> Callable[..., Iterable[bytes]]:
    """The application, with every request in a log, and writes one at a time as S3 does them."""
    writing, counting = threading.Lock(), threading.Lock()

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/-/fill":
            return fill(environ, start)
        if environ["PATH_INFO"] == "/-/faults":
            faults[:] = told(environ)
            return nothing(start)
        with counting, log.open("a") as lines:
            query = environ.get("QUERY_STRING", "")
            asked = f"{environ['PATH_INFO']}?{query}"
            lines.write(f"{environ['REQUEST_METHOD']} {asked}\n")
            kind = fault_of(environ["REQUEST_METHOD"], asked)
        if environ["PATH_INFO"].startswith("/careless/"):
            environ.pop("HTTP_IF_NONE_MATCH", None)
        if not environ.get("HTTP_AUTHORIZATION", "").startswith("AWS4"):
            translate(environ)
        if kind in STATUS:
            return refused(kind, start)
        if kind == "reset":
            return ended(environ, start)
        with writing if environ["REQUEST_METHOD"] == "PUT" else nullcontext():
            body = list(app(environ, (lambda *_: None) if kind == "lost" else start))
        if kind == "lost":
            return ended(environ, start)
        return cut(environ, b"".join(body)) if kind == "cut" else body

    return answer


STATUS = {
    "AccessDenied": 403,
    "ExpiredToken": 400,
    "InternalError": 500,
    "InvalidObjectState": 403,
    "InvalidRange": 416,
    "NoSuchBucket": 404,
    "PermanentRedirect": 301,
    "RequestTimeTooSkewed": 403,
    "SlowDown": 503,
}
faults: list[dict[str, Any]] = []


def fault_of(method: str, asked: str) -> str | None:
    """The kind of the fault that a request is to have, if any."""
    for fault in faults:
        if fault["times"] and fault["method"] == method and re.search(fault["path"], asked):
            fault["times"] -= 1
            return fault["kind"]
    return None


def refused(code: str, start: Callable[..., Any]) -> list[bytes]:
    """An error as S3 tells it."""
    start(f"{STATUS[code]} Error", [("Content-Type", "application/xml")])
    return [f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()]


def ended(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
    """No answer: the connection ends."""
    with suppress(OSError):
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    start("500 Gone", [])
    return []


def cut(environ: dict[str, Any], body: bytes) -> Iterable[bytes]:
    """Half of a body, and the connection ends."""
    yield body[: len(body) // 2]
    with suppress(OSError):
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)


def translate(environ: dict[str, Any]) -> None:
    """Google's words as S3's: who asks, and that nothing may be there yet (generation 0)."""
    environ["HTTP_AUTHORIZATION"] = (
        "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request, "
        "SignedHeaders=host, Signature=0"
    )
    if environ.pop("HTTP_X_GOOG_IF_GENERATION_MATCH", None) == "0":
        environ["HTTP_IF_NONE_MATCH"] = "*"


def fill(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Thousands of objects in one request."""
    wanted = told(environ)
    for key in wanted["keys"]:
        s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(wanted["bucket"], key, b"{}")
    return nothing(start)


def told(environ: dict[str, Any]) -> Any:
    """The JSON that a request holds."""
    return json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))


def nothing(start: Callable[..., Any]) -> list[bytes]:
    start("204 No Content", [])
    return []


if __name__ == "__main__":
    # Of S3 alone: to find out which service is asked, moto looks at all of its folders each time.
    app = recorded(create_backend_app("s3"), Path(sys.argv[1]))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    server.serve_forever()
