"""A merchant's own shop on django-oscar, over django-oscar-api: orders in, tracking numbers out.

The API lists orders newest first, without a filter and without the instant of a change.  So what is new is read from the top down to where
the last pass began, and orders that are not finished are looked at one by one.  It can be told nothing about shipping: the shop has to
add one call, `admin/shipments/` (docs/rules/connectors.md).  Who signs in is a member of staff, by name and password.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from orders.connectors import reading, saying
from orders.connectors.errors import Refused, Untrue
from orders.connectors.interface import (
    Capabilities,
    Hidden,
    Outcome,
    Page,
    RefundState,
    Shipment,
    StockLevel,
    Unread,
    Window,
)
from orders.connectors.reading import Data, Unreadable
from orders.connectors.transport import Answer, Transport
from orders.rules.incoming import IncomingLine, IncomingOrder, Receiver
from orders.rules.ship_back import Carries, PlatformLine

CAPABILITIES = Capabilities(carries=Carries.BY_UNIT, per_second=5.0)
ORDERS, SHIPMENTS = "admin/orders/", "admin/shipments/"
CURRENCY, NOT_FOUND = "CNY", "http_404"
BATCH = 20  # orders stored together; each costs a call for its lines
LOOKS = 60  # at unfinished orders, a pull
MOST_KNOWN = 4_000  # orders a cursor remembers
MOST_LINE_PAGES = 50
RESTARTS = 4
ID = re.compile(r"/(\d{1,18})/?$")
# A shop chooses its own words; these are oscar's sandbox's, oscar-api's and the usual ones, in small letters.
STATES = {
    "new": 0,
    "waiting for payment": 0,
    "pending": 1,
    "paid": 1,
    "processing": 1,
    "being processed": 1,
    "partially shipped": 1,
    "shipped": 2,
    "complete": 3,
    "completed": 3,
    "cancelled": 4,
    "canceled": 4,
    "refunded": 4,
}
UNFINISHED = (0, 1)


@dataclass(frozen=True, slots=True)
class Known:
    """An order that was read: its number, a digest of all the shop said of it, and when it was placed."""

    number: str
    digest: str
    placed: str
    is_open: bool

    def is_kept(self, since: datetime) -> bool:
        """Whether it is worth remembering: it may change, or the next pass reads that far."""
        return self.is_open or datetime.fromisoformat(self.placed) >= since


@dataclass(frozen=True, slots=True)
class Place:
    """A cursor, read.  What was placed before `at` is stored.  A pass under way began at `top`, goes on with the page that `query` asks
    for, and last met a list of `total` orders.  `known`: by the shop's id, the longest not looked at first.
    """

    at: datetime
    top: datetime | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    total: int = 0
    known: Mapping[int, Known] = field(default_factory=dict)

    def text(self) -> str:
        kept = list(self.known.items())[-MOST_KNOWN:]
        rows = [[id_, one.number, one.digest, one.placed, one.is_open] for id_, one in kept]
        said = {"at": _say(self.at), "top": _say(self.top), "query": dict(self.query), "total": self.total}
        return json.dumps(said | {"known": rows}, ensure_ascii=False)

    def learn(self, read: Mapping[int, Known]) -> "Place":
        """What was just looked at goes to the end."""
        old = {id_: one for id_, one in self.known.items() if id_ not in read}
        return replace(self, known=old | dict(read))


def _say(instant: datetime | None) -> str:
    return instant.astimezone(UTC).isoformat() if instant else ""


def read_place(cursor: str, first: datetime) -> Place:
    """The place of a cursor; `first` where there is none yet."""
    if not cursor:
        return Place(first)
    said = json.loads(cursor)
    top = datetime.fromisoformat(said["top"]) if said["top"] else None
    known = {int(id_): Known(*rest) for id_, *rest in said["known"]}
    return Place(datetime.fromisoformat(said["at"]), top, said["query"], said["total"], known)


class Oscar:
    """One shop."""

    capabilities = CAPABILITIES

    def __init__(self, http: Transport, *, user: str, password: str) -> None:
        self.http, self.user = http, user
        self.authorization = "Basic " + b64encode(f"{user}:{password}".encode()).decode()

    def _get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """An object, or a list as the shop's only page.  Raises every PlatformError."""
        answer = self.http.get(path, query=query, authorization=self.authorization)
        if answer.status >= 400:
            raise _refused(answer)
        is_list = answer.body.lstrip().startswith(b"[")
        return reading.parse(b'{"results":' + answer.body + b"}" if is_list else answer.body)

    def check(self) -> str:
        """The API says nothing of the shop itself; who we are there proves the credentials."""
        self._get(ORDERS)
        return self.user[:60]

    # ── orders ──

    def pull(self, cursor: str, window: Window) -> Iterator[Page]:
        """First what is new, from the newest down; then what is unfinished."""
        place = read_place(cursor, window.first)
        if place.top is None:
            place = replace(place, top=window.now, query={}, total=0)
        seen: set[int] = set()
        reached = place
        for reached, page in self._new(place, window, seen):
            yield replace(page, cursor=reached.text())
        yield from self._unfinished(reached, seen)

    def _new(self, place: Place, window: Window, seen: set[int]) -> Iterator[tuple[Place, Page]]:
        """A pass from the top down to `at`.

        New orders push others onto later pages, where they are met again; fewer orders than before may have let one slip onto an earlier
        page, so then the pass starts over.
        """
        restarts = 0
        while True:
            data = self._page(place.query)
            count = reading.total(data, "count") if "count" in data else 0
            if count < place.total or data.get("results") is None:
                restarts += 1
                if restarts > RESTARTS:
                    raise Untrue("pages", "its pages do not add up to its total")
                place = replace(place, query={}, total=0)
                continue
            rows, place = _rows(data), replace(place, total=count)
            wanted = [(id_, row) for id_, placed, row in rows if placed >= place.at]
            seen.update(id_ for id_, _row in wanted)
            for read, page in self._read(place, wanted):
                place = place.learn(read)
                yield place, page
            following = _query(data)
            if len(wanted) < len(rows) or not rows or not following:
                break
            known = {id_: one for id_, one in place.known.items() if one.is_kept(window.now - window.overlap)}
            place = replace(place, query=following, known=known)
        at = max(place.at, (place.top or window.now) - window.overlap)
        known = {id_: one for id_, one in place.known.items() if one.is_kept(at)}
        yield Place(at, known=known), Page((), ())

    def _page(self, query: Mapping[str, str]) -> dict[str, Any]:
        """A page of orders; without `results` where it is not there any more."""
        try:
            return self._get(ORDERS, query)
        except Refused:
            if not query:
                raise
            return {}

    def _unfinished(self, place: Place, seen: set[int]) -> Iterator[Page]:
        """Some of the orders that may still change, the longest not looked at first."""
        due = [id_ for id_, one in place.known.items() if one.is_open and id_ not in seen][:LOOKS]
        for first in range(0, len(due), BATCH):
            rows: list[tuple[int, Data]] = []
            gone: list[Unread] = []
            looked: dict[int, Known] = {}
            for id_ in due[first : first + BATCH]:
                known = place.known[id_]
                try:
                    rows.append((id_, self._get(f"{ORDERS}{id_}/")))
                    looked[id_] = known
                except Refused as problem:
                    if problem.code != NOT_FOUND:
                        raise
                    gone.append(Unread(known.number, "gone", ""))
                    looked[id_] = replace(known, is_open=False)
            before = place
            place = place.learn(looked)
            yield Page((), tuple(gone), place.text())
            for read, page in self._read(before, rows):
                place = place.learn(read)
                yield replace(page, cursor=place.text())

    def _read(
        self, place: Place, rows: Sequence[tuple[int, Data]]
    ) -> Iterator[tuple[dict[int, Known], Page]]:
        """Orders of these that are not known as they are, in batches."""
        fresh = [(id_, row, _digest(row)) for id_, row in rows]
        fresh = [one for one in fresh if one[0] not in place.known or place.known[one[0]].digest != one[2]]
        for first in range(0, len(fresh), BATCH):
            orders: list[IncomingOrder] = []
            unread: list[Unread] = []
            read: dict[int, Known] = {}
            for id_, row, digest in fresh[first : first + BATCH]:
                whole = dict(row)
                number = reading.word(row, "number", most=reading.NUMBER_MOST)
                try:
                    whole["lines"] = self._lines(id_)
                    orders.append(read_order(whole))
                except (Unreadable, Untrue, Refused) as problem:
                    unread.append(Unread(number or f"id {id_}", str(problem), reading.raw(whole)))
                state = STATES.get(reading.word(row, "status").lower(), 1)
                read[id_] = Known(number, digest, _placed(row).isoformat(), state in UNFINISHED)
            yield read, Page(tuple(orders), tuple(unread))

    def _lines(self, id_: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        query: Mapping[str, str] = {}
        for _page in range(MOST_LINE_PAGES):
            data = self._get(f"{ORDERS}{id_}/lines/", query)
            found += reading.rows(data, "results")
            query = _query(data)
            if not query:
                return found
        raise Untrue("shape", "an order with too many lines")

    def platform_lines(self, raw: str) -> tuple[PlatformLine, ...]:
        """By the ids that the API has in their addresses."""
        return tuple(
            PlatformLine(str(_id(row)), reading.count(row, "quantity"))
            for row in reading.rows(json.loads(raw), "lines")
        )

    # ── what we say ──

    def push_shipments(self, shipments: Sequence[Shipment]) -> Iterator[Outcome]:
        """Each becomes a shipping event.  The shop takes a number once, so one whose answer was lost is said again."""
        return saying.each(shipments, self._ship)

    def _ship(self, shipment: Shipment) -> None:
        said = {
            "order": shipment.external_number,
            "number": shipment.number,
            "company": shipment.company,
            "lines": [{"line": int(id_), "quantity": units} for id_, units in shipment.lines],
        }
        body = json.dumps(said, ensure_ascii=False)
        answer = self.http.post(SHIPMENTS, json_body=body, authorization=self.authorization)
        if answer.status >= 400:
            raise _refused(answer, otherwise="no_shipments" if answer.status in (404, 405) else "")
        if reading.word(reading.parse(answer.body), "number") != shipment.number:
            raise Untrue("shape", "the answer does not name the number")

    def push_stock(self, levels: Sequence[StockLevel]) -> Iterator[Outcome]:
        return saying.refuse_all(levels)

    def push_refund_state(self, refunds: Sequence[RefundState]) -> Iterator[Outcome]:
        return saying.refuse_all(refunds)

    def ask_merge(self, orders: Sequence[Hidden]) -> tuple[tuple[str, ...], ...]:
        """Nothing is hidden here."""
        return ()

    def decrypt(self, orders: Sequence[Hidden]) -> Mapping[str, Receiver]:
        """Nothing is hidden here."""
        return {}


def _refused(answer: Answer, *, otherwise: str = "") -> Refused:
    """The shop's own code and words where it has some."""
    try:
        said = reading.parse(answer.body)
    except Untrue:
        said = {}
    code = reading.word(said, "code", most=64)
    return Refused(code or otherwise or f"http_{answer.status}", reading.word(said, "detail", most=500))


def _digest(row: Data) -> str:
    return blake2b(reading.raw(row).encode(), digest_size=9).hexdigest()


def _id(row: Data) -> int:
    found = ID.search(urlsplit(reading.word(row, "url")).path)
    if found is None:
        raise Untrue("shape", "an order or a line without its address")
    return int(found[1])


def _placed(row: Data) -> datetime:
    try:
        found = datetime.fromisoformat(reading.word(row, "date_placed"))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Untrue("shape", "date_placed is no instant")
    return found


def _rows(data: Data) -> list[tuple[int, datetime, Data]]:
    """(id, placed at, order) of a page, which must be newest first."""
    found: list[tuple[int, datetime, Data]] = [
        (_id(row), _placed(row), row) for row in reading.rows(data, "results")
    ]
    if any(after[1] > before[1] for before, after in pairwise(found)):
        raise Untrue("newest_first", "its orders are not newest first")
    return found


def _query(data: Data) -> dict[str, str]:
    """What the address of the next page asks for; where it points is of no interest."""
    return dict(parse_qsl(urlsplit(reading.word(data, "next")).query))


def read_order(order: Data) -> IncomingOrder:
    """An order with its lines as we take it.  Raises Unreadable, Untrue."""
    if reading.word(order, "currency") != CURRENCY:
        raise Unreadable("currency")
    state = STATES.get(reading.word(order, "status").lower())
    if state is None:
        raise Unreadable("status")
    lines = tuple(_line(n, row) for n, row in enumerate(reading.rows(order, "lines"), 1))
    if not lines:
        raise Unreadable("lines")
    amount = reading.minor(order, "total_incl_tax")
    charge, discount = reading.balance(
        amount,
        sum(line.quantity * line.unit_price_minor for line in lines),
        reading.minor(order, "shipping_incl_tax"),
    )
    address = order.get("shipping_address") or {}
    if not isinstance(address, dict):
        raise Unreadable("shipping_address")
    return IncomingOrder(
        external_number=reading.name_of(order, "number"),
        placed_at=_placed(order).astimezone(UTC),
        amount_minor=amount,
        lines=lines,
        raw=reading.raw(order),
        receiver=_receiver(address),
        charge_minor=charge,
        discount_minor=discount,
        remark=reading.word(address, "notes"),
        state=state,
        buyer=reading.word(order, "email", most=200),
    )


def _line(place: int, row: Data) -> IncomingLine:
    """By the merchant's code; its price before discounts, which the order's total accounts for."""
    units = reading.count(row, "quantity")
    price = reading.minor(row, "unit_price_incl_tax")
    price = price or reading.minor(row, "price_incl_tax_excl_discounts") // units
    code = reading.name_of(row, "partner_sku", "upc", most=reading.CODE_MOST)
    return IncomingLine(code, units, price, place)


def _receiver(address: Data) -> Receiver | None:
    """line4 is oscar's city, state its province; line3 is taken for the district."""
    first, last = reading.word(address, "first_name", most=50), reading.word(address, "last_name", most=50)
    name = f"{first} {last}" if f"{first}{last}".isascii() else last + first
    street = " ".join(filter(None, (reading.word(address, line, most=150) for line in ("line1", "line2"))))
    fields = (
        name.strip(),
        reading.word(address, "phone_number", most=40).removeprefix("+86"),
        reading.word(address, "state", most=40),
        reading.word(address, "line4", most=40),
        reading.word(address, "line3", most=40),
        street,
    )
    return reading.receiver(fields, "")
