"""Presales whose day has come go on by themselves (预售): nobody has to remember the day."""

from core import clock, db
from core.tenancy import current_tenant
from orders.services import desk, planning

MOST = 1_000  # orders a look; the next one takes the next
# What is due by now: (tenant, code, now, most)
_DUE = """
    SELECT DISTINCT order_id FROM orders_finding WHERE tenant_id = %s AND code = %s AND cleared_at IS NULL AND stops
    AND (detail->>'until')::timestamptz <= %s ORDER BY order_id LIMIT %s
"""


def go_on(*, most: int = MOST) -> desk.Released:
    """Release what waited for a day that has come, as `desk.release` does: facts are looked at again, stock is asked now.

    Nothing that a person has to judge is waived: an order with such a finding stays, without the one of its day.  Safe to repeat.
    """
    due = [id_ for (id_,) in db.rows(_DUE, current_tenant(), planning.PRESALE_WAITS, clock.now(), most)]
    return desk.release(order_ids=due, actor_id=None, waived=()) if due else desk.Released((), ())
