"""Goods come in: lots, ledger, balances, one document."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date

from django.utils.translation import gettext as _

from core import clock, db, options, outbox
from core.tenancy import current_tenant
from inventory.errors import BadQuantity, LotDiffers, SerialTaken, UnknownGoods, UnknownPlace, WrongState
from inventory.models import UNITS_MOST, BinKind, Lot, MoveKind, Receipt, ReceiptLine
from inventory.models.goods import Tracking
from inventory.options import PRODUCTION_DAY_COUNTS
from inventory.rules import expiry
from inventory.rules.receiving import name_lot
from inventory.services import deliveries
from inventory.services.ledger import MoveRow, find_or_make_balances, write_moves


@dataclass(frozen=True, slots=True)
class ReceiptInput:
    """One line: units of one lot into one bin.  No expiry date: by the production date and the SKU's shelf life, else never.

    A serial number is the lot code of one unit.  Of goods without lots the code may be empty.
    """

    sku_id: int
    lot_code: str
    bin_id: int
    quantity: int
    expires_on: date | None = None
    produced_on: date | None = None
    supplier_lot: str = ""


@dataclass(frozen=True, slots=True)
class ReceiptResult:
    """`is_new` is False when this reference was received before: nothing was done again.  Against a purchase order: units beyond it, and
    whether it was closed by this delivery.
    """

    receipt_id: int
    units: int
    is_new: bool
    over_units: int = 0
    is_order_closed: bool = False


@dataclass(frozen=True, slots=True)
class _Goods:
    code: str
    tracking: int
    shelf_life_days: int | None
    shelf_life_months: int | None


def receive(
    *,
    facility_id: int,
    reference: str,
    lines: Sequence[ReceiptInput],
    supplier: str = "",
    actor_id: int | None = None,
    received_on: date | None = None,
    kind: MoveKind = MoveKind.RECEIPT,
    purchase_id: int | None = None,
    accept_over: bool = False,
) -> ReceiptResult:
    """Book a delivery into stock, in a constant number of statements.  Idempotent on the reference: the second time changes nothing.

    With `purchase_id` lines count up the order's lines by SKU; what is over is booked when `accept_over` says that a person agreed; the
    order closes itself when nothing is open.  Lines of the same lot and bin are kept apart.
    Makes the lots that are new.  Locks the purchase order, then the balances it fills.  Raises BadQuantity, UnknownGoods, UnknownPlace,
    LotDiffers (a lot that exists with another expiry date or supplier lot), SerialTaken, UnknownDocument, WrongState, OverDelivered.
    """
    earlier = _find_earlier(facility_id, reference, purchase_id)
    if earlier is not None:
        return earlier
    goods = _check(facility_id, lines)
    lines = _complete(lines, goods, kind)
    order = counted = None
    if purchase_id is not None:
        order = deliveries.lock_order(purchase_id, facility_id=facility_id)
        earlier = _find_earlier(
            facility_id, reference, purchase_id
        )  # the same click again, which waited for the first
        if earlier is not None:
            return earlier
        pairs = [(line.sku_id, line.quantity) for line in lines]
        counted = deliveries.judge(
            order, pairs, {id_: g.code for id_, g in goods.items()}, accept_over=accept_over
        )
        supplier = supplier or order.supplier
    receipt_id = db.new_id()
    if not _insert(receipt_id, facility_id, reference, supplier, purchase_id, actor_id):
        again = _find_earlier(facility_id, reference, purchase_id)  # another hand was faster by a moment
        return again or ReceiptResult(receipt_id, 0, False)
    _write(receipt_id, facility_id, lines, goods, received_on or clock.today(), kind, actor_id, order)
    is_closed = deliveries.book(order, counted) if order and counted else False
    outbox.emit(
        "GoodsReceived", {"receipt_id": receipt_id, "facility_id": facility_id, "purchase_id": purchase_id}
    )
    over_units = sum(one.units for one in counted.over) if counted else 0
    return ReceiptResult(receipt_id, sum(line.quantity for line in lines), True, over_units, is_closed)


def _insert(
    receipt_id: int,
    facility_id: int,
    reference: str,
    supplier: str,
    purchase_id: int | None,
    actor_id: int | None,
) -> bool:
    made = db.rows(
        f"INSERT INTO {Receipt._meta.db_table} (tenant_id, id, facility_id, reference, supplier, purchase_id, created_by)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (tenant_id, reference) DO NOTHING RETURNING id",
        current_tenant(),
        receipt_id,
        facility_id,
        reference,
        supplier,
        purchase_id,
        actor_id,
    )
    return bool(made)


def _write(
    receipt_id: int,
    facility_id: int,
    lines: Sequence[ReceiptInput],
    goods: Mapping[int, _Goods],
    received_on: date,
    kind: MoveKind,
    actor_id: int | None,
    order: deliveries.OrderAtDoor | None,
) -> None:
    """Lots, balances, lines and moves of a receipt that is there."""
    lots = _lots(lines, received_on, goods)
    keys = [(line, lots[line.sku_id, line.lot_code]) for line in lines]
    balances = find_or_make_balances((facility_id, line.bin_id, line.sku_id, lot_id) for line, lot_id in keys)
    line_ids = db.new_ids(len(lines))
    line_of = order.line_of if order else {}
    db.insert(
        ReceiptLine,
        ["id", "receipt", "lot", "bin", "quantity", "purchase_line"],
        [
            (id_, receipt_id, lot_id, line.bin_id, line.quantity, line_of.get(line.sku_id))
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


def _find_earlier(facility_id: int, reference: str, purchase_id: int | None) -> ReceiptResult | None:
    """The receipt of this reference.  Raises WrongState when it was another facility's, or for another purchase order: two notes with
    one number."""
    found = db.rows(
        "SELECT r.id, (SELECT coalesce(sum(l.quantity), 0)::bigint FROM inventory_receiptline l WHERE l.tenant_id = r.tenant_id"
        " AND l.receipt_id = r.id), r.purchase_id, r.facility_id FROM inventory_receipt r WHERE r.tenant_id = %s AND r.reference = %s",
        current_tenant(),
        reference,
    )
    if not found:
        return None
    if found[0][3] != facility_id or (purchase_id is not None and found[0][2] != purchase_id):
        raise WrongState(
            _("到货单号 %(number)s 已经用在别的收货上。换一个，比如后面加 -2。") % {"number": reference},
            reference=reference,
        )
    return ReceiptResult(found[0][0], found[0][1], False)


def _check(facility_id: int, lines: Sequence[ReceiptInput]) -> dict[int, _Goods]:
    """The SKUs of the lines, all of which are there, as is the facility, and bins that take goods."""
    if not lines:
        raise BadQuantity(_("收货单是空的。"))
    for number, line in enumerate(lines, 1):
        if line.quantity < 1:
            raise BadQuantity(
                _("第 %(n)s 行，数量要大于 0。") % {"n": number}, line=number, quantity=line.quantity
            )
        if line.quantity > UNITS_MOST:
            raise BadQuantity(
                _("第 %(n)s 行，数量太大，最多 %(most)d 件。") % {"n": number, "most": UNITS_MOST},
                line=number,
                quantity=line.quantity,
            )
    if sum(line.quantity for line in lines) > UNITS_MOST:
        raise BadQuantity(_("一张收货单的数量太大。"))
    tenant_id = current_tenant()
    if not db.rows(
        "SELECT 1 FROM inventory_facility WHERE tenant_id = %s AND id = %s AND is_active",
        tenant_id,
        facility_id,
    ):
        raise UnknownPlace(_("没有这个仓库。"), facility_id=facility_id)
    skus = {line.sku_id for line in lines}
    known = {
        row[0]: _Goods(*row[1:])
        for row in db.rows(
            "SELECT id, code, tracking, shelf_life_days, shelf_life_months FROM inventory_sku"
            " WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            tenant_id,
            db.array(skus),
        )
    }
    if skus - known.keys():
        raise UnknownGoods(_("没有这个商品。"), sku_ids=sorted(skus - known.keys()))
    _check_bins(facility_id, {line.bin_id for line in lines})
    return known


def _check_bins(facility_id: int, bins: AbstractSet[int]) -> None:
    there = {
        row[0]: row[1:]
        for row in db.rows(
            "SELECT id, code, kind, is_active FROM inventory_bin"
            " WHERE tenant_id = %s AND facility_id = %s AND id = ANY (%s::bigint[])",
            current_tenant(),
            facility_id,
            db.array(bins),
        )
    }
    if bins - there.keys():
        raise UnknownPlace(_("这个仓库里没有这个货位。"), bin_ids=sorted(bins - there.keys()))
    for code, kind, is_active in there.values():
        if kind == BinKind.TRANSIT or not is_active:
            raise UnknownPlace(_("货位 %(bin)s 不收货。") % {"bin": code}, bin=code)


def _complete(
    lines: Sequence[ReceiptInput], goods: Mapping[int, _Goods], kind: MoveKind
) -> list[ReceiptInput]:
    """Expiry dates and lot codes as the SKU says; a serial number names one unit."""
    done: list[ReceiptInput] = []
    serials: set[tuple[int, str]] = set()
    for number, line in enumerate(lines, 1):
        sku = goods[line.sku_id]
        expires_on = line.expires_on or _expires_on(line, sku)
        has_shelf_life = bool(sku.shelf_life_days or sku.shelf_life_months)
        if (
            expires_on is None
            and has_shelf_life
            and sku.tracking == Tracking.LOT
            and kind == MoveKind.RECEIPT
        ):
            raise BadQuantity(
                _("第 %(n)d 行，%(sku)s 有保质期，到期日和生产日期至少填一个。")
                % {"n": number, "sku": sku.code},
                code="lot_date_missing",
                line=number,
            )
        code = name_lot(line.lot_code.strip(), expires_on, has_lots=sku.tracking != Tracking.NONE)
        if not code:
            raise BadQuantity(
                _("第 %(n)d 行，%(sku)s 要填批次。") % {"n": number, "sku": sku.code},
                code="lot_missing",
                line=number,
            )
        if sku.tracking == Tracking.SERIAL:
            if line.quantity != 1:
                raise BadQuantity(
                    _("第 %(n)d 行，%(sku)s 按序列号管，一个序列号一件。") % {"n": number, "sku": sku.code},
                    line=number,
                )
            if (line.sku_id, code) in serials:
                raise SerialTaken(
                    _("第 %(n)d 行，序列号 %(serial)s 前面扫过了。") % {"n": number, "serial": code},
                    line=number,
                    serial=code,
                )
            serials.add((line.sku_id, code))
        done.append(replace(line, expires_on=expires_on, lot_code=code))
    return done


def _expires_on(line: ReceiptInput, sku: _Goods) -> date | None:
    if line.produced_on is None or not (sku.shelf_life_days or sku.shelf_life_months):
        return None
    day = expiry.expires_on(
        line.produced_on,
        days=sku.shelf_life_days,
        months=None if sku.shelf_life_days else sku.shelf_life_months,
        production_day_counts=options.get(PRODUCTION_DAY_COUNTS),
    )
    return None if day == expiry.NEVER else day


def _lots(
    lines: Sequence[ReceiptInput], received_on: date, goods: Mapping[int, _Goods]
) -> Mapping[tuple[int, str], int]:
    """(SKU, code) -> lot id; new lots are made, known ones must agree, and a serial number must be new."""
    wanted: dict[tuple[int, str], ReceiptInput] = {}
    for line in lines:
        first = wanted.setdefault((line.sku_id, line.lot_code), line)
        if first.expires_on != line.expires_on:
            raise LotDiffers(_("批次 %(lot)s 写了两个到期日。") % {"lot": line.lot_code}, lot=line.lot_code)
        if first.supplier_lot != line.supplier_lot:
            raise LotDiffers(
                _("批次 %(lot)s 写了两个供应商批号。") % {"lot": line.lot_code}, lot=line.lot_code
            )
    keys = sorted(wanted)
    rows = [wanted[k] for k in keys]
    made = db.rows(
        f"INSERT INTO {Lot._meta.db_table} (tenant_id, id, sku_id, code, produced_on, expires_on, received_on, supplier_lot)"
        " SELECT %s, u.id, u.sku_id, u.code, u.produced_on, u.expires_on, %s, u.supplier_lot FROM"
        " unnest(%s::bigint[], %s::bigint[], %s::text[], %s::date[], %s::date[], %s::text[])"
        " u(id, sku_id, code, produced_on, expires_on, supplier_lot) ON CONFLICT (tenant_id, sku_id, code) DO NOTHING"
        " RETURNING sku_id, code, id",
        current_tenant(),
        received_on,
        db.array(db.new_ids(len(keys))),
        db.array([k[0] for k in keys]),
        db.array([k[1] for k in keys]),
        db.array([r.produced_on for r in rows]),
        db.array([r.expires_on for r in rows]),
        db.array([r.supplier_lot for r in rows]),
    )
    found: dict[tuple[int, str], int] = {(sku_id, code): lot_id for sku_id, code, lot_id in made}
    known = [key for key in keys if key not in found]
    if known:
        found |= _known_lots(known, wanted, goods)
    return found


def _known_lots(
    keys: Sequence[tuple[int, str]],
    wanted: Mapping[tuple[int, str], ReceiptInput],
    goods: Mapping[int, _Goods],
) -> dict[tuple[int, str], int]:
    """Lots that were there before.  A supplier lot that nobody had told is filled in."""
    found: dict[tuple[int, str], int] = {}
    untold: dict[int, str] = {}
    for lot_id, sku_id, code, expires_on, supplier_lot in db.rows(
        f"SELECT l.id, l.sku_id, l.code, l.expires_on, l.supplier_lot FROM {Lot._meta.db_table} l"
        " JOIN unnest(%s::bigint[], %s::text[]) u(sku_id, code)"
        " ON l.sku_id = u.sku_id AND l.code = u.code WHERE l.tenant_id = %s",
        db.array([k[0] for k in keys]),
        db.array([k[1] for k in keys]),
        current_tenant(),
    ):
        line = wanted[sku_id, code]
        if goods[sku_id].tracking == Tracking.SERIAL:
            raise SerialTaken(
                _("序列号 %(serial)s 以前收过，一个序列号只收一次。") % {"serial": code}, serial=code
            )
        if line.expires_on != expires_on:
            raise LotDiffers(
                _("批次 %(lot)s 已有，到期日不同。") % {"lot": code}, lot=code, known=str(expires_on)
            )
        if line.supplier_lot and supplier_lot and line.supplier_lot != supplier_lot:
            raise LotDiffers(
                _("批次 %(lot)s 已有，供应商批号是 %(known)s。") % {"lot": code, "known": supplier_lot},
                lot=code,
                known=supplier_lot,
            )
        if line.supplier_lot and not supplier_lot:
            untold[lot_id] = line.supplier_lot
        found[sku_id, code] = lot_id
    if untold:
        db.execute(
            f"UPDATE {Lot._meta.db_table} l SET supplier_lot = u.code FROM unnest(%s::bigint[], %s::text[]) u(id, code)"
            " WHERE l.tenant_id = %s AND l.id = u.id AND l.supplier_lot = ''",
            db.array(sorted(untold)),
            db.array([untold[i] for i in sorted(untold)]),
            current_tenant(),
        )
    return found
