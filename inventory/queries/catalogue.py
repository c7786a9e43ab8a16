"""Reads of the catalogue: SKUs as their table has them, bundles by code, categories."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from core import db
from core.models import Tenant
from core.tenancy import current_tenant
from core.web.formats import exponent
from inventory.errors import UnknownGoods
from inventory.models import Picture
from inventory.rules.table_diff import Values

PART = 1_000  # rows read at once by an export

_FIELDS = (
    "id", "code", "name", "spec", "product", "category", "unit", "barcodes", "weight_g", "length_mm", "width_mm", "height_mm",
    "parcel_rule", "case_quantity", "shipping_class", "tracking", "lot_order", "one_lot_per_parcel", "shelf_life_days",
    "shelf_life_months", "min_remaining_days", "cost_minor", "is_active",
)  # fmt: skip

_SKUS = """
    SELECT s.id, s.code, s.name, s.spec, p.code, c.path, s.unit,
           (SELECT json_agg(json_build_array(b.code, b.quantity)) FROM inventory_barcode b
            WHERE b.tenant_id = s.tenant_id AND b.sku_id = s.id)::text,
           s.weight_g, s.length_mm, s.width_mm, s.height_mm, s.parcel_rule, s.case_quantity, s.shipping_class, s.tracking, s.lot_order,
           s.one_lot_per_parcel, s.shelf_life_days, s.shelf_life_months, s.min_remaining_days, s.cost_minor, s.is_active
    FROM inventory_sku s
    LEFT JOIN inventory_product p ON p.tenant_id = s.tenant_id AND p.id = s.product_id
    LEFT JOIN inventory_category c ON c.tenant_id = s.tenant_id AND c.id = s.category_id
    WHERE s.tenant_id = %s
"""

_BUNDLES = """
    SELECT b.id, b.code, b.name, b.is_cartons, b.is_active,
           (SELECT json_agg(json_build_array(s.code, p.quantity, s.id, s.name, s.is_active)) FROM inventory_bundlepart p
            JOIN inventory_sku s ON s.tenant_id = p.tenant_id AND s.id = p.sku_id
            WHERE p.tenant_id = b.tenant_id AND p.bundle_id = b.id)::text
    FROM inventory_bundle b WHERE b.tenant_id = %s
"""


def money_digits() -> int:
    """Digits after the point of the tenant's currency."""
    return exponent(Tenant.objects.values_list("currency", flat=True).get(id=current_tenant()))


def _sku_values(row: Sequence[Any]) -> Values:
    values = dict(zip(_FIELDS, row, strict=True))
    values["barcodes"] = sorted(json.loads(values["barcodes"] or "[]"))
    return values


def list_sku_values(codes: Collection[str]) -> dict[str, Values]:
    """code -> what the table of SKUs says of it, with its `id`, for those that exist.  One statement."""
    found = db.rows(f"{_SKUS} AND s.code = ANY (%s::text[])", current_tenant(), db.array(sorted(set(codes))))
    return {row[1]: _sku_values(row) for row in found}


def list_next_skus(
    *, after: str = "", category_id: int | None = None, is_active: bool | None = None
) -> list[Values]:
    """The next PART SKUs behind a code, by code.  One statement; an export calls it until nothing comes."""
    found = db.rows(
        f"{_SKUS} AND s.code > %s AND (%s::bigint IS NULL OR s.category_id = %s) AND (%s::boolean IS NULL OR s.is_active = %s)"
        " ORDER BY s.code LIMIT %s",
        current_tenant(),
        after,
        category_id,
        category_id,
        is_active,
        is_active,
        PART,
    )
    return [_sku_values(row) for row in found]


def list_in_stock(codes: Collection[str]) -> set[str]:
    """Those of the codes whose SKU has units somewhere."""
    found = db.rows(
        "SELECT s.code FROM inventory_sku s WHERE s.tenant_id = %s AND s.code = ANY (%s::text[]) AND EXISTS (SELECT FROM inventory_lot l"
        " JOIN inventory_balance b ON b.tenant_id = l.tenant_id AND b.lot_id = l.id AND b.on_hand > 0"
        " WHERE l.tenant_id = s.tenant_id AND l.sku_id = s.id)",
        current_tenant(),
        db.array(sorted(set(codes))),
    )
    return {row[0] for row in found}


def list_codes_in_use(codes: Collection[str]) -> tuple[set[str], set[str]]:
    """(Those that a SKU or a barcode has, those that a bundle has).  One statement."""
    tenant_id, wanted = current_tenant(), db.array(sorted(set(codes)))
    found = db.rows(
        "SELECT 0, code FROM inventory_sku WHERE tenant_id = %s AND code = ANY (%s::text[])"
        " UNION SELECT 0, code FROM inventory_barcode WHERE tenant_id = %s AND code = ANY (%s::text[])"
        " UNION SELECT 1, code FROM inventory_bundle WHERE tenant_id = %s AND code = ANY (%s::text[])",
        *(tenant_id, wanted) * 3,
    )
    return {code for place, code in found if not place}, {code for place, code in found if place}


@dataclass(frozen=True, slots=True)
class PartCard:
    """`quantity` units of a SKU in one bundle."""

    sku_id: int
    code: str
    name: str
    quantity: int
    is_active: bool


@dataclass(frozen=True, slots=True)
class BundleCard:
    """A bundle with its parts, by SKU code."""

    id: int
    code: str
    name: str
    is_cartons: bool
    is_active: bool
    parts: tuple[PartCard, ...]

    @property
    def units(self) -> int:
        return sum(part.quantity for part in self.parts)

    @property
    def values(self) -> Values:
        """As the table of bundles has it."""
        return {
            "id": self.id,
            "code": self.code,
            "name": self.name,
            "is_cartons": self.is_cartons,
            "is_active": self.is_active,
            "parts": [[part.code, part.quantity] for part in self.parts],
        }


def _bundle(row: Sequence[Any]) -> BundleCard:
    id_, code, name, is_cartons, is_active, parts = row
    cards = [
        PartCard(sku_id, part, part_name, units, part_active)
        for part, units, sku_id, part_name, part_active in sorted(json.loads(parts or "[]"))
    ]
    return BundleCard(id_, code, name, is_cartons, is_active, tuple(cards))


def find_bundles(codes: Collection[str]) -> dict[str, BundleCard]:
    """code -> bundle, for those that are one, archived ones too (an order that came in is still expanded).  One statement."""
    found = db.rows(
        f"{_BUNDLES} AND b.code = ANY (%s::text[])", current_tenant(), db.array(sorted(set(codes)))
    )
    return {row[1]: _bundle(row) for row in found}


def list_bundles_by_id(bundle_ids: Collection[int]) -> dict[int, BundleCard]:
    """The same by id."""
    found = db.rows(
        f"{_BUNDLES} AND b.id = ANY (%s::bigint[])", current_tenant(), db.array(sorted(set(bundle_ids)))
    )
    return {row[0]: _bundle(row) for row in found}


def get_bundle(bundle_id: int) -> BundleCard:
    """Raises UnknownGoods, also for another tenant's."""
    found = list_bundles_by_id([bundle_id])
    if not found:
        raise UnknownGoods(_("没有这个组合装。"), code="bundle_not_found", bundle_id=bundle_id)
    return found[bundle_id]


def list_next_bundles(*, after: str = "") -> list[BundleCard]:
    """The next PART bundles behind a code, by code."""
    found = db.rows(f"{_BUNDLES} AND b.code > %s ORDER BY b.code LIMIT %s", current_tenant(), after, PART)
    return [_bundle(row) for row in found]


def list_category_choices() -> list[tuple[int, str]]:
    """(id, path), by path: what a form offers."""
    return [
        (id_, path)
        for id_, path in db.rows(
            "SELECT id, path FROM inventory_category WHERE tenant_id = %s ORDER BY path LIMIT 2000",
            current_tenant(),
        )
    ]


def count_skus(column: str, ids: Collection[int]) -> Mapping[int, int]:
    """How many SKUs each category ("category_id") or product ("product_id") has, archived ones too."""
    if column not in ("category_id", "product_id"):
        raise ValueError(column)
    found = db.rows(
        f"SELECT {column}, count(*)::int FROM inventory_sku WHERE tenant_id = %s AND {column} = ANY (%s::bigint[]) GROUP BY 1",
        current_tenant(),
        db.array(sorted(ids)),
    )
    return defaultdict(int, found)


def first_picture() -> Subquery:
    """The picture that stands for a SKU on lists, as an annotation of SKUs."""
    return Subquery(Picture.objects.filter(sku=OuterRef("pk")).order_by("sequence", "id").values("id")[:1])


def list_pictures(sku_id: int) -> list[int]:
    """The pictures of a SKU, the first one first."""
    return list(Picture.objects.filter(sku=sku_id).order_by("sequence", "id").values_list("id", flat=True))


def parts_in_bundles(sku_id: int) -> list[tuple[int, str, int]]:
    """(bundle, its code, units) of the bundles that a SKU is a part of."""
    return [
        (row[0], row[1], row[2])
        for row in db.rows(
            "SELECT b.id, b.code, p.quantity FROM inventory_bundlepart p JOIN inventory_bundle b ON b.tenant_id = p.tenant_id"
            " AND b.id = p.bundle_id WHERE p.tenant_id = %s AND p.sku_id = %s ORDER BY b.code LIMIT 50",
            current_tenant(),
            sku_id,
        )
    ]
