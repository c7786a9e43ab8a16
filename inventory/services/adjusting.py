"""Adjustments: units that are there and should not be, or the other way round, with the reason.

Over the tenant's limit an adjustment waits for a second person, and until then nothing moves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import db, options, outbox
from core.db import Rank
from core.errors import Forbidden
from core.services import accounts
from core.tenancy import current_tenant
from inventory.errors import BadQuantity, UnknownDocument, UnknownGoods, WrongState
from inventory.models import (
    UNITS_MOST,
    Adjustment,
    AdjustmentLine,
    AdjustmentReason,
    AdjustmentStatus,
    MoveKind,
)
from inventory.options import APPROVAL_UNITS, APPROVAL_VALUE_MINOR
from inventory.rules import approving
from inventory.rules.approving import Weight
from inventory.services.ledger import MoveRow, find_or_make_balances
from inventory.services.moving import Moved, move_stock
from inventory.services.numbering import number_papers
from inventory.services.places import Place, require_bins, spare_work_bins
from inventory.services.promises import lock_anchors
from inventory.services.standing import Difference, lock_goods, refuse_fallen

VALUE_MOST_MINOR = 2**63 - 1
LESS_ONLY = (
    AdjustmentReason.DAMAGED,
    AdjustmentReason.LOST,
    AdjustmentReason.EXPIRED,
    AdjustmentReason.SENT_BACK,
)
KINDS: Mapping[AdjustmentReason, MoveKind] = {
    AdjustmentReason.DAMAGED: MoveKind.WRITE_OFF,
    AdjustmentReason.EXPIRED: MoveKind.WRITE_OFF,
    AdjustmentReason.LOST: MoveKind.LOST,
    AdjustmentReason.FOUND: MoveKind.ADJUST,
    AdjustmentReason.COUNT: MoveKind.COUNT,
    AdjustmentReason.SENT_BACK: MoveKind.SENT_BACK,
    AdjustmentReason.OTHER: MoveKind.ADJUST,
}


@dataclass(frozen=True, slots=True)
class AdjustmentLineInput:
    """Units of one lot in one bin: more (positive) or fewer."""

    bin_id: int
    lot_id: int
    delta: int


@dataclass(frozen=True, slots=True)
class AdjustmentResult:
    """`moved` is what it cost others; None while it waits, when it was refused, and when it was written before."""

    adjustment_id: int
    number: str
    status: AdjustmentStatus
    moved: Moved | None = None


@dataclass(frozen=True, slots=True)
class _Lot:
    id: int
    code: str
    sku_id: int
    cost_minor: int | None


def adjust(
    *,
    facility_id: int,
    reason: AdjustmentReason,
    lines: Sequence[AdjustmentLineInput],
    note: str = "",
    actor_id: int | None,
    count_id: int | None = None,
    adjustment_id: int | None = None,
) -> AdjustmentResult:
    """Write an adjustment; posted at once when it is within the tenant's limits, else PENDING until `decide`.

    Posting takes units through move_stock: allocations give way, promises are settled.  `adjustment_id`: an id made with the form
    (core.db.new_id), so that a form sent twice counts once.  Locks anchors, then balances; the number is taken last.
    Raises BadQuantity (naming the line), UnknownPlace, UnknownGoods, StockShort, WrongState (an archived bin would be filled, or
    units that belong to a parcel would be taken out of its tote).
    """
    _check_lines(reason, lines, note)
    places = require_bins(
        facility_id,
        {line.bin_id for line in lines},
        filled={line.bin_id for line in lines if line.delta > 0},
    )
    lots = _require_lots({line.lot_id for line in lines})
    weight = approving.weigh((line.delta, lots[line.lot_id].cost_minor) for line in lines)
    if weight.units > UNITS_MOST or (weight.value_minor or 0) > VALUE_MOST_MINOR:
        raise BadQuantity(_("一张调整单的数量太大。"), units=weight.units)
    waits = approving.needs_second(
        weight, unit_limit=options.get(APPROVAL_UNITS), value_limit_minor=options.get(APPROVAL_VALUE_MINOR)
    )
    status = AdjustmentStatus.PENDING if waits else AdjustmentStatus.POSTED
    id_ = adjustment_id or db.new_id()
    if not _insert(id_, facility_id, reason, note, status, weight, actor_id, count_id):
        return _earlier(id_)
    rows = list(zip(db.new_ids(len(lines)), lines, strict=True))
    db.insert(
        AdjustmentLine,
        ["id", "adjustment", "bin", "lot", "delta"],
        [(line_id, id_, line.bin_id, line.lot_id, line.delta) for line_id, line in rows],
    )
    moved = None
    if not waits:
        moved = _post(id_, facility_id, reason, rows, places, lots, note, actor_id)
    (number,) = number_papers(Adjustment, "ADJ", [id_])
    detail = {
        "number": number,
        "reason": reason.name,
        "status": status.name,
        "units": weight.units,
        "note": note,
    }
    accounts.record("adjust", "adjustment", id_, actor_id=actor_id, detail=detail)
    return AdjustmentResult(id_, number, status, moved)


def decide(*, adjustment_id: int, is_approved: bool, actor_id: int | None) -> AdjustmentResult:
    """A second person says yes or no to an adjustment that waits.

    Yes posts it as it was asked for; everything is looked at again under the locks of the stock.  StockShort (nothing done) says what is
    no longer there; a difference that was measured (counted, lost, found) is refused where somebody corrected the book of that lot in
    that bin since, so no loss is booked twice.  Locks the paper, then anchors and balances.
    Raises UnknownDocument, WrongState when it was decided before or its difference no longer stands, Forbidden for whoever asked, and for
    nobody in particular (a key is not a second person).
    """
    found = db.lock(
        Rank.DOCUMENT,
        Adjustment,
        "number, facility_id, reason, note, status, created_by, count_id, created_at",
        "id = %s",
        adjustment_id,
    )
    if not found:
        raise UnknownDocument(_("没有这张调整单。"), adjustment_id=adjustment_id)
    number, facility_id, reason, note, status, created_by, count_id, created_at = found[0]
    if status != AdjustmentStatus.PENDING:
        raise WrongState(
            _("调整单 %(number)s 已经处理过了：%(status)s。")
            % {"number": number, "status": AdjustmentStatus(status).label},
            number=number,
            status=AdjustmentStatus(status).name,
        )
    if actor_id is None or actor_id == created_by:
        raise Forbidden(_("自己提的调整，要别人来同意。"), code="same_person", number=number)
    to_status = AdjustmentStatus.POSTED if is_approved else AdjustmentStatus.REJECTED
    moved = None
    if is_approved:
        rows = _lines(adjustment_id)
        filled = {line.bin_id for _id, line in rows if line.delta > 0}
        places = require_bins(facility_id, {line.bin_id for _id, line in rows}, filled=filled)
        lots = _require_lots({line.lot_id for _id, line in rows})
        lock_goods(facility_id, {lot.sku_id for lot in lots.values()})
        where = [(line.bin_id, line.lot_id) for _id, line in rows]
        refuse_fallen(Difference(number, AdjustmentReason(reason), count_id, created_at, where))
        moved = _post(
            adjustment_id, facility_id, AdjustmentReason(reason), rows, places, lots, note, actor_id
        )
    db.execute(
        "UPDATE inventory_adjustment SET status = %s, decided_by = %s, decided_at = clock_timestamp() WHERE tenant_id = %s AND id = %s",
        int(to_status),
        actor_id,
        current_tenant(),
        adjustment_id,
    )
    action = "approve" if is_approved else "reject"
    accounts.record(action, "adjustment", adjustment_id, actor_id=actor_id, detail={"number": number})
    return AdjustmentResult(adjustment_id, number, to_status, moved)


def _check_lines(reason: AdjustmentReason, lines: Sequence[AdjustmentLineInput], note: str) -> None:
    if not lines:
        raise BadQuantity(_("调整单是空的。"))
    if reason == AdjustmentReason.OTHER and not note.strip():
        raise BadQuantity(_("原因选了“其他”，要写明是什么。"), code="note_missing")
    seen: dict[tuple[int, int], int] = {}
    for number, line in enumerate(lines, 1):
        if not 0 < abs(line.delta) <= UNITS_MOST:
            raise BadQuantity(
                _("第 %(n)s 行，数量不能是 0，也不能太大。") % {"n": number}, line=number, delta=line.delta
            )
        if reason in LESS_ONLY and line.delta > 0:
            raise BadQuantity(
                _("第 %(n)s 行，“%(reason)s”只能减少，不能增加。") % {"n": number, "reason": reason.label},
                line=number,
                delta=line.delta,
            )
        if reason == AdjustmentReason.FOUND and line.delta < 0:
            raise BadQuantity(
                _("第 %(n)s 行，“多出来”只能增加，不能减少。") % {"n": number}, line=number, delta=line.delta
            )
        first = seen.setdefault((line.bin_id, line.lot_id), number)
        if first != number:
            raise BadQuantity(
                _("第 %(n)s 行和第 %(first)s 行是同一个货位的同一批，合成一行。")
                % {"n": number, "first": first},
                line=number,
            )


def _require_lots(lot_ids: set[int]) -> dict[int, _Lot]:
    found = db.rows(
        "SELECT l.id, l.code, l.sku_id, s.cost_minor FROM inventory_lot l"
        " JOIN inventory_sku s ON s.tenant_id = l.tenant_id AND s.id = l.sku_id"
        " WHERE l.tenant_id = %s AND l.id = ANY (%s::bigint[])",
        current_tenant(),
        db.array(sorted(lot_ids)),
    )
    lots = {row[0]: _Lot(*row) for row in found}
    if lot_ids - lots.keys():
        raise UnknownGoods(_("没有这个批次。"), lot_ids=sorted(lot_ids - lots.keys()))
    return lots


def _insert(
    id_: int,
    facility_id: int,
    reason: AdjustmentReason,
    note: str,
    status: AdjustmentStatus,
    weight: Weight,
    actor_id: int | None,
    count_id: int | None,
) -> bool:
    """Whether it is new.  Its number is its id until the end: numbers are taken last, so that nobody waits for stock with one in hand."""
    return bool(
        db.rows(
            "INSERT INTO inventory_adjustment (tenant_id, id, number, facility_id, reason, note, status, units, value_minor, count_id,"
            " created_by, decided_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, CASE WHEN %s THEN clock_timestamp() END)"
            " ON CONFLICT (tenant_id, id) DO NOTHING RETURNING id",
            current_tenant(),
            id_,
            str(id_),
            facility_id,
            int(reason),
            note,
            int(status),
            weight.units,
            weight.value_minor,
            count_id,
            actor_id,
            status == AdjustmentStatus.POSTED,
        )
    )


def _earlier(adjustment_id: int) -> AdjustmentResult:
    ((number, status),) = db.rows(
        "SELECT number, status FROM inventory_adjustment WHERE tenant_id = %s AND id = %s",
        current_tenant(),
        adjustment_id,
    )
    return AdjustmentResult(adjustment_id, number, AdjustmentStatus(status))


def _lines(adjustment_id: int) -> list[tuple[int, AdjustmentLineInput]]:
    found = db.rows(
        "SELECT id, bin_id, lot_id, delta FROM inventory_adjustmentline WHERE tenant_id = %s AND adjustment_id = %s ORDER BY id",
        current_tenant(),
        adjustment_id,
    )
    return [(row[0], AdjustmentLineInput(*row[1:])) for row in found]


def _post(
    adjustment_id: int,
    facility_id: int,
    reason: AdjustmentReason,
    rows: Sequence[tuple[int, AdjustmentLineInput]],
    places: Mapping[int, Place],
    lots: Mapping[int, _Lot],
    note: str,
    actor_id: int | None,
) -> Moved:
    lock_anchors(
        (facility_id, lot.sku_id) for lot in lots.values()
    )  # before rows are made that others wait for
    balances = find_or_make_balances(
        (facility_id, line.bin_id, lots[line.lot_id].sku_id, line.lot_id) for _id, line in rows
    )
    spare_work_bins(
        facility_id,
        {balances[line.bin_id, line.lot_id]: -line.delta for _id, line in rows if line.delta < 0},
        {balances[line.bin_id, line.lot_id]: places[line.bin_id] for _id, line in rows},
    )
    moves = []
    for line_id, line in rows:
        balance = balances[line.bin_id, line.lot_id]
        sides = (None, balance) if line.delta > 0 else (balance, None)
        moves.append(MoveRow(KINDS[reason], abs(line.delta), sides[0], sides[1], adjustment_id, line_id))
    moved = move_stock(
        facility_id=facility_id, moves=moves, actor_id=actor_id, reason=note or str(reason.label)
    )
    outbox.emit("StockAdjusted", {"facility_id": facility_id, "adjustment_ids": [adjustment_id]})
    return moved
