"""JD (京东) over api.jd.com/routerjson: orders of a shop that ships itself, and shipping.

The platform spells "responce".  One call ships an order; a number that comes later changes the waybills of the order to all of them.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from orders.connectors import paging, reading, saying, signing
from orders.connectors.errors import PlatformError, Refused, Throttled, Unauthorized, Unreachable, Untrue
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

CAPABILITIES = Capabilities(carries=Carries.ALL, merge_verdict=True, per_second=5.0)
PAGE_SIZE = 100
STATES = {
    "NOT_PAY": 0,
    "PAUSE": 0,
    "LOCKED": 0,  # the buyer asks to cancel: not to be shipped until it is decided
    "WAIT_SELLER_STOCK_OUT": 1,
    "WAIT_SELLER_DELIVERY": 1,
    "WAIT_GOODS_RECEIVE_CONFIRM": 2,
    "FINISHED_L": 3,
    "TRADE_CANCELED": 4,
    "TRADE_CLOSED": 4,
}
FIELDS = (
    "orderId,orderState,orderPayment,freightPrice,orderStartTime,paymentConfirmTime,modified,orderRemark,venderRemark,"
    "itemInfoList,consigneeInfo,payType,open_id_buyer,oaid,waybill,logisticsId"
)
NOT_ALLOWED = {"10100009", "19", "10100010", "12", "21", "22", "65"}
LIMITED = {"10100054", "62", "67", "68"}
COD = ("1-货到付款", "1", "货到付款")


class Jd:
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
        """The inside of the answer.  Raises every PlatformError."""
        sent = {
            "method": method,
            "app_key": self.app_key,
            "access_token": self.session,
            "timestamp": f"{reading.say_china_time(self.now())}.000+0800",
            "v": "2.0",
            "360buy_param_json": json.dumps(
                params, ensure_ascii=False, sort_keys=True, separators=(",", ":")
            ),
        }
        sent["sign"] = signing.jd(sent, self.secret)
        data = reading.parse(self.http.post(form=sent).body)
        if "error_response" in data:
            raise read_problem(reading.inner(data, "error_response"))
        return reading.inner(data, f"{method.replace('.', '_')}_responce")

    def check(self) -> str:
        """The shop's name."""
        found = self.call("jingdong.vender.shop.query")
        return reading.word(reading.inner(found, "shop_jos_result"), "shop_name", most=60)

    def pull(self, cursor: str, window: Window) -> Iterator[Page]:
        """See paging."""
        return paging.pull(self, cursor, window)

    def list_page(self, start: datetime, end: datetime, number: int) -> Listing:
        """Whole orders, by the instant of their change, oldest first."""
        data = self.call(
            "jingdong.pop.order.search",
            start_date=reading.say_china_time(start),
            end_date=reading.say_china_time(end),
            order_state=",".join(STATES),
            optional_fields=FIELDS,
            page=str(number),
            page_size=str(PAGE_SIZE),
            sortType="0",
            dateType="0",
        )
        found = reading.inner(data, "searchorderinfo_result")
        _refuse(found.get("apiResult"))
        rows = [
            Row(reading.word(row, "orderId"), reading.word(row, "modified"), row)
            for row in reading.rows(found, "orderInfoList")
        ]
        return Listing.named(rows, reading.total(found, "orderTotal"))

    def read(self, rows: Sequence[Row]) -> tuple[list[IncomingOrder], list[Unread]]:
        """From what the list said."""
        return paging.read_each(rows, read_order)

    def platform_lines(self, raw: str) -> tuple[PlatformLine, ...]:
        """JD is told of orders, never of lines."""
        found = reading.rows(json.loads(raw), "itemInfoList")
        return tuple(
            PlatformLine(reading.word(row, "skuId"), reading.count(row, "itemTotal")) for row in found
        )

    def push_shipments(self, shipments: Sequence[Shipment]) -> Iterator[Outcome]:
        """The first number ships the order; with others said before, all of them stand in its waybills."""
        return saying.each(shipments, self._ship)

    def _ship(self, shipment: Shipment) -> None:
        numbers = [*shipment.others, shipment.number]
        method = "jingdong.pop.order.modifyWaybill" if shipment.others else "jingdong.pop.order.shipment"
        try:
            data = self.call(
                method,
                orderId=shipment.external_number,
                logiCoprId=shipment.company,
                logiNo=",".join(dict.fromkeys(numbers)),
            )
            _refuse(next((value for value in data.values() if isinstance(value, dict)), {}))
        except Refused:
            if shipment.number not in self.numbers_of(shipment.external_number):
                raise

    def numbers_of(self, external_number: str) -> set[str]:
        """Tracking numbers that the platform has of an order."""
        data = self.call("jingdong.pop.order.get", order_id=external_number, optional_fields="waybill")
        order = reading.inner(data, "orderDetailInfo", "orderInfo")
        return {
            part
            for part in reading.word(order, "waybill").replace("|", ",").replace(";", ",").split(",")
            if part
        }

    def ask_merge(self, orders: Sequence[Hidden]) -> tuple[tuple[str, ...], ...]:
        """Orders in one group have one receiver, says the platform."""
        pairs = [{"orderId": order.external_number, "oaid": order.token} for order in orders]
        data = self.call("jingdong.jos.order.oaid.merge", orderOaidList=pairs)
        found = reading.rows(data, "result", "groups")
        groups = [tuple(str(number) for number in row.get("orderIds", ())) for row in found]
        flat, known = [n for group in groups for n in group], {order.external_number for order in orders}
        if len(flat) != len(set(flat)) or not set(flat) <= known:
            raise Untrue("shape", "an order in two groups, or one that was not asked about")
        return tuple(groups)

    def decrypt(self, orders: Sequence[Hidden]) -> Mapping[str, Receiver]:
        """Not offered: labels are printed by the platform."""
        return {}

    def push_stock(self, levels: Sequence[StockLevel]) -> Iterator[Outcome]:
        return saying.refuse_all(levels)

    def push_refund_state(self, refunds: Sequence[RefundState]) -> Iterator[Outcome]:
        return saying.refuse_all(refunds)


def read_problem(said: Data) -> PlatformError:
    """The type of what the gateway answers."""
    code, words = reading.word(said, "code"), reading.word(said, "zh_desc", "en_desc")
    if code in LIMITED:
        return Throttled(THROTTLED_S, code, words)
    if code in NOT_ALLOWED:
        return Unauthorized(code, words)
    if code in ("50", "66"):
        return Unreachable(code, words, may_have_worked=True)
    return Refused(code, words)


def _refuse(result: Any) -> None:
    """A service's own verdict inside a good answer."""
    if isinstance(result, dict) and str(result.get("success", True)).lower() == "false":
        raise Refused(
            reading.word(result, "errorCode", "numberCode"),
            reading.word(result, "chineseErrCode", "englishErrCode"),
        )


def read_order(row: Data) -> IncomingOrder:
    """An order as we take it.  Raises Unreadable."""
    items = reading.rows(row, "itemInfoList")
    if not items:
        raise Unreadable("itemInfoList")
    lines = tuple(
        IncomingLine(
            reading.name_of(item, "outerSkuId", "skuId"),
            reading.count(item, "itemTotal"),
            reading.minor(item, "jdPrice"),
            n,
            *reading.ids(item, ("skuId",), ()),
        )
        for n, item in enumerate(items, 1)
    )
    amount, freight = reading.minor(row, "orderPayment"), reading.minor(row, "freightPrice")
    charge, discount = reading.balance(
        amount, sum(line.quantity * line.unit_price_minor for line in lines), freight
    )
    to = row.get("consigneeInfo") or {}
    if not isinstance(to, dict):
        raise Unreadable("consigneeInfo")
    token = reading.word(row, "oaid", most=500) or reading.word(to, "oaid", most=500)
    fields = (
        reading.word(to, "fullname", most=100),
        reading.word(to, "mobile", "telephone", most=40),
        reading.word(to, "province", most=40),
        reading.word(to, "city", most=40),
        reading.word(to, "county", most=40),
        reading.word(to, "fullAddress", most=300),
    )
    state = reading.word(row, "orderState")
    if state not in STATES:
        raise Unreadable("orderState")
    return IncomingOrder(
        external_number=reading.name_of(row, "orderId"),
        placed_at=reading.china_time(row, "paymentConfirmTime", "orderStartTime"),
        amount_minor=amount,
        lines=lines,
        raw=reading.raw(row),
        receiver=reading.receiver(fields, token),
        charge_minor=charge,
        discount_minor=discount,
        remark=reading.word(row, "orderRemark"),
        seller_remark=reading.word(row, "venderRemark"),
        state=STATES[state],
        buyer=reading.word(row, "open_id_buyer", "pin", most=200),
        receiver_token=token,
        cod_minor=amount if reading.word(row, "payType") in COD else 0,
    )
