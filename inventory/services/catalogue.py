"""SKUs, their barcodes, and places.  Products and categories: services.products; bundles: services.bundles."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from django.utils.translation import gettext as _

from core import db
from core.errors import Conflict
from core.services import accounts
from core.tenancy import current_tenant
from inventory.errors import UnknownGoods, WrongState
from inventory.models import Bin, BinKind, Facility, FacilityKind, LotOrder, Tracking

SHOWN = 5  # codes named in one sentence


class Kept(Enum):
    """Says of a value: leave it as it is."""

    KEPT = 0


@dataclass(frozen=True, slots=True)
class SkuInput:
    """A SKU as it is entered.  Grams, millimetres, minor units; None is unknown, never 0.

    `barcodes`: exactly these, each a code, or a code with the units behind one scan of it; None leaves them as they are.  A shelf life is
    in days or in months, not both.  Whether a SKU is archived is not entered here: archive_skus, restore_skus.
    """

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
    barcodes: Sequence[str | tuple[str, int]] | None = None
    shelf_life_months: int | None = None
    spec: str = ""
    product_id: int | None = None
    category_id: int | None = None
    tracking: int = Tracking.LOT
    lot_order: int = LotOrder.FEFO
    one_lot_per_parcel: bool = False
    cost_minor: int | Kept | None = Kept.KEPT


_COLUMNS = {
    "code": "text", "name": "text", "unit": "text", "weight_g": "int", "length_mm": "int", "width_mm": "int", "height_mm": "int",
    "parcel_rule": "smallint", "case_quantity": "int", "shipping_class": "text", "shelf_life_days": "int", "shelf_life_months": "int",
    "min_remaining_days": "int", "spec": "text", "product_id": "bigint", "category_id": "bigint", "tracking": "smallint",
    "lot_order": "smallint", "one_lot_per_parcel": "boolean",
}  # fmt: skip


def save_skus(skus: Sequence[SkuInput], *, actor_id: int | None = None) -> dict[str, int]:
    """Make these SKUs or bring them up to date; code -> id.  At most nine statements, however many.

    Raises Conflict `code_taken` when a code or barcode is a bundle's, `barcode_taken` when a barcode is another SKU's (`barcodes`: which is
    whose), WrongState `tracking_in_use` when the tracking of goods that are in stock would change, IntegrityError for values the database
    refuses (weight not above 0).  A person's change leaves an audit row; without `actor_id` a machine speaks.
    """
    if not skus:
        return {}
    skus = sorted(
        skus, key=lambda sku: sku.code
    )  # two that save the same ones wait for each other in one order
    refuse_codes_of_bundles([s.code for s in skus], [_code(b) for s in skus for b in s.barcodes or ()])
    _refuse_tracking(skus)
    ids: dict[str, int] = {}
    for part in (
        [s for s in skus if s.cost_minor is Kept.KEPT],
        [s for s in skus if s.cost_minor is not Kept.KEPT],
    ):
        ids.update(_upsert(part) if part else {})
    with_barcodes = [s for s in skus if s.barcodes is not None]
    if with_barcodes:
        _save_barcodes(with_barcodes, ids)
    if actor_id is not None:
        codes = [s.code for s in skus]
        object_id = ids[codes[0]] if len(codes) == 1 else None
        accounts.record(
            "save", "sku", object_id, actor_id=actor_id, detail={"codes": codes[:1000], "n": len(codes)}
        )
    return ids


def _code(barcode: str | tuple[str, int]) -> str:
    return barcode if isinstance(barcode, str) else barcode[0]


def _upsert(skus: Sequence[SkuInput]) -> dict[str, int]:
    """One statement.  All of them say their cost, or none does."""
    kinds = dict(_COLUMNS)
    columns = [[getattr(s, name, None) for s in skus] for name in kinds]
    for axis, name in enumerate(("length_mm", "width_mm", "height_mm")):
        columns[list(kinds).index(name)] = [s.size_mm[axis] if s.size_mm else None for s in skus]
    if skus[0].cost_minor is not Kept.KEPT:
        kinds["cost_minor"] = "bigint"
        columns.append([s.cost_minor for s in skus])
    return dict(
        db.rows(
            f"INSERT INTO inventory_sku (tenant_id, id, {', '.join(kinds)}) SELECT %s, u.* FROM unnest(%s::bigint[], "
            + ", ".join(f"%s::{kind}[]" for kind in kinds.values())
            + ") u ON CONFLICT (tenant_id, code) DO UPDATE SET "
            + ", ".join(f"{name} = excluded.{name}" for name in kinds if name != "code")
            + " RETURNING code, id",
            current_tenant(),
            db.array(db.new_ids(len(skus))),
            *(db.array(column) for column in columns),
        )
    )


def _refuse_tracking(skus: Sequence[SkuInput]) -> None:
    """How units are told apart cannot change under units that are there: a lot of twelve is no serial number."""
    wanted = [int(s.tracking) for s in skus]
    found = db.rows(
        "SELECT s.code FROM unnest(%s::text[], %s::smallint[]) u(code, tracking) JOIN inventory_sku s ON s.tenant_id = %s"
        " AND s.code = u.code AND s.tracking <> u.tracking WHERE EXISTS (SELECT FROM inventory_lot l JOIN inventory_balance b"
        " ON b.tenant_id = l.tenant_id AND b.lot_id = l.id AND b.on_hand > 0 WHERE l.tenant_id = s.tenant_id AND l.sku_id = s.id)"
        " ORDER BY s.code",
        db.array([s.code for s in skus]),
        db.array(wanted),
        current_tenant(),
    )
    if found:
        codes = [row[0] for row in found]
        raise WrongState(
            _("%(codes)s 还有货，批次管理不能改。卖完或报废完再改。") % {"codes": "、".join(codes[:SHOWN])},
            code="tracking_in_use",
            codes=codes,
        )


def refuse_codes_of_bundles(codes: Iterable[str], barcodes: Iterable[str] = ()) -> None:
    """A code says one thing: a SKU or a bundle.  Raises Conflict `code_taken`."""
    taken = sorted(_bundles_among({*codes, *barcodes}))
    if taken:
        raise Conflict(
            _("%(codes)s 已经是组合装的编码，换一个。") % {"codes": "、".join(taken[:SHOWN])},
            code="code_taken",
            codes=taken,
        )


def _save_barcodes(skus: Sequence[SkuInput], ids: Mapping[str, int]) -> None:
    """Exactly these barcodes, SKU by SKU.  Raises Conflict."""
    said: dict[str, tuple[int, int]] = {}
    owners: dict[str, str] = {}
    for sku in skus:
        for barcode in sku.barcodes or ():
            code, units = (barcode, 1) if isinstance(barcode, str) else barcode
            if owners.setdefault(code, sku.code) != sku.code:
                raise _barcode_taken({code: owners[code]})
            said[code] = ids[sku.code], units
    tenant_id, sku_ids = current_tenant(), db.array(sorted(ids[s.code] for s in skus))
    found = db.rows(
        "SELECT b.code, b.sku_id, b.quantity, s.code FROM inventory_barcode b JOIN inventory_sku s ON s.tenant_id = b.tenant_id"
        " AND s.id = b.sku_id WHERE b.tenant_id = %s AND (b.code = ANY (%s::text[]) OR b.sku_id = ANY (%s::bigint[]))",
        tenant_id,
        db.array(sorted(said)),
        sku_ids,
    )
    known = {code: (sku_id, units) for code, sku_id, units, _owner in found}
    taken = {code: owner for code, sku_id, _units, owner in found if code in said and said[code][0] != sku_id}
    if taken:
        raise _barcode_taken(taken)
    gone = sorted(known.keys() - said.keys())
    if gone:
        db.execute(
            "DELETE FROM inventory_barcode WHERE tenant_id = %s AND code = ANY (%s::text[])",
            tenant_id,
            db.array(gone),
        )
    _write_barcodes({code: to for code, to in said.items() if known.get(code) != to})


def _barcode_taken(owners: Mapping[str, str]) -> Conflict:
    return Conflict(_("有条码已属于别的商品。"), code="barcode_taken", barcodes=dict(owners))


def _write_barcodes(barcodes: Mapping[str, tuple[int, int]]) -> None:
    if not barcodes:
        return
    written = db.rows(
        "INSERT INTO inventory_barcode (tenant_id, id, sku_id, code, quantity) SELECT %s, u.* FROM unnest(%s::bigint[], %s::bigint[],"
        " %s::text[], %s::int[]) u ON CONFLICT (tenant_id, code) DO UPDATE SET quantity = excluded.quantity"
        " WHERE inventory_barcode.sku_id = excluded.sku_id RETURNING code",
        current_tenant(),
        db.array(db.new_ids(len(barcodes))),
        db.array([sku_id for sku_id, _units in barcodes.values()]),
        db.array(list(barcodes)),
        db.array([units for _sku_id, units in barcodes.values()]),
    )
    if lost := sorted(barcodes.keys() - {row[0] for row in written}):  # somebody else took it this moment
        raise _barcode_taken(dict.fromkeys(lost, ""))


def archive_skus(*, sku_ids: Collection[int], actor_id: int | None) -> int:
    """Take SKUs out of every list of things to sell or buy; how many were not archived before.  Their history and what is still there
    stay, and what is there is still shipped: only new purchases are refused (`refuse_archived`).  Raises UnknownGoods.
    """
    return _set_active(sku_ids, is_active=False, actor_id=actor_id)


def restore_skus(*, sku_ids: Collection[int], actor_id: int | None) -> int:
    """The way back; how many were archived.  Raises UnknownGoods."""
    return _set_active(sku_ids, is_active=True, actor_id=actor_id)


def _set_active(sku_ids: Collection[int], *, is_active: bool, actor_id: int | None) -> int:
    tenant_id, wanted = current_tenant(), db.array(sorted(set(sku_ids)))
    found = db.rows(
        "SELECT id FROM inventory_sku WHERE tenant_id = %s AND id = ANY (%s::bigint[])", tenant_id, wanted
    )
    unknown = set(sku_ids) - {row[0] for row in found}
    if unknown:
        raise UnknownGoods(_("没有这个商品。"), sku_ids=sorted(unknown))
    changed = [
        row[0]
        for row in db.rows(
            "UPDATE inventory_sku SET is_active = %s WHERE tenant_id = %s AND id = ANY (%s::bigint[]) AND is_active <> %s RETURNING id",
            is_active,
            tenant_id,
            wanted,
            is_active,
        )
    ]
    if changed:
        action, object_id = ("restore" if is_active else "archive"), changed[0] if len(changed) == 1 else None
        accounts.record(action, "sku", object_id, actor_id=actor_id, detail={"ids": sorted(changed)[:1000]})
    return len(changed)


def refuse_archived(sku_ids: Collection[int]) -> None:
    """For whoever buys new goods: raises WrongState `sku_archived`, which names the archived ones.  One statement."""
    found = db.rows(
        "SELECT code FROM inventory_sku WHERE tenant_id = %s AND id = ANY (%s::bigint[]) AND NOT is_active ORDER BY code",
        current_tenant(),
        db.array(sorted(set(sku_ids))),
    )
    if found:
        codes = [row[0] for row in found]
        raise WrongState(
            _("%(codes)s 已归档，不能再采购。要买先恢复它。") % {"codes": "、".join(codes[:SHOWN])},
            code="sku_archived",
            codes=codes,
        )


def create_missing(*, codes: Sequence[str], defaults: SkuInput) -> dict[str, int]:
    """Make the SKUs among `codes` that are neither a SKU nor a bundle, with `defaults` (its code, name and barcodes are not used); the new
    ones' ids by code."""
    known = find_sku_ids(codes).keys() | _bundles_among(codes)
    fresh = sorted(set(codes) - known)
    return save_skus([replace(defaults, code=code, name=code, barcodes=None) for code in fresh])


def _bundles_among(codes: Collection[str]) -> set[str]:
    found = db.rows(
        "SELECT code FROM inventory_bundle WHERE tenant_id = %s AND code = ANY (%s::text[])",
        current_tenant(),
        db.array(sorted(set(codes))),
    )
    return {row[0] for row in found}


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
