"""At the shelf: the bin has less than the instruction asks for, or some of it is damaged."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import db, live
from core.db import Rank
from core.tenancy import current_tenant
from inventory.errors import BadQuantity, UnknownPlace
from inventory.models import UNITS_MOST
from inventory.services.bin_moves import BinMoveLine, move_units
from inventory.services.missing import find_damaged_bin, pick_what_is_there
from warehouse.errors import NotPickable, NoWave
from warehouse.models import Parcel, ParcelStatus, Wave
from warehouse.queries import Pick, find_pick, list_picks_of_parcel


@dataclass(frozen=True, slots=True)
class ShortPick:
    """What became of it: units on the cart now, units that this parcel takes elsewhere and from which bins, units it gets nowhere (its
    order is told), and parcels besides it that have nothing else either.
    """

    picked: int
    elsewhere: int
    bins: tuple[str, ...]
    lacking: int
    others_short: int
    count_number: str | None


@dataclass(frozen=True, slots=True)
class Damage:
    """Units that were taken off the shelf as damaged, the bin they go to, and the bins from which the parcel takes its goods now."""

    units: int
    to_bin: str
    bins: tuple[str, ...]
    lacking: int


def report_short(*, wave_id: int, allocation_id: int, found: int, actor_id: int | None) -> ShortPick:
    """The picker found only `found` units of an instruction: they are on the cart, the rest is given other bins or lots at once.

    The parcel keeps its place in the wave.  What the book still has in the bin is held until it is counted
    (`inventory.services.missing`).  Locks the wave's parcels, the wave, then stock.  Raises NoWave, NotPickable (not of this wave, no
    longer to be picked, or held), BadQuantity, UnknownGoods.  A second report of the same instruction finds it gone or on the cart and
    changes nothing.
    """
    tote_id, task = _lock(wave_id, allocation_id)
    before = _units(_line_of(task))
    done = pick_what_is_there(
        allocation_id=allocation_id, found=found, tote_id=tote_id, document_id=wave_id, actor_id=actor_id
    )
    live.push(current_tenant(), "wave", [wave_id])
    after = _line_of(task)
    lacking = before - _units(after)
    others = [owner for owner in done.moved.short_owners if owner != task.parcel_id]
    rest = task.quantity - found - lacking
    return ShortPick(found, rest, _bins(after), lacking, len(others), done.count_number)


def set_damaged_aside(
    *, wave_id: int, allocation_id: int, units: int, document_id: int, actor_id: int | None
) -> Damage:
    """`units` of what an instruction asks for are damaged: the ledger takes them into the bin for damaged goods.

    Nobody's units go first, so as long as the bin has enough the instruction stays; else it gets other lots, or its order is told.
    `document_id`: made with the page (core.db.new_id), so that a report sent twice counts once.  Locks the wave's parcels, the wave,
    then stock.  Raises NoWave, NotPickable, BadQuantity (none, or more than the instruction asks for), UnknownPlace (the facility has
    no bin for damaged goods).
    """
    _tote_id, task = _lock(wave_id, allocation_id)
    before = _units(_line_of(task))
    if not 0 < units <= task.quantity:
        raise BadQuantity(
            _("破损填 1 到 %(most)d。") % {"most": min(task.quantity, UNITS_MOST)}, want=task.quantity
        )
    facility_id = Wave.objects.values_list("facility_id", flat=True).get(id=wave_id)
    bin_for_it = find_damaged_bin(facility_id)
    if bin_for_it is None:
        raise UnknownPlace(
            _("这个仓库没有破损货位，没处放。让组长建一个，货先当缺货报。"), code="no_damaged_bin"
        )
    to_bin, code = bin_for_it
    move_units(
        facility_id=facility_id,
        lines=[BinMoveLine(task.bin_id, task.lot_id, units, to_bin)],
        actor_id=actor_id,
        note=_("拣货时发现破损"),
        document_id=document_id,
    )
    live.push(current_tenant(), "wave", [wave_id])
    after = _line_of(task)
    return Damage(units, code, _bins(after), before - _units(after))


def _lock(wave_id: int, allocation_id: int) -> tuple[int, Pick]:
    """The wave's cart and the instruction, with the wave's parcels under their locks."""
    mine = db.array([wave_id])
    parcels = dict(db.lock(Rank.PARCEL, Parcel, "id, status", "wave_id = ANY (%s::bigint[])", mine))
    waves = db.lock(Rank.WAVE, Wave, "tote_id", "id = ANY (%s::bigint[])", mine)
    if not waves:
        raise NoWave(_("没有这个波次。"), wave_id=wave_id)
    task = find_pick(wave_id, allocation_id)
    if task is None or task.is_in_cart or parcels.get(task.parcel_id) != ParcelStatus.RELEASED:
        raise NotPickable(
            _("这一条没有了，可能刚取消，或者已经在车上。"), code="pick_gone", allocation_id=allocation_id
        )
    return waves[0][0], task


def _line_of(task: Pick) -> list[Pick]:
    """All that the parcel has of this line, on the cart and off it, in the order of the walk."""
    of_line = [
        pick
        for pick in list_picks_of_parcel(task.parcel_id)
        if pick.line_ref == task.line_ref and pick.sku_id == task.sku_id
    ]
    return sorted(of_line, key=lambda pick: (pick.sequence, pick.bin_id))


def _units(picks: Sequence[Pick]) -> int:
    return sum(pick.quantity for pick in picks)


def _bins(picks: Sequence[Pick]) -> tuple[str, ...]:
    """Where the next hand goes for them."""
    return tuple(dict.fromkeys(pick.bin_code for pick in picks if not pick.is_in_cart))
