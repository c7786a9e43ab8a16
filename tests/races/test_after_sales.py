"""A refund and the shipment of the same parcel: one wins, and every unit is in one place."""

import pytest

from core import relay
from core.tenancy import tenant
from orders.models import OrderLine, OrderStatus
from orders.rules.after_sales import Withdrawn
from orders.services import refunds
from orders.services.refunds import RefundInput
from tests import builders as make
from tests import laws
from tests.orders.services.scene import Shop, order_of, promised, push
from tests.races.rig import together
from tests.steps import Do
from warehouse.services import floor, waves

ROUNDS = 4


@pytest.fixture
def do(tenant_id: int) -> Do:
    return Do(tenant_id)


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_refund_and_the_shipment_of_its_parcel(do: Do, is_whole: bool) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 6 * ROUNDS)  # what comes out of a tote again is put away before it can be promised
    tenant_id = do.tenant_id
    for n in range(ROUNDS):
        push(do, shop, make.incoming(("A", 3), number=f"T-{n}"))
        order_id = do(order_of, f"T-{n}").id
        wave_ids = do(waves.release, facility_id=shop.facility, limit=10).wave_ids
        do(floor.confirm_picks, wave_ids=wave_ids)
        line = Withdrawn(do(first_line, order_id), units=1)

        def ship(wave_ids: tuple[int, ...] = tuple(wave_ids)) -> int:
            with tenant(tenant_id):
                return floor.ship(wave_ids=wave_ids).units

        def ask(order_id: int = order_id, line: Withdrawn = line, n: int = n) -> tuple[int, int]:
            units = () if is_whole else (line,)
            with tenant(tenant_id):
                done = refunds.ask(refunds=[RefundInput(order_id, f"R-{n}", 1, units, is_whole)])
            return len(done.stopped), len(done.return_ids)

        shipped, (stopped, expected) = together([ship, ask])
        relay.deliver(tenant_id)
        assert (shipped, expected) in {(3, 1), (0, 0)}, "it left and has to come back, or it stayed"
        assert stopped == int(is_whole and not shipped)
        status = do(order_of, f"T-{n}").status
        wanted = (
            OrderStatus.SHIPPED if shipped else OrderStatus.STOPPED if is_whole else OrderStatus.FULFILLING
        )
        assert (status, laws.broken(tenant_id)) == (wanted, [])
        if not shipped and not is_whole:  # the rest is planned anew: it leaves before the next round counts
            wave_ids = do(waves.release, facility_id=shop.facility, limit=10).wave_ids
            do(floor.confirm_picks, wave_ids=wave_ids)
            assert do(floor.ship, wave_ids=wave_ids).units == 2
    assert do(promised) == 0


def first_line(order_id: int) -> int:
    return int(OrderLine.objects.filter(order=order_id).values_list("id", flat=True)[0])


def test_two_people_ask_for_the_same_refund(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 3)
    push(do, shop, make.incoming(("A", 3), number="T-1"))
    order_id, tenant_id = do(order_of, "T-1").id, do.tenant_id

    def ask() -> int:
        with tenant(tenant_id):
            return len(refunds.ask(refunds=[RefundInput(order_id, "R-1", 1, (), True)]).new)

    assert sorted(together([ask, ask, ask])) == [0, 0, 1]
    assert laws.broken(tenant_id) == []
