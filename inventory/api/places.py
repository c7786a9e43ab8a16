"""Places over REST: facilities and bins, made and changed many at once; where goods that came in should go."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ValidationError

from core import db
from core.api.filters import Filters, FlagFilter, IdFilter, WordFilter
from core.api.pagination import Sort
from core.api.views import ApiView, CommandView, ListView, RetrieveView, get_row
from core.tenancy import current_tenant
from inventory.api import places_shapes as shapes
from inventory.api.shapes import Nothing
from inventory.bin_words import pattern_words
from inventory.models import Bin, BinKind, Facility, FacilityKind
from inventory.queries.places import list_put_away
from inventory.rules.bin_pattern import BadPattern, list_walk, read_pattern
from inventory.services import bins, facilities
from inventory.services.bins import BinChange
from inventory.services.catalogue import BinInput
from inventory.services.facilities import FacilityInput


def require_facility(code: str) -> int:
    """The id of the facility with this code.  Raises ValidationError."""
    found = db.rows(
        "SELECT id FROM inventory_facility WHERE tenant_id = %s AND code = %s", current_tenant(), code
    )
    if not found:
        raise ValidationError({"facility": [_("没有这个仓库。")]}, code="unknown")
    return int(found[0][0])


def require_bins(facility_id: int, codes: Sequence[str]) -> list[int]:
    """The ids of the bins with these codes, in their order.  Raises ValidationError that names the unknown ones."""
    found = dict(
        db.rows(
            "SELECT code, id FROM inventory_bin WHERE tenant_id = %s AND facility_id = %s AND code = ANY (%s::text[])",
            current_tenant(),
            facility_id,
            db.array(codes),
        )
    )
    if unknown := [code for code in codes if code not in found]:
        text = _("这个仓库里没有这些货位：%(codes)s") % {"codes": "、".join(unknown[:20])}
        raise ValidationError({"bins": [text]}, code="unknown")
    return [found[code] for code in codes]


class FacilityFilter(Filters):
    code = filters.CharFilter()
    kind = WordFilter(FacilityKind)
    is_active = FlagFilter()


class Facilities(ListView):
    """Warehouses and stores.  POST makes them or brings them up to date, by code: all of them or none."""

    scope_area = "stock"
    row_class = shapes.FacilityRow
    filterset_class = FacilityFilter
    sorts = {"code": Sort("code"), "id": Sort("id")}
    queryset = Facility.objects.all()
    serializer_class = shapes.FacilityBatch
    answer_class = shapes.FacilityBatchResult
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        asked = [_facility(one) for one in self.body(request)["facilities"]]
        ids = facilities.save_facilities(asked, actor_id=None)
        return Response(shapes.FacilityBatchResult({"saved": len(ids), "ids": ids}).data)


def _facility(one: Mapping[str, Any]) -> FacilityInput:
    point = None if one["lat_e6"] is None else (one["lat_e6"], one["lng_e6"])
    return FacilityInput(
        code=one["code"],
        name=one["name"],
        kind=FacilityKind(one["kind"]),
        address=one["address"],
        point_e6=point,
        opens_at=one["opens_at"],
        closes_at=one["closes_at"],
        capacity=one["capacity"],
    )


class OneFacility(RetrieveView):
    """One warehouse or store."""

    scope_area = "stock"
    row_class = shapes.FacilityRow
    queryset = Facility.objects.all()


class _SetFacility(CommandView):
    scope_area = "stock"
    serializer_class = Nothing
    answer_class = shapes.FacilityRow
    queryset = Facility.objects.none()

    def answer(self, pk: int) -> Response:
        return Response(shapes.FacilityRow(get_row(Facility.objects.all(), pk)).data)


class ArchiveFacility(_SetFacility):
    """Take a facility out of use: refused while stock, promises or open papers are there, and says which."""

    def post(self, request: Request, pk: int) -> Response:
        facilities.archive_facility(facility_id=pk, actor_id=None)
        return self.answer(pk)


class RestoreFacility(_SetFacility):
    """Take a facility into use again."""

    def post(self, request: Request, pk: int) -> Response:
        facilities.restore_facility(facility_id=pk, actor_id=None)
        return self.answer(pk)


class PutAway(ApiView):
    """What waits in the receiving bins of a facility, first expired first, with the bin each should go to; the first 200."""

    scope_area = "stock"
    row_class = shapes.PutAwayList
    queryset = Facility.objects.all()

    def get(self, request: Request, pk: int) -> Response:
        """The list as it is now."""
        get_row(self.get_queryset(), pk)
        lines, is_cut = list_put_away(pk)
        items = [
            {
                "sku_id": line.sku_id,
                "lot_id": line.lot_id,
                "from_bin_id": line.from_bin_id,
                "quantity": line.quantity,
                "to_bin_id": line.to_bin_id,
                "to_bin": line.to_bin or None,
                "why": line.why.name if line.why else None,
            }
            for line in lines
        ]
        return Response(shapes.PutAwayList({"items": items, "is_cut": is_cut}).data)


class BinFilter(Filters):
    facility = IdFilter()
    code = filters.CharFilter()
    zone = filters.CharFilter()
    kind = WordFilter(BinKind)
    is_active = FlagFilter()


class Bins(ListView):
    """Bins; their kind says whether what lies there may be promised.  POST makes up to 5,000 of one facility: all of them or none."""

    scope_area = "stock"
    row_class = shapes.BinRow
    filterset_class = BinFilter
    sorts = {
        "code": Sort("code", needs=("facility",)),
        "sequence": Sort("sequence", needs=("facility",)),
        "id": Sort("id"),
    }
    queryset = Bin.objects.all()
    serializer_class = shapes.BinBatch
    answer_class = shapes.BinsMade
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        asked = self.body(request)
        wanted = [
            BinInput(one["code"], BinKind(one["kind"]), one["sequence"], one["zone"]) for one in asked["bins"]
        ]
        ids = bins.add_bins(facility_id=require_facility(asked["facility"]), bins=wanted, actor_id=None)
        made = dict(zip((one.code for one in wanted), ids, strict=True))
        return Response(shapes.BinsMade({"created": len(ids), "ids": made}).data)


class OneBin(RetrieveView):
    """One bin."""

    scope_area = "stock"
    row_class = shapes.BinRow
    queryset = Bin.objects.all()


class BinsByPattern(CommandView):
    """Make bins by pattern, numbered in walking order; or only say what would be made.  At most 5,000 at once."""

    scope_area = "stock"
    serializer_class = shapes.BinPatternOrder
    answer_class = shapes.BinPatternResult
    queryset = Bin.objects.none()
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        asked = self.body(request)
        facility_id = require_facility(asked["facility"])
        try:
            walk = list_walk(read_pattern(asked["pattern"]), is_serpentine=asked["is_serpentine"])
        except BadPattern as problem:
            raise ValidationError({"pattern": [pattern_words(problem)]}, code="bad_pattern") from None
        clashes = bins.list_taken(facility_id, walk)
        if not asked["is_preview"]:
            first = asked["first_sequence"]
            first = bins.next_sequence(facility_id) if first is None else first
            wanted = [
                BinInput(code, BinKind(asked["kind"]), first + asked["step"] * n, asked["zone"])
                for n, code in enumerate(walk)
            ]
            bins.add_bins(facility_id=facility_id, bins=wanted, actor_id=None)
        result = {
            "count": len(walk),
            "first": walk[0],
            "last": walk[-1],
            "clashes": clashes[:100],
            "is_made": not asked["is_preview"],
        }
        return Response(shapes.BinPatternResult(result).data)


class ChangeBins(CommandView):
    """Change kind, zone or walking order of many bins.  What sells no more is settled at once: other lots are chosen, promises give way."""

    scope_area = "stock"
    serializer_class = shapes.BinChangeOrder
    answer_class = shapes.BinsChanged
    queryset = Bin.objects.none()

    def post(self, request: Request) -> Response:
        asked = self.body(request)
        facility_id = require_facility(asked["facility"])
        ids = require_bins(facility_id, asked["bins"])
        kind = None if asked["kind"] is None else BinKind(asked["kind"])
        change = BinChange(kind, asked["zone"], asked["first_sequence"], asked["step"])
        moved = bins.change_bins(facility_id=facility_id, bin_ids=ids, change=change, actor_id=None)
        result = {
            "bins": len(ids),
            "reallocated_units": moved.reallocated,
            "short_owners": len(moved.short_owners),
            "broken_owners": len(moved.broken_owners),
        }
        return Response(shapes.BinsChanged(result).data)


class ArchiveBins(CommandView):
    """Bins that take no more goods: refused while goods or open papers are there, and says which."""

    scope_area = "stock"
    serializer_class = shapes.BinChoice
    answer_class = shapes.Count
    queryset = Bin.objects.none()

    def post(self, request: Request) -> Response:
        asked = self.body(request)
        facility_id = require_facility(asked["facility"])
        ids = require_bins(facility_id, asked["bins"])
        count = bins.archive_bins(facility_id=facility_id, bin_ids=ids, actor_id=None)
        return Response(shapes.Count({"bins": count}).data)


class RestoreBins(CommandView):
    """Archived bins take goods again."""

    scope_area = "stock"
    serializer_class = shapes.BinChoice
    answer_class = shapes.Count
    queryset = Bin.objects.none()

    def post(self, request: Request) -> Response:
        asked = self.body(request)
        facility_id = require_facility(asked["facility"])
        ids = require_bins(facility_id, asked["bins"])
        count = bins.restore_bins(facility_id=facility_id, bin_ids=ids, actor_id=None)
        return Response(shapes.Count({"bins": count}).data)


urlpatterns = [
    path("facilities/", Facilities.as_view(), name="facilities"),
    path("facilities/<int:pk>/", OneFacility.as_view(), name="facility"),
    path("facilities/<int:pk>/archive/", ArchiveFacility.as_view(), name="facility_archive"),
    path("facilities/<int:pk>/restore/", RestoreFacility.as_view(), name="facility_restore"),
    path("facilities/<int:pk>/put-away/", PutAway.as_view(), name="facility_put_away"),
    path("bins/", Bins.as_view(), name="bins"),
    path("bins/<int:pk>/", OneBin.as_view(), name="bin"),
    path("bins/pattern/", BinsByPattern.as_view(), name="bins_pattern"),
    path("bins/change/", ChangeBins.as_view(), name="bins_change"),
    path("bins/archive/", ArchiveBins.as_view(), name="bins_archive"),
    path("bins/restore/", RestoreBins.as_view(), name="bins_restore"),
]
