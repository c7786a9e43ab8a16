"""What is done with platforms, one task a connection, and what a day brings.  Each may be lost or come twice: the lease and the rows
say what is due.
"""

import logging

from celery import shared_task

from core import outbox
from core.invariants import list_tenants
from core.tenancy import tenant
from orders.services import (
    asking,
    connections,
    presale,
    pulling,
    refund_back,
    ship_back,
    stock_out,
    stock_saying,
)

log = logging.getLogger(__name__)

MOST = 500  # connections a minute from one look; the longest waiting first
HARD_S = 600


@shared_task(acks_late=True, ignore_result=True)
def pull_due() -> None:
    """Every minute: ask for each shop whose turn has come."""
    for tenant_id, connection_id in connections.list_due(connections.PULL_DUE, MOST):
        outbox.nudge("orders.tasks.pull", tenant_id, connection_id)


@shared_task(acks_late=True, ignore_result=True)
def say_due() -> None:
    """Every minute: ask for each shop with parcels to say."""
    for tenant_id, connection_id in connections.list_due(connections.SAY_DUE, MOST):
        outbox.nudge("orders.tasks.say", tenant_id, connection_id)


@shared_task(acks_late=True, ignore_result=True, time_limit=HARD_S)
def presales_due() -> None:
    """Every five minutes: presales whose day has come, tenant by tenant; one tenant's trouble is not the others'."""
    for tenant_id, _slug in list_tenants():
        try:
            with tenant(tenant_id):
                presale.go_on()
        except Exception:
            log.exception("presales failed", extra={"tenant_id": tenant_id})


@shared_task(acks_late=True, ignore_result=True, time_limit=HARD_S)
def pull(tenant_id: int, connection_id: int) -> None:
    """Pull one shop; what is left goes behind the others that wait."""
    if pulling.run(tenant_id, connection_id):
        outbox.nudge("orders.tasks.pull", tenant_id, connection_id)


@shared_task(acks_late=True, ignore_result=True, time_limit=HARD_S)
def say(tenant_id: int, connection_id: int) -> None:
    """Say what is due at one shop."""
    if ship_back.run(tenant_id, connection_id):
        outbox.nudge("orders.tasks.say", tenant_id, connection_id)


@shared_task(acks_late=True, ignore_result=True)
def refunds_due() -> None:
    """Every minute: ask for each shop with decisions on refunds to say."""
    for tenant_id, connection_id in connections.list_due(connections.REFUND_DUE, MOST):
        outbox.nudge("orders.tasks.say_refunds", tenant_id, connection_id)


@shared_task(acks_late=True, ignore_result=True, time_limit=HARD_S)
def say_refunds(tenant_id: int, connection_id: int) -> None:
    """Say what was decided about refunds at one shop."""
    if refund_back.run(tenant_id, connection_id):
        outbox.nudge("orders.tasks.say_refunds", tenant_id, connection_id)


@shared_task(acks_late=True, ignore_result=True)
def ask_due() -> None:
    """Every two minutes: shops that hide receivers are asked which of their orders go to one."""
    for tenant_id, connection_id in connections.list_due(connections.ACTIVE, MOST):
        outbox.nudge("orders.tasks.ask", tenant_id, connection_id)


@shared_task(acks_late=True, ignore_result=True, time_limit=HARD_S)
def ask(tenant_id: int, connection_id: int) -> None:
    """Ask one shop, and merge by what it answers."""
    asking.run(tenant_id, connection_id)


@shared_task(acks_late=True, ignore_result=True)
def stock_due() -> None:
    """Every minute: ask for each shop with stock to say; looks that are due are asked for by the clock."""
    for tenant_id, channel_id in stock_saying.list_say_due(MOST):
        outbox.nudge("orders.tasks.say_stock", tenant_id, channel_id)


@shared_task(acks_late=True, ignore_result=True, time_limit=HARD_S)
def compute_stock(tenant_id: int) -> None:
    """Compute the numbers that something moved, or all when that is due."""
    stock_out.refresh(tenant_id)


@shared_task(acks_late=True, ignore_result=True, time_limit=HARD_S)
def say_stock(tenant_id: int, channel_id: int) -> None:
    """Say stock at one shop; what is left goes behind the others that wait."""
    if stock_saying.run(tenant_id, channel_id):
        outbox.nudge("orders.tasks.say_stock", tenant_id, channel_id)
