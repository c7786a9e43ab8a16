"""Orders, refunds, picks, shipments and returns in any order: every unit and every cent is somewhere, after every step."""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core import db, relay
from core.errors import ERPError
from inventory.models import BinKind
from orders.models import OrderLine, OrderStatus
from orders.rules.after_sales import Withdrawn
from orders.services import arriving, desk, inspecting, refunds, returns
from orders.services.refunds import RefundInput
from orders.services.returns import ItemInput
from tests import builders as make
from tests import laws
from tests.orders.services.scene import Shop, push
from tests.steps import Do
from warehouse.services import floor, waves

LAWS = ("orders.", "warehouse.", "inventory.")


class Merchant(RuleBasedStateMachine):
    """One shop; `do` is set by the test."""

    do: Do

    @initialize()
    def open_shop(self) -> None:
        do = self.do
        self.shop = do(Shop, carts=6)
        do(make.make_bin, self.shop.facility, BinKind.QUARANTINE)
        do(make.make_bin, self.shop.facility, BinKind.DAMAGED)
        self.codes = [make.unique("M-") for _ in range(2)]
        self.lots = {code: do(self.shop.stock, code, 6) for code in self.codes}
        self.orders: list[int] = []
        self.refunds: list[int] = []
        self.waves: list[int] = []

    def step(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        """A step that may be refused; the laws hold either way."""
        try:
            found = self.do(work, *args, **kwargs)
        except ERPError:
            found = None
        broken = laws.broken(self.do.tenant_id, *LAWS)
        assert not broken, broken
        return found

    @rule(a=st.integers(0, 3), b=st.integers(0, 2))
    def order(self, a: int, b: int) -> None:
        goods = [(code, n) for code, n in zip(self.codes, (a, b), strict=True) if n]
        if goods:
            made = push(self.do, self.shop, make.incoming(*goods))
            self.orders += (made.order_ids or {}).values()

    @precondition(lambda self: self.orders)
    @rule(at=st.integers(0, 99), line=st.integers(0, 2), units=st.integers(1, 2), minor=st.integers(0, 2_000))
    def ask(self, at: int, line: int, units: int, minor: int) -> None:
        order_id = self.orders[at % len(self.orders)]
        lines = self.do(
            lambda: list(OrderLine.objects.filter(order=order_id).order_by("id").values_list("id", flat=True))
        )
        one = RefundInput(
            order_id,
            make.unique("RF-"),
            minor,
            units=() if line >= len(lines) else (Withdrawn(lines[line], units=units),),
            is_whole=line >= len(lines),
        )
        asked = self.step(refunds.ask, refunds=[one])
        self.refunds += asked.new if asked else ()

    @precondition(lambda self: self.refunds)
    @rule(at=st.integers(0, 99), how=st.sampled_from([refunds.agree, refunds.finish, refunds.refuse]))
    def answer(self, at: int, how: Any) -> None:
        self.step(how, refund_ids=[self.refunds[at % len(self.refunds)]], actor_id=None)

    @rule()
    def release(self) -> None:
        self.waves += self.step(waves.release, facility_id=self.shop.facility, limit=5).wave_ids

    @precondition(lambda self: self.waves)
    @rule()
    def pick(self) -> None:
        self.step(floor.confirm_picks, wave_ids=self.waves)

    @precondition(lambda self: self.waves)
    @rule()
    def ship(self) -> None:
        self.step(floor.ship, wave_ids=self.waves)

    @rule()
    def deliver(self) -> None:
        relay.deliver(self.do.tenant_id)

    @precondition(lambda self: self.orders)
    @rule()
    def let_go(self) -> None:
        self.step(desk.release, order_ids=self.orders, actor_id=None)

    @precondition(lambda self: self.orders)
    @rule(at=st.integers(0, 99), units=st.integers(1, 3), good=st.integers(0, 2))
    def come_back(self, at: int, units: int, good: int) -> None:
        order_id = self.orders[at % len(self.orders)]
        number = make.unique("SF-")
        if self.step(returns.announce, order_id=order_id, tracking_number=number) is None:
            return
        came = self.step(
            arriving.arrive, facility_id=self.shop.facility, tracking_number=number, actor_id=None
        )
        code = self.codes[at % 2]
        (sku_id,) = self.do(db.rows, "SELECT id FROM inventory_sku WHERE code = %s", code)[0]
        items = [ItemInput(sku_id, units, self.lots[code])]
        taken = self.step(returns.take_in, return_id=came.return_id, items=items, actor_id=None)
        for item_id in taken or ():
            self.step(inspecting.inspect, item_id=item_id, good=min(good, 1), damaged=0, actor_id=None)

    def teardown(self) -> None:
        if hasattr(self, "orders"):
            statuses = self.do(db.rows, "SELECT status, count(*) FROM orders_order GROUP BY 1")
            assert all(status in OrderStatus.values for status, _n in statuses)
            assert laws.broken(self.do.tenant_id) == []


@pytest.mark.timeout(120)
def test_units_and_money_are_kept_whatever_happens(do: Do) -> None:
    machine = type("OneMerchant", (Merchant,), {"do": do})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=6, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
