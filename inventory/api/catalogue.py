"""The catalogue over REST, beside its SKUs: products, categories, bundles, archive and restore."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.filters import Filters, FlagFilter
from core.api.pagination import BY_ID, Sort, page_ids
from core.api.views import ApiView, CommandView, ListView, RetrieveView, get_row
from inventory.api import catalogue_shapes as shapes
from inventory.errors import UnknownGoods
from inventory.models import Bundle, Category, Product, Sku
from inventory.queries.catalogue import list_bundles_by_id
from inventory.services import catalogue
from inventory.services.bundles import BundleInput, archive_bundles, restore_bundles, save_bundles
from inventory.services.products import ProductInput, ensure_categories, rename_category, save_products

BY_CODE = {"code": Sort("code"), "id": Sort("id")}


def _saved(ids: dict[str, int]) -> Response:
    return Response(shapes.Saved({"saved": len(ids), "ids": ids}).data)


class ProductFilter(Filters):
    code = filters.CharFilter()


class Products(ListView):
    """What shops show as one thing.  POST makes products or brings them up to date, by code."""

    scope_area = "stock"
    row_class = shapes.ProductRow
    filterset_class = ProductFilter
    sorts = BY_CODE
    queryset = Product.objects.all()
    serializer_class = shapes.ProductBatch
    answer_class = shapes.Saved
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        return _saved(save_products([ProductInput(**one) for one in self.body(request)["products"]]))


class OneProduct(RetrieveView):
    """One product."""

    scope_area = "stock"
    row_class = shapes.ProductRow
    queryset = Product.objects.all()


class CategoryFilter(Filters):
    path = filters.CharFilter()


class Categories(ListView):
    """Goods that are looked at together.  POST makes those that are not there yet."""

    scope_area = "stock"
    row_class = shapes.CategoryRow
    filterset_class = CategoryFilter
    sorts = {"path": Sort("path"), **BY_ID}
    queryset = Category.objects.all()
    serializer_class = shapes.CategoryBatch
    answer_class = shapes.Saved
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        return _saved(ensure_categories(self.body(request)["paths"]))


class OneCategory(RetrieveView):
    """One category."""

    scope_area = "stock"
    row_class = shapes.CategoryRow
    queryset = Category.objects.all()


class RenameCategory(CommandView):
    """Give a category another path; what lies below moves along."""

    scope_area = "stock"
    serializer_class = shapes.CategoryRename
    answer_class = shapes.CategoryRow
    queryset = Category.objects.none()

    def post(self, request: Request, pk: int) -> Response:
        get_row(Category.objects.all(), pk)
        rename_category(category_id=pk, path=self.body(request)["path"], actor_id=None)
        return Response(shapes.CategoryRow(get_row(Category.objects.all(), pk)).data)


class BundleFilter(Filters):
    code = filters.CharFilter()
    is_active = FlagFilter()


class _Bundles(ApiView):
    scope_area = "stock"
    row_class = shapes.BundleRow
    queryset = Bundle.objects.all()

    def fill(self, rows: Sequence[Any]) -> None:
        cards = list_bundles_by_id(page_ids(rows))
        for row in rows:
            row.parts = cards[row.id].parts


class Bundles(_Bundles, ListView):
    """Sold as one, stocked as several.  POST makes bundles or brings them up to date, by code, each with exactly its parts."""

    filterset_class = BundleFilter
    sorts = BY_CODE
    serializer_class = shapes.BundleBatch
    answer_class = shapes.Saved
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        bundles = [
            BundleInput(
                one["code"],
                one["name"],
                [(part["sku"], part["quantity"]) for part in one["parts"]],
                one["is_cartons"],
            )
            for one in self.body(request)["bundles"]
        ]
        return _saved(save_bundles(bundles))


class OneBundle(_Bundles, RetrieveView):
    """One bundle with its parts."""


class _Shelve(CommandView):
    """Archive or restore by code: all of them or none."""

    scope_area = "stock"
    serializer_class = shapes.Codes
    answer_class = shapes.Changed
    of: ClassVar[type[Sku] | type[Bundle]]

    def ids(self, request: Request) -> list[int]:
        """The ids behind the codes.  Raises UnknownGoods."""
        codes = set(self.body(request)["codes"])
        rows: QuerySet[Any] = self.of.objects.filter(code__in=codes)
        found = dict(rows.values_list("code", "id"))
        if unknown := sorted(codes - found.keys()):
            raise UnknownGoods(_("没有 %(codes)s。") % {"codes": "、".join(unknown[:5])}, codes=unknown)
        return sorted(found.values())


class ArchiveSkus(_Shelve):
    """Take SKUs out of what is sold and bought; what is there is still shipped."""

    queryset = Sku.objects.none()
    of = Sku

    def post(self, request: Request) -> Response:
        return Response({"changed": catalogue.archive_skus(sku_ids=self.ids(request), actor_id=None)})


class RestoreSkus(_Shelve):
    """Bring archived SKUs back."""

    queryset = Sku.objects.none()
    of = Sku

    def post(self, request: Request) -> Response:
        return Response({"changed": catalogue.restore_skus(sku_ids=self.ids(request), actor_id=None)})


class ArchiveBundles(_Shelve):
    """Take bundles out of what is sold; orders that came in are still expanded."""

    queryset = Bundle.objects.none()
    of = Bundle

    def post(self, request: Request) -> Response:
        return Response({"changed": archive_bundles(bundle_ids=self.ids(request), actor_id=None)})


class RestoreBundles(_Shelve):
    """Bring archived bundles back."""

    queryset = Bundle.objects.none()
    of = Bundle

    def post(self, request: Request) -> Response:
        return Response({"changed": restore_bundles(bundle_ids=self.ids(request), actor_id=None)})


urlpatterns = [
    path("skus/archive/", ArchiveSkus.as_view(), name="skus_archive"),
    path("skus/restore/", RestoreSkus.as_view(), name="skus_restore"),
    path("products/", Products.as_view(), name="products"),
    path("products/<int:pk>/", OneProduct.as_view(), name="product"),
    path("categories/", Categories.as_view(), name="categories"),
    path("categories/<int:pk>/", OneCategory.as_view(), name="category"),
    path("categories/<int:pk>/rename/", RenameCategory.as_view(), name="category_rename"),
    path("bundles/", Bundles.as_view(), name="bundles"),
    path("bundles/archive/", ArchiveBundles.as_view(), name="bundles_archive"),
    path("bundles/restore/", RestoreBundles.as_view(), name="bundles_restore"),
    path("bundles/<int:pk>/", OneBundle.as_view(), name="bundle"),
]
