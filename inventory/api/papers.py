"""The papers of the floor over REST: bin moves, adjustments, holds of places."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ValidationError

from core import db
from core.api.filters import Filters, IdFilter, WordFilter
from core.api.pagination import BY_ID, Sort, page_ids
from core.api.views import ApiView, CommandView, ListView, RetrieveView
from core.tenancy import current_tenant
from inventory.api import paper_shapes as shapes
from inventory.api.places import require_facility
from inventory.models import (
    Adjustment,
    AdjustmentLine,
    AdjustmentReason,
    AdjustmentStatus,
    Bin,
    Hold,
    HoldKind,
)
from inventory.queries.places import find_lots
from inventory.services import holds
from inventory.services.adjusting import AdjustmentLineInput, adjust
from inventory.services.bin_moves import BinMoveLine, move_units
from inventory.services.catalogue import find_sku_ids
from inventory.services.holds import PlaceToHold
from inventory.services.lots import LotInput, find_or_make_lots
from inventory.services.moving import Moved

Errors = list[dict[str, list[str]]]


def _find_bins(facility_id: int, codes: set[str]) -> dict[str, int]:
    return dict(
        db.rows(
            "SELECT code, id FROM inventory_bin WHERE tenant_id = %s AND facility_id = %s AND code = ANY (%s::text[])",
            current_tenant(),
            facility_id,
            db.array(sorted(codes)),
        )
    )


def _errors(known: Mapping[str, bool]) -> dict[str, list[str]]:
    """What is unknown in a line; `known` says of each field whether it was found."""
    words = {"sku": _("没有这个商品。"), "lot": _("这个商品没有这个批次。")}
    return {
        name: [words.get(name, _("这个仓库里没有这个货位。"))]
        for name, is_known in known.items()
        if not is_known
    }


def _caused(moved: Moved | None) -> dict[str, int]:
    moved = moved or Moved()
    return {
        "reallocated_units": moved.reallocated,
        "short_owners": len(moved.short_owners),
        "broken_owners": len(moved.broken_owners),
    }


class BinMoves(CommandView):
    """Move units from bin to bin inside one facility, all lines or none.  What is allocated goes along."""

    scope_area = "stock"
    serializer_class = shapes.BinMoveOrder
    answer_class = shapes.BinMoveResultRow
    queryset = Bin.objects.none()
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        asked = self.body(request)
        facility_id = require_facility(asked["facility"])
        lines = asked["lines"]
        skus = find_sku_ids([line["sku"] for line in lines])
        bins = _find_bins(facility_id, {line[end] for line in lines for end in ("from_bin", "to_bin")})
        lots = find_lots((skus[line["sku"]], line["lot"]) for line in lines if line["sku"] in skus)
        errors: Errors = [
            _errors(
                {
                    "sku": line["sku"] in skus,
                    "lot": line["sku"] not in skus or (skus[line["sku"]], line["lot"]) in lots,
                    "from_bin": line["from_bin"] in bins,
                    "to_bin": line["to_bin"] in bins,
                },
            )
            for line in lines
        ]
        if any(errors):
            raise ValidationError({"lines": errors}, code="unknown")
        done = move_units(
            facility_id=facility_id,
            lines=[
                BinMoveLine(
                    bins[line["from_bin"]],
                    lots[skus[line["sku"]], line["lot"]],
                    line["quantity"],
                    bins[line["to_bin"]],
                )
                for line in lines
            ],
            actor_id=None,
            note=asked["note"],
        )
        result = {"document_id": done.document_id, "units": done.units, **_caused(done.moved)}
        return Response(shapes.BinMoveResultRow(result).data)


class AdjustmentFilter(Filters):
    facility = IdFilter()
    status = WordFilter(AdjustmentStatus)
    reason = WordFilter(AdjustmentReason)
    count = IdFilter()


class _Adjustments(ApiView):
    scope_area = "stock"
    row_class = shapes.AdjustmentRow
    queryset = Adjustment.objects.all()

    def fill(self, rows: Sequence[Any]) -> None:
        found: defaultdict[int, list[AdjustmentLine]] = defaultdict(list)
        for line in AdjustmentLine.objects.filter(adjustment__in=page_ids(rows)).order_by("id"):
            found[line.adjustment_id].append(line)
        for row in rows:
            row.lines = found[row.id]


class Adjustments(_Adjustments, ListView):
    """Units more or fewer, with the reason.  POST writes one: posted at once, or PENDING when it is over the merchant's limit; then a
    second person decides in the web, since a key is nobody in particular."""

    filterset_class = AdjustmentFilter
    sorts = {"-created_at": Sort("created_at", is_descending=True), **BY_ID}
    serializer_class = shapes.AdjustmentOrder
    answer_class = shapes.AdjustmentMade
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        asked = self.body(request)
        facility_id = require_facility(asked["facility"])
        done = adjust(
            facility_id=facility_id,
            reason=AdjustmentReason(asked["reason"]),
            lines=_adjustment_lines(facility_id, asked["lines"]),
            note=asked["note"],
            actor_id=None,
        )
        result = {
            "adjustment_id": done.adjustment_id,
            "number": done.number,
            "status": done.status.value,
            **_caused(done.moved),
        }
        return Response(shapes.AdjustmentMade(result).data)


def _adjustment_lines(facility_id: int, lines: Sequence[Mapping[str, Any]]) -> list[AdjustmentLineInput]:
    """Codes to ids; new lots are made where there are more units than before.  Raises ValidationError naming every unknown place."""
    skus = find_sku_ids([line["sku"] for line in lines])
    bins = _find_bins(facility_id, {line["bin"] for line in lines})
    lots = find_lots((skus[line["sku"]], line["lot"]) for line in lines if line["sku"] in skus)
    errors: Errors = [
        _errors(
            {
                "sku": line["sku"] in skus,
                "lot": line["delta"] > 0
                or line["sku"] not in skus
                or (skus[line["sku"]], line["lot"]) in lots,
                "bin": line["bin"] in bins,
            },
        )
        for line in lines
    ]
    if any(errors):
        raise ValidationError({"lines": errors}, code="unknown")
    more = [line for line in lines if line["delta"] > 0]
    if more:
        lots |= find_or_make_lots(
            [LotInput(skus[line["sku"]], line["lot"], line["expires_on"]) for line in more]
        )
    return [
        AdjustmentLineInput(bins[line["bin"]], lots[skus[line["sku"]], line["lot"]], line["delta"])
        for line in lines
    ]


class OneAdjustment(_Adjustments, RetrieveView):
    """One adjustment with its lines."""


class HoldPlaces(CommandView):
    """Stop everything at a facility or in a bin, or one lot there: one hold a place, each cleared by itself."""

    scope_area = "stock"
    serializer_class = shapes.HoldPlacesOrder
    answer_class = shapes.HoldPlacesResult
    queryset = Hold.objects.none()
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        asked = self.body(request)
        ids = holds.hold_places(
            places=_places(asked["places"]),
            kind=HoldKind(asked["kind"]),
            document=asked["document"],
            reason=asked["reason"],
            actor_id=None,
        )
        return Response(shapes.HoldPlacesResult({"hold_ids": ids}).data)


def _places(asked: Sequence[Mapping[str, Any]]) -> list[PlaceToHold]:
    """Codes to ids.  Raises ValidationError naming every unknown place."""
    tenant_id = current_tenant()
    codes = db.array(sorted({place["facility"] for place in asked}))
    facilities = dict(
        db.rows(
            "SELECT code, id FROM inventory_facility WHERE tenant_id = %s AND code = ANY (%s::text[])",
            tenant_id,
            codes,
        )
    )
    bins = {
        (facility_id, code): id_
        for facility_id, code, id_ in db.rows(
            "SELECT facility_id, code, id FROM inventory_bin WHERE tenant_id = %s AND facility_id = ANY (%s::bigint[])"
            " AND code = ANY (%s::text[])",
            tenant_id,
            db.array(sorted(facilities.values())),
            db.array(sorted({place["bin"] for place in asked if place["bin"]})),
        )
    }
    skus = find_sku_ids([place["sku"] for place in asked if place["sku"]])
    lots = find_lots((skus[place["sku"]], place["lot"]) for place in asked if place["sku"] in skus)
    errors: Errors = []
    found = []
    for place in asked:
        facility_id = facilities.get(place["facility"], 0)
        bin_id = bins.get((facility_id, place["bin"]))
        lot_id = lots.get((skus.get(place["sku"], 0), place["lot"]))
        wrong = _errors(
            {
                "sku": place["sku"] is None or place["sku"] in skus,
                "lot": place["sku"] not in skus or lot_id is not None,
                "bin": place["bin"] is None or bin_id is not None,
            },
        )
        if not facility_id:
            wrong["facility"] = [_("没有这个仓库。")]
        errors.append(wrong)
        found.append(PlaceToHold(facility_id, bin_id, lot_id))
    if any(errors):
        raise ValidationError({"places": errors}, code="unknown")
    return found


urlpatterns = [
    path("bin-moves/", BinMoves.as_view(), name="bin_moves"),
    path("adjustments/", Adjustments.as_view(), name="adjustments"),
    path("adjustments/<int:pk>/", OneAdjustment.as_view(), name="adjustment"),
    path("holds/places/", HoldPlaces.as_view(), name="hold_places"),
]
