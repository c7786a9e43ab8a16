"""The catalogue as a file: out as CSV or XLSX; in with a look at the difference first."""

import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import clock
from core.accounts import Role
from core.errors import ERPError
from core.sheets.writing import stream_csv, write_workbook
from core.tenancy import tenant
from core.web.access import needs_role
from core.web.formats import exponent
from core.web.jobs import progress
from core.web.parts import FilterTag, Step, Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say
from inventory.forms.catalogue import CatalogueFileForm
from inventory.models import (
    CatalogueImport,
    CatalogueOutcome,
    CatalogueRow,
    CatalogueRowKind,
    CatalogueSubject,
)
from inventory.queries.catalogue import BundleCard, list_next_bundles, list_next_skus
from inventory.rules.goods_table import BUNDLE_COLUMNS, sku_columns, titles, write_cells
from inventory.rules.table_diff import Column, Mistake, Values
from inventory.services import catalogue_import
from inventory.views.catalogue_words import FIELDS, MISTAKES, say_value
from inventory.views.skus import SHOWN, chosen_category, sees_costs

MAY_EXPORT = (Role.OPERATOR, Role.WAREHOUSE, Role.FINANCE, Role.QUALITY, Role.READONLY)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HUES = {1: "done", 2: "live", 3: "hold", 4: "wait", 5: "stop"}

Parts = Iterator[Sequence[Sequence[str]]]


@require_GET
@needs_role(*MAY_EXPORT)
def export_skus(request: HttpRequest) -> HttpResponseBase:
    """The SKUs of the list's filters (without its search), with their barcodes, as a file that can be handed in again."""
    digits, is_english = exponent(request.tenant.currency), _is_english()  # type: ignore[attr-defined]
    columns = [c for c in sku_columns(digits) if sees_costs(request) or c.field != "cost_minor"]
    fetch = partial(
        list_next_skus,
        category_id=chosen_category(request),
        is_active=SHOWN.get(request.GET.get("shown", ""), True),
    )

    def cells(part: Sequence[Values]) -> list[list[str]]:
        return [write_cells(values, columns, digits, is_english=is_english) for values in part]

    return _file(request, "skus", columns, lambda after: fetch(after=after), cells)


@require_GET
@needs_role(*MAY_EXPORT)
def export_bundles(request: HttpRequest) -> HttpResponseBase:
    """All bundles, a row a part."""
    is_english = _is_english()

    def cells(part: Sequence[BundleCard]) -> list[list[str]]:
        return [
            write_cells(
                {**card.values, "part": one.code, "quantity": one.quantity},
                BUNDLE_COLUMNS,
                0,
                is_english=is_english,
            )
            for card in part
            for one in card.parts
        ]

    return _file(request, "bundles", BUNDLE_COLUMNS, lambda after: list_next_bundles(after=after), cells)


def _is_english() -> bool:
    return (get_language() or "").startswith("en")


def _file(
    request: HttpRequest, name: str, columns: Sequence[Column], fetch: Any, cells: Any
) -> HttpResponseBase:
    """The answer, in bounded memory: CSV as it is read, each part in its own scope; XLSX through a file on the disk."""
    header = titles(columns, is_english=_is_english())
    tenant_id: int = request.tenant.id  # type: ignore[attr-defined]
    stem = f"{name}-{clock.today():%Y%m%d}"
    if request.GET.get("as") == "xlsx":
        with tempfile.NamedTemporaryFile(suffix=".xlsx") as file:
            write_workbook(Path(file.name), name, header, _parts(fetch, cells))
            return FileResponse(
                Path(file.name).open("rb"), as_attachment=True, filename=f"{stem}.xlsx", content_type=XLSX
            )
    answer = StreamingHttpResponse(
        stream_csv(header, _parts(fetch, cells, tenant_id)), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="{stem}.csv"'
    return answer


def _parts(fetch: Any, cells: Any, tenant_id: int | None = None) -> Parts:
    after = ""
    while True:
        if tenant_id is None:
            part = fetch(after)
        else:
            with tenant(tenant_id):
                part = fetch(after)
        if not part:
            return
        after = part[-1].code if isinstance(part[-1], BundleCard) else part[-1]["code"]
        yield cells(part)


@require_http_methods(["GET", "POST"])
@needs_role(Role.OPERATOR)
def imports(request: HttpRequest) -> HttpResponse:
    """Take a file in, and the files that came before."""
    initial = {"subject": int(CatalogueSubject.BUNDLES)} if request.GET.get("what") == "bundles" else None
    form = CatalogueFileForm(request.POST or None, request.FILES or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            import_id = catalogue_import.take_in(
                subject=form.cleaned_data["subject"], file=file, name=file.name, actor_id=request.user.pk
            )
            return redirect("inventory:catalogue_import", import_id)
        except ERPError as refusal:
            form.add_error("file", refusal.message)
    documents = CatalogueImport.objects.select_related("file", "job")
    page = list_page(
        request,
        documents,
        sorts={"created": Sort("created_at", is_descending=True)},
        default="-created",
        size=20,
    )
    now = clock.opened_at()
    context = {
        "form": form,
        "page": page,
        "rows": [
            (row, CatalogueSubject(row.subject).label, progress(row.job, now) if row.job else None)
            for row in page.rows
        ],
        "now": now,
        "steps": [Step(_("传文件"), "on"), Step(_("看差异")), Step(_("导入"))],
    }
    return render(request, "inventory/catalogue_imports.html", context, status=422 if form.errors else 200)


@require_GET
@needs_role(Role.OPERATOR)
def import_page(request: HttpRequest, catalogue_import_id: int) -> HttpResponse:
    """What each row would change, or has changed."""
    document = catalogue_import.get_import(catalogue_import_id)
    kind = request.GET.get("kind", "")
    rows = CatalogueRow.objects.filter(document=catalogue_import_id)
    if kind == "stale":
        rows = rows.filter(outcome=CatalogueOutcome.STALE)
    elif kind in {str(value) for value in CatalogueRowKind.values}:
        rows = rows.filter(kind=int(kind))
    page = list_page(request, rows, sorts={"row": Sort("row")}, default="row")
    now, job, currency = clock.opened_at(), document.job, request.tenant.currency  # type: ignore[attr-defined]
    counts = {int(value): n for value, n in document.counts.items()}
    context = {
        "document": document,
        "subject": CatalogueSubject(document.subject).label,
        "page": page,
        "rows": [_shown(row, currency) for row in page.rows],
        "kinds": [(str(int(k)), k.label, counts.get(int(k), 0), HUES[int(k)]) for k in CatalogueRowKind],
        "kind": kind,
        "tags": [FilterTag(_kind_label(kind), "?")] if _kind_label(kind) else [],
        "to_apply": catalogue_import.to_apply(document.counts),
        "job": job,
        "progress": progress(job, now) if job else None,
        "now": now,
        "stale": job.rows_failed if job else 0,
        "steps": _steps(document),
    }
    return render(request, "inventory/catalogue_import.html", context)


def _kind_label(kind: str) -> str:
    if kind == "stale":
        return str(CatalogueOutcome.STALE.label)
    return str(CatalogueRowKind(int(kind)).label) if kind in {str(v) for v in CatalogueRowKind.values} else ""


def _steps(document: CatalogueImport) -> list[Step]:
    if document.job is None:
        return [Step(_("传文件"), "done"), Step(_("看差异"), "on"), Step(_("导入"))]
    last = "done" if document.job.status == "DONE" else "on"
    return [Step(_("传文件"), "done"), Step(_("看差异"), "done"), Step(_("导入"), last)]


def _shown(row: CatalogueRow, currency: str) -> dict[str, Any]:
    """A row as the page shows it: its state, its changes old → new, its mistakes, what overtook it."""
    detail = row.detail
    overtaken = detail.get("overtaken", {})
    is_stale = row.outcome == CatalogueOutcome.STALE
    return {
        "row": row.row,
        "code": row.code,
        "name": detail.get("name", ""),
        "word": CatalogueOutcome.STALE.label if is_stale else CatalogueRowKind(row.kind).label,
        "hue": "warn" if is_stale else HUES[row.kind],
        "is_done": row.outcome == CatalogueOutcome.DONE,
        "changes": [
            (FIELDS.get(field, field), say_value(field, old, currency), say_value(field, new, currency))
            for field, (old, new) in detail.get("changes", {}).items()
        ],
        "is_new": row.kind == CatalogueRowKind.NEW,
        "wrong": [
            (number, FIELDS.get(field, field), value, MISTAKES[Mistake(mistake)])
            for number, field, value, mistake in detail.get("wrong", ())
        ],
        "now": [
            (FIELDS.get(field, field), say_value(field, value, currency))
            for field, value in overtaken.get("fields", {}).items()
        ],
        "taken": "、".join(overtaken.get("codes", ())),
    }


@require_POST
@needs_role(Role.OPERATOR)
def start_import(request: HttpRequest, catalogue_import_id: int) -> HttpResponse:
    """Apply the difference, in the background."""
    catalogue_import.start(import_id=catalogue_import_id, actor_id=request.user.pk)
    say(request, Toast(_("开始导入。可以离开本页。"), "live"))
    return redirect("inventory:catalogue_import", catalogue_import_id)
