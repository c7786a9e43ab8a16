"""The orders of a queue or filter as a file: one statement, one snapshot, so that its numbers agree with each other to the cent."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.http import FileResponse, HttpRequest
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core import clock
from core.sheets.writing import Cell, stream_csv, write_workbook
from core.tenancy import current_tenant
from core.web.access import needs_role
from core.web.formats import major
from orders import sql, wording
from orders.access import SEES
from orders.models import OrderStatus
from orders.views.narrowing import Asked

PART, MOST = 2_000, 200_000  # rows in memory; rows of a file
KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@require_GET
@needs_role(*SEES)
def export(request: HttpRequest) -> FileResponse:
    """What the list shows, all pages of it, without a total row; people are masked as on the screen.

    Up to MOST orders, those with the latest deadline; the file's name says when it was cut.
    """
    asked = Asked(request)
    kind = "xlsx" if request.GET.get("as") == "xlsx" else "csv"
    with tempfile.NamedTemporaryFile(suffix=f".{kind}") as file:
        count = [0]
        rows = _parts(asked, count)
        if kind == "xlsx":
            write_workbook(Path(file.name), "orders", _header(), rows)
        else:
            with Path(file.name).open("wb") as out:
                out.writelines(stream_csv(_header(), rows))
        cut = f"-{MOST}" if count[0] == MOST else ""
        return FileResponse(
            Path(file.name).open("rb"),
            as_attachment=True,
            filename=f"orders-{'found' if asked.is_search else asked.queue.lower()}-{clock.today():%Y%m%d}{cut}.{kind}",
            content_type=KINDS[kind],
        )


def _parts(asked: Asked, count: list[int]) -> Iterator[Sequence[Sequence[Cell]]]:
    """The rows from a cursor of the database, so that one statement serves however many."""
    try:
        chosen, params = asked.orders().order_by().values("id").query.sql_with_params()
    except EmptyResultSet:  # what is searched for is nowhere
        return
    connection.ensure_connection()
    with closing(connection.connection.cursor(name="orders_export")) as cursor:
        cursor.execute(sql.EXPORT.format(chosen=chosen), (current_tenant(), *params, MOST))
        while rows := cursor.fetchmany(PART):
            count[0] += len(rows)
            yield [_cells(row) for row in rows]


def _header() -> list[str]:
    return [
        _("订单号"), _("店铺"), _("状态"), _("合到"), _("停下的原因"), _("收件人"), _("商品"), _("件数"), _("币种"), _("商品金额"),
        _("运费等"), _("优惠"), _("实付"), _("货到付款"), _("仓库"), _("谁在管"), _("备注"), _("买家留言"), _("卖家备注"), _("下单"),
        _("最晚发货"), _("发出"), _("物流单号"),
    ]  # fmt: skip


def _cells(row: Sequence[Any]) -> list[Cell]:
    number, channel, status, leader, codes, mask, names, units, lines_minor, currency, *rest = row
    charge, discount, amount, cod, place, person, note, remark, seller_remark, *more = rest
    placed_at, ship_by, shipped_at, tracking = more
    amounts = [major(minor, currency) for minor in (lines_minor, charge, discount, amount, cod)]
    return [
        number,
        channel,
        str(OrderStatus(status).label),
        leader or "",
        _("、").join(str(wording.word_of(code).label) for code in codes),
        mask,
        _("，").join(names or ()),
        Decimal(units),
        currency,
        *amounts,
        place,
        person or "",
        note,
        remark,
        seller_remark,
        *[_instant(at) for at in (placed_at, ship_by, shipped_at)],
        _("、").join(tracking),
    ]


def _instant(at: datetime | None) -> str:
    """With its zone: a file is read elsewhere."""
    return localtime(at).isoformat(" ", "minutes") if at else ""
