"""An S3 server on loopback: moto's, with what it lacks: writes that look before they write, at once.

Usage: python s3_server.py LOG. Prints its port; appends a line "METHOD path?query" per request.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: Any) -> None:
        pass


def recorded(app: Callable[..., Iterable[bytes]], log: Path) -> Callable[..., Iterable[bytes]]:
    """The application, with every request in a log, and writes one at a time as S3 does them."""
    writing, counting = threading.Lock(), threading.Lock()

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        with counting, log.open("a") as lines:
            query = environ.get("QUERY_STRING", "")
            lines.write(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{query}\n")
        if environ["REQUEST_METHOD"] == "PUT":
            with writing:
                return list(app(environ, start))
        return app(environ, start)

    return answer


if __name__ == "__main__":
    app = recorded(DomainDispatcherApplication(create_backend_app), Path(sys.argv[1]))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    server.serve_forever()
