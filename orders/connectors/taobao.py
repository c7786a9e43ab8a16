"""Taobao and Tmall over TOP (eco.taobao.com/router/rest): orders, OAID, shipping, stock, refunds.

Sources: the platform's public API descriptions.  A list says which orders changed, `trade.fullinfo.get` what each is now.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
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
    is_shop_wide,
)
from orders.connectors.paging import Listing, Row
from orders.connectors.reading import Data, Unreadable
from orders.connectors.transport import THROTTLED_S, Transport
from orders.rules.incoming import IncomingLine, IncomingOrder, Receiver
from orders.rules.invoices import read_wish
from orders.rules.ship_back import Carries, PlatformLine

CAPABILITIES = Capabilities(
    carries=Carries.BY_LINE, stock=True, refunds=True, decrypt=True, merge_verdict=True, per_second=8.0
)
PAGE_SIZE = 100
MERGE_MOST, DECRYPT_MOST, STOCK_MOST = 100, 20, 20
FIELDS = (
    "tid,status,step_trade_status,type,buyer_open_uid,buyer_nick,payment,post_fee,step_paid_fee,created,pay_time,modified,"
    "receiver_name,receiver_mobile,receiver_phone,receiver_state,receiver_city,receiver_district,receiver_town,receiver_address,"
    "oaid,buyer_message,seller_memo,seller_flag,has_buyer_message,estimate_con_time,cn_service,invoice_name,orders"
)
STATES = {
    "WAIT_BUYER_PAY": 0,
    "TRADE_NO_CREATE_PAY": 0,
    "PAY_PENDING": 0,
    "PAID_FORBID_CONSIGN": 0,  # paid, and the platform forbids to ship for now
    "WAIT_PRE_AUTH_CONFIRM": 0,
    "WAIT_SELLER_SEND_GOODS": 1,
    "SELLER_CONSIGNED_PART": 1,
    "WAIT_BUYER_CONFIRM_GOODS": 2,
    "TRADE_BUYER_SIGNED": 2,
    "TRADE_FINISHED": 3,
    "TRADE_CLOSED": 4,
    "TRADE_CLOSED_BY_TAOBAO": 4,
}
DEPOSIT = 5
AGREED = ("WAIT_BUYER_RETURN_GOODS", "WAIT_SELLER_CONFIRM_GOODS", "SUCCESS")
REFUSED = ("SELLER_REFUSE_BUYER", "CLOSED")
CLOSED = ("TRADE_CLOSED", "TRADE_CLOSED_BY_TAOBAO")
NOT_ALLOWED = {"11", "12", "13", "22", "24", "25", "26", "27", "28", "29", "53"}
LIMITED = re.compile(r"limited", re.IGNORECASE)
BAN = re.compile(r"(\d+)\s*(?:more\s*)?second", re.IGNORECASE)
ALREADY = re.compile(r"B04|B60|ALREADY|已发货|重复|已经?存在", re.IGNORECASE)


class Taobao:
    """One shop.  `secret` signs, `session` says which shop; `now` is for the call's own timestamp."""

    capabilities = CAPABILITIES
    page_size = PAGE_SIZE
    batch = 20  # a call each
    widest = timedelta(days=1)

    def __init__(
        self,
        http: Transport,
        *,
        app_key: str,
        secret: str,
        session: str,
        now: Callable[[], datetime],
        sign_method: str = signing.HMAC_SHA256,
    ) -> None:
        self.http, self.app_key, self.secret, self.session = http, app_key, secret, session
        self.now, self.sign_method = now, sign_method

    def call(self, method: str, **params: str) -> dict[str, Any]:
        """The inside of the answer.  Raises every PlatformError."""
        sent = {name: value for name, value in params.items() if value != ""} | {
            "method": method,
            "app_key": self.app_key,
            "session": self.session,
            "timestamp": reading.say_china_time(self.now()),
            "format": "json",
            "v": "2.0",
            "sign_method": self.sign_method,
        }
        sent["sign"] = signing.top(sent, self.secret, self.sign_method)
        data = reading.parse(self.http.post(form=sent).body)
        if "error_response" in data:
            raise read_problem(reading.inner(data, "error_response"))
        return reading.inner(data, f"{method.removeprefix('taobao.').replace('.', '_')}_response")

    def check(self) -> str:
        """The seller's name."""
        user = reading.inner(self.call("taobao.user.seller.get", fields="nick,user_id"), "user")
        return reading.word(user, "nick", most=60)

    # ── orders ──

    def pull(self, cursor: str, window: Window) -> Iterator[Page]:
        """See paging."""
        return paging.pull(self, cursor, window)

    def list_page(self, start: datetime, end: datetime, number: int) -> Listing:
        """Numbers and instants of change; what each order is, is asked one by one."""
        data = self.call(
            "taobao.trades.sold.increment.get",
            fields="tid,modified",
            start_modified=reading.say_china_time(start),
            end_modified=reading.say_china_time(end),
            page_no=str(number),
            page_size=str(PAGE_SIZE),
            use_has_next="false",
        )
        found = [
            Row(reading.word(trade, "tid", "tid_str"), reading.word(trade, "modified"))
            for trade in reading.rows(data, "trades", "trade")
        ]
        return Listing.named(found, reading.total(data, "total_results"))

    def read(self, rows: Sequence[Row]) -> tuple[list[IncomingOrder], list[Unread]]:
        """Each order in full.  One that cannot be read is Unread."""
        orders: list[IncomingOrder] = []
        unread: list[Unread] = []
        for row in rows:
            trade: dict[str, Any] = {}
            try:
                trade = reading.inner(
                    self.call("taobao.trade.fullinfo.get", tid=row.key, fields=FIELDS), "trade"
                )
                order = read_trade(trade)
                if order.external_number != row.key:
                    raise Untrue("shape", "another order than the one asked for")
                orders.append(order)
            except Unreadable as problem:
                unread.append(Unread(row.key, str(problem), reading.raw(trade)))
            except Refused as problem:
                unread.append(Unread(row.key, problem.words or problem.code, ""))
        return orders, unread

    def platform_lines(self, raw: str) -> tuple[PlatformLine, ...]:
        """Sub-orders, by their own numbers."""
        found = reading.rows(json.loads(raw), "orders", "order")
        return tuple(
            PlatformLine(reading.word(row, "oid", "oid_str"), reading.count(row, "num")) for row in found
        )

    # ── receivers ──

    def ask_merge(self, orders: Sequence[Hidden]) -> tuple[tuple[str, ...], ...]:
        """Orders in one group have one receiver, says the platform; asked in lots of 100, so groups do not span lots."""
        groups: list[tuple[str, ...]] = []
        for first in range(0, len(orders), MERGE_MOST):
            asked = orders[first : first + MERGE_MOST]
            known = {order.external_number for order in asked}
            pairs = [{"tid": order.external_number, "oaid": order.token} for order in asked]
            data = self.call("taobao.top.oaid.merge", merge_list=_json(pairs))
            said = data.get("tid_list", {})
            texts = said.get("string", []) if isinstance(said, dict) else said
            if not isinstance(texts, list):
                raise Untrue("shape", "tid_list is no list")
            found = [tuple(part.strip() for part in str(text).split(",") if part.strip()) for text in texts]
            flat = [number for group in found for number in group]
            if len(flat) != len(set(flat)) or not set(flat) <= known:
                raise Untrue("shape", "an order in two groups, or one that was not asked about")
            groups += [group for group in found if group]
        return tuple(groups)

    def decrypt(self, orders: Sequence[Hidden]) -> Mapping[str, Receiver]:
        """Receivers that belong to their OAID; each costs one of the shop's daily unmaskings."""
        found: dict[str, Receiver] = {}
        for first in range(0, len(orders), DECRYPT_MOST):
            asked = orders[first : first + DECRYPT_MOST]
            known = {order.external_number for order in asked}
            pairs = [{"tid": order.external_number, "oaid": order.token, "scene": "1001"} for order in asked]
            data = self.call("taobao.top.oaid.decrypt", query_list=_json(pairs))
            for row in reading.rows(data, "receiver_list", "receiver"):
                number = reading.word(row, "tid")
                if number in known and str(row.get("matched")).lower() == "true":
                    street = " ".join(
                        filter(None, (reading.word(row, "town"), reading.word(row, "address_detail")))
                    )
                    found[number] = Receiver(
                        reading.word(row, "name"),
                        reading.word(row, "mobile", "phone"),
                        reading.word(row, "state"),
                        reading.word(row, "city"),
                        reading.word(row, "district"),
                        street,
                        is_masked=str(row.get("privacy_protection")).lower() == "true",
                    )
        return found

    # ── what we say ──

    def push_shipments(self, shipments: Sequence[Shipment]) -> Iterator[Outcome]:
        """Of the whole order, or of some sub-orders (each takes one number)."""
        return saying.each(shipments, self._ship)

    def _ship(self, shipment: Shipment) -> None:
        params = {
            "tid": shipment.external_number,
            "out_sid": shipment.number,
            "company_code": shipment.company,
        }
        if shipment.lines:
            params |= {"is_split": "1", "sub_tid": ",".join(id_ for id_, _units in shipment.lines)}
        try:
            data = self.call("taobao.logistics.online.send", **params)
            if str(reading.inner(data, "shipping").get("is_success")).lower() != "true":
                raise Refused("not_sent", "the platform did not take it")
        except Refused as problem:
            if not ALREADY.search(
                f"{problem.code} {problem.words}"
            ) or shipment.number not in self.numbers_of(shipment.external_number):
                raise

    def numbers_of(self, external_number: str) -> set[str]:
        """Tracking numbers that the platform has of an order: an answer that was lost is not said twice."""
        data = self.call(
            "taobao.logistics.orders.detail.get", tid=external_number, fields="tid,out_sid,company_name"
        )
        return {reading.word(row, "out_sid") for row in reading.rows(data, "shippings", "shipping")}

    def push_stock(self, levels: Sequence[StockLevel]) -> Iterator[Outcome]:
        """Levels of an item's SKUs go together, 20 a call; an item without SKUs alone."""
        by_item: dict[str, list[StockLevel]] = {}
        for level in levels:
            by_item.setdefault(level.item, []).append(level)
        for item, found in by_item.items():
            skus = [level for level in found if level.sku]
            lots = [[level] for level in found if not level.sku]
            lots += [skus[first : first + STOCK_MOST] for first in range(0, len(skus), STOCK_MOST)]
            for lot in lots:
                problem = saying.attempt(partial(self._set_stock, item, lot))
                yield from (Outcome(level.key, problem) for level in lot)
                if is_shop_wide(problem):
                    return

    def _set_stock(self, item: str, lot: Sequence[StockLevel]) -> None:
        if lot[0].sku:
            pairs = ";".join(f"{level.sku}:{level.units}" for level in lot)
            self.call("taobao.skus.quantity.update", num_iid=item, type="1", skuid_quantities=pairs)
        else:
            self.call("taobao.item.quantity.update", num_iid=item, type="1", quantity=str(lot[0].units))

    def push_refund_state(self, refunds: Sequence[RefundState]) -> Iterator[Outcome]:
        """Whether the merchant agrees to a refund: passed for paying out, or refused.  Money is never paid from here."""
        return saying.each(refunds, self._review)

    def _review(self, refund: RefundState) -> None:
        """What is decided there already is not said twice, and what was decided otherwise not at all."""
        fields = "refund_id,status,refund_phase,refund_version"
        known = reading.inner(
            self.call("taobao.refund.get", refund_id=refund.refund, fields=fields), "refund"
        )
        status = reading.word(known, "status")
        if status in (AGREED if refund.is_agreed else REFUSED):
            return
        if status != "WAIT_SELLER_AGREE":
            raise Refused("decided_otherwise", status)
        params = {
            "refund_id": refund.refund,
            "refund_phase": reading.word(known, "refund_phase"),
            "refund_version": reading.word(known, "refund_version"),
        }
        if not refund.is_agreed:
            self.call("taobao.refund.refuse", refuse_message=refund.words[:200], **params)
            return
        said = self.call(
            "taobao.rp.refund.review", operator="ERP", result="true", message=refund.words[:200], **params
        )
        if str(said.get("is_success")).lower() != "true":
            raise Refused("not_taken", "the platform did not take it")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def read_problem(said: Data) -> PlatformError:
    """The type of what TOP answers: `code` is the gateway's, `sub_code` the service's own (isv: ours, isp: theirs)."""
    code, sub_code = reading.word(said, "code"), reading.word(said, "sub_code")
    words = reading.word(said, "sub_msg", "msg")
    if code == "7" or LIMITED.search(sub_code):
        ban = BAN.search(words)
        return Throttled(float(ban[1]) if ban else THROTTLED_S, sub_code or code, words)
    if code in NOT_ALLOWED:
        return Unauthorized(sub_code or code, words)
    if code == "10" or sub_code.startswith("isp."):
        return Unreachable(sub_code or code, words, may_have_worked=True)
    return Refused(sub_code or code, words)


def read_trade(trade: Data) -> IncomingOrder:
    """A trade as we take it.  Raises Unreadable.

    Sub-orders that are closed (refunded before shipping) do not ship, unless all are.
    """
    sold = reading.rows(trade, "orders", "order")
    if not sold:
        raise Unreadable("orders")
    going = [(n, row) for n, row in enumerate(sold, 1) if reading.word(row, "status") not in CLOSED]
    kept = going or list(enumerate(sold, 1))
    lines = tuple(
        IncomingLine(
            code_of(row),
            reading.count(row, "num"),
            reading.minor(row, "price"),
            n,
            *reading.ids(row, ("num_iid",), ("sku_id",)),
        )
        for n, row in kept
    )
    amount, freight = reading.minor(trade, "payment"), reading.minor(trade, "post_fee")
    if len(kept) < len(sold):
        amount = freight + sum(reading.minor(row, "divide_order_fee", "payment") for _n, row in kept)
    charge, discount = reading.balance(
        amount, sum(line.quantity * line.unit_price_minor for line in lines), freight
    )
    token = reading.word(trade, "oaid", most=500)
    is_cod = reading.word(trade, "type") == "cod"
    return IncomingOrder(
        external_number=reading.name_of(trade, "tid_str", "tid"),
        placed_at=reading.china_time(trade, "pay_time", "created"),
        amount_minor=amount,
        lines=lines,
        raw=reading.raw(trade),
        receiver=_receiver(trade, token),
        charge_minor=charge,
        discount_minor=discount,
        remark=reading.word(trade, "buyer_message"),
        seller_remark=reading.word(trade, "seller_memo"),
        state=_state(trade),
        buyer=reading.word(trade, "buyer_open_uid", "buyer_nick", most=200),
        receiver_token=token,
        cod_minor=amount if is_cod else 0,
        invoice=read_wish(title=reading.word(trade, "invoice_name", most=200)),
    )


def code_of(row: Data) -> str:
    """The merchant's code; where there is none, the platform's own ids."""
    code = reading.word(row, "outer_sku_id", "outer_iid", most=reading.CODE_MOST + 1)
    item, sku = reading.word(row, "num_iid"), reading.word(row, "sku_id")
    code = code or (f"{item}:{sku}" if sku else item)
    if not code or len(code) > reading.CODE_MOST:
        raise Unreadable("outer_sku_id")
    return code


def _receiver(trade: Data, token: str) -> Receiver | None:
    street = " ".join(
        filter(
            None, (reading.word(trade, "receiver_town"), reading.word(trade, "receiver_address", most=300))
        )
    )
    fields = (
        reading.word(trade, "receiver_name", most=100),
        reading.word(trade, "receiver_mobile", "receiver_phone", most=40),
        reading.word(trade, "receiver_state", most=40),
        reading.word(trade, "receiver_city", most=40),
        reading.word(trade, "receiver_district", most=40),
        street,
    )
    return reading.receiver(fields, token)


def _state(trade: Data) -> int:
    if reading.word(trade, "step_trade_status") == "FRONT_PAID_FINAL_NOPAID":
        return DEPOSIT
    status = reading.word(trade, "status")
    if status not in STATES:
        raise Unreadable("status")
    return STATES[status]
