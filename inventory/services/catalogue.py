"""SKUs and places."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core import db
from core.tenancy import current_tenant
from inventory.models import Barcode, Bin, BinKind, Facility, FacilityKind


@dataclass(frozen=True, slots=True)
class SkuInput:
    """A SKU as it is entered.  Grams, millimetres; None is unknown, never 0."""

    code: str
    name: str
    weight_g: int | None = None
    size_mm: tuple[int, int, int] | None = None
    parcel_rule: int = 1
    case_quantity: int | None = None
    shipping_class: str = ""
    shelf_life_days: int | None = None
    min_remaining_days: int = 0
    unit: str = "件"
    barcodes: tuple[str, ...] = ()


def save_skus(skus: Sequence[SkuInput]) -> dict[str, int]:
    """Make these SKUs or bring them up to date; code -> id.  Three statements, however many.

    Raises IntegrityError for values the database refuses (weight not above 0, a barcode of another SKU).
    """
    columns: list[list[Any]] = [
        [s.code for s in skus],
        [s.name for s in skus],
        [s.unit for s in skus],
        [s.weight_g for s in skus],
        *([s.size_mm[i] if s.size_mm else None for s in skus] for i in range(3)),
        [int(s.parcel_rule) for s in skus],
        [s.case_quantity for s in skus],
        [s.shipping_class for s in skus],
        [s.shelf_life_days for s in skus],
        [s.min_remaining_days for s in skus],
    ]
    names = (
        "code, name, unit, weight_g, length_mm, width_mm, height_mm, parcel_rule, case_quantity, shipping_class, shelf_life_days,"
        " min_remaining_days"
    )
    kinds = ["text", "text", "text", "int", "int", "int", "int", "smallint", "int", "text", "int", "int"]
    made = db.rows(
        f"INSERT INTO inventory_sku (tenant_id, id, {names}) SELECT %s, u.* FROM unnest(%s::bigint[], "
        + ", ".join(f"%s::{kind}[]" for kind in kinds)
        + ") u ON CONFLICT (tenant_id, code) DO UPDATE SET "
        + ", ".join(f"{n.strip()} = excluded.{n.strip()}" for n in names.split(",")[1:])
        + " RETURNING code, id",
        current_tenant(),
        db.array(db.new_ids(len(skus))),
        *(db.array(column) for column in columns),
    )
    ids = dict(made)
    barcodes = [(ids[s.code], code) for s in skus for code in s.barcodes]
    _save_barcodes(barcodes)
    return ids


def _save_barcodes(barcodes: Sequence[tuple[int, str]]) -> None:
    known = dict(
        db.rows(
            "SELECT code, sku_id FROM inventory_barcode WHERE tenant_id = %s AND code = ANY (%s::text[])",
            current_tenant(),
            db.array([c for _, c in barcodes]),
        )
    )
    fresh = [(sku_id, code) for sku_id, code in barcodes if known.get(code) != sku_id]
    db.insert(
        Barcode,
        ["id", "sku", "code"],
        [(id_, *row) for id_, row in zip(db.new_ids(len(fresh)), fresh, strict=True)],
    )


def create_missing(*, codes: Sequence[str], defaults: SkuInput) -> dict[str, int]:
    """Make the SKUs among `codes` that do not exist, with `defaults` (its code and name are not used); the new ones' ids by code."""
    known = find_sku_ids(codes)
    fresh = sorted(set(codes) - known.keys())
    if not fresh:
        return {}
    return save_skus(
        [
            SkuInput(
                code,
                code,
                defaults.weight_g,
                defaults.size_mm,
                defaults.parcel_rule,
                defaults.case_quantity,
                defaults.shipping_class,
                defaults.shelf_life_days,
                defaults.min_remaining_days,
                defaults.unit,
            )
            for code in fresh
        ]
    )


def find_sku_ids(codes: Sequence[str]) -> dict[str, int]:
    """Merchant code or barcode -> SKU id, for those that exist; the merchant's own code wins."""
    tenant_id, wanted = current_tenant(), db.array(sorted(set(codes)))
    found = dict(
        db.rows(
            "SELECT b.code, b.sku_id FROM inventory_barcode b WHERE b.tenant_id = %s AND b.code = ANY (%s::text[])",
            tenant_id,
            wanted,
        )
    )
    found.update(
        db.rows(
            "SELECT code, id FROM inventory_sku WHERE tenant_id = %s AND code = ANY (%s::text[])",
            tenant_id,
            wanted,
        )
    )
    return found


def create_facility(
    *,
    code: str,
    name: str,
    kind: FacilityKind = FacilityKind.WAREHOUSE,
    point_e6: tuple[int, int] | None = None,
    address: str = "",
    opens_at: str | None = None,
    closes_at: str | None = None,
    capacity: int = 20,
) -> int:
    """A warehouse or a store; `point_e6` is (latitude, longitude) in micro-degrees.  Returns its id."""
    facility_id = db.new_id()
    lat, lng = point_e6 or (None, None)
    db.insert(
        Facility,
        ["id", "code", "name", "kind", "address", "lat_e6", "lng_e6", "opens_at", "closes_at", "capacity"],
        [(facility_id, code, name, kind.value, address, lat, lng, opens_at, closes_at, capacity)],
    )
    return facility_id


@dataclass(frozen=True, slots=True)
class BinInput:
    code: str
    kind: BinKind = BinKind.PICK
    sequence: int = 0
    zone: str = ""


def create_bins(facility_id: int, bins: Sequence[BinInput]) -> list[int]:
    """Bins of one facility, in one statement; their ids in the given order."""
    ids = list(db.new_ids(len(bins)))
    db.insert(
        Bin,
        ["id", "facility", "code", "zone", "kind", "sequence"],
        [
            (id_, facility_id, b.code, b.zone, int(b.kind), b.sequence)
            for id_, b in zip(ids, bins, strict=True)
        ],
    )
    return ids
