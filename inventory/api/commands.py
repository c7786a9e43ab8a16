"""From what integrators say (codes) to what services take (ids)."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.serializers import ValidationError

from core import db
from core.errors import Conflict
from core.tenancy import current_tenant
from inventory.models import Bin, Facility
from inventory.services.catalogue import SkuInput, find_sku_ids, save_skus
from inventory.services.receiving import ReceiptInput, ReceiptResult, receive


def save_catalogue(skus: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Make these SKUs or bring them up to date; code → id.  Raises Conflict `barcode_taken` when a barcode is another SKU's."""
    _refuse_taken({barcode: sku["code"] for sku in skus for barcode in sku["barcodes"]})
    return save_skus([_sku(sku) for sku in skus])


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


def _unknown(
    line: Mapping[str, Any], skus: Mapping[str, int], bins: Mapping[str, int]
) -> dict[str, list[str]]:
    errors = {}
    if line["sku"] not in skus:
        errors["sku"] = [_("没有这个商品。")]
    if line["bin"] not in bins:
        errors["bin"] = [_("这个仓库里没有这个货位。")]
    return errors


def _sku(sku: Mapping[str, Any]) -> SkuInput:
    size = (sku["length_mm"], sku["width_mm"], sku["height_mm"])
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
        barcodes=tuple(sku["barcodes"]),
    )


def _refuse_taken(owners: Mapping[str, str]) -> None:
    taken = {
        barcode: code
        for barcode, code in db.rows(
            "SELECT b.code, s.code FROM inventory_barcode b JOIN inventory_sku s ON s.tenant_id = b.tenant_id"
            " AND s.id = b.sku_id WHERE b.tenant_id = %s AND b.code = ANY (%s::text[])",
            current_tenant(),
            db.array(sorted(owners)),
        )
        if owners[barcode] != code
    }
    if taken:
        raise Conflict(_("有条码已属于别的商品。"), code="barcode_taken", barcodes=taken)
