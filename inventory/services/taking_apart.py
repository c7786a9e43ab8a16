"""Kits are taken apart again: their parts come back in the lots they came from."""

from collections import defaultdict
from datetime import date

from django.utils.translation import gettext as _

from core import clock, db
from core.numbers import new_number
from core.tenancy import current_tenant
from inventory.errors import LotDiffers, StockShort, UnknownGoods, WrongState
from inventory.models import MoveKind
from inventory.models.bundles import AssemblyKind
from inventory.models.goods import Tracking
from inventory.queries import stopped_balances
from inventory.queries.kits import KitCard, get_kit
from inventory.rules import kits
from inventory.services.assembly_papers import (
    KIND,
    AssemblyResult,
    check_quantity,
    find_earlier,
    record_paper,
    refuse_bin,
    write_links,
    write_paper,
)
from inventory.services.ledger import MoveRow, find_or_make_balances
from inventory.services.moving import move_stock
from inventory.services.places import require_bins
from inventory.services.promises import lock_anchors


def take_apart(
    *,
    facility_id: int,
    lot_id: int,
    bin_id: int,
    quantity: int,
    to_bin_id: int,
    actor_id: int | None,
    note: str = "",
    assembly_id: int | None = None,
) -> AssemblyResult:
    """Take kits of one lot out of a bin apart; their parts lie in `to_bin_id`, in the lots they came from.

    Where several lots of a part went in, they come out in proportion (rules.kits.take_apart): over all the kits of the lot each lot gets
    back exactly what it gave.  Kits that nobody here assembled come apart by the recipe, into lots with the kit's code and expiry date.
    Expired kits may be taken apart, held ones may not: their parts would be for sale.  Locks the anchor of the kit, then the balances.
    Raises BadQuantity, UnknownGoods, UnknownPlace, StockShort (units of parcels are not taken), WrongState (held, no recipe, serial
    numbers of which nobody can say which comes out), LotDiffers.
    """
    kit, code, expires_on = _require_lot(lot_id)
    check_quantity(quantity)
    require_bins(facility_id, {bin_id})
    refuse_bin(facility_id, to_bin_id)
    lock_anchors([(facility_id, kit.id)])
    if assembly_id is not None and (done := find_earlier(assembly_id)):
        return done
    balance_id = _require_free(facility_id, bin_id, lot_id, quantity, code)
    out = _parts_out(kit, lot_id, quantity, code, expires_on)
    balances = find_or_make_balances((facility_id, to_bin_id, sku, lot) for lot, (sku, _units) in out.items())
    id_ = assembly_id or db.new_id()
    moves = [MoveRow(MoveKind.USED, quantity, balance_id, None, id_)]
    moves += [
        MoveRow(MoveKind.MADE, units, None, balances[to_bin_id, lot], id_)
        for lot, (_sku, units) in out.items()
    ]
    moved = move_stock(facility_id=facility_id, moves=moves, actor_id=actor_id, reason=note)
    number = new_number(KIND)  # last: nobody waits for it while this waits for stock
    write_paper(id_, number, facility_id, AssemblyKind.TAKE_APART, kit.id, quantity, note, actor_id)
    write_links([(id_, lot_id, lot, quantity, units) for lot, (_sku, units) in out.items()])
    record_paper("take_apart", id_, number, kit, quantity, actor_id)
    return AssemblyResult(id_, number, lot_id, kit.parts_cost_minor, moved)


def _require_lot(lot_id: int) -> tuple[KitCard, str, date | None]:
    found = db.rows(
        "SELECT sku_id, code, expires_on FROM inventory_lot WHERE tenant_id = %s AND id = %s",
        current_tenant(),
        lot_id,
    )
    if not found:
        raise UnknownGoods(_("没有这个批次。"), lot_ids=[lot_id])
    ((sku_id, code, expires_on),) = found
    return get_kit(sku_id), code, expires_on


def _require_free(facility_id: int, bin_id: int, lot_id: int, quantity: int, code: str) -> int:
    """The balance the kits are taken from: under the anchor's lock its free units can only grow.  Raises StockShort, WrongState."""
    found = db.rows(
        "SELECT b.id, b.on_hand - b.allocated, n.code FROM inventory_balance b"
        " JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id"
        " WHERE b.tenant_id = %s AND b.facility_id = %s AND b.bin_id = %s AND b.lot_id = %s",
        current_tenant(),
        facility_id,
        bin_id,
        lot_id,
    )
    balance_id, free, place = found[0] if found else (0, 0, "")
    if quantity > free:
        raise StockShort(
            _("批次 %(lot)s 在这个货位没被订单占用的只有 %(have)d 套，拆不了 %(want)d 套。")
            % {"lot": code, "have": free, "want": quantity},
            bin=place,
            lot=code,
            have=free,
            want=quantity,
        )
    if stopped_balances([balance_id]).get(balance_id):
        raise WrongState(
            _("批次 %(lot)s 冻结着：拆开后零件就能卖了。先解冻。") % {"lot": code}, code="kit_held", lot=code
        )
    return int(balance_id)


def _parts_out(
    kit: KitCard, lot_id: int, quantity: int, code: str, expires_on: date | None
) -> dict[int, tuple[int, int]]:
    """Lot -> (SKU, units) that come out of the kits."""
    inside, whole = _inside(lot_id)
    apart = kits.take_apart([row for row, _tracking in inside], kits=whole, quantity=quantity)
    out: dict[int, tuple[int, int]] = {}
    by_sku: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
    for row, tracking in inside:
        units = apart.by_lot.get(row.lot_id, 0)
        if units:
            out[row.lot_id] = (row.sku_id, units)
        if tracking == Tracking.SERIAL:
            by_sku[row.sku_id][0] += row.units
            by_sku[row.sku_id][1] += units
    if any(0 < units < all_ for all_, units in by_sku.values()) or (
        apart.by_recipe and any(line.tracking == Tracking.SERIAL for line in kit.lines)
    ):
        raise WrongState(
            _("批次 %(lot)s 里有按序列号管的零件，说不清拆出来的是哪几件。把这批全部拆开，或者不拆。")
            % {"lot": code},
            code="serials_unknown",
            lot=code,
        )
    if apart.by_recipe:
        if not kit.lines:
            raise WrongState(
                _("%(sku)s 没有配方，先写它由哪些零件组成。") % {"sku": kit.code},
                code="no_recipe",
                sku=kit.code,
            )
        for line, part_lot in zip(kit.lines, _part_lots(kit, code, expires_on), strict=True):
            _sku, units = out.get(part_lot, (line.sku_id, 0))
            out[part_lot] = (line.sku_id, units + line.quantity * apart.by_recipe)
    if not out:
        raise WrongState(_("拆 %(n)d 套，一件零件也拿不出来。") % {"n": quantity}, code="nothing_inside")
    return dict(sorted(out.items()))


def _inside(lot_id: int) -> tuple[list[tuple[kits.Inside, int]], int]:
    """What is in the kits of a lot (with the tracking of its SKU), and how many of them were assembled and not taken apart."""
    found = db.rows(
        "SELECT l.sku_id, l.id, sum(u.units)::bigint, s.tracking FROM ("
        " SELECT k.from_lot_id AS lot_id, k.quantity AS units FROM inventory_lotlink k"
        " JOIN inventory_assembly a ON a.tenant_id = k.tenant_id AND a.id = k.assembly_id AND a.kind = 1"
        " WHERE k.tenant_id = %s AND k.to_lot_id = %s"
        " UNION ALL SELECT k.to_lot_id, -k.made FROM inventory_lotlink k"
        " JOIN inventory_assembly a ON a.tenant_id = k.tenant_id AND a.id = k.assembly_id AND a.kind = 2"
        " WHERE k.tenant_id = %s AND k.from_lot_id = %s) u"
        " JOIN inventory_lot l ON l.tenant_id = %s AND l.id = u.lot_id"
        " JOIN inventory_sku s ON s.tenant_id = l.tenant_id AND s.id = l.sku_id GROUP BY 1, 2, 4 HAVING sum(u.units) > 0",
        *(current_tenant(), lot_id) * 2,
        current_tenant(),
    )
    ((whole,),) = db.rows(
        "SELECT coalesce(sum(papers.units), 0)::bigint FROM (SELECT DISTINCT a.id,"
        " CASE WHEN a.kind = 1 THEN a.quantity ELSE -a.quantity END AS units FROM inventory_assembly a"
        " JOIN inventory_lotlink k ON k.tenant_id = a.tenant_id AND k.assembly_id = a.id"
        " WHERE a.tenant_id = %s AND ((a.kind = 1 AND k.to_lot_id = %s) OR (a.kind = 2 AND k.from_lot_id = %s))) papers",
        current_tenant(),
        lot_id,
        lot_id,
    )
    return [(kits.Inside(sku_id, lot, units), tracking) for sku_id, lot, units, tracking in found], max(
        0, whole
    )


def _part_lots(kit: KitCard, code: str, expires_on: date | None) -> list[int]:
    """Lots of the recipe's parts for kits that came from outside: named as the kit's, and good as long as it."""
    tenant_id, skus = current_tenant(), [line.sku_id for line in kit.lines]
    db.execute(
        "INSERT INTO inventory_lot (tenant_id, id, sku_id, code, expires_on, received_on)"
        " SELECT %s, u.id, u.sku_id, %s, %s, %s FROM unnest(%s::bigint[], %s::bigint[]) u(id, sku_id)"
        " ON CONFLICT (tenant_id, sku_id, code) DO NOTHING",
        tenant_id,
        code,
        expires_on,
        clock.today(),
        db.array(db.new_ids(len(skus))),
        db.array(skus),
    )
    found = {
        sku_id: (lot_id, known)
        for sku_id, lot_id, known in db.rows(
            "SELECT sku_id, id, expires_on FROM inventory_lot WHERE tenant_id = %s AND sku_id = ANY (%s::bigint[]) AND code = %s",
            tenant_id,
            db.array(skus),
            code,
        )
    }
    if any(known != expires_on for _lot, known in found.values()):
        raise LotDiffers(_("批次 %(lot)s 已有，到期日不同。") % {"lot": code}, lot=code)
    return [found[sku_id][0] for sku_id in skus]
