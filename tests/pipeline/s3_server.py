"""An S3 server on loopback: moto's, with what it lacks: a write that looks, then writes, as one.
It answers Google's clients as well: their XML API is S3's but for the words of some headers.

Usage: python s3_server.py LOG. Prints its port; appends a line "METHOD path?query" per request.
POST /-/fill with {"bucket": ..., "keys": [...]} puts an empty JSON object under each key. For the
bucket "careless" it is a server that does not know conditional writes.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterable
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
        with counting, log.open("a") as lines:
            query = environ.get("QUERY_STRING", "")
            lines.write(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{query}\n")
        if environ["PATH_INFO"].startswith("/careless/"):
            environ.pop("HTTP_IF_NONE_MATCH", None)
        if not environ.get("HTTP_AUTHORIZATION", "").startswith("AWS4"):
            translate(environ)
        if environ["REQUEST_METHOD"] == "PUT":
            with writing:
                return list(app(environ, start))
        return app(environ, start)

    return answer


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
    told = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    for key in told["keys"]:
        s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(told["bucket"], key, b"{}")
    start("204 No Content", [])
    return []


if __name__ == "__main__":
    # Of S3 alone: to find out which service is asked, moto looks at all of its folders each time.
    app = recorded(create_backend_app("s3"), Path(sys.argv[1]))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    server.serve_forever()
