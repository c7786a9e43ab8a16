"""Who an invoice is for: sealed in the table, in clear only for whoever issues it."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from django.utils.translation import gettext as _

from core import crypto, db
from core.services import accounts
from core.tenancy import current_tenant
from orders.errors import NoInvoice
from orders.rules.invoices import InvoiceWish, is_identity_number

PURPOSE = "invoice"


def seal(wish: InvoiceWish) -> bytes:
    """All that was asked for, for the tenant in scope."""
    return crypto.seal(current_tenant(), PURPOSE, json.dumps(asdict(wish), ensure_ascii=False))


def unseal(sealed: bytes) -> InvoiceWish:
    """The other way round.  Callers show it by permission only, and record that they did."""
    return InvoiceWish(**json.loads(crypto.unseal(current_tenant(), PURPOSE, bytes(sealed))))


def list_buyers(*, request_ids: Sequence[int], actor_id: int | None) -> dict[int, InvoiceWish]:
    """Buyers in clear, for whoever issues their invoices; that they were looked at is kept.  Raises NoInvoice."""
    found = _read(request_ids)
    orders = {order_id: {"invoice": id_} for id_, (order_id, _wish) in found.items()}
    accounts.record_each("unmask_invoice", "order", orders, actor_id=actor_id)
    return {id_: wish for id_, (_order, wish) in found.items()}


def list_companies(request_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """Title and tax number of those that are for companies, which are no secret, unless the number is a person's."""
    shown = {}
    for id_, (_order, wish) in _read(request_ids).items():
        if wish.is_company:
            number = "" if is_identity_number(wish.tax_number) else wish.tax_number
            shown[id_] = {"title": wish.title, "tax_number": number}
    return shown


def _read(request_ids: Sequence[int]) -> dict[int, tuple[int, InvoiceWish]]:
    found = db.rows(
        "SELECT id, order_id, buyer FROM orders_invoicerequest WHERE tenant_id = %s AND id = ANY (%s::bigint[]) ORDER BY id",
        current_tenant(),
        db.array(request_ids),
    )
    missing = set(request_ids) - {row[0] for row in found}
    if missing:
        raise NoInvoice(_("没有这张发票申请。"), invoice_ids=sorted(missing))
    return {id_: (order_id, unseal(buyer)) for id_, order_id, buyer in found}
