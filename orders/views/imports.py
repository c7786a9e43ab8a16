"""Pages of order files: list, upload, columns, progress, problems by row."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import clock
from core.accounts import Role
from core.errors import ERPError, Invalid
from core.models import Job
from core.tenancy import tenant
from core.web.access import needs_role
from core.web.formats import moment
from core.web.jobs import Progress, progress
from core.web.parts import Equation, FilterTag, Problem, Step, Term, Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say
from inventory.models import Facility, FacilityKind
from orders.forms import AUTO, MappingNameForm, OptionsForm, UploadForm
from orders.importing.advice import TARGETS, advice, short
from orders.importing.layouts import Part
from orders.importing.presets import PRESETS
from orders.importing.problems import SET_ASIDE
from orders.importing.settings import ADDRESS, Options, Target
from orders.models import Channel, Import, ImportProblem
from orders.services import imports
from orders.services.import_known import get_import
from orders.services.import_pairs import get_runner
from orders.services.import_results import (
    ImportResult,
    ProblemSummary,
    list_problem_rows,
    list_stopped_rows,
    result,
    summarise_problems,
)
from orders.services.imports import Preview
from orders.services.mapping import Outlook, look_ahead

SHOWN = 12  # problems beside the mapping
PAGE = 50
ENCODINGS = {
    "utf-8-sig": "UTF-8", "utf-16": "UTF-16", "gb18030": "GBK", "utf-16-le": "UTF-16 LE", "utf-16-be": "UTF-16 BE",
    "big5hkscs": "Big5", "cp932": "Shift-JIS", "euc-kr": "EUC-KR", "cp1252": "Windows-1252",
}  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class _Card:
    """One import in the list."""

    doc: Import
    job: Job | None
    progress: Progress | None


@needs_role(Role.OPERATOR)
@require_GET
def import_list(request: HttpRequest) -> HttpResponse:
    queryset = Import.objects.select_related("channel", "file", "job")
    page = list_page(
        request, queryset, sorts={"created": Sort("created_at", is_descending=True)}, default="-created"
    )
    now = clock.opened_at()
    cards = [_Card(doc, doc.job, progress(doc.job, now) if doc.job else None) for doc in page.rows]
    is_open = any(card.progress is not None and card.progress.is_open for card in cards)
    context = {"cards": cards, "page": page, "now": now, "is_open": is_open}
    return render(request, "orders/import_list.html", context)


@needs_role(Role.OPERATOR)
@require_http_methods(["GET", "POST"])
def import_new(request: HttpRequest) -> HttpResponse:
    """Take a file in.  A file that cannot be read says why, and nothing is kept."""
    form, choices = UploadForm(request.POST or None, request.FILES or None), list[dict[str, str]]()
    if request.method == "POST" and form.is_valid():
        file, tenant_id = form.cleaned_data["file"], request.tenant.id  # type: ignore[attr-defined]
        try:
            channel_id = (
                _auto_channel() if form.cleaned_data["channel"] == AUTO else int(form.cleaned_data["channel"])
            )
            import_id = imports.upload(
                tenant_id=tenant_id,
                channel_id=channel_id,
                file=file,
                name=file.name,
                actor_id=request.user.pk,
                encoding=form.cleaned_data["encoding"],
            )
            import_id = get_runner(import_id)
            was_here = Import.objects.filter(id=import_id, created_at__lt=clock.opened_at()).exists()
            here = reverse("orders:import", args=[import_id])
            return redirect(f"{here}?again=1" if was_here else here)
        except ERPError as refusal:
            form.add_error("file", refusal.message)
            choices = refusal.fields.get("choices") or []
    steps = [Step(_("传文件"), "on"), Step(_("对列")), Step(_("检查")), Step(_("导入"))]
    status = 422 if request.method == "POST" else 200
    readings = [(one["encoding"], ENCODINGS[one["encoding"]], one["line"]) for one in choices]
    context = {"form": form, "steps": steps, "readings": readings}
    return render(request, "orders/import_new.html", context, status=status)


def _auto_channel() -> int:
    """The channel for layouts that are known without one: dock, no addresses, at the first warehouse."""
    warehouse = Facility.objects.filter(kind=FacilityKind.WAREHOUSE, is_active=True).order_by("id").first()
    if warehouse is None:
        raise Invalid(_("还没有仓库。先建一个仓库，再按文件认店铺。"), code="no_facility")
    return imports.ensure_channel(preset=PRESETS[0], facility_id=int(warehouse.id))


@needs_role(Role.OPERATOR)
@require_GET
def import_page(request: HttpRequest, import_id: int) -> HttpResponse:
    seen = imports.preview(import_id)
    return _page(request, seen, OptionsForm.of(_offered(seen)))


def _offered(seen: Preview) -> Options:
    """The options as a person is offered them: stock is not invented because a layout is known, only because somebody said so."""
    is_preset = seen.preset is not None and seen.mapping_name == seen.preset.name
    return replace(seen.options, opening_stock=False) if is_preset else seen.options


def _said(request: HttpRequest, seen: Preview, here: Mapping[str, Any]) -> list[str]:
    """What a person must know of the file before anything else."""
    said = []
    if request.GET.get("again"):
        at = moment(timezone.localtime(here["created_at"]), timezone.localtime(here["now"]))
        words = _("这个文件 %(at)s 导过，这就是那一次。再导一次，什么都不会多。")
        if here["job"] is None:
            words = _("这个文件 %(at)s 传过，还没导。")
        said.append(words % {"at": at})
    said += _halves(seen)
    suffix = seen.name.rpartition(".")[2].lower()
    if seen.kind == "html":
        said.append(
            _("文件叫 .%(suffix)s，里面是网页，按网页里的表格读了。看一眼下面的列对不对。")
            % {"suffix": suffix}
        )
    elif suffix in ("xlsx", "xls") and seen.kind != "xlsx":
        said.append(_("文件叫 .%(suffix)s，里面是文字，按 CSV（%(encoding)s）读了。看一眼下面的列对不对。") % {
            "suffix": suffix, "encoding": ENCODINGS.get(seen.encoding, seen.encoding),
        })  # fmt: skip
    return said


def _halves(seen: Preview) -> list[str]:
    """Of two files that belong together: both are there, or which is missing."""
    if seen.layout.part is Part.WHOLE:
        return []
    if seen.partner is not None:
        words = _("两个报表都在：这个和 %(name)s，按订单号合起来导。")
        return [words % {"name": seen.partner.name}]
    if seen.layout.part is Part.ITEMS:
        return [
            _("还差订单报表：这个文件只有买了什么，没有收件人和时间。把同一段时间的订单报表传到这个店铺。")
        ]
    return [_("还差宝贝报表：这个文件没有商家编码和单价。把同一段时间的宝贝报表传到这个店铺。")]


def _page(
    request: HttpRequest, seen: Preview, form: OptionsForm, *, status: int = 200, refusal: str = ""
) -> HttpResponse:
    here = _state(seen.import_id)
    channel = Channel.objects.get(id=seen.channel_id)
    context = here | {
        "seen": seen,
        "form": form,
        "name_form": MappingNameForm(initial={"mapping_name": seen.mapping_name}),
        "channel": channel,
        "encoding": ENCODINGS.get(seen.encoding, "XLSX"),
        "targets": [(str(target), label) for target, label in TARGETS.items()],
        "rows": [
            (column, str(column.target or ""), TARGETS.get(column.target) if column.target else "")
            for column in seen.columns
        ],
        "missing": [TARGETS[target] for target in seen.missing],
        "recognised": sum(1 for column in seen.columns if column.target),
        "lacks_address": channel.needs_address
        and not any(column.target in ADDRESS for column in seen.columns),
        "refusal": refusal,
        "said": _said(request, seen, here),
        "outlook": _outlook(seen),
        "platform": seen.layout.label,
    }
    return render(request, "orders/import.html", context, status=status)


def _outlook(seen: Preview) -> Outlook | None:
    """What the file would find unknown; nothing while nobody knows which column the codes are in."""
    column = next((column.index for column in seen.columns if column.target == Target.CODE), None)
    if column is None:
        return None
    return look_ahead(import_id=seen.import_id, column=column, chosen=seen.options)


def _steps(job: Job | None, rows: int) -> list[Step]:
    if job is None:
        return [Step(_("传文件"), "done"), Step(_("对列"), "on"), Step(_("检查")), Step(_("导入"))]
    checked = "done" if rows else "on"
    last = "done" if job.status == "DONE" else "on" if checked == "done" else ""
    return [
        Step(_("传文件"), "done"),
        Step(_("对列"), "done"),
        Step(_("检查"), checked),
        Step(_("导入"), last),
    ]


def _state(import_id: int) -> dict[str, Any]:
    """What changes while the job runs: progress, the first problems; the sums when it is done."""
    doc = Import.objects.select_related("job").get(id=import_id)
    job, now = doc.job, clock.opened_at()
    is_open = job is not None and job.finished_at is None
    done = result(import_id) if job is not None and not is_open else None
    summary = summarise_problems(import_id) if job is not None else None
    return {
        "import_id": import_id,
        "created_at": doc.created_at,
        "rows_total": doc.rows_total if job is not None else 0,
        "steps": _steps(job, doc.rows_total),
        "job": job,
        "progress": progress(job, now) if job is not None else None,
        "now": now,
        "is_open": is_open,
        "result": done,
        "summary": summary,
        "equation": _equation(import_id, done) if done else None,
        "problems": [_problem(row) for row in list_problem_rows(import_id, limit=SHOWN)] if job else [],
        "codes": _codes(summary),
        "is_unchanged": bool(done and done.unchanged and not (done.created or done.changed)),
    }


def _codes(summary: ProblemSummary | None) -> list[tuple[str, str, int]]:
    counted = summary.codes if summary else {}
    return [(code, short(code), n) for code, n in sorted(counted.items(), key=lambda pair: -pair[1])]


def _equation(import_id: int, done: ImportResult) -> Equation:
    terms = [
        Term(_("文件里"), done.input_units, unit=_("件")),
        Term(_("已发货"), done.shipped_units, "=", "done"),
        Term(_("等发货"), done.open_units, "+", "live"),
        Term(_("问题行"), done.refused_units, "+", "warn"),
        Term(_("停下的单"), done.stopped_units, "+", "stop"),
    ]
    if done.cancelled_units:
        terms.append(Term(_("已取消"), done.cancelled_units, "+", "wait"))
    if done.elsewhere_units:
        terms.append(Term(_("别处来的"), done.elsewhere_units, "+", "hold"))
    return Equation(
        terms, done.difference, rows_url=reverse("orders:import_problems", args=[import_id]), has_bar=True
    )


def _problem(row: tuple[Any, ...]) -> Problem:
    number, column, value, code, units, _external, _stops = row
    words = advice(code)
    if units:
        words = _("%(advice)s%(n)s 件。") % {"advice": words, "n": f"{units:,}"}
    return Problem(number, column, value, words, is_warning=code in SET_ASIDE)


@needs_role(Role.OPERATOR)
@require_GET
def import_live(request: HttpRequest, import_id: int) -> HttpResponse:
    """Everything that the job changes, for htmx while it runs: strip, sums, steps, problems, the button."""
    get_import(import_id)
    return render(request, "orders/import_live.html", _state(import_id) | {"is_swap": True})


@needs_role(Role.OPERATOR)
@require_POST
def import_start(request: HttpRequest, import_id: int) -> HttpResponse:
    """Start the import with the columns and options of the form, and remember them when they have a name."""
    seen, form, name_form = (
        imports.preview(import_id),
        OptionsForm(request.POST),
        MappingNameForm(request.POST),
    )
    columns, refusal = _columns(request, len(seen.columns))
    if not form.is_valid() or refusal:
        return _page(request, seen, form, status=422, refusal=refusal or _("设置里有要改的，看红字。"))
    tenant_id = request.tenant.id  # type: ignore[attr-defined]
    chosen = replace(Options.of(form.chosen()), layout=seen.options.layout).stored()
    try:
        imports.start_import(
            tenant_id=tenant_id, import_id=import_id, columns=columns, chosen=chosen, actor_id=request.user.pk
        )
    except Invalid as wrong:
        return _page(request, seen, form, status=422, refusal=wrong.message)
    name = name_form.cleaned_data["mapping_name"] if name_form.is_valid() else ""
    if name:
        imports.save_mapping(
            tenant_id=tenant_id, import_id=import_id, name=name, columns=columns, chosen=chosen
        )
    said = _("开始导入。列记住了，下次不用再对。") if name else _("开始导入。可以离开本页。")
    say(request, Toast(said, "live"))
    return redirect("orders:import", import_id)


def _columns(request: HttpRequest, width: int) -> tuple[dict[str, int], str]:
    columns: dict[str, int] = {}
    for index in range(width):
        target = request.POST.get(f"column_{index}", "")
        if not target:
            continue
        if target not in {str(known) for known in Target}:
            return {}, _("对列的值不对：%(name)s。") % {"name": target[:40]}
        if target in columns:
            return {}, _("“%(target)s”对了两列，留一列。") % {"target": TARGETS[Target(target)]}
        columns[target] = index
    return columns, ""


@needs_role(Role.OPERATOR)
@require_GET
def import_problems(request: HttpRequest, import_id: int) -> HttpResponse:
    """Every row that was not taken, by row number; ?code= one kind, ?row= from this row on."""
    file, code = get_import(import_id), request.GET.get("code", "")
    queryset = ImportProblem.objects.filter(import_doc=import_id).exclude(code="")
    if code:
        queryset = queryset.filter(code=code)
    page = list_page(request, queryset, sorts={"row": Sort("row_number")}, default="row")
    found = [
        _problem((p.row_number, p.column, p.value, p.code, p.units, p.external_number, p.stops))
        for p in page.rows
    ]
    summary = summarise_problems(import_id)
    context = {
        "file": file,
        "import_id": import_id,
        "problems": found,
        "page": page,
        "summary": summary,
        "codes": _codes(summary),
        "code": code,
        "tags": [FilterTag(short(code), "?")] if code else [],
    }
    return render(request, "orders/import_problems.html", context)


@needs_role(Role.OPERATOR)
@require_GET
def import_stopped(request: HttpRequest, import_id: int) -> HttpResponse:
    """The rows of the file whose orders a finding stops."""
    file = get_import(import_id)
    given = request.GET.get("after", "0")
    after = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0
    rows = list_stopped_rows(import_id, after=after, limit=PAGE + 1)
    context = {
        "file": file,
        "import_id": import_id,
        "rows": rows[:PAGE],
        "next": rows[PAGE - 1].row if len(rows) > PAGE else None,
        "result": result(import_id),
    }
    return render(request, "orders/import_stopped.html", context)


@needs_role(Role.OPERATOR)
@require_GET
def import_export(request: HttpRequest, import_id: int) -> StreamingHttpResponse:
    """The problem list as CSV, in parts of bounded size, each read in its own scope; formulas are made
    harmless.
    """
    file = get_import(import_id)
    heads = [
        _("文件"),
        _("行"),
        _("列"),
        _("值"),
        _("问题"),
        _("怎么办"),
        _("件数"),
        _("店铺单号"),
        _("停下订单"),
    ]
    answer = StreamingHttpResponse(
        _export(request.tenant.id, import_id, file.name, heads),  # type: ignore[attr-defined]
        content_type="text/csv; charset=utf-8",
    )
    stem = "".join(
        char if char.isascii() and char.isalnum() else "_" for char in file.name.rsplit(".", 1)[0]
    )[:60]
    answer["Content-Disposition"] = f'attachment; filename="{stem}_problems.csv"'
    return answer


def _export(tenant_id: int, import_id: int, name: str, heads: list[str]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf" + _csv([heads])
    after = 0
    while True:
        with tenant(tenant_id):
            part = list_problem_rows(import_id, after=after)
        if not part:
            return
        after = part[-1][0]
        yield _csv(
            [
                [name, row, column, value, code, advice(code), units, external, _("是") if stops else _("否")]
                for row, column, value, code, units, external, stops in part
            ]
        )


def _csv(rows: list[list[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([[harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows])
    return text.getvalue().encode()


def harmless(cell: str) -> str:
    """Text that a spreadsheet will show and not calculate."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
