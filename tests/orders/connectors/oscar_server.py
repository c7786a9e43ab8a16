"""The API of a django-oscar shop in the shape that a real one answered in: orders newest first in pages, lines apart, no filter.

Written apart from the connector.  `before` runs before each answer with its path; `lose` answers are lost after their effect.
"""

import json
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

USER, PASSWORD = "erp", "a-password-of-staff-77"
RIGHT = "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@dataclass
class Placed:
    """An order there: (code, units, price) lines."""

    id: int
    placed: datetime
    lines: list[tuple[str, int, str]]
    status: str = "Pending"
    street: str = "天钥桥路 1 号"
    shipments: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    @property
    def number(self) -> str:
        return str(100_000 + self.id)


@dataclass
class OscarShop:
    orders: dict[int, Placed] = field(default_factory=dict)
    page_size: int | None = 5
    calls: list[str] = field(default_factory=list)
    before: Callable[["OscarShop", str], None] | None = None
    lose: int = 0
    takes_shipments: bool = True
    currency: str = "CNY"

    def place(self, id_: int, placed: datetime, *lines: tuple[str, int, str], **more: Any) -> Placed:
        self.orders[id_] = Placed(id_, placed, list(lines) or [("S", 1, "10.00")], **more)
        return self.orders[id_]

    def answer(self, path: str, query: dict[str, str], said: dict[str, Any], url: str) -> tuple[int, Any]:
        parts = path.removeprefix("/shop/api/admin/").strip("/").split("/")
        if parts == ["shipments"]:
            return self._ship(said) if self.takes_shipments else (404, "<html>not found</html>")
        if parts == ["orders"]:
            return self._list(int(query.get("page", "1")), url)
        order = self.orders.get(int(parts[1]))
        if order is None:
            return 404, {"detail": "No Order matches the given query."}
        if parts[2:] == ["lines"]:
            return 200, _paged(1, [_line(order, n, url) for n in range(len(order.lines))])
        return 200, self._show(order, url)

    def _list(self, number: int, url: str) -> tuple[int, Any]:
        every = sorted(self.orders.values(), key=lambda one: (one.placed, one.id), reverse=True)
        shown = [self._show(order, url) for order in every]
        if self.page_size is None:
            return 200, shown
        first = (number - 1) * self.page_size
        if first and first >= len(shown):
            return 404, {"detail": "Invalid page."}
        more = (
            f"{url}/shop/api/admin/orders/?page={number + 1}" if first + self.page_size < len(shown) else None
        )
        return 200, _paged(len(shown), shown[first : first + self.page_size], more)

    def _show(self, order: Placed, url: str) -> dict[str, Any]:
        here = f"{url}/shop/api/admin/orders/{order.id}/"
        cents = sum(units * int(price.replace(".", "")) for _code, units, price in order.lines)
        address = {"id": order.id, "country": f"{url}/shop/api/countries/CN/", "title": "", "first_name": "雷",
                   "last_name": "李", "line1": order.street, "line2": "", "line3": "徐汇区", "line4": "上海市",
                   "state": "上海市", "postcode": "200030", "phone_number": "+8613800002046", "notes": "放门口"}  # fmt: skip
        return {"number": order.number, "url": here, "lines": here + "lines/", "owner": None,
                "currency": self.currency, "total_incl_tax": f"{cents / 100 + 6:.2f}", "shipping_incl_tax": "8.00",
                "shipping_address": address, "status": order.status, "email": "li@example.com",
                "date_placed": order.placed.isoformat()}  # fmt: skip

    def _ship(self, said: dict[str, Any]) -> tuple[int, Any]:
        found = [order for order in self.orders.values() if order.number == said["order"]]
        if not found:
            return 404, {"code": "no_order", "detail": "no such order"}
        order = found[0]
        units = [(line["line"], line["quantity"]) for line in said["lines"]]
        if said["number"] not in order.shipments:
            order.shipments[said["number"]] = units
            order.status = "Being processed" if units else "Complete"
        return 200, {"order": order.number, "number": said["number"], "status": order.status}


def _paged(count: int, rows: list[dict[str, Any]], more: str | None = None) -> dict[str, Any]:
    return {"count": count, "next": more, "previous": None, "results": rows}


def _line(order: Placed, place: int, url: str) -> dict[str, Any]:
    code, units, price = order.lines[place]
    return {"url": f"{url}/shop/api/admin/orderlines/{order.id * 10 + place}/", "quantity": units,
            "partner_sku": code, "unit_price_incl_tax": price, "status": order.status}  # fmt: skip


@contextmanager
def serving(shop: OscarShop) -> Iterator[str]:
    """The address of its API."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # head and body in one packet

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Silent."""

        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, said: dict[str, Any]) -> None:
            parts = urlsplit(self.path)
            shop.calls.append(self.path)
            if shop.before:
                shop.before(shop, self.path)
            if self.headers.get("Authorization") == RIGHT:
                url = f"http://{self.headers['Host']}"
                status, found = shop.answer(parts.path, dict(parse_qsl(parts.query)), said, url)
            else:
                status, found = 403, {"detail": "Invalid username/password."}
            if said and shop.lose:
                shop.lose -= 1
                self.close_connection = True
                return
            data = found.encode() if isinstance(found, str) else json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/shop/api/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
