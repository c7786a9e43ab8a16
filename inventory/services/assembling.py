"""Kits are assembled of their parts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from core import clock, db, options
from core.numbers import new_number
from core.tenancy import current_tenant
from inventory.errors import BadQuantity, LotDiffers, SerialTaken, StockShort, UnknownGoods, WrongState
from inventory.models import UNITS_MOST, MoveKind
from inventory.models.bundles import AssemblyKind
from inventory.models.goods import Tracking
from inventory.options import PRODUCTION_DAY_COUNTS
from inventory.queries.kits import KitCard, get_kit
from inventory.rules import kits
from inventory.rules.expiry import NEVER
from inventory.rules.fefo import Shelf, Want, allocate
from inventory.rules.receiving import name_lot
from inventory.sellable import list_shelves
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
from inventory.services.lot_choice import choose_within_lots
from inventory.services.moving import move_stock
from inventory.services.promises import lock_anchors


@dataclass(frozen=True, slots=True)
class PartLot:
    """Units of a named lot of a part that go in, from whichever bins have it."""

    lot_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class _Used:
    """Units of one balance that go in."""

    balance_id: int
    sku_id: int
    lot_id: int
    expires_on: date
    quantity: int


def assemble(
    *,
    facility_id: int,
    sku_id: int,
    quantity: int,
    bin_id: int,
    lot_code: str | None = None,
    parts: Sequence[PartLot] = (),
    actor_id: int | None,
    note: str = "",
    assembly_id: int | None = None,
) -> AssemblyResult:
    """Make kits of what sells and is no parcel's; they lie in `bin_id`, in one lot.

    Parts whose lots are named in `parts` come from these (all units needed, or none named); the others first expired first out.  The lot
    expires with the first of its parts, or by the SKU's own shelf life where that ends earlier; without a code it has the paper's number.
    `assembly_id`: an id made with the form (core.db.new_id), so that a form sent twice counts once.  A SKU without a cost gets the sum of
    its parts', when all are known.
    Locks the anchors of the parts, then the balances; the number is taken last, but where it names the lot before the balances.  Raises
    BadQuantity, UnknownGoods, UnknownPlace, WrongState (no recipe, archived, a bin that takes no goods), StockShort (the part, what there
    is, and for how many kits it is enough), LotDiffers (the code is known with another expiry date), SerialTaken.
    """
    kit = _require_kit(sku_id, quantity)
    refuse_bin(facility_id, bin_id)
    lock_anchors((facility_id, line.sku_id) for line in kit.lines)
    if assembly_id is not None and (done := find_earlier(assembly_id)):
        return done
    shelves = list_shelves(facility_id, [line.sku_id for line in kit.lines])
    used = _choose(kit, quantity, parts, shelves)
    number = "" if (lot_code or "").strip() else new_number(KIND)
    lot_id = _make_lot(kit, quantity, lot_code, number, used)
    balance_id = find_or_make_balances([(facility_id, bin_id, kit.id, lot_id)])[bin_id, lot_id]
    id_ = assembly_id or db.new_id()
    moves = [MoveRow(MoveKind.USED, one.quantity, one.balance_id, None, id_) for one in used]
    moves.append(MoveRow(MoveKind.MADE, quantity, None, balance_id, id_))
    moved = move_stock(facility_id=facility_id, moves=moves, actor_id=actor_id, reason=note)
    by_lot: defaultdict[int, int] = defaultdict(int)
    for one in used:
        by_lot[one.lot_id] += one.quantity
    number = number or new_number(KIND)
    write_paper(id_, number, facility_id, AssemblyKind.ASSEMBLE, kit.id, quantity, note, actor_id)
    write_links([(id_, from_lot, lot_id, units, quantity) for from_lot, units in sorted(by_lot.items())])
    cost = kit.parts_cost_minor
    if kit.cost_minor is None and cost is not None:
        _write_cost(kit.id, cost)
    record_paper("assemble", id_, number, kit, quantity, actor_id)
    return AssemblyResult(id_, number, lot_id, cost, moved)


def _require_kit(sku_id: int, quantity: int) -> KitCard:
    check_quantity(quantity)
    kit = get_kit(sku_id)
    if not kit.is_active:
        raise WrongState(_("%(sku)s 已归档。") % {"sku": kit.code}, code="sku_archived", codes=[kit.code])
    if not kit.lines:
        raise WrongState(
            _("%(sku)s 没有配方，先写它由哪些零件组成。") % {"sku": kit.code}, code="no_recipe", sku=kit.code
        )
    if any(line.quantity * quantity > UNITS_MOST for line in kit.lines):
        raise BadQuantity(_("套数要大于 0，也不能太大。"), quantity=quantity)
    return kit


def _choose(kit: KitCard, quantity: int, named: Sequence[PartLot], shelves: Sequence[Shelf]) -> list[_Used]:
    """Which balances give the parts.  Raises StockShort."""
    have: defaultdict[int, int] = defaultdict(int)
    for shelf in shelves:
        have[shelf.sku_id] += shelf.available
    if short := kits.missing(kit.parts, have, quantity):
        raise _short(kit, short[0], kits.possible(kit.parts, have))
    lots = _lots_named(kit, quantity, named)
    chosen = {sku_id for sku_id, _units in lots.values()}
    keys = dict(enumerate(sorted(lots)))
    wants = [Want(key, 0, lots[lot][0], date.min, lots[lot][1]) for key, lot in keys.items()]
    within = choose_within_lots(wants, keys, shelves)
    if within.short:
        key, units = next(iter(within.short.items()))
        raise _lot_short(keys[key], lots[keys[key]][1], units)
    free = [
        Want(-1 - n, 0, line.sku_id, date.min, line.quantity * quantity)
        for n, line in enumerate(kit.lines)
        if line.sku_id not in chosen
    ]
    by_id = {shelf.balance_id: shelf for shelf in shelves}
    return [
        _Used(shelf.balance_id, shelf.sku_id, shelf.lot_id, shelf.expires_on, take.quantity)
        for take in (*within.takes, *allocate(free, shelves).takes)
        for shelf in (by_id[take.balance_id],)
    ]


def _lots_named(kit: KitCard, quantity: int, named: Sequence[PartLot]) -> dict[int, tuple[int, int]]:
    """Lot -> (part, units): of a part whose lots are named, exactly what is needed; of serial numbers somebody has to say which."""
    units: defaultdict[int, int] = defaultdict(int)
    for one in named:
        if one.quantity <= 0:
            raise BadQuantity(_("数量要大于 0。"), quantity=one.quantity)
        units[one.lot_id] += one.quantity
    skus = _skus_of_lots(units)
    total: defaultdict[int, int] = defaultdict(int)
    for lot_id, count in units.items():
        total[skus[lot_id]] += count
    parts = {line.sku_id: line for line in kit.lines}
    if total.keys() - parts.keys():
        raise BadQuantity(_("写明的批次里有 %(sku)s 用不到的商品。") % {"sku": kit.code}, code="not_a_part")
    for sku_id, line in parts.items():
        want = line.quantity * quantity
        if sku_id in total and total[sku_id] != want:
            raise BadQuantity(
                _("%(part)s 要用 %(want)d 件，写明的批次共 %(have)d 件。")
                % {"part": line.code, "want": want, "have": total[sku_id]},
                part=line.code,
                have=total[sku_id],
                want=want,
            )
        if line.tracking == Tracking.SERIAL and sku_id not in total:
            raise BadQuantity(
                _("%(part)s 按序列号管，写明用哪几件。") % {"part": line.code},
                code="serials_missing",
                part=line.code,
            )
    return {lot_id: (skus[lot_id], count) for lot_id, count in units.items()}


def _skus_of_lots(lot_ids: Mapping[int, int]) -> dict[int, int]:
    if not lot_ids:
        return {}
    found = dict(
        db.rows(
            "SELECT id, sku_id FROM inventory_lot WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            current_tenant(),
            db.array(sorted(lot_ids)),
        )
    )
    if lot_ids.keys() - found.keys():
        raise UnknownGoods(_("没有这个批次。"), lot_ids=sorted(lot_ids.keys() - found.keys()))
    return found


def _short(kit: KitCard, short: kits.Missing, possible: int) -> StockShort:
    line = next(line for line in kit.lines if line.sku_id == short.sku_id)
    return StockShort(
        _("%(name)s（%(part)s）能用的只有 %(have)d 件，要 %(want)d 件；现有零件够组装 %(possible)d 套。")
        % {
            "name": line.name,
            "part": line.code,
            "have": short.have,
            "want": short.want,
            "possible": possible,
        },
        part=line.code,
        have=short.have,
        want=short.want,
        possible=possible,
    )


def _lot_short(lot_id: int, want: int, short: int) -> StockShort:
    ((code, part),) = db.rows(
        "SELECT l.code, s.code FROM inventory_lot l JOIN inventory_sku s ON s.tenant_id = l.tenant_id AND s.id = l.sku_id"
        " WHERE l.tenant_id = %s AND l.id = %s",
        current_tenant(),
        lot_id,
    )
    return StockShort(
        _("%(part)s 的批次 %(lot)s 能用的只有 %(have)d 件，要 %(want)d 件。")
        % {"part": part, "lot": code, "have": want - short, "want": want},
        part=part,
        lot=code,
        have=want - short,
        want=want,
    )


def _make_lot(kit: KitCard, quantity: int, given: str | None, number: str, used: Sequence[_Used]) -> int:
    """The kit's lot; one that is known must have the same expiry date, and a serial number is new and one kit's."""
    today = clock.today()
    day = kits.expires_on(
        [one.expires_on for one in used],
        today,
        days=kit.shelf_life_days,
        months=None if kit.shelf_life_days else kit.shelf_life_months,
        production_day_counts=options.get(PRODUCTION_DAY_COUNTS),
    )
    expires_on = None if day == NEVER else day
    given = (given or "").strip()
    if kit.tracking == Tracking.SERIAL and (quantity != 1 or not given):
        raise BadQuantity(
            _("%(sku)s 按序列号管：一次组装一套，批次写它的序列号。") % {"sku": kit.code},
            code="serial_missing",
        )
    code = name_lot(given, expires_on, has_lots=kit.tracking != Tracking.NONE) or number
    made = db.rows(
        "INSERT INTO inventory_lot (tenant_id, id, sku_id, code, produced_on, expires_on, received_on)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (tenant_id, sku_id, code) DO NOTHING RETURNING id",
        current_tenant(),
        db.new_id(),
        kit.id,
        code,
        today,
        expires_on,
        today,
    )
    if made:
        return int(made[0][0])
    if kit.tracking == Tracking.SERIAL:
        raise SerialTaken(_("序列号 %(serial)s 已经有了。") % {"serial": code}, serial=code)
    ((lot_id, known),) = db.rows(
        "SELECT id, expires_on FROM inventory_lot WHERE tenant_id = %s AND sku_id = %s AND code = %s",
        current_tenant(),
        kit.id,
        code,
    )
    if known != expires_on:
        raise LotDiffers(_("批次 %(lot)s 已有，到期日不同。") % {"lot": code}, lot=code, known=str(known))
    return int(lot_id)


def _write_cost(sku_id: int, cost_minor: int) -> None:
    db.execute(
        "UPDATE inventory_sku SET cost_minor = %s WHERE tenant_id = %s AND id = %s AND cost_minor IS NULL",
        cost_minor,
        current_tenant(),
        sku_id,
    )
