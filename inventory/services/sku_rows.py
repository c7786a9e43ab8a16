"""Rows of the table of SKUs: compared with what is there, and applied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core import db
from core.db import Rank
from inventory.models import LotOrder, ParcelRuleChoice, Sku, Tracking
from inventory.queries import list_barcode_owners
from inventory.queries.catalogue import list_codes_in_use, list_in_stock, list_sku_values
from inventory.rules.goods_table import sku_mistakes
from inventory.rules.table_diff import Entry, Mistake, Values, Wrong
from inventory.services import catalogue
from inventory.services.catalogue import Kept, SkuInput
from inventory.services.products import ensure_categories, ensure_products

DEFAULTS: Values = {
    "name": "",
    "spec": "",
    "product": None,
    "category": None,
    "unit": "件",
    "barcodes": [],
    "weight_g": None,
    "length_mm": None,
    "width_mm": None,
    "height_mm": None,
    "parcel_rule": int(ParcelRuleChoice.NORMAL),
    "case_quantity": None,
    "shipping_class": "",
    "tracking": int(Tracking.LOT),
    "lot_order": int(LotOrder.FEFO),
    "one_lot_per_parcel": False,
    "shelf_life_days": None,
    "shelf_life_months": None,
    "min_remaining_days": 0,
    "is_active": True,
}


@dataclass(frozen=True, slots=True)
class Change:
    """A row that is to be applied: field → (as it was when compared, as it shall be)."""

    row: int
    code: str
    is_new: bool
    changes: Mapping[str, tuple[Any, Any]]

    @property
    def said(self) -> Values:
        return {name: new for name, (_old, new) in self.changes.items()}


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Why a row was left alone: fields that somebody changed meanwhile with what they are now, or codes that somebody took."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    codes: Sequence[str] = ()


def compare(entries: Sequence[Entry]) -> tuple[dict[str, Values], dict[int, list[Wrong]]]:
    """What is there by code, and what is wrong with rows only in its light.  Four statements at most."""
    now = list_sku_values([entry.code for entry in entries])
    _see_stock(now, [(entry.code, entry.values) for entry in entries])
    barcodes = [code for entry in entries for code, _units in entry.values.get("barcodes", ())]
    owners = list_barcode_owners(barcodes) if barcodes else {}
    _skus, bundles = list_codes_in_use([*(entry.code for entry in entries), *barcodes])
    told: dict[int, list[Wrong]] = {}
    for entry in entries:
        if not entry.code:
            continue
        wrong = sku_mistakes(entry, now.get(entry.code))
        if entry.code in bundles:
            wrong.append(Wrong(entry.row, "code", entry.code, Mistake.CODE_TAKEN))
        for code, _units in entry.values.get("barcodes", ()):
            if code in bundles or owners.get(code, (0, entry.code))[1] != entry.code:
                wrong.append(Wrong(entry.row, "barcodes", code, Mistake.BARCODE_TAKEN))
        if wrong:
            told[entry.row] = wrong
    return now, told


def _see_stock(now: Mapping[str, Values], said: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Note `has_stock` where the tracking would change: nothing else asks for it."""
    asked = [
        code
        for code, values in said
        if code in now and values.get("tracking", now[code]["tracking"]) != now[code]["tracking"]
    ]
    for code in list_in_stock(asked) if asked else ():
        now[code]["has_stock"] = True


def apply(rows: Sequence[Change], *, actor_id: int | None) -> dict[int, Overtaken]:
    """Bring the catalogue up to these rows; row → why it was left alone.

    Locks the SKUs that are there.  A constant number of statements, however many rows.
    """
    codes = db.array(sorted(row.code for row in rows))
    db.lock(Rank.DOCUMENT, Sku, "id", "code = ANY (%s::text[])", codes)
    now = list_sku_values([row.code for row in rows])
    _see_stock(now, [(row.code, row.said) for row in rows])
    stale = _overtaken(rows, now)
    good = [row for row in rows if row.row not in stale]
    merged = {row.code: {**(now.get(row.code) or DEFAULTS), **row.said} for row in good}
    products = ensure_products({v["product"] for v in merged.values() if v["product"]})
    categories = ensure_categories({v["category"] for v in merged.values() if v["category"]})
    ids = catalogue.save_skus([_input(row, merged[row.code], products, categories) for row in good])
    gone = [ids[row.code] for row in good if row.said.get("is_active") is False]
    back = [ids[row.code] for row in good if row.said.get("is_active") is True and not row.is_new]
    if gone:
        catalogue.archive_skus(sku_ids=gone, actor_id=actor_id)
    if back:
        catalogue.restore_skus(sku_ids=back, actor_id=actor_id)
    return stale


def _overtaken(rows: Sequence[Change], now: Mapping[str, Values]) -> dict[int, Overtaken]:
    barcodes = [code for row in rows for code, _units in row.said.get("barcodes", ())]
    owners = list_barcode_owners(barcodes) if barcodes else {}
    _skus, bundles = list_codes_in_use([*(row.code for row in rows), *barcodes])
    found: dict[int, Overtaken] = {}
    for row in rows:
        here = now.get(row.code)
        told = [code for code, _units in row.said.get("barcodes", ())]
        taken = [code for code in told if code in bundles or owners.get(code, (0, row.code))[1] != row.code]
        taken += [row.code] * (row.code in bundles)
        if row.is_new == (here is not None):  # made meanwhile, or gone (which no service does)
            found[row.row] = Overtaken(codes=[row.code])
        elif taken:
            found[row.row] = Overtaken(codes=taken)
        elif here is not None:
            moved = {
                name: here.get(name) for name, (old, _new) in row.changes.items() if here.get(name) != old
            }
            if here.get("has_stock"):
                moved["tracking"] = here["tracking"]
            if moved:
                found[row.row] = Overtaken(fields=moved)
    return found


def _input(
    row: Change, values: Values, products: Mapping[str, int], categories: Mapping[str, int]
) -> SkuInput:
    size = values["length_mm"], values["width_mm"], values["height_mm"]
    return SkuInput(
        code=row.code,
        name=values["name"],
        weight_g=values["weight_g"],
        size_mm=size if all(size) else None,
        parcel_rule=values["parcel_rule"],
        case_quantity=values["case_quantity"],
        shipping_class=values["shipping_class"],
        shelf_life_days=values["shelf_life_days"],
        min_remaining_days=values["min_remaining_days"],
        unit=values["unit"],
        barcodes=[(code, units) for code, units in row.said["barcodes"]] if "barcodes" in row.said else None,
        shelf_life_months=values["shelf_life_months"],
        spec=values["spec"],
        product_id=products.get(values["product"]),
        category_id=categories.get(values["category"]),
        tracking=values["tracking"],
        lot_order=values["lot_order"],
        one_lot_per_parcel=values["one_lot_per_parcel"],
        cost_minor=row.said.get("cost_minor", Kept.KEPT),
    )
