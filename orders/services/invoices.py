"""Invoices that buyers ask for (发票申请): asked, issued elsewhere and noted here with their numbers, lowered or to be reversed by refunds.

Whoever changes an invoice has its order locked, as whoever changes a refund has: the two never miss each other.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.db import IntegrityError
from django.utils.translation import gettext as _

from core import clock, db, live, outbox
from core.db import Rank
from core.services import accounts
from core.tenancy import current_tenant
from orders.errors import (
    BadInvoice,
    InvoiceClosed,
    InvoiceNumberTaken,
    InvoiceOpen,
    InvoiceTooMuch,
    NoInvoice,
    NoOrder,
)
from orders.models import InvoiceContent, InvoiceRequest, InvoiceState, Order
from orders.models.invoices import OPEN_INVOICES
from orders.rules.invoices import (
    Effect,
    InvoiceWish,
    after_refund,
    mask_of,
    problem_of,
    read_number,
)
from orders.services.invoice_buyers import seal, unseal

LIVE = "invoice"
TABLE = InvoiceRequest._meta.db_table
MOST = 1_000
WAITING, ISSUED, TO_REVERSE = OPEN_INVOICES

# (tenant, orders) -> order, what may be invoiced of it: nothing of one that its channel says is not paid (0, 5) or closed (4)
_LEFT = """
    SELECT o.id, CASE WHEN EXISTS (SELECT FROM orders_channelorder c WHERE c.tenant_id = o.tenant_id AND c.order_id = o.id
            AND c.state IN (0, 4, 5)) THEN 0
        ELSE greatest(0, o.amount_minor - coalesce((SELECT sum(r.amount_minor) FROM orders_refund r
            WHERE r.tenant_id = o.tenant_id AND r.order_id = o.id AND r.state IN (2, 3)), 0))::bigint END
    FROM orders_order o WHERE o.tenant_id = %s AND o.id = ANY (%s::bigint[])
"""


@dataclass(frozen=True, slots=True)
class InvoiceInput:
    """What is asked for one order."""

    order_id: int
    wish: InvoiceWish


@dataclass(frozen=True, slots=True)
class Numbered:
    """An invoice as the invoicing program made it: its number and its day."""

    request_id: int
    number: str
    on: date


@dataclass(frozen=True, slots=True)
class Moved:
    """Requests that changed, and those that were as they should be already; new ones in the place of reversed ones."""

    request_ids: tuple[int, ...] = ()
    left: tuple[int, ...] = ()
    again: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    order_id: int
    state: int
    amount_minor: int
    number: str
    red_number: str
    buyer: bytes
    is_company: bool
    content: int
    mask: str
    problem: str
    note: str


def ask(*, asked: Sequence[InvoiceInput], actor_id: int | None = None) -> dict[int, int]:
    """Ask for an invoice of each of these orders; order -> request.  Locks the orders.

    Raises NoOrder, BadInvoice for what could not be issued, InvoiceOpen where there is one, InvoiceTooMuch.  Says InvoicesAsked.
    """
    wishes = {one.order_id: one.wish for one in asked}
    if len(wishes) < len(asked):
        raise BadInvoice(_("一张单一次只能申请一张发票。"))
    for order_id, wish in wishes.items():
        _refuse_bad(wish, order_id)
    _lock_orders(wishes)
    open_ = _list_open(wishes)
    if open_:
        raise InvoiceOpen(_("这张单已经有发票申请了。"), order_ids=sorted(open_))
    amounts = _amounts(wishes)
    made = _write({order_id: (wish, amounts[order_id]) for order_id, wish in wishes.items()}, actor_id)
    _tell("InvoicesAsked", "ask_invoice", {id_: order_id for order_id, id_ in made.items()}, actor_id)
    return made


def take(wishes: Mapping[int, InvoiceWish]) -> int:
    """What channels said with orders that are made or locked in this transaction; how many were taken.  Says InvoicesAsked.

    An order that ever had a request keeps what it has; one that was not paid has none; what cannot be issued as it was asked for is taken
    and says so.
    """
    if not wishes:
        return 0
    had = {
        row[0]
        for row in db.rows(
            f"SELECT DISTINCT order_id FROM {TABLE} WHERE tenant_id = %s AND order_id = ANY (%s::bigint[])",
            current_tenant(),
            db.array(list(wishes)),
        )
    }
    left = read_left([order_id for order_id in wishes if order_id not in had])
    new = {i: (wishes[i], min(wishes[i].amount_minor or minor, minor)) for i, minor in left.items() if minor}
    if not new:
        return 0
    made = _write(new, None)
    outbox.emit("InvoicesAsked", {"invoice_ids": sorted(made.values()), "order_ids": sorted(made)})
    return len(made)


def change(*, request_id: int, wish: InvoiceWish, actor_id: int | None) -> None:
    """Another title, amount or address (none: the one that is there stays) of a request that waits.  Locks its order.

    Raises NoInvoice, InvoiceClosed, and as `ask`.
    """
    (row,) = _lock([request_id]).values()
    _refuse_unless(row.state == WAITING, [row])
    if not wish.email:
        wish = replace(wish, email=unseal(row.buyer).email)
    _refuse_bad(wish, row.order_id)
    minor = _amounts({row.order_id: wish})[row.order_id]
    db.execute(
        f"UPDATE {TABLE} SET is_company = %s, content = %s, amount_minor = %s, buyer = decode(%s, 'base64'), mask = %s, problem = '',"
        " note = %s WHERE tenant_id = %s AND id = %s",
        wish.is_company,
        _content(wish),
        minor,
        db.base64(seal(wish)),
        mask_of(wish),
        wish.note,
        current_tenant(),
        request_id,
    )
    _tell("InvoicesChanged", "change_invoice", {request_id: row.order_id}, actor_id)


def issue(*, issued: Sequence[Numbered], actor_id: int | None) -> Moved:
    """Invoices were issued, with these numbers.  Locks the orders.  Noted already with the same number: nothing changes.

    Raises NoInvoice, BadInvoice for a number or a day that cannot be, InvoiceClosed, InvoiceNumberTaken.  Says InvoicesIssued.
    """
    numbers = _read_numbers(issued)
    rows = _lock([one.request_id for one in issued])
    same = [i for i, row in rows.items() if row.state != WAITING and row.number == numbers[i]]
    moving = [i for i in rows if i not in same]
    _refuse_unless(all(rows[i].state == WAITING for i in moving), [rows[i] for i in moving])
    days = {one.request_id: one.on for one in issued}
    _number("state = 2, number = u.number, issued_on = u.day", numbers, days, moving, actor_id)
    _tell("InvoicesIssued", "issue_invoice", {i: rows[i].order_id for i in moving}, actor_id)
    return Moved(tuple(moving), tuple(same))


def reverse(*, reversed_: Sequence[Numbered], asks_again: bool, actor_id: int | None) -> Moved:
    """Invoices were reversed (红冲), with the numbers of the red ones.  Locks the orders.

    `asks_again`: what may still be invoiced of the order is asked for anew, for the same buyer.  As `issue`.  Says InvoicesReversed.
    """
    numbers = _read_numbers(reversed_)
    rows = _lock([one.request_id for one in reversed_])
    same = [
        i for i, row in rows.items() if row.state == InvoiceState.REVERSED and row.red_number == numbers[i]
    ]
    moving = [i for i in rows if i not in same]
    stand = (ISSUED, TO_REVERSE)
    _refuse_unless(all(rows[i].state in stand for i in moving), [rows[i] for i in moving])
    days = {one.request_id: one.on for one in reversed_}
    _number("state = 4, red_number = u.number, reversed_on = u.day", numbers, days, moving, actor_id)
    _tell("InvoicesReversed", "reverse_invoice", {i: rows[i].order_id for i in moving}, actor_id)
    again = _ask_again([rows[i] for i in moving], actor_id) if asks_again else ()
    return Moved(tuple(moving), tuple(same), again)


def fail(*, request_ids: Sequence[int], reason: str, actor_id: int | None) -> Moved:
    """They cannot be issued, and why.  Locks the orders.  Raises NoInvoice, BadInvoice without a reason, InvoiceClosed for one that was
    issued.  Says InvoicesFailed.
    """
    return _close(request_ids, InvoiceState.FAILED, reason, actor_id)


def cancel(*, request_ids: Sequence[int], reason: str, actor_id: int | None) -> Moved:
    """Nobody wants them any more.  As `fail`.  Says InvoicesCancelled."""
    return _close(request_ids, InvoiceState.CANCELLED, reason, actor_id)


def follow_refunds(order_ids: Sequence[int]) -> None:
    """What refunds that were just agreed do to the invoices of their locked orders.  Says InvoicesToReverse."""
    found = db.rows(
        f"SELECT id, order_id, state, amount_minor FROM {TABLE} WHERE tenant_id = %s AND order_id = ANY (%s::bigint[])"
        " AND state IN (1, 2)",
        current_tenant(),
        db.array(order_ids),
    )
    if not found:
        return
    left = read_left(sorted({order_id for _id, order_id, _state, _minor in found}))
    effects = {
        id_: after_refund(minor, left[order_id], is_issued=state == ISSUED)
        for id_, order_id, state, minor in found
    }
    changed = {i: effect for i, effect in effects.items() if effect[0] is not Effect.KEEP}
    if not changed:
        return
    states = {Effect.LOWER: WAITING, Effect.CANCEL: InvoiceState.CANCELLED, Effect.REVERSE: TO_REVERSE}
    db.execute(
        f"UPDATE {TABLE} i SET state = u.state, amount_minor = u.minor,"
        " decided_at = CASE WHEN u.state = 1 THEN NULL WHEN u.state = 6 THEN clock_timestamp() ELSE decided_at END,"
        " reason = CASE WHEN u.state = 6 THEN %s ELSE reason END"
        " FROM unnest(%s::bigint[], %s::smallint[], %s::bigint[]) u(id, state, minor) WHERE i.tenant_id = %s AND i.id = u.id",
        _("钱都退了"),
        db.array(list(changed)),
        db.array([int(states[effect]) for effect, _minor in changed.values()]),
        db.array([minor for _effect, minor in changed.values()]),
        current_tenant(),
    )
    orders = {id_: order_id for id_, order_id, _state, _minor in found}
    to_reverse = {i: orders[i] for i, (effect, _minor) in changed.items() if effect is Effect.REVERSE}
    if to_reverse:
        _tell("InvoicesToReverse", "invoice_to_reverse", to_reverse, None)


def read_left(order_ids: Sequence[int]) -> dict[int, int]:
    """Order -> what may be invoiced of it."""
    if not order_ids:
        return {}
    return dict(db.rows(_LEFT, current_tenant(), db.array(order_ids)))


def _refuse_bad(wish: InvoiceWish, order_id: int) -> None:
    problem = problem_of(wish)
    if problem is not None:
        raise BadInvoice(_("发票信息不对。"), order_id=order_id, problem=problem.value)


def _amounts(wishes: Mapping[int, InvoiceWish]) -> dict[int, int]:
    """Order -> amount.  Raises InvoiceTooMuch, also where nothing is left to invoice."""
    left = read_left(list(wishes))
    amounts = {i: left[i] if wish.amount_minor is None else wish.amount_minor for i, wish in wishes.items()}
    for order_id, minor in amounts.items():
        if not 0 < minor <= left[order_id]:
            raise InvoiceTooMuch(
                _("开票金额要大于零，不能比付的钱减去退款多。"),
                order_id=order_id,
                amount_minor=minor,
                left_minor=left[order_id],
            )
    return amounts


def _lock_orders(order_ids: Mapping[int, object] | Sequence[int]) -> None:
    ids = sorted(set(order_ids))
    found = db.lock(Rank.ORDER, Order, "id", "id = ANY (%s::bigint[])", db.array(ids))
    missing = set(ids) - {row[0] for row in found}
    if missing:
        raise NoOrder(_("没有这张单，或者不归您管。"), order_ids=sorted(missing))


def _list_open(order_ids: Mapping[int, object]) -> set[int]:
    found = db.rows(
        f"SELECT order_id FROM {TABLE} WHERE tenant_id = %s AND order_id = ANY (%s::bigint[]) AND state IN (1, 2, 3)",
        current_tenant(),
        db.array(list(order_ids)),
    )
    return {row[0] for row in found}


def _write(asked: Mapping[int, tuple[InvoiceWish, int]], actor_id: int | None) -> dict[int, int]:
    ids = db.new_ids(len(asked))
    db.insert(
        InvoiceRequest,
        [
            "id",
            "order",
            "is_company",
            "content",
            "amount_minor",
            "buyer",
            "mask",
            "problem",
            "note",
            "asked_by",
        ],
        [
            (
                id_,
                order_id,
                wish.is_company,
                _content(wish),
                minor,
                seal(wish),
                mask_of(wish),
                str(problem_of(wish) or ""),
                wish.note,
                actor_id,
            )
            for id_, (order_id, (wish, minor)) in zip(ids, asked.items(), strict=True)
        ],
    )
    return dict(zip(asked, ids, strict=True))


def _content(wish: InvoiceWish) -> int:
    return int(InvoiceContent.DETAIL if wish.is_detailed else InvoiceContent.CATEGORY)


def _find(request_ids: Sequence[int]) -> dict[int, _Row]:
    """Raises NoInvoice."""
    found = db.rows(
        "SELECT id, order_id, state, amount_minor, number, red_number, buyer, is_company, content, mask, problem, note"
        f" FROM {TABLE} WHERE tenant_id = %s AND id = ANY (%s::bigint[]) ORDER BY id",
        current_tenant(),
        db.array(request_ids),
    )
    rows = {row[0]: _Row(*row) for row in found}
    missing = set(request_ids) - rows.keys()
    if missing:
        raise NoInvoice(_("没有这张发票申请。"), invoice_ids=sorted(missing))
    return rows


def _lock(request_ids: Sequence[int]) -> dict[int, _Row]:
    """As _find, their orders locked."""
    _lock_orders([row.order_id for row in _find(request_ids).values()])
    return _find(request_ids)


def _refuse_unless(is_right: bool, rows: Sequence[_Row]) -> None:
    if not is_right:
        raise InvoiceClosed(
            _("有发票申请不在这一步了，刷新一下。"),
            states={str(row.id): InvoiceState(row.state).name for row in rows},
        )


def _read_numbers(given: Sequence[Numbered]) -> dict[int, str]:
    """Request -> number as it is kept.  Raises BadInvoice."""
    today, numbers = clock.today(), {}
    for one in given:
        number = read_number(one.number)
        if number is None:
            raise BadInvoice(
                _("发票号码不对：%(number)s。") % {"number": one.number[:40]}, invoice_id=one.request_id
            )
        if one.on > today:
            raise BadInvoice(_("开票日期还没到。"), invoice_id=one.request_id)
        numbers[one.request_id] = number
    twice = [number for number, times in Counter(numbers.values()).items() if times > 1]
    if twice or len(numbers) < len(given):
        raise BadInvoice(_("同一个号码写了两次。"), numbers=twice)
    return numbers


def _number(
    assignments: str,
    numbers: Mapping[int, str],
    days: Mapping[int, date],
    moving: Sequence[int],
    actor_id: int | None,
) -> None:
    """Write numbers.  Raises InvoiceNumberTaken: one number is one invoice."""
    try:
        with db.savepoint():
            db.execute(
                f"UPDATE {TABLE} i SET {assignments}, decided_at = clock_timestamp(), decided_by = %s"
                " FROM unnest(%s::bigint[], %s::text[], %s::date[]) u(id, number, day) WHERE i.tenant_id = %s AND i.id = u.id",
                actor_id,
                db.array(moving),
                db.array([numbers[i] for i in moving]),
                db.array([days[i] for i in moving]),
                current_tenant(),
            )
    except IntegrityError as problem:
        raise InvoiceNumberTaken(
            _("有号码已经记在别的发票上了。"), numbers=[numbers[i] for i in moving]
        ) from problem


def _close(request_ids: Sequence[int], to: InvoiceState, reason: str, actor_id: int | None) -> Moved:
    said = reason.strip()[:200]
    if not said:
        raise BadInvoice(_("写一下原因。"))
    rows = _lock(request_ids)
    moving = [i for i, row in rows.items() if row.state != to]
    _refuse_unless(all(rows[i].state == WAITING for i in moving), [rows[i] for i in moving])
    db.execute(
        f"UPDATE {TABLE} SET state = %s, reason = %s, decided_at = clock_timestamp(), decided_by = %s"
        " WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        int(to),
        said,
        actor_id,
        current_tenant(),
        db.array(moving),
    )
    is_failed = to == InvoiceState.FAILED
    topic, action = (
        ("InvoicesFailed", "fail_invoice") if is_failed else ("InvoicesCancelled", "cancel_invoice")
    )
    _tell(topic, action, {i: rows[i].order_id for i in moving}, actor_id)
    return Moved(tuple(moving), tuple(i for i in rows if i not in moving))


def _ask_again(rows: Sequence[_Row], actor_id: int | None) -> tuple[int, ...]:
    """New requests for the same buyers, of what is left; nothing is unsealed for it."""
    left = read_left([row.order_id for row in rows])
    again = [row for row in rows if left[row.order_id]]
    ids = db.new_ids(len(again))
    db.insert(
        InvoiceRequest,
        [
            "id",
            "order",
            "is_company",
            "content",
            "amount_minor",
            "buyer",
            "mask",
            "problem",
            "note",
            "asked_by",
        ],
        [
            (
                id_,
                row.order_id,
                row.is_company,
                row.content,
                left[row.order_id],
                bytes(row.buyer),
                row.mask,
                row.problem,
                row.note,
                actor_id,
            )
            for id_, row in zip(ids, again, strict=True)
        ],
    )
    made = {id_: row.order_id for id_, row in zip(ids, again, strict=True)}
    _tell("InvoicesAsked", "ask_invoice", made, actor_id)
    return tuple(made)


def _tell(topic: str, action: str, orders: Mapping[int, int], actor_id: int | None) -> None:
    """`orders`: request -> order."""
    if not orders:
        return
    accounts.record_each(
        action, "order", {order_id: {"invoice": id_} for id_, order_id in orders.items()}, actor_id=actor_id
    )
    ids = sorted(set(orders.values()))
    outbox.emit(topic, {"invoice_ids": sorted(orders), "order_ids": ids})
    live.push(current_tenant(), LIVE, sorted(orders))
    live.push(current_tenant(), "order", ids)
