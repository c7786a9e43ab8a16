"""Lots as a person names them who counts a bin: known ones are looked up, others are made, with the date on which they were found."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from core import clock, db
from core.tenancy import current_tenant
from inventory.errors import BadQuantity, LotDiffers, UnknownGoods
from inventory.models import Lot
from inventory.models.goods import Tracking

COUNTED_MOST = 10_000_000
LINES_MOST = 2_000


@dataclass(frozen=True, slots=True)
class CountLine:
    """Units of one lot that a person found.  `expires_on` and `produced_on` matter for a lot nobody has seen before."""

    sku_id: int
    lot_code: str
    quantity: int
    expires_on: date | None = None
    produced_on: date | None = None


@dataclass(frozen=True, slots=True)
class _Lot:
    id: int
    sku_id: int
    code: str
    expires_on: date | None


def read_lines(sku_id: int | None, lines: Sequence[CountLine]) -> dict[int, int]:
    """lot -> units found, in a constant number of statements; lots nobody knows are made.  `sku_id`: the only goods asked for.

    Raises UnknownGoods, BadQuantity (naming the line), LotDiffers.
    """
    if len(lines) > LINES_MOST:
        raise BadQuantity(_("一个货位最多报 %(n)d 行。") % {"n": LINES_MOST}, code="too_many_lines")
    units: defaultdict[tuple[int, str], int] = defaultdict(int)
    for number, line in enumerate(lines, 1):
        lot = line.sku_id, line.lot_code.strip()
        if not 0 <= line.quantity <= COUNTED_MOST - units[lot]:
            raise BadQuantity(_("第 %(n)s 行，数量不对。") % {"n": number}, line=number)
        if not line.lot_code.strip():
            raise BadQuantity(_("第 %(n)s 行，要填批次。") % {"n": number}, code="lot_missing", line=number)
        if sku_id is not None and line.sku_id != sku_id:
            raise BadQuantity(_("这个任务只盘一种商品，别的不用报。"), code="other_goods", line=number)
        units[lot] += line.quantity
    if not units:
        return {}
    _refuse_goods(units)
    lots = _lots([line for line in lines if line.quantity])
    return {lots[key].id: quantity for key, quantity in units.items() if quantity}


def _refuse_goods(units: Mapping[tuple[int, str], int]) -> None:
    skus = {sku_id for sku_id, _code in units}
    found = db.rows(
        "SELECT id, code, tracking FROM inventory_sku WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        current_tenant(),
        db.array(sorted(skus)),
    )
    if len(found) < len(skus):
        raise UnknownGoods(_("没有这个商品。"), sku_ids=sorted(skus - {row[0] for row in found}))
    serial = {id_: code for id_, code, tracking in found if tracking == Tracking.SERIAL}
    for (sku_id, lot), quantity in units.items():
        if sku_id in serial and quantity > 1:
            raise BadQuantity(
                _("%(sku)s 的序列号 %(lot)s 只有一件，不能报 %(n)d。")
                % {"sku": serial[sku_id], "lot": lot, "n": quantity},
                code="serial_twice",
            )


def _lots(lines: Sequence[CountLine]) -> dict[tuple[int, str], _Lot]:
    """(SKU, code) -> lot.  A lot nobody knows is made, with the date it was found."""
    wanted: dict[tuple[int, str], CountLine] = {}
    for line in lines:
        key = line.sku_id, line.lot_code.strip()
        if key not in wanted or wanted[key].expires_on is None:
            wanted[key] = line
    known = _known_lots(wanted)
    missing = sorted(set(wanted) - known.keys())
    if missing:
        _require_dates([wanted[key] for key in missing])
        db.execute(
            "INSERT INTO inventory_lot (tenant_id, id, sku_id, code, produced_on, expires_on, received_on)"
            " SELECT %s, u.id, u.sku_id, u.code, u.produced_on, u.expires_on, %s"
            " FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::date[], %s::date[]) u(id, sku_id, code, produced_on, expires_on)"
            " ON CONFLICT (tenant_id, sku_id, code) DO NOTHING",
            current_tenant(),
            clock.today(),
            db.array(db.new_ids(len(missing))),
            db.array([key[0] for key in missing]),
            db.array([key[1] for key in missing]),
            db.array([wanted[key].produced_on for key in missing]),
            db.array([wanted[key].expires_on for key in missing]),
        )
        known = _known_lots(wanted)
    for key, line in wanted.items():
        told, written = line.expires_on, known[key].expires_on
        if told is not None and told != written:
            raise LotDiffers(
                _("批次 %(lot)s 账上到期日是 %(known)s，您报的是 %(told)s。看一眼包装。")
                % {"lot": key[1], "known": written or _("不过期"), "told": told},
                lot=key[1],
            )
    return known


def _known_lots(wanted: Mapping[tuple[int, str], CountLine]) -> dict[tuple[int, str], _Lot]:
    found = db.rows(
        f"SELECT l.id, l.sku_id, l.code, l.expires_on FROM {Lot._meta.db_table} l"
        " JOIN unnest(%s::bigint[], %s::text[]) u(sku_id, code) ON l.sku_id = u.sku_id AND l.code = u.code WHERE l.tenant_id = %s",
        db.array([key[0] for key in wanted]),
        db.array([key[1] for key in wanted]),
        current_tenant(),
    )
    return {(row[1], row[2]): _Lot(*row) for row in found}


def _require_dates(lines: Sequence[CountLine]) -> None:
    """A lot of goods with a shelf life has an expiry date: without one it would be sold for ever."""
    found = db.rows(
        "SELECT id, code FROM inventory_sku WHERE tenant_id = %s AND id = ANY (%s::bigint[])"
        " AND (shelf_life_days IS NOT NULL OR shelf_life_months IS NOT NULL)",
        current_tenant(),
        db.array(sorted({line.sku_id for line in lines})),
    )
    dated = dict(found)
    for line in lines:
        if line.sku_id in dated and line.expires_on is None:
            raise BadQuantity(
                _("%(sku)s 的批次 %(lot)s 没见过，要填到期日。")
                % {"sku": dated[line.sku_id], "lot": line.lot_code},
                code="expiry_missing",
                lot=line.lot_code,
            )
