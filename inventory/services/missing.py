"""A bin has less than the book says: what is there is picked, everybody else gets other units, and the rest is held until it is counted."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import db
from core.db import Rank
from core.tenancy import current_tenant
from inventory.errors import BadQuantity, StockHeld, UnknownGoods
from inventory.models import Allocation, Balance, BinKind, HoldKind
from inventory.services import counts, handling
from inventory.services.holds import PlaceToHold, hold_places
from inventory.services.ledger import find_or_make_balances
from inventory.services.moving import Moved, move_away
from inventory.services.promises import lock_anchors


@dataclass(frozen=True, slots=True)
class Missing:
    """Units that were there and lie in the tote now, units that the book still has in the bin, the hold on them, the count that asks for
    them (None: another open one has the bin), and what that cost others.  `units` are missing only as far as the count says so.
    """

    picked: int
    units: int
    hold_id: int
    count_number: str | None
    moved: Moved


@dataclass(frozen=True, slots=True)
class _Asked:
    """An allocation and where its units lie."""

    owner_ref: int
    balance_id: int
    quantity: int
    facility_id: int
    sku_id: int
    lot_id: int
    bin_id: int
    bin_code: str
    bin_kind: int


ASKED = """
    SELECT a.owner_ref, a.balance_id, a.quantity, b.facility_id, b.sku_id, b.lot_id, n.id, n.code, n.kind
    FROM inventory_allocation a
    JOIN inventory_balance b ON b.tenant_id = a.tenant_id AND b.id = a.balance_id
    JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id
    WHERE a.tenant_id = %s AND a.id = %s
"""

# (tenant, owner, facility, SKU) -> what the owner has, and everywhere the goods lie
TO_LOCK = (
    "(id = ANY (ARRAY(SELECT balance_id FROM inventory_allocation WHERE tenant_id = %s AND owner_ref = %s))"
    " OR (facility_id = %s AND sku_id = %s))"
)


def pick_what_is_there(
    *, allocation_id: int, found: int, tote_id: int, document_id: int, actor_id: int | None
) -> Missing:
    """Of the units that an allocation asks for only `found` lie in the bin: these go into the tote.

    Whatever the book has left of the lot in this bin is held there, a count of the goods in the bin is opened, and all that was set
    aside of it, for this owner and for others, gets other lots or bins, first expired first out, or its owners are told
    (AllocationsBroken).  Promises settle.  All or nothing, in this transaction.
    Locks the anchor of the SKU, then all its balances at the facility with the owner's own, by id.
    Raises UnknownGoods (no such allocation any more, or its units left the bin), BadQuantity (`found` is not below what is asked for),
    StockHeld (what is there may not be picked either).
    """
    asked = _find(allocation_id)
    lock_anchors([(asked.facility_id, asked.sku_id)])
    find_or_make_balances([(asked.facility_id, tote_id, asked.sku_id, asked.lot_id)])
    where = current_tenant(), asked.owner_ref, asked.facility_id, asked.sku_id
    db.lock(Rank.STOCK, Balance, "id", TO_LOCK, *where)
    if _find(allocation_id) != asked:
        raise _gone(allocation_id)
    if not 0 <= found < asked.quantity:
        raise BadQuantity(
            _("要 %(want)d 件，缺货只能填 0 到 %(most)d。")
            % {"want": asked.quantity, "most": asked.quantity - 1},
            want=asked.quantity,
        )
    if found:
        _split(allocation_id, asked.quantity - found)
        _pick(asked, allocation_id, tote_id, document_id, actor_id)
    count_number = _count(asked, actor_id)
    place = PlaceToHold(asked.facility_id, asked.bin_id, asked.lot_id)
    (hold_id,) = hold_places(
        places=[place],
        kind=HoldKind.HELD,
        document=count_number or _("短拣"),
        reason=_("拣货时货位里不够数，盘清以前不卖。"),
        actor_id=actor_id,
    )
    moved = move_away(facility_id=asked.facility_id, balance_ids=[asked.balance_id])
    return Missing(found, _on_hand(asked.balance_id), hold_id, count_number, moved)


def find_damaged_bin(facility_id: int) -> tuple[int, str] | None:
    """(id, code) of the first bin for damaged goods that is in use; None when the facility has none."""
    found = db.rows(
        "SELECT id, code FROM inventory_bin WHERE tenant_id = %s AND facility_id = %s AND kind = %s AND is_active"
        " ORDER BY sequence, id LIMIT 1",
        current_tenant(),
        facility_id,
        int(BinKind.DAMAGED),
    )
    return (found[0][0], found[0][1]) if found else None


def _find(allocation_id: int) -> _Asked:
    found = db.rows(ASKED, current_tenant(), allocation_id)
    if not found or found[0][-1] == BinKind.TOTE:
        raise _gone(allocation_id)
    return _Asked(*found[0])


def _gone(allocation_id: int) -> UnknownGoods:
    return UnknownGoods(
        _("这一条没有了，可能刚取消，或者换了货位。"), code="allocation_gone", allocation_id=allocation_id
    )


def _split(allocation_id: int, rest: int) -> None:
    """`rest` units of the allocation become one of their own; the balance has as many as before."""
    tenant_id = current_tenant()
    row = db.rows(
        "UPDATE inventory_allocation SET quantity = quantity - %s WHERE tenant_id = %s AND id = %s"
        " RETURNING owner_ref, line_ref, balance_id, min_expires_on, priority, ship_by",
        rest,
        tenant_id,
        allocation_id,
    )[0]
    names = ["id", "owner_ref", "line_ref", "balance", "min_expires_on", "priority", "ship_by", "quantity"]
    db.insert(Allocation, names, [(db.new_id(), *row, rest)])


def _pick(asked: _Asked, allocation_id: int, tote_id: int, document_id: int, actor_id: int | None) -> None:
    done = handling.pick(
        totes={asked.owner_ref: tote_id},
        document_id=document_id,
        allocation_ids=[allocation_id],
        actor_id=actor_id,
    )
    if done.held_owners:
        raise StockHeld(_("这批货不能发：冻结了，或者过了能卖的日子。"), bin=asked.bin_code)


def _count(asked: _Asked, actor_id: int | None) -> str | None:
    """The number of a new count of these goods in this bin; None when an open count has them already."""
    scope = counts.CountScope(bin_ids=(asked.bin_id,), sku_ids=(asked.sku_id,))
    name = _("短拣 %(bin)s") % {"bin": asked.bin_code}
    try:
        return counts.create_count(
            facility_id=asked.facility_id, scope=scope, name=name, actor_id=actor_id
        ).number
    except BadQuantity as refusal:
        if refusal.code != "nothing_to_count":
            raise
        return None


def _on_hand(balance_id: int) -> int:
    found = db.rows(
        "SELECT on_hand FROM inventory_balance WHERE tenant_id = %s AND id = %s", current_tenant(), balance_id
    )
    return int(found[0][0])
