"""Units from bin to bin inside one facility: put-away and every other move by hand."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import db
from core.services import accounts
from core.tenancy import current_tenant
from inventory.errors import BadQuantity, UnknownGoods, WrongState
from inventory.models import UNITS_MOST, MoveKind
from inventory.services.ledger import MoveRow, find_or_make_balances
from inventory.services.moving import Moved, move_stock
from inventory.services.places import WORK_KINDS, Place, require_bins, spare_work_bins
from inventory.services.promises import lock_anchors


@dataclass(frozen=True, slots=True)
class BinMoveLine:
    """Units of one lot from one bin into another."""

    from_bin_id: int
    lot_id: int
    quantity: int
    to_bin_id: int


@dataclass(frozen=True, slots=True)
class BinMoveResult:
    """`document_id`: what the ledger rows name; `is_new` is False when this move was made before and nothing was done again."""

    document_id: int
    units: int
    moved: Moved | None = None
    is_new: bool = True


def move_units(
    *,
    facility_id: int,
    lines: Sequence[BinMoveLine],
    actor_id: int | None,
    note: str = "",
    document_id: int | None = None,
) -> BinMoveResult:
    """Move units between bins of one facility, all lines or none; their allocations follow them into a bin that sells.

    `document_id`: an id made with the page (core.db.new_id), so that a scan sent twice counts once.  Locks the anchors of the SKUs, then
    the balances.  Raises BadQuantity (naming the line), UnknownPlace, UnknownGoods, StockShort, WrongState (into an archived bin, a
    tote or goods on the road, or units of a parcel out of its tote).
    """
    _check_lines(lines)
    places = _require_places(facility_id, lines)
    skus = _skus_of_lots({line.lot_id for line in lines})
    lock_anchors((facility_id, sku_id) for sku_id in skus.values())
    document = document_id or db.new_id()
    if document_id is not None and (units := _moved_before(document_id)):
        return BinMoveResult(document_id, units, is_new=False)
    balances = find_or_make_balances(
        (facility_id, bin_id, skus[line.lot_id], line.lot_id)
        for line in lines
        for bin_id in (line.from_bin_id, line.to_bin_id)
    )
    taken: dict[int, int] = defaultdict(int)
    for line in lines:
        taken[balances[line.from_bin_id, line.lot_id]] += line.quantity
    spare_work_bins(
        facility_id,
        taken,
        {balances[line.from_bin_id, line.lot_id]: places[line.from_bin_id] for line in lines},
    )
    moves = [
        MoveRow(
            MoveKind.TRANSFER,
            line.quantity,
            balances[line.from_bin_id, line.lot_id],
            balances[line.to_bin_id, line.lot_id],
            document,
        )
        for line in lines
    ]
    moved = move_stock(facility_id=facility_id, moves=moves, actor_id=actor_id, reason=note)
    units = sum(line.quantity for line in lines)
    accounts.record(
        "move",
        "facility",
        facility_id,
        actor_id=actor_id,
        detail={"document": document, "lines": len(lines), "units": units, "note": note},
    )
    return BinMoveResult(document, units, moved)


def _require_places(facility_id: int, lines: Sequence[BinMoveLine]) -> dict[int, Place]:
    filled = {line.to_bin_id for line in lines}
    places = require_bins(facility_id, filled | {line.from_bin_id for line in lines}, filled=filled)
    for bin_id in filled:
        if places[bin_id].kind in WORK_KINDS:
            raise WrongState(
                _("%(bin)s 是%(kind)s，只放拣好的货。")
                % {"bin": places[bin_id].code, "kind": places[bin_id].kind.label},
                code="work_bin",
                bin=places[bin_id].code,
            )
    return places


def _check_lines(lines: Sequence[BinMoveLine]) -> None:
    if not lines:
        raise BadQuantity(_("一行都没填。"))
    for number, line in enumerate(lines, 1):
        if not 0 < line.quantity <= UNITS_MOST:
            raise BadQuantity(
                _("第 %(n)s 行，数量要大于 0。") % {"n": number}, line=number, quantity=line.quantity
            )
        if line.from_bin_id == line.to_bin_id:
            raise BadQuantity(_("第 %(n)s 行，移出和移入是同一个货位。") % {"n": number}, line=number)
    ends: dict[int, set[int]] = defaultdict(set)
    for line in lines:
        ends[line.lot_id].add(line.from_bin_id)
    for number, line in enumerate(lines, 1):
        if line.to_bin_id in ends[line.lot_id]:
            raise BadQuantity(
                _("第 %(n)s 行，移入的货位在别的行里又移出同一批，分两次移。") % {"n": number}, line=number
            )


def _skus_of_lots(lot_ids: set[int]) -> dict[int, int]:
    found = dict(
        db.rows(
            "SELECT id, sku_id FROM inventory_lot WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            current_tenant(),
            db.array(sorted(lot_ids)),
        )
    )
    if lot_ids - found.keys():
        raise UnknownGoods(_("没有这个批次。"), lot_ids=sorted(lot_ids - found.keys()))
    return found


def _moved_before(document_id: int) -> int:
    """Units that were moved under this id.  Under the anchors' lock: the same move sent twice has the same SKUs."""
    return int(
        db.rows(
            "SELECT coalesce(sum(quantity), 0)::bigint FROM inventory_move WHERE tenant_id = %s AND document_id = %s",
            current_tenant(),
            document_id,
        )[0][0]
    )
