"""What is done with platforms, one task a connection.  Each may be lost or come twice: the lease and the rows say what is due."""

from celery import shared_task

from core import outbox
from orders.services import asking, connections, pulling, ship_back, stock_out, stock_saying

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
