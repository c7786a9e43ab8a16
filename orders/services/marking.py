"""What people write on orders: held with a reason, assigned to somebody, a note.  Many at once, a constant number of statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import db, live
from core.db import Rank
from core.errors import Invalid
from core.models import Membership
from core.services import accounts
from core.tenancy import current_tenant
from orders.models import Finding as FindingRow
from orders.models import Order
from orders.queries import list_stamps
from orders.rules.values import Finding
from orders.services import again, stopping
from orders.services.planning import HELD

LONGEST_REASON, LONGEST_NOTE = 200, 500


@dataclass(frozen=True, slots=True)
class Marked:
    """Orders that were marked; orders that could not be; orders left alone because they changed since they were looked at."""

    order_ids: tuple[int, ...]
    left: tuple[int, ...] = ()
    changed: tuple[int, ...] = ()


def hold(
    *, order_ids: Sequence[int], reason: str, actor_id: int | None, seen: Mapping[int, str] | None = None
) -> Marked:
    """Stop orders until a person releases them: they are off the road whole, at the stores, on the floor and in boxes too.

    Orders that travelled with one of them go on alone.  Orders that are held, shipped or cancelled are `left`.  Locks and writes as
    `stopping.stop`.  Raises Invalid without a reason.
    """
    why = reason.strip()
    if not why or len(why) > LONGEST_REASON:
        raise Invalid(
            _("说一句为什么挂起，最多 %(n)d 个字。") % {"n": LONGEST_REASON}, code="no_reason", field="reason"
        )
    groups = again.lock_groups(order_ids)
    changed = _changed(groups, seen)
    asked = {i for i in order_ids if i not in changed}
    held = set(
        FindingRow.objects.filter(order__in=list(asked), code=HELD, cleared_at__isnull=True).values_list(
            "order_id", flat=True
        )
    )
    finding = (Finding(HELD, (("reason", why),), stops=True),)
    done = stopping.stop(findings=dict.fromkeys(sorted(asked - held), finding), reason=HELD)
    accounts.record_each("hold", "order", {i: {"reason": why} for i in done.order_ids}, actor_id=actor_id)
    left = tuple(sorted(held | set(done.too_late)))
    return Marked(done.order_ids, left, tuple(sorted(changed)))


def _changed(groups: Mapping[int, again.Group], seen: Mapping[int, str] | None) -> set[int]:
    if not seen:
        return set()
    now = list_stamps([i for group in groups.values() for i in group.ids if i in seen])
    return {i for i, stamp in now.items() if seen[i] != stamp}


def assign(*, order_ids: Sequence[int], assignee_id: int | None, actor_id: int | None) -> Marked:
    """Give orders to a colleague, or to nobody.  Locks the orders.  Raises Invalid for who is no colleague."""
    if (
        assignee_id is not None
        and not Membership.objects.filter(user_id=assignee_id, is_active=True).exists()
    ):
        raise Invalid(_("没有这个同事，换一个人。"), code="no_colleague", field="assignee")
    return _mark("assign", "assignee_id = %s", assignee_id, order_ids, actor_id)


def note(*, order_ids: Sequence[int], text: str, actor_id: int | None) -> Marked:
    """Write our own note on orders, in the place of the old one; an empty one takes it away.  Locks the orders.  Raises Invalid."""
    said = text.strip()
    if len(said) > LONGEST_NOTE:
        raise Invalid(_("备注最多 %(n)d 个字。") % {"n": LONGEST_NOTE}, code="too_long", field="note")
    return _mark("note", "note = %s", said, order_ids, actor_id)


def _mark(action: str, change: str, value: object, order_ids: Sequence[int], actor_id: int | None) -> Marked:
    """One column of these orders, and the trail.  What an order is does not change by it, so its stamp stays."""
    wanted = sorted(set(order_ids))
    found = [id_ for (id_,) in db.lock(Rank.ORDER, Order, "id", "id = ANY (%s::bigint[])", db.array(wanted))]
    db.execute(
        f"UPDATE orders_order SET {change} WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        value,
        current_tenant(),
        db.array(found),
    )
    accounts.record_each(action, "order", {id_: {"to": value} for id_ in found}, actor_id=actor_id)
    live.push(current_tenant(), "order", found)
    return Marked(tuple(found), tuple(set(wanted) - set(found)))
