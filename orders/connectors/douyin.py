"""Douyin (抖音) over openapi-fxg.jinritemai.com: orders by the instant of change, and shipping with several parcels.

Amounts are whole cents.  The signed parameters stand in the address, the business parameters are the body; one text is signed and sent.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from orders.connectors import paging, reading, saying, signing
from orders.connectors.errors import PlatformError, Refused, Throttled, Unauthorized, Unreachable
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
from orders.connectors.paging import Listing, Row
from orders.connectors.reading import Data, Unreadable
from orders.connectors.transport import THROTTLED_S, Transport
from orders.rules.incoming import IncomingLine, IncomingOrder, Receiver
from orders.rules.ship_back import Carries, PlatformLine

CAPABILITIES = Capabilities(carries=Carries.BY_UNIT, per_second=5.0)
PAGE_SIZE = 100
STATES = {"1": 0, "103": 0, "105": 1, "2": 1, "101": 1, "3": 2, "5": 3, "4": 4}
GOOD = "10000"
NOT_ALLOWED = {"30001", "30002", "30003", "30005", "40003", "40004"}
THEIRS = {"20000", "90000"}


class Douyin:
    """One shop."""

    capabilities = CAPABILITIES
    page_size = PAGE_SIZE
    batch = PAGE_SIZE
    widest = timedelta(days=1)

    def __init__(
        self, http: Transport, *, app_key: str, secret: str, session: str, now: Callable[[], datetime]
    ) -> None:
        self.http, self.app_key, self.secret, self.session, self.now = http, app_key, secret, session, now

    def call(self, method: str, **params: object) -> dict[str, Any]:
        """What stands under `data`.  Raises every PlatformError."""
        body = json.dumps(params, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        signed = {
            "app_key": self.app_key,
            "method": method,
            "param_json": body,
            "timestamp": str(int(self.now().timestamp())),
            "v": "2",
        }
        query = {name: value for name, value in signed.items() if name != "param_json"} | {
            "access_token": self.session,
            "sign_method": signing.HMAC_SHA256,
            "sign": signing.douyin(signed, self.secret),
        }
        data = reading.parse(self.http.post(f"/{method.replace('.', '/')}", query=query, json_body=body).body)
        if reading.word(data, "code") != GOOD:
            raise read_problem(data)
        inside = data.get("data")
        return inside if isinstance(inside, dict) else {}

    def check(self) -> str:
        """The shop has no call that says its name; a list of nothing proves the credentials."""
        now = self.now()
        self.list_page(now - paging.SECOND, now, 1)
        return ""

    def pull(self, cursor: str, window: Window) -> Iterator[Page]:
        """See paging."""
        return paging.pull(self, cursor, window)

    def list_page(self, start: datetime, end: datetime, number: int) -> Listing:
        """Whole orders, oldest change first; the platform counts pages from 0."""
        data = self.call(
            "order.searchList",
            update_time_start=int(start.timestamp()),
            update_time_end=int(end.timestamp()),
            order_by="update_time",
            order_asc=True,
            page=number - 1,
            size=PAGE_SIZE,
        )
        rows = [
            Row(reading.word(row, "order_id"), reading.word(row, "update_time"), row)
            for row in reading.rows(data, "shop_order_list")
        ]
        return Listing.named(rows, reading.total(data, "total"))

    def read(self, rows: Sequence[Row]) -> tuple[list[IncomingOrder], list[Unread]]:
        """From what the list said."""
        return paging.read_each(rows, read_order)

    def platform_lines(self, raw: str) -> tuple[PlatformLine, ...]:
        """Sub-orders, by their own numbers."""
        found = reading.rows(json.loads(raw), "sku_order_list")
        return tuple(
            PlatformLine(reading.word(row, "order_id"), reading.count(row, "item_num")) for row in found
        )

    def push_shipments(self, shipments: Sequence[Shipment]) -> Iterator[Outcome]:
        """The whole order in one parcel, or so many units of each sub-order."""
        return saying.each(shipments, self._ship)

    def _ship(self, shipment: Shipment) -> None:
        order, number, company = shipment.external_number, shipment.number, shipment.company
        try:
            if not shipment.lines:
                self.call("order.logisticsAdd", order_id=order, company_code=company, logistics_code=number)
                return
            goods = [{"shipped_order_id": id_, "shipped_num": units} for id_, units in shipment.lines]
            pack = {"company_code": company, "logistics_code": number, "shipped_order_info": goods}
            again = hashlib.sha256(f"{order}:{number}".encode()).hexdigest()[:32]
            self.call("order.logisticsAddMultiPack", order_id=order, request_id=again, pack_list=[pack])
        except Refused:
            if number not in self.numbers_of(order):
                raise

    def numbers_of(self, external_number: str) -> set[str]:
        """Tracking numbers that the platform has of an order."""
        data = self.call("order.orderDetail", shop_order_id=external_number)
        found = reading.rows(data, "shop_order_detail", "logistics_info")
        return {reading.word(row, "tracking_no") for row in found}

    def ask_merge(self, orders: Sequence[Hidden]) -> tuple[tuple[str, ...], ...]:
        """Equal open address ids are one receiver; unequal ones say nothing."""
        groups: dict[str, list[str]] = {}
        for order in orders:
            if order.token:
                groups.setdefault(order.token, []).append(order.external_number)
        return tuple(tuple(group) for group in groups.values() if len(group) > 1)

    def decrypt(self, orders: Sequence[Hidden]) -> Mapping[str, Receiver]:
        """Not offered: labels are printed by the platform."""
        return {}

    def push_stock(self, levels: Sequence[StockLevel]) -> Iterator[Outcome]:
        return saying.refuse_all(levels)

    def push_refund_state(self, refunds: Sequence[RefundState]) -> Iterator[Outcome]:
        return saying.refuse_all(refunds)


def read_problem(said: Data) -> PlatformError:
    """The type of what the gateway answers."""
    code, sub_code = reading.word(said, "code"), reading.word(said, "sub_code")
    words = reading.word(said, "sub_msg", "msg")
    if "limit" in sub_code or "too-many" in sub_code:
        return Throttled(THROTTLED_S, sub_code, words)
    if code in NOT_ALLOWED:
        return Unauthorized(sub_code or code, words)
    if code in THEIRS or sub_code.startswith("isp."):
        return Unreachable(sub_code or code, words, may_have_worked=True)
    return Refused(sub_code or code, words)


def read_order(row: Data) -> IncomingOrder:
    """An order as we take it.  Raises Unreadable."""
    items = reading.rows(row, "sku_order_list")
    if not items:
        raise Unreadable("sku_order_list")
    lines = tuple(
        IncomingLine(
            reading.name_of(item, "code", "out_sku_id", "sku_id"),
            reading.count(item, "item_num"),
            reading.count(item, "origin_amount", least=0),
            n,
            *reading.ids(item, ("product_id",), ("sku_id",)),
        )
        for n, item in enumerate(items, 1)
    )
    amount = reading.count(row, "pay_amount", least=0)
    freight = reading.count(row, "post_amount", least=0) if reading.word(row, "post_amount") else 0
    charge, discount = reading.balance(
        amount, sum(line.quantity * line.unit_price_minor for line in lines), freight
    )
    token = reading.word(row, "open_address_id", most=500)
    status = reading.word(row, "order_status")
    if status not in STATES:
        raise Unreadable("order_status")
    return IncomingOrder(
        external_number=reading.name_of(row, "order_id"),
        placed_at=reading.unix_time(row, *_times(row)),
        amount_minor=amount,
        lines=lines,
        raw=reading.raw(row),
        receiver=_receiver(row, token),
        charge_minor=charge,
        discount_minor=discount,
        remark=reading.word(row, "buyer_words"),
        seller_remark=reading.word(row, "seller_words"),
        state=STATES[status],
        buyer=reading.word(row, "doudian_open_id", "open_id", most=200),
        receiver_token=token,
    )


def _times(row: Data) -> Sequence[str]:
    """Unpaid orders have a pay time of 0."""
    return ("create_time",) if reading.word(row, "pay_time") in ("", "0") else ("pay_time",)


def _receiver(row: Data, token: str) -> Receiver | None:
    address = row.get("mask_post_addr") or row.get("post_addr") or {}
    if not isinstance(address, dict):
        raise Unreadable("post_addr")
    places = {name: address.get(name) or {} for name in ("province", "city", "town", "street")}
    parts = {
        name: reading.word(part, "name", most=40) if isinstance(part, dict) else ""
        for name, part in places.items()
    }
    street = " ".join(
        filter(None, (parts["street"], reading.word(address, "detail", "encrypt_detail", most=250)))
    )
    fields = (
        reading.word(row, "mask_post_receiver", "encrypt_post_receiver", most=100),
        reading.word(row, "mask_post_tel", "encrypt_post_tel", most=40),
        parts["province"],
        parts["city"],
        parts["town"],
        street,
    )
    return reading.receiver(fields, token)
