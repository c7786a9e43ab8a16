"""Pinduoduo (拼多多) over gw-api.pinduoduo.com/api/router: orders by the instant of change, and shipping.

Windows of at most 30 minutes.  One number ships an order; further ones are said as extra parcels of the same order.
"""

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

CAPABILITIES = Capabilities(carries=Carries.ALL, per_second=5.0)
PAGE_SIZE = 100
STATES = {"0": 0, "1": 1, "2": 2, "3": 3}
REFUNDED = "4"
ANY = "5"
SPLIT_PARCEL = 1
NOT_ALLOWED = {"10019", "10035", "10016", "10018", "10001", "20004", "20005"}
LIMITED = {"70031", "70032", "70033", "52101", "21001"}
THEIRS = {"50000", "50001", "52102", "52103", "51000"}


class Pdd:
    """One shop."""

    capabilities = CAPABILITIES
    page_size = PAGE_SIZE
    batch = PAGE_SIZE
    widest = timedelta(minutes=30) - paging.SECOND

    def __init__(
        self, http: Transport, *, app_key: str, secret: str, session: str, now: Callable[[], datetime]
    ) -> None:
        self.http, self.app_key, self.secret, self.session, self.now = http, app_key, secret, session, now

    def call(self, method: str, inside: str, **params: str) -> dict[str, Any]:
        """What stands under `inside`: its name cannot be made from the call's.  Raises every PlatformError."""
        sent = params | {
            "type": method,
            "client_id": self.app_key,
            "access_token": self.session,
            "timestamp": str(int(self.now().timestamp())),
            "data_type": "JSON",
        }
        sent["sign"] = signing.pdd(sent, self.secret)
        data = reading.parse(self.http.post(form=sent).body)
        if "error_response" in data:
            raise read_problem(reading.inner(data, "error_response"))
        return reading.inner(data, inside)

    def check(self) -> str:
        """The shop's name."""
        found = self.call("pdd.mall.info.get", "mall_info_get_response")
        return reading.word(found, "mall_name", most=60)

    def pull(self, cursor: str, window: Window) -> Iterator[Page]:
        """See paging."""
        return paging.pull(self, cursor, window)

    def list_page(self, start: datetime, end: datetime, number: int) -> Listing:
        """Whole orders."""
        data = self.call(
            "pdd.order.number.list.increment.get",
            "order_sn_increment_get_response",
            is_lucky_flag="0",
            order_status=ANY,
            refund_status=ANY,
            start_updated_at=str(int(start.timestamp())),
            end_updated_at=str(int(end.timestamp())),
            page=str(number),
            page_size=str(PAGE_SIZE),
            use_has_next="false",
        )
        rows = [
            Row(reading.word(row, "order_sn"), reading.word(row, "updated_at"), row)
            for row in reading.rows(data, "order_sn_list")
        ]
        return Listing.named(rows, reading.total(data, "total_count"))

    def read(self, rows: Sequence[Row]) -> tuple[list[IncomingOrder], list[Unread]]:
        """From what the list said."""
        return paging.read_each(rows, read_order)

    def platform_lines(self, raw: str) -> tuple[PlatformLine, ...]:
        """Pinduoduo is told of orders, never of lines."""
        found = reading.rows(json.loads(raw), "item_list")
        return tuple(
            PlatformLine(reading.word(row, "sku_id", "goods_id"), reading.count(row, "goods_count"))
            for row in found
        )

    def push_shipments(self, shipments: Sequence[Shipment]) -> Iterator[Outcome]:
        """The first number ships, the others are extra parcels."""
        return saying.each(shipments, self._ship)

    def _ship(self, shipment: Shipment) -> None:
        number, company = shipment.number, shipment.company
        try:
            if shipment.others:
                extra = [{"shipping_id": int(company), "tracking_number": number}]
                data = self.call(
                    "pdd.order.upload.extra.logistics",
                    "upload_extra_logistics_response",
                    order_sn=shipment.external_number,
                    extra_track_list=json.dumps(extra, separators=(",", ":")),
                    extra_track_type=str(SPLIT_PARCEL),
                )
                done = data.get("success")
            else:
                data = self.call(
                    "pdd.logistics.online.send",
                    "logistics_online_send_response",
                    order_sn=shipment.external_number,
                    logistics_id=company,
                    tracking_number=number,
                )
                done = data.get("is_success")
            if str(done).lower() not in ("true", "1"):
                raise Refused("not_sent", "the platform did not take it")
        except ValueError:
            raise Refused("company", "the company's number on this platform is a whole number") from None
        except Refused:
            if number not in self.numbers_of(shipment.external_number):
                raise

    def numbers_of(self, external_number: str) -> set[str]:
        """Tracking numbers that the platform has of an order."""
        data = self.call("pdd.order.information.get", "order_info_get_response", order_sn=external_number)
        order = reading.inner(data, "order_info")
        extra = {reading.word(row, "tracking_number") for row in reading.rows(order, "extra_delivery_list")}
        return {number for number in extra | {reading.word(order, "tracking_number")} if number}

    def ask_merge(self, orders: Sequence[Hidden]) -> tuple[tuple[str, ...], ...]:
        """Not asked: nothing is merged on this platform's word."""
        return ()

    def decrypt(self, orders: Sequence[Hidden]) -> Mapping[str, Receiver]:
        """Only inside the platform's own cloud."""
        return {}

    def push_stock(self, levels: Sequence[StockLevel]) -> Iterator[Outcome]:
        return saying.refuse_all(levels)

    def push_refund_state(self, refunds: Sequence[RefundState]) -> Iterator[Outcome]:
        return saying.refuse_all(refunds)


def read_problem(said: Data) -> PlatformError:
    """The type of what the gateway answers."""
    code, sub_code = reading.word(said, "error_code"), reading.word(said, "sub_code")
    words = reading.word(said, "sub_msg", "error_msg")
    if code in LIMITED or sub_code in LIMITED:
        return Throttled(THROTTLED_S, code, words)
    if code in NOT_ALLOWED:
        return Unauthorized(code, words)
    if code in THEIRS:
        return Unreachable(code, words, may_have_worked=True)
    return Refused(sub_code or code, words)


def read_order(row: Data) -> IncomingOrder:
    """An order as we take it.  Raises Unreadable."""
    items = reading.rows(row, "item_list")
    if not items:
        raise Unreadable("item_list")
    lines = tuple(
        IncomingLine(
            reading.name_of(item, "outer_id", "outer_goods_id", "sku_id"),
            reading.count(item, "goods_count"),
            reading.minor(item, "goods_price"),
            n,
            *reading.ids(item, ("goods_id",), ("sku_id",)),
        )
        for n, item in enumerate(items, 1)
    )
    amount, freight = reading.minor(row, "pay_amount"), reading.minor(row, "postage")
    charge, discount = reading.balance(
        amount, sum(line.quantity * line.unit_price_minor for line in lines), freight
    )
    token = reading.word(row, "open_address_id", most=500)
    fields = (
        reading.word(row, "receiver_name_mask", "receiver_name", most=100),
        reading.word(row, "receiver_phone_mask", "receiver_phone", most=40),
        reading.word(row, "province", most=40),
        reading.word(row, "city", most=40),
        reading.word(row, "town", most=40),
        reading.word(row, "receiver_address_mask", "receiver_address", "address", most=300),
    )
    state = reading.word(row, "order_status")
    if state not in STATES:
        raise Unreadable("order_status")
    return IncomingOrder(
        external_number=reading.name_of(row, "order_sn"),
        placed_at=reading.china_time(row, "pay_time", "confirm_time", "created_time"),
        amount_minor=amount,
        lines=lines,
        raw=reading.raw(row),
        receiver=reading.receiver(fields, token),
        charge_minor=charge,
        discount_minor=discount,
        remark=reading.word(row, "buyer_memo"),
        seller_remark=reading.word(row, "remark"),
        state=4 if reading.word(row, "refund_status") == REFUNDED else STATES[state],
        receiver_token=token,
    )
