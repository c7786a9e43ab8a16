"""Recipes and assemblies over REST."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ValidationError

from core.api.filters import Filters, IdFilter, WordFilter
from core.api.pagination import BY_ID, Sort, page_ids
from core.api.views import ApiView, CommandView, ListView, RetrieveView
from inventory.api import kit_shapes as shapes
from inventory.api.places import require_facility
from inventory.models import Assembly, AssemblyKind, RecipePart, Sku
from inventory.queries import list_bins_by_code
from inventory.queries.kits import list_links, list_recipes
from inventory.queries.places import find_lots
from inventory.services.assembling import PartLot, assemble
from inventory.services.assembly_papers import AssemblyResult
from inventory.services.catalogue import find_sku_ids
from inventory.services.moving import Moved
from inventory.services.recipes import RecipeInput, save_recipes
from inventory.services.taking_apart import take_apart


class RecipeFilter(Filters):
    code = filters.CharFilter()


def _kits() -> QuerySet[Sku]:
    return Sku.objects.filter(Exists(RecipePart.objects.filter(sku=OuterRef("pk"))))


class Recipes(ListView):
    """SKUs that have a recipe.  POST gives SKUs exactly these parts, by code: all of them or none."""

    scope_area = "stock"
    row_class = shapes.RecipeRow
    filterset_class = RecipeFilter
    sorts = {"code": Sort("code"), **BY_ID}
    queryset = _kits()
    serializer_class = shapes.RecipeBatch
    answer_class = shapes.RecipeBatchResult
    needs_idempotency_key = True

    def fill(self, rows: Sequence[Any]) -> None:
        recipes = list_recipes(page_ids(rows))
        for row in rows:
            row.parts = [
                {"sku_id": line.sku_id, "sku": line.code, "quantity": line.quantity}
                for line in recipes.get(row.id, ())
            ]

    def post(self, request: Request) -> Response:
        asked = [
            RecipeInput(one["sku"], [(part["sku"], part["quantity"]) for part in one["parts"]])
            for one in self.body(request)["recipes"]
        ]
        saved = save_recipes(recipes=asked, actor_id=None)
        return Response(shapes.RecipeBatchResult({"saved": len(saved)}).data)


class AssemblyFilter(Filters):
    number = filters.CharFilter()
    facility = IdFilter()
    kind = WordFilter(AssemblyKind)
    sku = IdFilter()


class _Assemblies(ApiView):
    scope_area = "stock"
    row_class = shapes.AssemblyRow
    queryset = Assembly.objects.all()

    def fill(self, rows: Sequence[Any]) -> None:
        links = list_links(page_ids(rows))
        for row in rows:
            found = links.get(row.id, [])
            row.lot_id, row.lot = (found[0].kit_lot_id, found[0].kit_lot_code) if found else (None, None)
            row.parts = [
                {
                    "sku_id": link.sku_id,
                    "sku": link.sku_code,
                    "lot_id": link.lot_id,
                    "lot": link.lot_code,
                    "expires_on": link.expires_on,
                    "quantity": link.quantity,
                }
                for link in found
            ]


class Assemblies(_Assemblies, ListView):
    """Kits that were assembled or taken apart, with the lots of their parts.  POST assembles."""

    filterset_class = AssemblyFilter
    sorts = {"-created_at": Sort("created_at", is_descending=True), **BY_ID}
    serializer_class = shapes.AssembleOrder
    answer_class = shapes.AssemblyMade
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        asked = self.body(request)
        facility_id = require_facility(asked["facility"])
        skus = find_sku_ids([asked["sku"], *(part["sku"] for part in asked["parts"])])
        _refuse_unknown(asked, skus, facility_id, ("bin",))
        named = [(skus.get(part["sku"], 0), part["lot"]) for part in asked["parts"]]
        lots = find_lots(named) if named else {}
        errors: list[dict[str, Any]] = [
            {} if key in lots else {"lot": [_("这个商品没有这个批次。")]} for key in named
        ]
        if any(errors):
            raise ValidationError({"parts": errors}, code="unknown")
        done = assemble(
            facility_id=facility_id,
            sku_id=skus[asked["sku"]],
            quantity=asked["quantity"],
            bin_id=list_bins_by_code(facility_id, [asked["bin"]])[asked["bin"]].id,
            lot_code=asked["lot"],
            parts=[
                PartLot(lots[key], part["quantity"]) for key, part in zip(named, asked["parts"], strict=True)
            ],
            note=asked["note"],
            actor_id=None,
        )
        return _answer(done)


class OneAssembly(_Assemblies, RetrieveView):
    """One paper: kits, their lot, and the lots of their parts."""


class TakeApart(CommandView):
    """Take kits of one lot apart: their parts come back in the lots they came from."""

    scope_area = "stock"
    serializer_class = shapes.TakeApartOrder
    answer_class = shapes.AssemblyMade
    queryset = Assembly.objects.none()
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        asked = self.body(request)
        facility_id = require_facility(asked["facility"])
        skus = find_sku_ids([asked["sku"]])
        _refuse_unknown(asked, skus, facility_id, ("from_bin", "to_bin"))
        key = skus[asked["sku"]], asked["lot"]
        lots = find_lots([key])
        if key not in lots:
            raise ValidationError({"lot": [_("这个商品没有这个批次。")]}, code="unknown")
        bins = list_bins_by_code(facility_id, [asked["from_bin"], asked["to_bin"]])
        done = take_apart(
            facility_id=facility_id,
            lot_id=lots[key],
            bin_id=bins[asked["from_bin"]].id,
            quantity=asked["quantity"],
            to_bin_id=bins[asked["to_bin"]].id,
            note=asked["note"],
            actor_id=None,
        )
        return _answer(done)


def _refuse_unknown(
    asked: Mapping[str, Any], skus: Mapping[str, int], facility_id: int, bins: Sequence[str]
) -> None:
    """Raises ValidationError that names the SKU and the bins that are not there."""
    known = list_bins_by_code(facility_id, [asked[name] for name in bins])
    errors = {name: [_("这个仓库里没有这个货位。")] for name in bins if asked[name] not in known}
    if asked["sku"] not in skus:
        errors["sku"] = [_("没有这个商品。")]
    if errors:
        raise ValidationError(errors, code="unknown")


def _answer(done: AssemblyResult) -> Response:
    moved = done.moved or Moved()
    result = {
        "assembly_id": done.assembly_id,
        "number": done.number,
        "lot_id": done.lot_id,
        "reallocated_units": moved.reallocated,
        "short_owners": len(moved.short_owners),
        "broken_owners": len(moved.broken_owners),
    }
    return Response(shapes.AssemblyMade(result).data)


urlpatterns = [
    path("recipes/", Recipes.as_view(), name="recipes"),
    path("assemblies/", Assemblies.as_view(), name="assemblies"),
    path("assemblies/take-apart/", TakeApart.as_view(), name="take_apart"),
    path("assemblies/<int:pk>/", OneAssembly.as_view(), name="assembly"),
]
