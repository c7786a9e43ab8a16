"""A picker takes another lot than the one that was chosen."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from core import db
from core.db import Rank
from core.services import accounts
from core.tenancy import current_tenant
from inventory import sql
from inventory.errors import LotRefused, UnknownGoods, UnknownPlace
from inventory.models import Balance
from inventory.models.places import SELLING_KINDS
from inventory.queries import SELLS, first_sellable, list_shelves
from inventory.rules import lot_order
from inventory.rules.expiry import NEVER
from inventory.rules.fefo import Shelf
from inventory.rules.promise import Promised
from inventory.services.lot_choice import list_manners, list_promised_now
from inventory.services.promises import lock_anchors


@dataclass(frozen=True, slots=True)
class _Chosen:
    """An allocation and where its units lie."""

    id: int
    owner_ref: int
    balance_id: int
    quantity: int
    min_expires_on: date
    facility_id: int
    sku_id: int
    lot_id: int
    lot_code: str
    bin_kind: int


CHOSEN = """
    SELECT a.id, a.owner_ref, a.balance_id, a.quantity, a.min_expires_on, b.facility_id, b.sku_id, b.lot_id, l.code, n.kind
    FROM inventory_allocation a
    JOIN inventory_balance b ON b.tenant_id = a.tenant_id AND b.id = a.balance_id
    JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id
    JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id
    WHERE a.tenant_id = %s AND a.id = %s
"""

# (tenant, owner, allocation, SKU) -> lots of which the owner has units of the SKU besides this allocation
OTHER_LOTS = """
    SELECT DISTINCT b.lot_id FROM inventory_allocation a JOIN inventory_balance b ON b.tenant_id = a.tenant_id AND b.id = a.balance_id
    WHERE a.tenant_id = %s AND a.owner_ref = %s AND a.id <> %s AND b.sku_id = %s
"""


@dataclass(frozen=True, slots=True)
class _Look:
    """What a choice is judged by.  `gives`: the expiry date of the units that would come back, None when they do not sell or are back
    already; `lots`: those that the choice is bound to, empty: any.
    """

    chosen: _Chosen
    shelves: Sequence[Shelf]
    promised: Sequence[Promised]
    floor: date
    gives: date | None
    lots: AbstractSet[int]


@dataclass(frozen=True, slots=True)
class LotOffer:
    """A balance that allocated units could be taken from instead.  `refusal`: what stands against it, in words; empty: nothing does.
    `available`: units there that nobody has.  `is_current`: it is the one they are taken from now.
    """

    balance_id: int
    lot_id: int
    lot_code: str
    expires_on: date | None
    bin_code: str
    available: int
    refusal: str
    is_current: bool


OFFERS_SHOWN = 200


def change_lot(*, allocation_id: int, to_balance_id: int, actor_id: int | None) -> None:
    """These allocated units are taken from another balance of the same SKU and facility; the old ones are free again.

    Allowed exactly if the promise law holds afterwards.  To the balance it has already: nothing is done.  Locks the anchor of the SKU,
    then both balances.  Raises UnknownGoods (no such allocation any more), UnknownPlace (no such balance of these goods here), LotRefused
    in words that name what stands against it; then nothing was done.
    """
    chosen = _find(allocation_id)
    if chosen.balance_id == to_balance_id:
        return
    lock_anchors([(chosen.facility_id, chosen.sku_id)])
    both = sorted({chosen.balance_id, to_balance_id})
    db.lock(Rank.STOCK, Balance, "id", "id = ANY (%s::bigint[])", db.array(both))
    if _find(allocation_id) != chosen:
        raise LotRefused(
            _("这一条刚才变了，再看一下。"), code="allocation_changed", allocation_id=allocation_id
        )
    if chosen.bin_kind not in SELLING_KINDS:
        raise LotRefused(_("货已经拣走了，不能再换批次。"), code="lot_picked", allocation_id=allocation_id)
    with db.savepoint():
        _count(chosen.balance_id, -chosen.quantity)  # what is given back counts, as far as it sells
        into = _accept(chosen, to_balance_id)
        _count(into.balance_id, chosen.quantity)
        db.execute(
            "UPDATE inventory_allocation SET balance_id = %s WHERE tenant_id = %s AND id = %s",
            into.balance_id,
            current_tenant(),
            chosen.id,
        )
    accounts.record(
        "change_lot",
        "allocation",
        chosen.id,
        actor_id=actor_id,
        detail={
            "owner": chosen.owner_ref,
            "from": chosen.balance_id,
            "to": to_balance_id,
            "units": chosen.quantity,
        },
    )


def _find(allocation_id: int) -> _Chosen:
    found = db.rows(CHOSEN, current_tenant(), allocation_id)
    if not found:
        raise UnknownGoods(_("这一条已经没有了，可能已经取消。"), allocation_id=allocation_id)
    return _Chosen(*found[0])


def _count(balance_id: int, units: int) -> None:
    db.execute(
        "UPDATE inventory_balance SET allocated = allocated + %s WHERE tenant_id = %s AND id = %s",
        units,
        current_tenant(),
        balance_id,
    )


def list_offers(allocation_id: int) -> list[LotOffer]:
    """Every bin of the facility that has these goods, first expired first, each judged as change_lot would judge it now; the first
    OFFERS_SHOWN.  A look without a lock, a constant number of statements.  Raises UnknownGoods.
    """
    chosen = _find(allocation_id)
    first = first_sellable()
    rows = db.rows(
        sql.LOTS_TO_TAKE,
        first,
        first,
        current_tenant(),
        chosen.facility_id,
        chosen.sku_id,
        chosen.balance_id,
        OFFERS_SHOWN,
    )
    groups = {row[0]: row[6] for row in rows}
    ends_on = next((row[3] for row in rows if row[0] == chosen.balance_id), None)
    look = _look(chosen, (ends_on or NEVER) if groups.get(chosen.balance_id) == SELLS else None)
    shelves = {shelf.balance_id: shelf for shelf in look.shelves}
    return [LotOffer(*row[:6], *_verdict(look, row, shelves.get(row[0]))) for row in rows]


def _verdict(look: _Look, row: tuple[Any, ...], shelf: Shelf | None) -> tuple[Any, ...]:
    """What stands against a balance, and whether the units are taken from it now."""
    is_current = row[0] == look.chosen.balance_id
    return "" if is_current else _why_not(look, shelf, row[6]), is_current


def _why_not(look: _Look, shelf: Shelf | None, group: str) -> str:
    if look.chosen.bin_kind not in SELLING_KINDS:
        return _("货已经拣走了，不能再换批次。")
    if shelf is None:
        words = {
            "held": _("冻结了。"),
            "expired": _("过期了。"),
            "elsewhere": _("不在能卖的货位。"),
            SELLS: _("都已经有主了。"),
        }
        return words[group]
    refusal = _refusal(look, shelf)
    return refusal.message if refusal else ""


def _look(chosen: _Chosen, gives: date | None) -> _Look:
    """Four statements at most."""
    manner = list_manners([chosen.sku_id]).get(chosen.sku_id)
    lots: set[int] = set()
    if manner and manner.is_one_lot:
        found = db.rows(OTHER_LOTS, current_tenant(), chosen.owner_ref, chosen.id, chosen.sku_id)
        lots = {row[0] for row in found}
    return _Look(
        chosen,
        list_shelves(chosen.facility_id, [chosen.sku_id]),
        list_promised_now(chosen.facility_id, [chosen.sku_id]),
        max(chosen.min_expires_on, first_sellable()),
        gives,
        lots,
    )


def _accept(chosen: _Chosen, balance_id: int) -> Shelf:
    """The shelf to take from, when nothing stands against it; the old units are given back already.  Raises UnknownPlace, LotRefused."""
    look = _look(chosen, None)
    into = next((shelf for shelf in look.shelves if shelf.balance_id == balance_id), None)
    if into is None:
        raise _missing(chosen, balance_id)
    if refusal := _refusal(look, into):
        raise refusal
    return into


def _refusal(look: _Look, into: Shelf) -> LotRefused | None:
    """What stands against taking the units from this shelf, the first thing of several."""
    chosen = look.chosen
    if not lot_order.is_acceptable(into, look.floor):
        return LotRefused(
            _("这张单要 %(day)s 起到期的，这一批到 %(expires)s。")
            % {"day": look.floor, "expires": into.expires_on},
            code="lot_too_short_dated",
            min_expires_on=str(look.floor),
        )
    if into.available < chosen.quantity:
        return LotRefused(
            _("这一批只有 %(have)d 件没有主，要 %(want)d 件。")
            % {"have": into.available, "want": chosen.quantity},
            code="lot_has_too_few",
            have=into.available,
            want=chosen.quantity,
        )
    if look.lots - {into.lot_id}:
        return LotRefused(
            _("这个商品一个包裹里只能是同一批，包裹里还有批次 %(lot)s 的。") % {"lot": chosen.lot_code},
            code="one_lot_per_parcel",
        )
    broken = lot_order.change(look.shelves, look.promised, look.gives, into.expires_on, chosen.quantity)
    if broken is None:
        return None
    return LotRefused(
        _("换成这一批，已经答应的 %(n)d 件（要 %(day)s 起到期）就没有货了。")
        % {"n": broken.units, "day": broken.day},
        code="promise_would_break",
        min_expires_on=str(broken.day),
        units=broken.units,
    )


def _missing(chosen: _Chosen, balance_id: int) -> UnknownPlace | LotRefused:
    there = db.rows(
        "SELECT 1 FROM inventory_balance WHERE tenant_id = %s AND id = %s AND facility_id = %s AND sku_id = %s",
        current_tenant(),
        balance_id,
        chosen.facility_id,
        chosen.sku_id,
    )
    if not there:
        return UnknownPlace(_("这里没有这一批货。"), balance_id=balance_id)
    return LotRefused(
        _("这一批现在不能拣：冻结了、过期了、不在能卖的货位，或者都已经有主。"),
        code="lot_does_not_sell",
        balance_id=balance_id,
    )
