"""A transfer on its way: sent, arrived in parts, lost, called back.  The paper is locked first, then stock."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from core import db, outbox
from core.services.accounts import record
from core.tenancy import current_tenant
from inventory.errors import BadQuantity, StockHeld, StockShort, UnknownPlace, WrongState
from inventory.models import MoveKind, TransferItem
from inventory.models.documents import TransferStatus
from inventory.queries import first_sellable, list_shelves, stopped_balances
from inventory.rules import fefo
from inventory.rules.transferring import Item, settle
from inventory.services.ledger import MoveRow, find_or_make_balances
from inventory.services.moving import Moved, move_stock
from inventory.services.promises import lock_anchors
from inventory.services.transfers import (
    ARRIVAL_KINDS,
    Paper,
    check_arrival_bins,
    end_transfer,
    find_or_make_transit,
    list_lines,
    lock_transfer,
    sum_by,
    wrong,
)


@dataclass(frozen=True, slots=True)
class Pick:
    """Units of one lot in one bin that a person chose."""

    lot_id: int
    bin_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """Units of one lot that came off the road into one bin."""

    lot_id: int
    bin_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Loss:
    """Units of one lot that will not come."""

    lot_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Sent:
    """Units that left, and what that cost others."""

    units: int
    moved: Moved


@dataclass(frozen=True, slots=True)
class Came:
    """Units booked now; `is_done`: nothing is on the road any more."""

    arrived: int
    lost: int
    is_done: bool


@dataclass(frozen=True, slots=True)
class _Leaving:
    """Units of one balance that go on the road."""

    balance_id: int
    sku_id: int
    lot_id: int
    bin_id: int
    quantity: int


def send_transfer(*, transfer_id: int, picks: Sequence[Pick] = (), actor_id: int | None) -> Sent:
    """Put a draft on the road: its units leave their bins for the other facility's TRANSIT bin.

    Lots are taken first expired first out from what sells and nobody has; of SKUs with `picks` these units go instead, as many as the
    line says.  Promises of the sender that no longer fit give way (PromisesBroken).
    Locks the paper, the anchors of the SKUs, then balances.  Raises UnknownDocument, WrongState (sent already, cancelled), StockShort
    naming every SKU, StockHeld, UnknownPlace, BadQuantity.
    """
    paper = lock_transfer(transfer_id)
    if paper.status != TransferStatus.DRAFT:
        raise wrong(paper, _("没有再发一次"))
    wanted = list_lines(paper.id)
    transit = find_or_make_transit(paper.to_facility_id)
    lock_anchors((paper.from_facility_id, sku_id) for sku_id in wanted)
    named = _named(paper, wanted, picks)
    chosen = {leaving.sku_id for leaving in named}
    leaving = named + _first_expired(paper, {s: n for s, n in wanted.items() if s not in chosen})
    balances = find_or_make_balances(
        (paper.to_facility_id, transit, one.sku_id, one.lot_id) for one in leaving
    )
    item_ids = db.new_ids(len(leaving))
    db.insert(
        TransferItem,
        ["id", "transfer", "lot", "from_bin", "sent"],
        [
            (id_, paper.id, one.lot_id, one.bin_id, one.quantity)
            for id_, one in zip(item_ids, leaving, strict=True)
        ],
    )
    moved = move_stock(
        facility_id=paper.from_facility_id,
        moves=[
            MoveRow(
                MoveKind.SENT,
                one.quantity,
                one.balance_id,
                balances[transit, one.lot_id],
                paper.id,
                id_,
            )
            for id_, one in zip(item_ids, leaving, strict=True)
        ],
        actor_id=actor_id,
    )
    _note_sent(paper, leaving, actor_id)
    return Sent(sum(one.quantity for one in leaving), moved)


def _note_sent(paper: Paper, leaving: Sequence[_Leaving], actor_id: int | None) -> None:
    """The paper is on the road: on its row, in the audit trail, and for whoever listens."""
    db.execute(
        "UPDATE inventory_transfer SET status = %s, sent_at = clock_timestamp() WHERE tenant_id = %s AND id = %s",
        int(TransferStatus.ON_THE_ROAD),
        current_tenant(),
        paper.id,
    )
    units = sum(one.quantity for one in leaving)
    detail = {"number": paper.number, "units": units, "lots": len({one.lot_id for one in leaving})}
    record("transfer.sent", "transfer", paper.id, actor_id=actor_id, detail=detail)
    outbox.emit(
        "TransferSent",
        {
            "transfer_id": paper.id,
            "facility_id": paper.from_facility_id,
            "to_facility_id": paper.to_facility_id,
        },
    )


def arrive(
    *,
    transfer_id: int,
    arrivals: Sequence[Arrival],
    losses: Sequence[Loss] = (),
    reason: str = "",
    seen_units: int | None = None,
    actor_id: int | None,
) -> Came:
    """Book what came off the road, and what a person says is lost, with the reason.  In as many parts as it comes.

    `seen_units`: units settled when the person looked; another number now means that somebody booked meanwhile, or the same click came
    twice, and nothing is done.  Locks the paper, then stock of the destination.
    Raises UnknownDocument, WrongState, BadQuantity (more than is on the road; a loss without a reason), UnknownPlace.
    """
    paper = lock_transfer(transfer_id)
    if paper.status != TransferStatus.ON_THE_ROAD:
        raise wrong(paper, _("没有货在路上"))
    items, skus = _items(paper.id)
    settled_units = sum(item.arrived + item.lost for item in items)
    if seen_units is not None and seen_units != settled_units:
        raise WrongState(_("刚有人点过到货，数已经变了。看一下再点。"), settled=settled_units)
    _check_coming(arrivals, losses, reason)
    check_arrival_bins(paper.to_facility_id, (one.bin_id for one in arrivals))
    came = sum_by((one.lot_id, one.quantity) for one in arrivals)
    gone = sum_by((one.lot_id, one.quantity) for one in losses)
    settled = settle(items, came, gone)
    if settled.excess:
        raise _too_many(settled.excess)
    _write_items(settled.arrived, settled.lost)
    _book(paper, skus, arrivals, gone, reason, actor_id)
    units: dict[str, object] = {
        "arrived": sum(came.values()),
        "lost": sum(gone.values()),
        "reason": reason.strip(),
    }
    record(
        "transfer.received", "transfer", paper.id, actor_id=actor_id, detail={"number": paper.number, **units}
    )
    if settled.is_done:
        end_transfer(paper, TransferStatus.ARRIVED, actor_id=actor_id, detail={})
        outbox.emit("TransferArrived", {"transfer_id": paper.id, "facility_id": paper.to_facility_id})
    return Came(sum(came.values()), sum(gone.values()), settled.is_done)


def cancel_transfer(*, transfer_id: int, bin_id: int | None = None, actor_id: int | None) -> int:
    """Void a draft, or call back what is on the road: it comes back to the sender, into `bin_id` or the bins it left; units that came back.

    What arrived or was lost stays so.  Cancelled already: nothing happens.  Locks the paper, then stock.
    Raises UnknownDocument, WrongState (all arrived), UnknownPlace (a bin that is no more: name one).
    """
    paper = lock_transfer(transfer_id)
    if paper.status == TransferStatus.CANCELLED:
        return 0
    if paper.status == TransferStatus.ARRIVED:
        raise wrong(paper, _("不能取消"))
    back = 0
    if paper.status == TransferStatus.ON_THE_ROAD:
        back = _bring_back(paper, bin_id, actor_id)
    end_transfer(paper, TransferStatus.CANCELLED, actor_id=actor_id, detail={"back": back})
    outbox.emit("TransferCancelled", {"transfer_id": paper.id, "facility_id": paper.from_facility_id})
    return back


def _first_expired(paper: Paper, wanted: Mapping[int, int]) -> list[_Leaving]:
    """Lots for whole lines, first expired first out.  Under the anchors' lock: what nobody has can only grow."""
    if not wanted:
        return []
    shelves = list_shelves(paper.from_facility_id, wanted)
    floor: date = first_sellable()
    plan = fefo.allocate([fefo.Want(s, s, s, floor, n) for s, n in sorted(wanted.items())], shelves)
    if plan.short:
        codes = _codes(plan.short)
        rows = [
            {"sku": codes[s], "have": wanted[s] - short, "want": wanted[s]}
            for s, short in sorted(plan.short.items())
        ]
        text = "、".join(_("%(sku)s 只有 %(have)d 件能发，要 %(want)d 件") % row for row in rows[:5])
        raise StockShort(_("不够发：%(text)s。改少再发。") % {"text": text}, lines=rows)
    bins = _bins_of([take.balance_id for take in plan.takes])
    by_id = {shelf.balance_id: shelf for shelf in shelves}
    return [
        _Leaving(t.balance_id, t.key, by_id[t.balance_id].lot_id, bins[t.balance_id], t.quantity)
        for t in plan.takes
    ]


def _named(paper: Paper, wanted: Mapping[int, int], picks: Sequence[Pick]) -> list[_Leaving]:
    """Units that a person chose: from any bin that keeps goods and no hold covers, as many as the lines say."""
    if not picks:
        return []
    units = {(one.lot_id, one.bin_id): 0 for one in picks}
    for one in picks:
        if one.quantity < 1:
            raise BadQuantity(_("数量要大于 0。"))
        units[one.lot_id, one.bin_id] += one.quantity
    found = db.rows(
        "SELECT b.id, b.sku_id, b.lot_id, b.bin_id, n.kind FROM inventory_balance b"
        " JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id"
        " WHERE b.tenant_id = %s AND b.facility_id = %s AND b.lot_id = ANY (%s::bigint[]) AND b.bin_id = ANY (%s::bigint[])",
        current_tenant(),
        paper.from_facility_id,
        db.array(sorted({lot_id for lot_id, _bin in units})),
        db.array(sorted({bin_id for _lot, bin_id in units})),
    )
    here = {(row[2], row[3]): row for row in found if row[4] in ARRIVAL_KINDS}
    if missing := units.keys() - here.keys():
        raise UnknownPlace(_("有一个货位里没有点名的批次。"), places=sorted(missing))
    leaving = [
        _Leaving(here[place][0], here[place][1], *place, quantity)
        for place, quantity in sorted(units.items())
    ]
    if any(stopped_balances([one.balance_id for one in leaving]).values()):
        raise StockHeld(_("点名的货里有冻结的，先解冻再调拨。"))
    for sku_id, total in sum_by((one.sku_id, one.quantity) for one in leaving).items():
        if total != wanted.get(sku_id):
            code = _codes([sku_id])[sku_id]
            raise BadQuantity(
                _("%(sku)s 点名了 %(n)d 件，单子上是 %(want)d 件。")
                % {"sku": code, "n": total, "want": wanted.get(sku_id, 0)},
                sku=code,
            )
    return leaving


def _items(transfer_id: int) -> tuple[list[Item], dict[int, int]]:
    """The items of a paper, and the SKU of each lot."""
    found = db.rows(
        "SELECT i.id, i.lot_id, i.sent, i.arrived, i.lost, l.sku_id FROM inventory_transferitem i"
        " JOIN inventory_lot l ON l.tenant_id = i.tenant_id AND l.id = i.lot_id"
        " WHERE i.tenant_id = %s AND i.transfer_id = %s ORDER BY i.id",
        current_tenant(),
        transfer_id,
    )
    return [Item(*row[:5]) for row in found], {row[1]: row[5] for row in found}


def _check_coming(arrivals: Sequence[Arrival], losses: Sequence[Loss], reason: str) -> None:
    if not arrivals and not losses:
        raise BadQuantity(_("一件都没填。"))
    if any(units < 1 for units in [one.quantity for one in arrivals] + [one.quantity for one in losses]):
        raise BadQuantity(_("数量要大于 0。"))
    if losses and not reason.strip():
        raise BadQuantity(_("丢了要写原因。"), code="reason_missing")


def _too_many(excess: Mapping[int, int]) -> BadQuantity:
    codes = dict(
        db.rows(
            "SELECT id, code FROM inventory_lot WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            current_tenant(),
            db.array(sorted(excess)),
        )
    )
    text = "、".join(
        _("批次 %(lot)s 多了 %(n)d 件") % {"lot": codes.get(lot, "?"), "n": n}
        for lot, n in sorted(excess.items())
    )
    return BadQuantity(
        _("比在路上的多：%(text)s。多出来的用“调整”入账。") % {"text": text}, code="more_than_sent"
    )


def _write_items(arrived: Mapping[int, int], lost: Mapping[int, int]) -> None:
    ids = sorted({*arrived, *lost})
    db.execute(
        "UPDATE inventory_transferitem i SET arrived = i.arrived + u.arrived, lost = i.lost + u.lost"
        " FROM unnest(%s::bigint[], %s::int[], %s::int[]) u(id, arrived, lost) WHERE i.tenant_id = %s AND i.id = u.id",
        db.array(ids),
        db.array([arrived.get(i, 0) for i in ids]),
        db.array([lost.get(i, 0) for i in ids]),
        current_tenant(),
    )


def _book(
    paper: Paper,
    skus: Mapping[int, int],
    arrivals: Sequence[Arrival],
    gone: Mapping[int, int],
    reason: str,
    actor_id: int | None,
) -> None:
    """Moves out of the TRANSIT bin: into the bins, and out of the world."""
    to_id, transit = paper.to_facility_id, find_or_make_transit(paper.to_facility_id)
    lots = {*(one.lot_id for one in arrivals), *gone}
    lock_anchors((to_id, skus[lot_id]) for lot_id in lots)  # before rows are made that others wait for
    places = [(to_id, transit, skus[lot_id], lot_id) for lot_id in lots]
    places += [(to_id, one.bin_id, skus[one.lot_id], one.lot_id) for one in arrivals]
    balances = find_or_make_balances(places)
    came = [
        MoveRow(
            MoveKind.ARRIVED,
            one.quantity,
            balances[transit, one.lot_id],
            balances[one.bin_id, one.lot_id],
            paper.id,
        )
        for one in arrivals
    ]
    missing = [
        MoveRow(MoveKind.LOST, units, balances[transit, lot_id], None, paper.id, reason=reason.strip())
        for lot_id, units in sorted(gone.items())
    ]
    move_stock(facility_id=to_id, moves=came + missing, actor_id=actor_id)


def _bring_back(paper: Paper, bin_id: int | None, actor_id: int | None) -> int:
    items = db.rows(
        "SELECT i.lot_id, l.sku_id, i.from_bin_id, i.sent - i.arrived - i.lost FROM inventory_transferitem i"
        " JOIN inventory_lot l ON l.tenant_id = i.tenant_id AND l.id = i.lot_id"
        " WHERE i.tenant_id = %s AND i.transfer_id = %s AND i.sent > i.arrived + i.lost ORDER BY i.id",
        current_tenant(),
        paper.id,
    )
    check_arrival_bins(paper.from_facility_id, [bin_id] if bin_id else [row[2] for row in items])
    transit = find_or_make_transit(paper.to_facility_id)
    lock_anchors((paper.to_facility_id, sku_id) for _lot, sku_id, _bin, _left in items)
    units: dict[tuple[int, int, int], int] = defaultdict(int)
    for lot_id, sku_id, from_bin_id, left in items:
        units[lot_id, sku_id, bin_id or from_bin_id] += left
    places = [(paper.from_facility_id, into, sku_id, lot_id) for lot_id, sku_id, into in units]
    places += [(paper.to_facility_id, transit, sku_id, lot_id) for lot_id, sku_id, _into in units]
    balances = find_or_make_balances(places)
    move_stock(
        facility_id=paper.to_facility_id,
        moves=[
            MoveRow(MoveKind.ARRIVED, n, balances[transit, lot_id], balances[into, lot_id], paper.id)
            for (lot_id, _sku, into), n in units.items()
        ],
        actor_id=actor_id,
        reason=_("调拨取消，货回来了"),
    )
    return sum(units.values())


def _bins_of(balance_ids: Sequence[int]) -> dict[int, int]:
    return dict(
        db.rows(
            "SELECT id, bin_id FROM inventory_balance WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            current_tenant(),
            db.array(balance_ids),
        )
    )


def _codes(sku_ids: Mapping[int, int] | Sequence[int]) -> dict[int, str]:
    return dict(
        db.rows(
            "SELECT id, code FROM inventory_sku WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            current_tenant(),
            db.array(sorted(sku_ids)),
        )
    )
