"""Reads of invoice requests: the worklist with its counts, those of one order, and what leaves for the invoicing program."""

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, QuerySet

from core import db
from core.tenancy import current_tenant
from orders.models import InvoiceRequest, InvoiceState, Refund, RefundState
from orders.models.invoices import OPEN_INVOICES
from orders.services.invoices import read_left

COUNT_MOST = 10_000
QUEUES: dict[str, tuple[InvoiceState, ...]] = {
    "waiting": (InvoiceState.WAITING,),
    "to_reverse": (InvoiceState.TO_REVERSE,),
    "issued": (InvoiceState.ISSUED,),
    "closed": (InvoiceState.REVERSED, InvoiceState.FAILED, InvoiceState.CANCELLED),
    "all": (),
}

# (tenant, facilities or none): how many wait, and how many have to be reversed; counted up to a bound
_COUNTS = """
    SELECT i.state, count(*)::int FROM (SELECT state, order_id, tenant_id FROM orders_invoicerequest
        WHERE tenant_id = %s AND state IN (1, 3) LIMIT %s) i
    JOIN orders_order o ON o.tenant_id = i.tenant_id AND o.id = i.order_id
    WHERE %s OR o.facility_id = ANY (%s::bigint[]) GROUP BY 1
"""

# (tenant, states, all states?, facilities, all?, most): one statement, so that a file's numbers agree
EXPORT = """
    SELECT i.id, o.id, o.number, c.name, i.state, i.content, i.amount_minor, o.currency, i.buyer, i.note, i.problem, i.number, i.issued_on,
        i.red_number, i.reversed_on, i.reason, i.asked_at,
        ARRAY(SELECT coalesce(s.name, l.external_code) || ' ×' || (l.quantity - l.withdrawn) FROM orders_orderline l
            LEFT JOIN inventory_sku s ON s.tenant_id = l.tenant_id AND s.id = l.sku_id
            WHERE l.tenant_id = i.tenant_id AND l.order_id = i.order_id AND l.quantity > l.withdrawn ORDER BY l.id LIMIT 100)
    FROM orders_invoicerequest i JOIN orders_order o ON o.tenant_id = i.tenant_id AND o.id = i.order_id
    JOIN orders_channel c ON c.tenant_id = o.tenant_id AND c.id = o.channel_id
    WHERE i.tenant_id = %s AND (%s OR i.state = ANY (%s::smallint[])) AND (%s OR o.facility_id = ANY (%s::bigint[]))
    ORDER BY i.asked_at, i.id LIMIT %s
"""


def count_queues(facility_ids: Sequence[int] | None) -> dict[str, int]:
    """What somebody has to do; one statement."""
    found = dict(
        db.rows(_COUNTS, current_tenant(), COUNT_MOST, facility_ids is None, db.array(facility_ids or ()))
    )
    return {
        "waiting": found.get(InvoiceState.WAITING, 0),
        "to_reverse": found.get(InvoiceState.TO_REVERSE, 0),
    }


def list_invoices(facility_ids: Sequence[int] | None) -> QuerySet[InvoiceRequest]:
    """Invoices of orders that a person may see, with whether a refund of the order waits for an answer."""
    refund = Refund.objects.filter(order=OuterRef("order"), state=RefundState.REQUESTED)
    found = (
        InvoiceRequest.objects.select_related("order", "order__channel")
        .defer("buyer", "order__receiver")
        .annotate(has_refund=Exists(refund))
    )
    return found if facility_ids is None else found.filter(order__facility__in=facility_ids)


def list_of_order(order_id: int) -> tuple[list[InvoiceRequest], int]:
    """All invoices of one order, the newest first, and what may be invoiced anew: nothing while one is asked for or stands."""
    found = list(
        InvoiceRequest.objects.filter(order=order_id).defer("buyer").order_by("-asked_at", "-id")[:20]
    )
    if any(row.state in OPEN_INVOICES for row in found):
        return found, 0
    return found, read_left([order_id]).get(order_id, 0)


def find_waiting(numbers: Sequence[str], facility_ids: Sequence[int] | None) -> dict[str, int]:
    """Order number -> its request that waits; for answers that name orders by number."""
    found = list_invoices(facility_ids).filter(order__number__in=numbers, state=InvoiceState.WAITING)
    return dict(found.values_list("order__number", "id"))
