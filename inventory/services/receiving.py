"""Goods come in: lots, ledger, balances, one document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from core import clock, db, outbox
from core.tenancy import current_tenant
from inventory.errors import BadQuantity, LotDiffers, UnknownGoods, UnknownPlace
from inventory.models import Lot, MoveKind, Receipt, ReceiptLine
from inventory.services.ledger import MoveRow, find_or_make_balances, write_moves


@dataclass(frozen=True, slots=True)
class ReceiptInput:
    """One line: units of one lot into one bin.  No expiry date: goods that never expire."""

    sku_id: int
    lot_code: str
    bin_id: int
    quantity: int
    expires_on: date | None = None
    produced_on: date | None = None
    supplier_lot: str = ""


@dataclass(frozen=True, slots=True)
class ReceiptResult:
    """`is_new` is False when this reference was received before: nothing was done again."""

    receipt_id: int
    units: int
    is_new: bool


def receive(
    *,
    facility_id: int,
    reference: str,
    lines: Sequence[ReceiptInput],
    supplier: str = "",
    actor_id: int | None = None,
    received_on: date | None = None,
    kind: MoveKind = MoveKind.RECEIPT,
) -> ReceiptResult:
    """Book a delivery into stock, in a constant number of statements.  Idempotent on the reference: the second time changes nothing.

    Makes the lots that are new.  Locks the balances it fills.  Raises BadQuantity, UnknownGoods, UnknownPlace, LotDiffers (a lot that
    exists with another expiry date).
    """
    tenant_id = current_tenant()
    earlier = _find_earlier(reference)
    if earlier is not None:
        return earlier
    _check(facility_id, lines)
    receipt_id = db.new_id()
    made = db.rows(
        f"INSERT INTO {Receipt._meta.db_table} (tenant_id, id, facility_id, reference, supplier, created_by)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (tenant_id, reference) DO NOTHING RETURNING id",
        tenant_id,
        receipt_id,
        facility_id,
        reference,
        supplier,
        actor_id,
    )
    if not made:  # another hand was faster by a moment
        return _find_earlier(reference) or ReceiptResult(receipt_id, 0, False)
    lots = _lots(lines, received_on or clock.today())
    balances = find_or_make_balances(
        (facility_id, line.bin_id, line.sku_id, lots[line.sku_id, line.lot_code]) for line in lines
    )
    keys = [(line, lots[line.sku_id, line.lot_code]) for line in lines]
    line_ids = db.new_ids(len(lines))
    db.insert(
        ReceiptLine,
        ["id", "receipt", "lot", "bin", "quantity"],
        [
            (id_, receipt_id, lot_id, line.bin_id, line.quantity)
            for id_, (line, lot_id) in zip(line_ids, keys, strict=True)
        ],
    )
    write_moves(
        [
            MoveRow(kind, line.quantity, None, balances[line.bin_id, lot_id], receipt_id, id_)
            for id_, (line, lot_id) in zip(line_ids, keys, strict=True)
        ],
        actor_id=actor_id,
    )
    outbox.emit("GoodsReceived", {"receipt_id": receipt_id, "facility_id": facility_id})
    return ReceiptResult(receipt_id, sum(line.quantity for line in lines), True)


def _find_earlier(reference: str) -> ReceiptResult | None:
    found = db.rows(
        "SELECT r.id, (SELECT coalesce(sum(l.quantity), 0)::bigint FROM inventory_receiptline l WHERE l.tenant_id = r.tenant_id"
        " AND l.receipt_id = r.id) FROM inventory_receipt r WHERE r.tenant_id = %s AND r.reference = %s",
        current_tenant(),
        reference,
    )
    return ReceiptResult(found[0][0], found[0][1], False) if found else None


def _check(facility_id: int, lines: Sequence[ReceiptInput]) -> None:
    if not lines:
        raise BadQuantity(_("收货单是空的。"))
    for number, line in enumerate(lines, 1):
        if not 0 < line.quantity < 2**31:
            raise BadQuantity(
                _("第 %(n)s 行，数量要大于 0。") % {"n": number}, line=number, quantity=line.quantity
            )
    tenant_id = current_tenant()
    if not db.rows(
        "SELECT 1 FROM inventory_facility WHERE tenant_id = %s AND id = %s", tenant_id, facility_id
    ):
        raise UnknownPlace(_("没有这个仓库。"), facility_id=facility_id)
    skus = {line.sku_id for line in lines}
    known = {
        row[0]
        for row in db.rows(
            "SELECT id FROM inventory_sku WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            tenant_id,
            db.array(skus),
        )
    }
    if skus - known:
        raise UnknownGoods(_("没有这个商品。"), sku_ids=sorted(skus - known))
    bins = {line.bin_id for line in lines}
    there = {
        row[0]
        for row in db.rows(
            "SELECT id FROM inventory_bin WHERE tenant_id = %s AND facility_id = %s AND id = ANY (%s::bigint[])",
            tenant_id,
            facility_id,
            db.array(bins),
        )
    }
    if bins - there:
        raise UnknownPlace(_("这个仓库里没有这个货位。"), bin_ids=sorted(bins - there))


def _lots(lines: Sequence[ReceiptInput], received_on: date) -> Mapping[tuple[int, str], int]:
    """(SKU, code) -> lot id; new lots are made, known ones must agree on the expiry date."""
    wanted: dict[tuple[int, str], ReceiptInput] = {}
    for line in lines:
        first = wanted.setdefault((line.sku_id, line.lot_code), line)
        if first.expires_on != line.expires_on:
            raise LotDiffers(_("批次 %(lot)s 写了两个到期日。") % {"lot": line.lot_code}, lot=line.lot_code)
    keys = sorted(wanted)
    rows = [wanted[k] for k in keys]
    db.execute(
        f"INSERT INTO {Lot._meta.db_table} (tenant_id, id, sku_id, code, produced_on, expires_on, received_on, supplier_lot)"
        " SELECT %s, u.id, u.sku_id, u.code, u.produced_on, u.expires_on, %s, u.supplier_lot FROM"
        " unnest(%s::bigint[], %s::bigint[], %s::text[], %s::date[], %s::date[], %s::text[])"
        " u(id, sku_id, code, produced_on, expires_on, supplier_lot) ON CONFLICT (tenant_id, sku_id, code) DO NOTHING",
        current_tenant(),
        received_on,
        db.array(db.new_ids(len(keys))),
        db.array([k[0] for k in keys]),
        db.array([k[1] for k in keys]),
        db.array([r.produced_on for r in rows]),
        db.array([r.expires_on for r in rows]),
        db.array([r.supplier_lot for r in rows]),
    )
    found: dict[tuple[int, str], int] = {}
    for lot_id, sku_id, code, expires_on in db.rows(
        f"SELECT l.id, l.sku_id, l.code, l.expires_on FROM {Lot._meta.db_table} l JOIN unnest(%s::bigint[], %s::text[]) u(sku_id, code)"
        " ON l.sku_id = u.sku_id AND l.code = u.code WHERE l.tenant_id = %s",
        db.array([k[0] for k in keys]),
        db.array([k[1] for k in keys]),
        current_tenant(),
    ):
        if wanted[sku_id, code].expires_on != expires_on:
            raise LotDiffers(
                _("批次 %(lot)s 已有，到期日不同。") % {"lot": code}, lot=code, known=str(expires_on)
            )
        found[sku_id, code] = lot_id
    return found
