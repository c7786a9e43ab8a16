"""Presales go on by themselves when their day has come; what else stops them still does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest

from core import clock
from orders import tasks
from orders.models import Finding, OrderStatus
from orders.rules import audit
from orders.services import planning, presale
from tests import builders as make
from tests import laws
from tests.conftest import fresh_tenant
from tests.orders.services.scene import Shop, order_of, push
from tests.steps import Do

DAY = datetime.now(UTC).replace(microsecond=0) + timedelta(days=5)


@pytest.fixture
def shop(do: Do) -> Shop:
    shop = do(Shop)
    do(shop.stock, "A", 10)
    return shop


def sell(do: Do, shop: Shop, number: str, *, days: int = 0, units: int = 1, remark: str = "") -> None:
    sold = make.incoming(("A", units), number=number, remark=remark)
    push(do, shop, replace(sold, wait_until=DAY + timedelta(days=days)))


def open_findings(number: str) -> set[str]:
    return set(
        Finding.objects.filter(order__number=number, cleared_at__isnull=True).values_list("code", flat=True)
    )


def go_on(do: Do, after: timedelta) -> int:
    with patch.object(clock, "now", lambda: DAY + after):
        return len(do(presale.go_on).order_ids)


def test_each_goes_on_its_day(do: Do, shop: Shop) -> None:
    sell(do, shop, "TODAY")
    sell(do, shop, "LATER", days=2)
    assert go_on(do, timedelta(seconds=-1)) == 0
    assert go_on(do, timedelta(seconds=1)) == 1
    assert [do(order_of, number).status for number in ("TODAY", "LATER")] == [
        OrderStatus.FULFILLING,
        OrderStatus.STOPPED,
    ]
    assert go_on(do, timedelta(seconds=1)) == 0
    assert go_on(do, timedelta(days=3)) == 1
    assert laws.broken(do.tenant_id) == []


def test_what_a_person_has_to_judge_still_stops_it(do: Do, shop: Shop) -> None:
    sell(do, shop, "ASKS", remark="先打电话")
    assert go_on(do, timedelta(days=1)) == 0
    assert do(order_of, "ASKS").status == OrderStatus.STOPPED
    assert do(open_findings, "ASKS") == {audit.BUYER_REMARK}, "its day has come and is no question any more"
    assert go_on(do, timedelta(days=1)) == 0


def test_one_without_stock_says_so(do: Do, shop: Shop) -> None:
    sell(do, shop, "MUCH", units=11)
    assert go_on(do, timedelta(days=1)) == 0
    assert do(open_findings, "MUCH") == {planning.STOCK_SHORT}


def test_one_tenant_in_trouble_holds_nobody_up(do: Do, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    other = fresh_tenant()
    sell(do, shop, "MINE")
    really = presale.go_on

    def troubled() -> object:
        from core.tenancy import current_tenant

        if current_tenant() == other:
            raise RuntimeError("trouble")
        return really()

    monkeypatch.setattr(presale, "go_on", troubled)
    monkeypatch.setattr(tasks, "list_tenants", lambda: [(other, "other"), (do.tenant_id, "mine")])
    with patch.object(clock, "now", lambda: DAY + timedelta(days=1)):
        tasks.presales_due()
    assert do(order_of, "MINE").status == OrderStatus.FULFILLING
