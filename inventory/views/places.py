"""Facilities: the list, a new one, an edit, out of use and back."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts import Role
from core.web.access import needs_role
from core.web.parts import Column, Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say
from inventory.access import facility_scope
from inventory.errors import UnknownPlace
from inventory.forms.places import FacilityForm
from inventory.models import Facility, FacilityKind
from inventory.queries.places import list_facility_uses
from inventory.services import facilities

MAY_EDIT = (Role.OPERATOR,)
MICRO = 1_000_000


def may(request: HttpRequest, *roles: Role) -> bool:
    return request.membership.role in (Role.OWNER, *roles)  # type: ignore[attr-defined]


@require_GET
def places(request: HttpRequest) -> HttpResponse:
    """The facilities a person may see, with their bins and what lies in them; archived ones on request."""
    found = Facility.objects.all()
    scope = facility_scope(request.membership)  # type: ignore[attr-defined]
    if scope is not None:
        found = found.filter(id__in=scope)
    is_archived = request.GET.get("only") == "archived"
    page = list_page(
        request, found.filter(is_active=not is_archived), sorts={"code": Sort("code")}, default="code"
    )
    uses = list_facility_uses([row.id for row in page.rows])
    context = {
        "page": page,
        "rows": [(row, FacilityKind(row.kind).label, uses[row.id]) for row in page.rows],
        "columns": [
            Column(_("编码"), "code"),
            Column(_("名称")),
            Column(_("类型")),
            Column(_("地址")),
            Column(_("营业时间")),
            Column(_("货位"), is_number=True),
            Column(_("商品"), is_number=True),
            Column(_("件数"), is_number=True),
            Column(_("操作"), is_hidden=True),
        ],
        "is_archived": is_archived,
        "can_edit": may(request, *MAY_EDIT),
        "here": "places",
    }
    return render(request, "inventory/places.html", context)


def _get(request: HttpRequest, facility_id: int) -> Facility:
    """Also an archived one.  Raises UnknownPlace for another's, and for one that is not his."""
    scope = facility_scope(request.membership)  # type: ignore[attr-defined]
    found = Facility.objects.filter(id=facility_id).first()
    if found is None or (scope is not None and found.id not in scope):
        raise UnknownPlace(_("没有这个仓库，或者不归您管。"), facility_id=facility_id)
    return found


@require_http_methods(["GET", "POST"])
@needs_role(*MAY_EDIT)
def new_facility(request: HttpRequest) -> HttpResponse:
    form = FacilityForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        code = form.cleaned_data["code"]
        if Facility.objects.filter(code=code).exists():
            form.add_error("code", _("已经有 %(code)s 了。") % {"code": code})
        else:
            ids = facilities.save_facilities([form.facility()], actor_id=request.user.pk)
            say(request, Toast(_("建好了 %(code)s。") % {"code": form.cleaned_data["name"]}))
            return redirect("inventory:bins", ids[code])
    return _page(request, form, None)


@require_http_methods(["GET", "POST"])
@needs_role(*MAY_EDIT)
def edit_facility(request: HttpRequest, facility_id: int) -> HttpResponse:
    place = _get(request, facility_id)
    initial: dict[str, Any] = {
        name: getattr(place, name)
        for name in ("code", "name", "kind", "address", "opens_at", "closes_at", "capacity")
    }
    if place.lat_e6 is not None and place.lng_e6 is not None:
        initial |= {"latitude": _degrees(place.lat_e6), "longitude": _degrees(place.lng_e6)}
    form = FacilityForm(request.POST or None, initial=initial, is_new=False)
    if request.method == "POST" and form.is_valid():
        facilities.save_facilities([form.facility()], actor_id=request.user.pk)
        say(request, Toast(_("存好了 %(code)s。") % {"code": form.cleaned_data["name"]}))
        return redirect("inventory:places")
    return _page(request, form, place)


def _degrees(micro: int) -> str:
    sign = "-" if micro < 0 else ""
    return f"{sign}{abs(micro) // MICRO}.{abs(micro) % MICRO:06}"


def _page(request: HttpRequest, form: FacilityForm, place: Facility | None) -> HttpResponse:
    context = {"form": form, "place": place}
    return render(request, "inventory/facility_form.html", context, status=422 if form.errors else 200)


@require_POST
@needs_role(*MAY_EDIT)
def archive_facility(request: HttpRequest, facility_id: int) -> HttpResponse:
    place = _get(request, facility_id)
    facilities.archive_facility(facility_id=facility_id, actor_id=request.user.pk)
    say(request, Toast(_("停用了 %(name)s。") % {"name": place.name}))
    return redirect("inventory:places")


@require_POST
@needs_role(*MAY_EDIT)
def restore_facility(request: HttpRequest, facility_id: int) -> HttpResponse:
    place = _get(request, facility_id)
    facilities.restore_facility(facility_id=facility_id, actor_id=request.user.pk)
    say(request, Toast(_("%(name)s 又能用了。") % {"name": place.name}))
    return redirect("inventory:places")
