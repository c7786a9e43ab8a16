"""Bins of a facility: the list, many at once by pattern, changed and archived many at once, their labels."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import db
from core.accounts import Role
from core.errors import ERPError, Invalid
from core.web.access import needs_role
from core.web.formats import number
from core.web.parts import Action, Column, FilterTag, Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say, toast_event
from inventory.access import get_facility
from inventory.bin_labels import LAYOUTS, BinLabel, draw_labels
from inventory.bin_labels import MOST as LABELS_MOST
from inventory.forms.places import KINDS, BinChangeForm, BinPatternForm
from inventory.models import Bin, BinKind
from inventory.queries.places import list_bin_uses, list_zones
from inventory.rules.bin_pattern import MOST
from inventory.services import bins as service
from inventory.services.bins import BinChange
from inventory.services.catalogue import BinInput
from inventory.services.moving import Moved
from inventory.views.places import may

MAY_EDIT = (Role.OPERATOR, Role.WAREHOUSE)
CLEAR_ZONE = "-"


@require_GET
def bins(request: HttpRequest, facility_id: int) -> HttpResponse:
    """By walking order or code; by zone, kind, the start of the code; archived ones on request."""
    place = get_facility(request.membership, facility_id)  # type: ignore[attr-defined]
    found = _matching(facility_id, request.GET)
    page = list_page(
        request, found, sorts={"sequence": Sort("sequence"), "code": Sort("code")}, default="sequence"
    )
    uses = list_bin_uses([row.id for row in page.rows])
    context = {
        "place": place,
        "page": page,
        "rows": [(row, BinKind(row.kind).label, uses.get(row.id)) for row in page.rows],
        "columns": [
            Column(_("货位"), "code"),
            Column(_("库区")),
            Column(_("类型")),
            Column(_("拣货顺序"), "sequence", is_number=True),
            Column(_("里面有")),
            Column(_("件数"), is_number=True),
        ],
        "zones": list_zones(facility_id),
        "kinds": KINDS,
        "chosen": request.GET,
        "q": request.GET.get("q", "").strip(),
        "tags": _tags(request),
        "is_archived": request.GET.get("only") == "archived",
        "can_edit": may(request, *MAY_EDIT),
        "actions": _actions(facility_id, is_archived=request.GET.get("only") == "archived"),
        "labels_url": reverse("inventory:bin_labels", args=[facility_id]),
    }
    return render(request, "inventory/bins.html", context)


def _matching(facility_id: int, query: Mapping[str, str]) -> QuerySet[Bin]:
    """The bins of a list's filters."""
    found = Bin.objects.filter(facility=facility_id, is_active=query.get("only") != "archived")
    if zone := query.get("zone", "").replace("\0", ""):
        found = found.filter(zone=zone)
    if (kind := _kind(query.get("kind", ""))) is not None:
        found = found.filter(kind=kind)
    text = query.get("q", "").replace("\0", "").strip()
    return found.filter(code__gte=text, code__lt=f"{text}\U0010ffff") if text else found


def _tags(request: HttpRequest) -> list[FilterTag]:
    def without(name: str) -> str:
        rest = {key: value for key, value in request.GET.items() if key not in (name, "after", "before")}
        return f"?{urlencode(rest)}"

    tags = []
    if text := request.GET.get("q", "").strip():
        tags.append(FilterTag(_("编号：%(text)s") % {"text": text}, without("q")))
    if zone := request.GET.get("zone", ""):
        tags.append(FilterTag(_("库区：%(zone)s") % {"zone": zone}, without("zone")))
    if (kind := _kind(request.GET.get("kind", ""))) is not None:
        tags.append(FilterTag(str(kind.label), without("kind")))
    return tags


def _kind(text: str) -> BinKind | None:
    """The kind that a list is narrowed to; None for everything that is none, however long."""
    return next((kind for kind in BinKind if str(kind.value) == text), None)


def _actions(facility_id: int, *, is_archived: bool) -> list[Action]:
    def url(name: str) -> str:
        return reverse(f"inventory:{name}", args=[facility_id])

    labels = Action(_("打标签"), url("choose_labels"), icon="printer")
    if is_archived:
        return [labels, Action(_("恢复使用"), url("restore_bins"), icon="refresh", is_primary=True)]
    archive = Action(_("停用"), url("archive_bins"), icon="ban")
    return [
        labels,
        archive,
        Action(_("改类型、库区、顺序"), url("choose_bins"), icon="pencil", is_primary=True),
    ]


def _chosen(facility_id: int, values: Mapping[str, str]) -> list[int]:
    """The ids a person chose, in walking order; all of the list's with `all`.  Raises Invalid for none, and for too many."""
    if values.get("all"):
        found = _matching(facility_id, QueryDict(values.get("query", "")).dict())
    else:
        ids = [int(id_) for id_ in values.get("ids", "").split(",") if id_.isdecimal() and len(id_) < 17]
        found = Bin.objects.filter(facility=facility_id, id__in=ids)
    rows = list(found.order_by("sequence", "id").values_list("id", flat=True)[: MOST + 1])
    if not rows:
        raise Invalid(_("一个货位都没选。"), code="nothing_chosen")
    if len(rows) > MOST:
        raise Invalid(_("一次最多 %(most)s 个货位。") % {"most": number(MOST)}, code="too_many")
    return rows


def _names_bins(request: HttpRequest) -> bool:
    """An address typed without a choice leads back to the list, where one chooses."""
    return bool(request.GET.get("ids") or request.GET.get("all"))


def _go(request: HttpRequest, url: str) -> HttpResponse:
    """On to another page, for a form that htmx sent and for one it did not."""
    if not request.headers.get("HX-Request"):
        return redirect(url)
    answer = HttpResponse(status=204)
    answer["HX-Redirect"] = url
    return answer


def _choice(request: HttpRequest) -> str:
    names = ("ids", "all", "query")
    return urlencode({name: request.POST[name] for name in names if request.POST.get(name)})


@require_POST
@needs_role(*MAY_EDIT)
def choose_bins(request: HttpRequest, facility_id: int) -> HttpResponse:
    """From the list's choice to the form that changes it."""
    get_facility(request.membership, facility_id)  # type: ignore[attr-defined]
    return _go(request, f"{reverse('inventory:change_bins', args=[facility_id])}?{_choice(request)}")


@require_http_methods(["GET", "POST"])
@needs_role(*MAY_EDIT)
def change_bins(request: HttpRequest, facility_id: int) -> HttpResponse:
    """Kind, zone, walking order of the chosen bins; what that costs parcels is said afterwards."""
    place = get_facility(request.membership, facility_id)  # type: ignore[attr-defined]
    if not _names_bins(request):
        return redirect("inventory:bins", facility_id)
    ids = _chosen(facility_id, request.GET.dict())
    form = BinChangeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        zone = {"": None, CLEAR_ZONE: ""}.get(data["zone"], data["zone"])
        kind = None if data["kind"] is None else BinKind(data["kind"])
        change = BinChange(kind, zone, data["first_sequence"], data["step"])
        try:
            with db.savepoint():
                moved = service.change_bins(
                    facility_id=facility_id, bin_ids=ids, change=change, actor_id=request.user.pk
                )
        except ERPError as refusal:
            form.add_error(None, refusal.message)
        else:
            say(request, Toast(_("改了 %(n)s 个货位。") % {"n": number(len(ids))} + cost_words(moved)))
            return redirect("inventory:bins", facility_id)
    some = list(Bin.objects.filter(id__in=ids[:3]).order_by("sequence", "id").values_list("code", flat=True))
    context = {"place": place, "form": form, "count": len(ids), "some": "、".join(some)}
    return render(request, "inventory/bin_change.html", context, status=422 if form.errors else 200)


def cost_words(moved: Moved | None) -> str:
    """What a movement cost parcels, as sentences; nothing when it cost nothing."""
    if moved is None:
        return ""
    text = ""
    if moved.reallocated:
        text += _("%(n)s 件已分配的货换了批次或货位。") % {"n": number(moved.reallocated)}
    if moved.short_owners:
        text += _("%(n)s 个包裹的货没了，也没有别的可换。") % {"n": number(len(moved.short_owners))}
    if moved.broken_owners:
        text += _("%(n)s 个包裹的占用落空，退回审单。") % {"n": number(len(moved.broken_owners))}
    return text


@require_POST
@needs_role(*MAY_EDIT)
def archive_bins(request: HttpRequest, facility_id: int) -> HttpResponse:
    return _set_bins(request, facility_id, is_active=False)


@require_POST
@needs_role(*MAY_EDIT)
def restore_bins(request: HttpRequest, facility_id: int) -> HttpResponse:
    return _set_bins(request, facility_id, is_active=True)


def _set_bins(request: HttpRequest, facility_id: int, *, is_active: bool) -> HttpResponse:
    get_facility(request.membership, facility_id)  # type: ignore[attr-defined]
    ids = _chosen(facility_id, request.POST.dict())
    act = service.restore_bins if is_active else service.archive_bins
    count = act(facility_id=facility_id, bin_ids=ids, actor_id=request.user.pk)
    words = _("%(n)s 个货位又能用了。") if is_active else _("停用了 %(n)s 个货位。")
    toast = Toast(words % {"n": number(count)})
    if not request.headers.get("HX-Request"):
        say(request, toast)
        return redirect("inventory:bins", facility_id)
    say(request, toast)
    answer = toast_event(HttpResponse(status=204), toast)
    answer["HX-Refresh"] = "true"
    return answer


@require_http_methods(["GET", "POST"])
@needs_role(*MAY_EDIT)
def new_bins(request: HttpRequest, facility_id: int) -> HttpResponse:
    """A pattern, what it would make, then the bins."""
    place = get_facility(request.membership, facility_id)  # type: ignore[attr-defined]
    form = BinPatternForm(request.POST or None)
    context: dict[str, Any] = {"place": place, "form": form, "preview": None}
    if request.method == "POST" and form.is_valid():
        wanted = _wanted(form, facility_id)
        if "make" in request.POST:
            try:
                with db.savepoint():
                    service.add_bins(facility_id=facility_id, bins=wanted, actor_id=request.user.pk)
            except ERPError as refusal:
                form.add_error(None, refusal.message)
            else:
                say(request, Toast(_("建好了 %(n)s 个货位。") % {"n": number(len(wanted))}))
                return redirect("inventory:bins", facility_id)
        context["preview"] = _preview(facility_id, wanted)
    return render(request, "inventory/bin_pattern.html", context, status=422 if form.errors else 200)


def _wanted(form: BinPatternForm, facility_id: int) -> list[BinInput]:
    data = form.cleaned_data
    first = data["first_sequence"]
    first = service.next_sequence(facility_id) if first is None else first
    return [
        BinInput(code, BinKind(data["kind"]), first + data["step"] * n, data["zone"])
        for n, code in enumerate(form.walk())
    ]


def _preview(facility_id: int, wanted: Sequence[BinInput]) -> dict[str, Any]:
    clashes = service.list_taken(facility_id, [one.code for one in wanted])
    return {
        "count": len(wanted),
        "first": wanted[:6],
        "last": wanted[-2:] if len(wanted) > 8 else wanted[6:],
        "is_cut": len(wanted) > 8,
        "clashes": clashes[:10],
        "clash_count": len(clashes),
    }


@require_POST
def choose_labels(request: HttpRequest, facility_id: int) -> HttpResponse:
    """From the list's choice to its labels."""
    get_facility(request.membership, facility_id)  # type: ignore[attr-defined]
    return _go(request, f"{reverse('inventory:bin_labels', args=[facility_id])}?{_choice(request)}")


@require_GET
def bin_labels(request: HttpRequest, facility_id: int) -> HttpResponse:
    """Which size, then the PDF.  At most 1,000 labels a file."""
    place = get_facility(request.membership, facility_id)  # type: ignore[attr-defined]
    if not _names_bins(request):
        return redirect("inventory:bins", facility_id)
    ids = _chosen(facility_id, request.GET.dict())
    layout = LAYOUTS.get(request.GET.get("size", ""))
    if layout is None or len(ids) > LABELS_MOST:
        sizes = [
            ("a4-24", _("A4，24 张（70 × 37 mm）")),
            ("a4-14", _("A4，14 张（99 × 38 mm）")),
            ("a4-8", _("A4，8 张（105 × 74 mm）")),
            ("roll-100x50", _("卷纸，100 × 50 mm")),
            ("roll-60x40", _("卷纸，60 × 40 mm")),
        ]
        context = {
            "place": place,
            "count": len(ids),
            "most": LABELS_MOST,
            "sizes": sizes,
            "choice": [
                (name, request.GET[name]) for name in ("ids", "all", "query") if request.GET.get(name)
            ],
        }
        return render(request, "inventory/bin_labels.html", context)
    rows = Bin.objects.filter(id__in=ids).order_by("sequence", "id").values_list("code", "zone")
    pdf = draw_labels([BinLabel(code, zone, place.name) for code, zone in rows], layout)
    answer = HttpResponse(pdf, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="bins-{facility_id}.pdf"'
    return answer
