"""Invoices of a queue as a file for the invoicing program: buyers in clear, so only who issues them may, and that they did is kept."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import connection
from django.http import FileResponse, HttpRequest
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core import clock, db
from core.services import accounts
from core.sheets.writing import Cell, stream_csv, write_workbook
from core.tenancy import current_tenant
from core.web.access import needs_role
from core.web.formats import major
from inventory.access import facility_scope
from orders import queries_invoices as queries
from orders import wording_invoices as wording
from orders.models import InvoiceContent, InvoiceState
from orders.services.invoice_buyers import unseal
from orders.views.export import KINDS
from orders.views.invoices import ISSUES

PART, MOST = 1_000, 50_000  # rows in memory; rows of a file


@require_POST
@needs_role(*ISSUES)
def export(request: HttpRequest) -> FileResponse:
    """All invoices of a queue, the longest waiting first, up to MOST; cells never calculate.  Form: queue, as (csv or xlsx)."""
    queue = request.POST.get("queue", "")
    queue = queue if queue in queries.QUEUES else "waiting"
    kind = "xlsx" if request.POST.get("as") == "xlsx" else "csv"
    scope = facility_scope(request.membership)  # type: ignore[attr-defined]
    count = [0]
    with tempfile.NamedTemporaryFile(suffix=f".{kind}") as file:
        rows = _parts(queries.QUEUES[queue], scope, count)
        if kind == "xlsx":
            write_workbook(Path(file.name), "invoices", _header(), rows)
        else:
            with Path(file.name).open("wb") as out:
                out.writelines(stream_csv(_header(), rows))
        detail = {"queue": queue, "rows": count[0]}
        accounts.record("export_invoices", "invoice", None, actor_id=request.user.pk, detail=detail)
        cut = f"-{MOST}" if count[0] == MOST else ""
        return FileResponse(
            Path(file.name).open("rb"),
            as_attachment=True,
            filename=f"invoices-{queue}-{clock.today():%Y%m%d}{cut}.{kind}",
            content_type=KINDS[kind],
        )


def _parts(
    states: Sequence[InvoiceState], scope: Sequence[int] | None, count: list[int]
) -> Iterator[Sequence[Sequence[Cell]]]:
    """The rows from a cursor of the database, so that one statement serves however many."""
    tenant_id = current_tenant()
    connection.ensure_connection()
    with closing(connection.connection.cursor(name="invoices_export")) as cursor:
        chosen = db.array([int(state) for state in states])
        cursor.execute(
            queries.EXPORT, (tenant_id, not states, chosen, scope is None, db.array(scope or ()), MOST)
        )
        while rows := cursor.fetchmany(PART):
            count[0] += len(rows)
            yield [_cells(row) for row in rows]


def _header() -> list[str]:
    return [
        _("订单号"), _("店铺"), _("状态"), _("抬头类型"), _("发票抬头"), _("税号"), _("收票邮箱"), _("发票内容"), _("商品"),
        _("开票金额"), _("币种"), _("要改的"), _("备注"), _("发票号码"), _("开票日期"), _("红字发票号码"), _("红冲日期"),
        _("原因"), _("申请"),
    ]  # fmt: skip


def _cells(row: Sequence[Any]) -> list[Cell]:
    _id, _order, order, channel, state, content, minor, currency, buyer, note, problem, number, on, *rest = (
        row
    )
    red_number, reversed_on, reason, asked_at, goods = rest
    wish = unseal(buyer)
    return [
        order,
        channel,
        str(InvoiceState(state).label),
        _("单位") if wish.is_company else _("个人"),
        wish.title,
        wish.tax_number,
        wish.email,
        str(InvoiceContent(content).label),
        _("，").join(goods),
        Decimal(major(minor, currency)),
        currency,
        str(wording.PROBLEMS.get(problem, "")),
        note,
        number,
        on.isoformat() if on else "",
        red_number,
        reversed_on.isoformat() if reversed_on else "",
        reason,
        localtime(asked_at).isoformat(" ", "minutes"),
    ]
