"""Warnings: what is past its day or near it, short, lying too long, or will not sell in time; the mornings' digests."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.accounts import Role
from core.errors import Invalid
from core.sheets.writing import stream_csv, write_workbook
from core.tenancy import scope
from core.web import formats
from core.web.parts import FilterTag, State
from core.web.tables import PAGE_SIZE, Cursor, Page, Sort, decode, encode, list_page
from inventory.access import facilities_of, facility_scope
from inventory.models import StockDigest
from inventory.queries.digests import get_digest, read_digest
from inventory.queries.warnings import (
    JUDGED,
    Place,
    StockWarning,
    Wanted,
    WarningKind,
    count_warnings,
    cut,
    list_category_ids,
    list_category_paths,
    list_judged,
    list_stages,
    list_warnings,
)
from inventory.views.adjusting import MAY_WRITE_OFF
from inventory.views.places import may
from inventory.wording import WARNINGS

COST_ROLES = (Role.OWNER, Role.OPERATOR, Role.FINANCE)
PART = 20_000  # rows of an export in memory at once
XLSX_MOST = 200_000
CATEGORIES_SHOWN = 300
HUES = {
    WarningKind.EXPIRED: "stop",
    WarningKind.NEAR_EXPIRY: "warn",
    WarningKind.SELLING_OUT: "warn",
    WarningKind.LOW_STOCK: "warn",
    WarningKind.AGEING: "wait",
}
CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Asked:
    """What the address asks for, made safe: unknown words count as not said."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        membership = request.membership  # type: ignore[attr-defined]
        self.sees_cost = membership.role in COST_ROLES
        self.facilities = facilities_of(membership)
        wish = request.GET.get
        self.kind = (
            WarningKind(wish("kind", "")) if wish("kind", "") in list(WarningKind) else WarningKind.EXPIRED
        )
        self.chosen = next((card for card in self.facilities if str(card.id) == wish("facility", "")), None)
        self.category = wish("category", "").replace("\0", "")[:120]
        self.stages = list_stages(self.kind)
        self.stage = next((stage for stage in self.stages if str(stage) == wish("stage", "")), None)
        self.by_money = self.sees_cost and wish("sort", "") == "money" and self.kind != WarningKind.LOW_STOCK

    @property
    def wanted(self) -> Wanted:
        ids = [card.id for card in self.facilities if self.chosen is None or card.id == self.chosen.id]
        categories = list_category_ids(self.category) if self.category else None
        return Wanted(ids, categories, self.stage)

    def url(self, **changes: str) -> str:
        """The same list with some words changed, from its start."""
        query = self.request.GET.copy()
        for name in ("after", "before", *changes):
            query.pop(name, None)
        for name, value in changes.items():
            if value:
                query[name] = value
        return f"?{query.urlencode()}"


@require_GET
def warnings(request: HttpRequest) -> HttpResponse:
    """One kind of warning, the worst first; the counts of all kinds come after the page."""
    asked = Asked(request)
    page = _page(asked)
    names = {card.id: card.name for card in asked.facilities}
    context = {
        "asked": asked,
        "page": page,
        "rows": [(row, names.get(row.facility_id, ""), _state(row)) for row in page.rows],
        "tabs": _tabs(asked, {}),
        "counts_url": f"{reverse('inventory:warning_counts')}{asked.url()}",
        "facilities": asked.facilities,
        "chosen": asked.chosen,
        "choices": _choices(asked),
        "empty": WARNINGS[asked.kind].empty,
        "tags": _tags(asked),
        "write_off_url": reverse("inventory:expired")
        if asked.kind == WarningKind.EXPIRED and may(request, *MAY_WRITE_OFF)
        else "",
        "currency": request.tenant.currency,  # type: ignore[attr-defined]
        "is_by_day": asked.kind != WarningKind.LOW_STOCK,
    }  # fmt: skip
    return render(request, "inventory/warnings.html", context)


@require_GET
def warning_counts(request: HttpRequest) -> HttpResponse:
    """The tabs with their counts, asked for after the page has come: counting reads more than a page of rows does."""
    asked = Asked(request)
    counts = count_warnings(replace(asked.wanted, stage=None))
    return render(request, "inventory/warning_tabs.html", {"tabs": _tabs(asked, counts)})


@require_GET
def export_warnings(request: HttpRequest) -> HttpResponseBase:
    """The whole list in force as a table: text that no spreadsheet calculates, no total row.

    CSV streams part by part, each in its own scope, however many rows there are; XLSX is made on the disk.  Raises Invalid for more rows
    than XLSX_MOST in a workbook: nothing is left out without a word.
    """
    asked = Asked(request)
    columns = _columns(asked, {card.id: card.name for card in asked.facilities})
    header, parts = [title for title, _read in columns], _parts(asked, request.tenant.id)  # type: ignore[attr-defined]
    table = ([[str(read(row)) for _title, read in columns] for row in part] for part in parts)
    name = f"stock-warnings-{asked.kind.lower().replace('_', '-')}"
    if request.GET.get("format") == "xlsx":
        with NamedTemporaryFile(suffix=".xlsx") as file:
            write_workbook(Path(file.name), str(WARNINGS[asked.kind].label), header, _at_most(table))
            return FileResponse(
                Path(file.name).open("rb"), as_attachment=True, filename=f"{name}.xlsx", content_type=XLSX
            )
    answer = StreamingHttpResponse(stream_csv(header, table), content_type=CSV)
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def _parts(asked: Asked, tenant_id: int) -> Iterator[Sequence[StockWarning]]:
    """The list in parts of PART rows.  A kind that is judged whole is judged once."""
    wanted, by_money = asked.wanted, asked.by_money
    beyond: Place | None = None
    judged: Sequence[StockWarning] | None = None
    while True:
        with scope(tenant_id):
            if asked.kind not in JUDGED:
                part = list_warnings(asked.kind, wanted, by_money=by_money, beyond=beyond, limit=PART)
            else:
                judged = list_judged(asked.kind, wanted, by_money=by_money) if judged is None else judged
                part = cut(judged, beyond=beyond, is_back=False, limit=PART)
        if not part:
            return
        yield part
        beyond = Place(part[-1].key, part[-1].id)


def _at_most(table: Iterator[list[list[str]]]) -> Iterator[list[list[str]]]:
    count = 0
    for part in table:
        count += len(part)
        if count > XLSX_MOST:
            raise Invalid(
                _("超过 %(n)s 行，一个 XLSX 放不下。下载 CSV，里面有全部。")
                % {"n": formats.number(XLSX_MOST)},
                code="too_many_rows",
            )
        yield part


@require_GET
def digests(request: HttpRequest) -> HttpResponse:
    """Past mornings, the newest first."""
    page = list_page(request, StockDigest.objects.all(), sorts={"day": Sort("day")}, default="-day")
    scope = facility_scope(request.membership)  # type: ignore[attr-defined]
    rows = [(digest, _digest_counts(read_digest(digest.content, scope))) for digest in page.rows]
    kinds = [WARNINGS[kind].label for kind in WarningKind]
    return render(request, "inventory/digests.html", {"page": page, "rows": rows, "kinds": kinds})


@require_GET
def digest(request: HttpRequest, digest_id: int) -> HttpResponse:
    """What one morning had to say about the reader's facilities."""
    found = get_digest(digest_id)
    membership = request.membership  # type: ignore[attr-defined]
    parts = read_digest(found.content, facility_scope(membership))
    names = {card.id: card.name for card in facilities_of(membership)}
    sections = [
        (names.get(part.facility_id, ""), kind.label, HUES[WarningKind(part.kind)], part)
        for part in parts
        for kind in [WARNINGS[WarningKind(part.kind)]]
    ]
    return render(request, "inventory/digest.html", {"digest": found, "sections": sections})


def _digest_counts(parts: Sequence[Any]) -> list[tuple[int, str]]:
    sums = dict.fromkeys(WarningKind, 0)
    for part in parts:
        sums[WarningKind(part.kind)] += part.count
    return [(count, HUES[kind] if count else "") for kind, count in sums.items()]


def _page(asked: Asked) -> Page[StockWarning]:
    before, after = asked.request.GET.get("before", ""), asked.request.GET.get("after", "")
    is_back = bool(before)
    beyond = _place(decode(before or after)) if before or after else None
    found = list_warnings(
        asked.kind, asked.wanted, by_money=asked.by_money, beyond=beyond, is_back=is_back, limit=PAGE_SIZE + 1
    )
    has_more = len(found) > PAGE_SIZE
    rows = found[-PAGE_SIZE:] if is_back else found[:PAGE_SIZE]
    step = rows and {"after": _cursor(rows[-1]), "before": _cursor(rows[0])}
    return Page(
        rows=rows,
        next=asked.url(after=step["after"]) if step and (is_back or has_more) else "",
        previous=asked.url(before=step["before"]) if step and (has_more if is_back else bool(after)) else "",
        sort="money" if asked.by_money else "days",
    )


def _place(cursor: Cursor) -> Place:
    return Place(cursor.value if isinstance(cursor.value, int) else 0, cursor.id)


def _cursor(row: StockWarning) -> str:
    return encode(Cursor(row.key, row.id))


def _tabs(asked: Asked, counts: Mapping[WarningKind, int]) -> list[tuple[str, str, int | None, str, bool]]:
    page = reverse("inventory:warnings")
    return [
        (
            str(WARNINGS[kind].label), f"{page}{asked.url(kind=kind.value, stage='')}", counts.get(kind),
            HUES[kind], kind == asked.kind,
        )
        for kind in WarningKind
    ]  # fmt: skip


def _tags(asked: Asked) -> list[FilterTag]:
    tags = []
    if asked.chosen:
        tags.append(FilterTag(asked.chosen.name, asked.url(facility="")))
    if asked.category:
        tags.append(FilterTag(asked.category, asked.url(category="")))
    return tags


def _choices(asked: Asked) -> list[tuple[str, str, list[tuple[str, str]], str]]:
    """(name, label, (value, word) pairs, value in force) of the choices beside the facility."""
    paths, left_out = list_category_paths(CATEGORIES_SHOWN)
    every = _("全部分类")
    if left_out:
        every = _("全部分类（还有 %(n)s 个没列）") % {"n": formats.number(left_out)}
    if asked.category and asked.category not in paths:
        paths.append(asked.category)
    stages = [(str(stage), _stage_word(asked.kind, stage)) for stage in asked.stages]
    lists = [
        ("category", _("分类"), [(path, path) for path in paths], every, asked.category),
        ("stage", _("天数"), stages, _("全部"), str(asked.stage or "")),
    ]
    if asked.sees_cost and asked.kind != WarningKind.LOW_STOCK:
        money = [("money", _("钱最多的在前"))]
        lists.append(("sort", _("排序"), money, _("最急的在前"), "money" if asked.by_money else ""))
    return [
        (name, label, [("", every), *pairs], value) for name, label, pairs, every, value in lists if pairs
    ]


def _stage_word(kind: WarningKind, stage: int) -> str:
    if kind == WarningKind.AGEING:
        return _("放了 %(n)d 天以上") % {"n": stage}
    return _("不到 %(n)d 天") % {"n": stage}


def _state(row: StockWarning) -> State:
    """In words how bad it is."""
    if row.kind == WarningKind.EXPIRED:
        return State("stop", _("过了 %(n)d 天") % {"n": -(row.days or 0)}, "calendar-x")
    if row.kind == WarningKind.LOW_STOCK:
        return State("stop" if row.units == 0 else "warn", _("没货") if row.units == 0 else _("快没了"))
    if row.kind == WarningKind.AGEING:
        return State("wait", _("放了 %(n)d 天") % {"n": row.days or 0}, "clock")
    hue = "stop" if (row.days or 0) < 7 else "warn"
    return State(hue, _("还能卖 %(n)d 天") % {"n": row.days or 0}, "calendar-exclamation")


def _columns(asked: Asked, names: Mapping[int, str]) -> list[tuple[str, Any]]:
    """Titles, and what stands in each row."""
    currency = asked.request.tenant.currency  # type: ignore[attr-defined]
    label = str(WARNINGS[asked.kind].label)  # said now: a stream has no language
    columns: list[tuple[str, Any]] = [
        (_("提醒"), lambda _row: label),
        (_("仓库"), lambda row: names[row.facility_id]),
        (_("商家编码"), lambda row: row.sku_code),
        (_("名称"), lambda row: row.sku_name),
        (_("批次"), lambda row: row.lot_code),
        (_("到期"), lambda row: row.expires_on or ""),
        (_("收货日期"), lambda row: row.received_on or ""),
        (_("天数"), lambda row: "" if row.days is None else row.days),
        (_("现有"), lambda row: row.units),
        (_("要处理"), lambda row: row.at_risk),
        (_("最低"), lambda row: "" if row.minimum is None else row.minimum),
        (_("28 天发了"), lambda row: "" if row.shipped is None else row.shipped),
    ]
    if asked.sees_cost:
        columns.append(
            (
                _("成本（%(currency)s）") % {"currency": currency},
                lambda row: "" if row.money_minor is None else formats.major(row.money_minor, currency),
            )
        )
    return columns
