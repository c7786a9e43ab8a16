"""A platform on this machine: real HTTP, four dialects, its own check of every signature, and every way of misbehaving.

It is written apart from the connectors: nothing of theirs is imported.  `Shop` is what it knows, `faults` what it does wrong next, one a
call: "throttle", "die", "late", "not_json", "array", "busy", "forbidden", "redirect", "duplicate", "missing", "total", "half".
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

SECRET, SESSION = "a-secret-of-the-shop-9f3c", "session-of-the-shop-77aa"


@dataclass
class Sold:
    """An order on the platform: (merchant's code, units, price in cents) lines."""

    number: str
    modified: datetime
    lines: list[tuple[str, int, int]]
    status: str = "paid"
    paid_at: datetime | None = None
    receiver: str = "张**"
    token: str = ""
    message: str = ""
    freight: int = 0
    parcels: list[tuple[str, str, tuple[tuple[str, int], ...]]] = field(default_factory=list)
    broken: bool = False  # its status is one that nobody knows

    @property
    def paid(self) -> int:
        return sum(units * price for _code, units, price in self.lines) + self.freight


@dataclass
class Shop:
    """What the platform knows of one shop, and how it will misbehave."""

    orders: dict[str, Sold] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    stock: dict[str, int] = field(default_factory=dict)
    refunds: dict[str, bool] = field(default_factory=dict)  # passed for paying out, or refused
    refund_states: dict[str, str] = field(
        default_factory=dict
    )  # as the platform calls them; waiting otherwise
    before: Callable[["Shop", str], None] | None = None  # runs before each answer, with the call's name
    lose_answer_to: str = ""  # this call has its effect, and its answer is lost
    is_locked: bool = False  # credentials are refused

    def add(
        self, number: str, *lines: tuple[str, int, int], modified: datetime | None = None, **more: Any
    ) -> Sold:
        at = modified or datetime.now(UTC)
        sold = Sold(number, at, list(lines or [("S", 1, 1_000)]), paid_at=at, **more)
        self.orders[number] = sold
        return sold

    def within(self, start: datetime, end: datetime) -> list[Sold]:
        """Newest change first, as Taobao lists them."""
        found = [
            sold for sold in self.orders.values() if start <= sold.modified.replace(microsecond=0) <= end
        ]
        return sorted(found, key=lambda sold: (sold.modified, sold.number), reverse=True)

    def page(
        self, start: datetime, end: datetime, number: int, size: int, fault: str
    ) -> tuple[list[Sold], int]:
        """One page and the total, with the lie asked for."""
        found = self.within(start, end)
        total = len(found) + (3 if fault == "total" else 0)
        first = (number - 1) * size
        if fault == "duplicate" and first:
            first -= size
        rows = found[first : first + size]
        return (rows[1:] if fault == "missing" else rows), total

    def ship(self, number: str, tracking: str, company: str, lines: tuple[tuple[str, int], ...]) -> str:
        """ "" or why not: a line takes one number, a whole order as well."""
        sold = self.orders.get(number)
        if sold is None:
            return "no such order"
        taken = {line for _t, _c, found in sold.parcels for line, _units in found}
        if any(not found for _t, _c, found in sold.parcels) or taken & {line for line, _units in lines}:
            return "已发货"
        sold.parcels.append((tracking, company, lines))
        sold.modified = datetime.now(UTC)
        return ""

    def named(self, method: str) -> list[dict[str, Any]]:
        return [params for name, params in self.calls if name == method]


@dataclass(frozen=True)
class Dialect:
    """How one platform is asked, signs, answers and refuses."""

    read: Callable[[str, dict[str, str], str], dict[str, Any]]
    is_signed: Callable[[dict[str, Any], str], bool]
    refuse: Callable[[str], dict[str, Any]]
    calls: dict[str, Callable[[Shop, dict[str, Any], str], dict[str, Any]]]


class Dead(Exception):
    """The connection ends here."""


@contextmanager
def serving(shop: Shop, dialects: dict[str, Dialect]) -> Iterator[str]:
    """The platform's address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(shop, dialects))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def _handler(shop: Shop, dialects: dict[str, Dialect]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Silent."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            parts = urlsplit(self.path)
            dialect = next(found for path, found in dialects.items() if parts.path.startswith(path))
            try:
                status, answer = _answer(shop, dialect, parts.path, parts.query, body)
            except Dead:
                self.close_connection = True
                return
            data = answer if isinstance(answer, bytes) else json.dumps(answer, ensure_ascii=False).encode()
            half = status == -1
            self.send_response(200 if half else status)
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) // 2] if half else data)
            if half:
                self.close_connection = True

    return Handler


def _answer(shop: Shop, dialect: Dialect, path: str, query: str, body: str) -> tuple[int, Any]:
    params = dialect.read(path, dict(parse_qsl(query)), body)
    method = params["method"]
    shop.calls.append((method, params))
    if shop.before:
        shop.before(shop, method)
    fault = shop.faults.pop(0) if shop.faults else ""
    if fault == "die":
        raise Dead
    if fault == "late":
        time.sleep(1.5)
    plain = {"not_json": (200, b"<html>busy</html>"), "array": (200, b"[]"), "busy": (502, b""),
             "forbidden": (403, b""), "redirect": (302, b"")}  # fmt: skip
    if fault in plain:
        return plain[fault]
    if not dialect.is_signed(params, SECRET):
        return 200, dialect.refuse("sign")
    if shop.is_locked:
        return 200, dialect.refuse("session")
    if fault == "throttle":
        return 200, dialect.refuse("throttle")
    said = dialect.calls[method](shop, params, fault)
    if shop.lose_answer_to == method:
        shop.lose_answer_to = ""
        raise Dead
    return (-1 if fault == "half" else 200), said
