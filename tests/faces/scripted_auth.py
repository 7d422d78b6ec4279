"""A server in the place of Supabase Auth that answers as a test says: for what the emulator has no reason to answer."""

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ScriptedAuth:
    """Answers POSTs with `script`, one after the other and the last one for ever, and publishes `keys`."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = []
        self.script: deque[tuple[int, Any]] = deque()
        self.asked: list[str] = []  # the paths of POSTs
        self.fetched = 0  # how often the keys were
        auth = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                auth.fetched += 1
                self._answer(200, {"keys": auth.keys})

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                auth.asked.append(self.path)
                self._answer(*(auth.script.popleft() if len(auth.script) > 1 else auth.script[0]))

            def _answer(self, status: int, body: Any) -> None:
                content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answers(self, *script: tuple[int, Any]) -> None:
        """Say what comes next."""
        self.script = deque(script)


@contextmanager
def scripted_auth() -> Iterator[ScriptedAuth]:
    """One, listening."""
    auth = ScriptedAuth()
    threading.Thread(target=auth.server.serve_forever, daemon=True).start()
    try:
        yield auth
    finally:
        auth.server.shutdown()
        auth.server.server_close()
