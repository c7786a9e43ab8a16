"""The job that fulfils everything planned at one facility: to the end, and to an end."""

import pytest

from core import jobs, relay
from core.models import Job, Outbox
from core.models.jobs import JobStatus
from inventory.models import HoldKind
from inventory.services import holds
from orders.models import OrderStatus
from orders.services import fulfil
from tests import builders as make
from tests import laws
from tests.orders.services.scene import Shop, push, status_of
from tests.steps import Do


def run(do: Do, shop: Shop) -> Job:
    job_id = do(fulfil.start, facility_id=shop.facility, actor_id=None)
    jobs.run(do.tenant_id, job_id)
    return do(lambda: Job.objects.get(id=job_id))


def test_everything_planned_is_shipped_in_steps(do: Do, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fulfil, "PARCELS_A_STEP", 3)
    shop = do(Shop)
    do(shop.stock, "A", 100)
    batch = [make.incoming(("A", 2)) for _ in range(8)]
    push(do, shop, *batch)
    job = run(do, shop)
    assert (job.status, job.result) == (JobStatus.DONE, {"parcels": 8, "held": 0, "units": 16})
    assert (job.rows_total, job.rows_done) == (8, 8)
    relay.deliver(do.tenant_id)
    assert {do(status_of, order.external_number) for order in batch} == {OrderStatus.SHIPPED}
    assert run(do, shop).result == {"parcels": 0, "held": 0, "units": 0}
    assert laws.broken(do.tenant_id) == []


def test_what_lost_its_promise_goes_back_to_its_order(do: Do) -> None:
    shop = do(Shop)
    lot = do(shop.stock, "A", 3)
    do(shop.stock, "B", 3)
    push(do, shop, make.incoming(("A", 1), number="LOST"), make.incoming(("B", 1), number="KEPT"))
    do(holds.hold_lots, lot_ids=[lot], kind=HoldKind.HELD, document="D", reason="抽检", actor_id=None)
    assert run(do, shop).result == {"parcels": 1, "held": 0, "units": 1}
    assert (do(status_of, "LOST"), do(status_of, "KEPT")) == (OrderStatus.STOPPED, OrderStatus.SHIPPED)
    assert laws.broken(do.tenant_id) == []


def test_a_fact_nobody_can_take_in_now_does_not_keep_it_running(
    do: Do, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "deliver", lambda _tenant_id: 0)
    shop = do(Shop)
    lot = do(shop.stock, "A", 3)
    push(do, shop, make.incoming(("A", 1), number="LOST"))
    do(holds.hold_lots, lot_ids=[lot], kind=HoldKind.HELD, document="D", reason="抽检", actor_id=None)
    assert run(do, shop).status == JobStatus.DONE
    assert do(lambda: Outbox.objects.filter(topic="PromisesBroken").count()) <= 3
