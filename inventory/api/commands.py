"""From what integrators say (codes) to what services take (ids)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.serializers import ValidationError

from core.api.fields import to_minor
from core.models import Tenant
from core.tenancy import current_tenant
from inventory.models import Bin, Facility, PurchaseOrder
from inventory.rules.goods_table import tidy_path
from inventory.services.catalogue import Kept, SkuInput, find_sku_ids, save_skus
from inventory.services.products import ensure_categories, ensure_products
from inventory.services.receiving import ReceiptInput, ReceiptResult, receive


def save_catalogue(skus: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Make these SKUs or bring them up to date, with the products and categories that they name; code → id.

    Raises as save_skus does, and ValidationError for a cost that the merchant's currency has no coin for.
    """
    currency = Tenant.objects.values_list("currency", flat=True).get(id=current_tenant())
    products = ensure_products({sku["product"] for sku in skus if sku["product"]})
    categories = ensure_categories({sku["category"] for sku in skus if sku["category"]})
    return save_skus([_sku(sku, products, categories, currency) for sku in skus])


def receive_goods(order: Mapping[str, Any]) -> ReceiptResult:
    """Book a delivery.  Raises ValidationError that names every line whose SKU, bin or facility is unknown."""
    facility = Facility.objects.filter(code=order["facility"]).first()
    if facility is None:
        raise ValidationError({"facility": [_("没有这个仓库。")]}, code="unknown")
    lines = order["lines"]
    sku_ids = find_sku_ids([line["sku"] for line in lines])
    found = Bin.objects.filter(facility=facility.id, code__in={line["bin"] for line in lines})
    bin_ids = dict(found.values_list("code", "id"))
    errors = [_unknown(line, sku_ids, bin_ids) for line in lines]
    if any(errors):
        raise ValidationError({"lines": errors}, code="unknown")
    return receive(
        facility_id=facility.id,
        reference=order["reference"],
        supplier=order["supplier"],
        purchase_id=_purchase_id(order["purchase"]),
        accept_over=order["accept_over"],
        lines=[
            ReceiptInput(
                sku_id=sku_ids[line["sku"]],
                lot_code=line["lot"],
                bin_id=bin_ids[line["bin"]],
                quantity=line["quantity"],
                expires_on=line["expires_on"],
                produced_on=line["produced_on"],
                supplier_lot=line["supplier_lot"],
            )
            for line in lines
        ],
    )


def _purchase_id(number: str) -> int | None:
    if not number:
        return None
    found = PurchaseOrder.objects.filter(number=number).values_list("id", flat=True).first()
    if found is None:
        raise ValidationError({"purchase": [_("没有这张采购单。")]}, code="unknown")
    return int(found)


def _unknown(
    line: Mapping[str, Any], skus: Mapping[str, int], bins: Mapping[str, int]
) -> dict[str, list[str]]:
    errors = {}
    if line["sku"] not in skus:
        errors["sku"] = [_("没有这个商品。")]
    if line["bin"] not in bins:
        errors["bin"] = [_("这个仓库里没有这个货位。")]
    return errors


def _sku(
    sku: Mapping[str, Any], products: Mapping[str, int], categories: Mapping[str, int], currency: str
) -> SkuInput:
    size = (sku["length_mm"], sku["width_mm"], sku["height_mm"])
    units = sku.get("barcode_quantities", {})
    cost = sku.get("cost", Kept.KEPT)
    return SkuInput(
        code=sku["code"],
        name=sku["name"],
        weight_g=sku["weight_g"],
        size_mm=None if size[0] is None else size,
        parcel_rule=sku["parcel_rule"],
        case_quantity=sku["case_quantity"],
        shipping_class=sku["shipping_class"],
        shelf_life_days=sku["shelf_life_days"],
        min_remaining_days=sku["min_remaining_days"],
        unit=sku["unit"],
        barcodes=[(code, units.get(code, 1)) for code in sku["barcodes"]] if "barcodes" in sku else None,
        shelf_life_months=sku["shelf_life_months"],
        spec=sku["spec"],
        product_id=products.get(sku["product"]),
        category_id=categories.get(tidy_path(sku["category"] or "")),
        tracking=sku["tracking"],
        lot_order=sku["lot_order"],
        one_lot_per_parcel=sku["one_lot_per_parcel"],
        cost_minor=to_minor(cost, currency) if isinstance(cost, Decimal) else cost,
    )
