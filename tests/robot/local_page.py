"""A small web server in a thread: JSON, echo, slow and large answers, redirects, and pages for a browser."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

ORDERS = {"orders": [{"id": 1, "quantity": 2, "unit_price": 3.5}, {"id": 2, "quantity": 1, "unit_price": 10}]}


EXAMPLE_ORDERS = {
    "orders": [
        {"id": "A-1", "customer": "Ada", "quantity": 2, "unit_price": 3.5},
        {"id": "A-2", "customer": "Bob", "quantity": 1, "unit_price": 10},
    ]
}
PAGES = {
    "/shop.html": """<!doctype html><title>Shop</title><h1> Pens &amp; <i>ink</i> </h1>
        <a id="on" href="/form.html">Order</a> <a id="two" href="/form.html">Also</a>
        <p class="price">3.50</p><p class="price">10</p><p hidden id="later">Sold out</p>
        <button id="show" onclick="setTimeout(() => later.hidden = false, 50)">Show</button>
        <img src="/pen.png"><div style="background-image: url(/ink.jpg)"></div>
        <table id="stock"><tr><th>Thing</th><th>Thing</th></tr><tr><td>pen</td><td>4</td></tr>
        <tr><td></td><td></td></tr><tr><td>ink</td><td>=1+1</td></tr></table>""",
    "/form.html": """<!doctype html><title>Form</title><form action="/ordered" method="post">
        <input id="who" name="who" value="Bo">
        <select name="size"><option value="s">Small<option value="l">Large</select>
        <input type="checkbox" name="gift" value="yes"><textarea name="note"></textarea><button>Send</button></form>""",
}
_GATES: dict[str, tuple[threading.Event, list[Any]]] = {}
_GATES_LOCK = threading.Lock()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    release: threading.Event
    failures_left = 0

    def do_GET(self) -> None:
        match self.path.partition("?")[0]:
            case "/orders.json":
                self._answer(200, json.dumps(ORDERS).encode(), "application/json")
            case "/example-orders.json":
                self._answer(200, json.dumps(EXAMPLE_ORDERS).encode(), "application/json")
            case path if path in PAGES:
                self._answer(200, PAGES[path].encode(), "text/html", {"Set-Cookie": "visitor=seen"})
            case path if path.startswith("/gate/"):
                self._enter(path)
            case "/slow":
                self.release.wait(20)
                self._answer(200, b"late", "text/plain")
            case "/large":
                self._answer(200, b"x" * (11 * 2**20), "text/plain")
            case "/busy":
                self._answer(429, b"later", "text/plain", {"Retry-After": "600"})
            case "/missing":
                self._answer(404, b"not here", "text/plain")
            case "/away":
                self._redirect("/orders.json")
            case "/to-file":
                self._redirect("file:///etc/passwd")
            case "/round":
                self._redirect("/round")
            case "/flaky":
                type(self).failures_left -= 1
                self._answer(503 if self.failures_left >= 0 else 200, b"{}", "application/json")
            case _:
                self._echo()

    def _enter(self, gate: str) -> None:
        with _GATES_LOCK:
            opened, visitors = _GATES.setdefault(gate, (threading.Event(), []))
            visitors.append(self.client_address)
        opened.wait(60)
        self._answer(200, b"through", "text/plain")

    def do_POST(self) -> None:
        self._echo()

    def _echo(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        echo: dict[str, Any] = {
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": body.decode(),
        }
        self._answer(200, json.dumps(echo).encode(), "application/json")

    def _redirect(self, location: str) -> None:
        self.send_response(302)
        self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, status: int, body: bytes, content_type: str, headers: dict[str, str] | None = None) -> None:
        try:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle is what some tests are about."""


class LocalPage:
    """The server while it runs; `url` is its base."""

    def __enter__(self) -> Self:
        self._handler = type("_HandlerOfThisPage", (_Handler,), {"release": threading.Event()})
        self._server = _Server(("127.0.0.1", 0), self._handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def fail(self, times: int) -> None:
        """The next `times` answers of /flaky are 503."""
        self._handler.failures_left = times

    def visitors(self, gate: str) -> int:
        """How many requests came to this gate, `/gate/<any name>`."""
        return len(_GATES[gate][1]) if gate in _GATES else 0

    def open(self, gate: str) -> None:
        """Lets those who wait at the gate through, and everyone after them."""
        with _GATES_LOCK:
            _GATES.setdefault(gate, (threading.Event(), []))[0].set()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._handler.release.set()
        self._server.shutdown()
        self._server.server_close()
