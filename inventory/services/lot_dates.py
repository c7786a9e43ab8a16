"""A lot's dates were read wrong: produced on, expires on, the supplier's own number, put right with a reason."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum

from django.utils.translation import gettext as _

from core import db, outbox
from core.db import Rank
from core.errors import Forbidden
from core.services import accounts
from core.tenancy import current_tenant
from inventory import sql
from inventory.errors import BadDates, UnknownGoods
from inventory.models import Lot
from inventory.queries import first_sellable
from inventory.rules import expiry
from inventory.services.moving import move_unfit
from inventory.services.promises import lock_anchors, settle_promises


class Kept(Enum):
    """What a field of a correction is when it stays as it was."""

    KEPT = 0


KEPT = Kept.KEPT


@dataclass(frozen=True, slots=True)
class LotCorrection:
    """What is true of a lot.  None is "not known" of a production date, and "never expires" of an expiry date."""

    lot_id: int
    produced_on: date | Kept | None = KEPT
    expires_on: date | Kept | None = KEPT
    supplier_lot: str | Kept = KEPT


@dataclass(frozen=True, slots=True)
class _Known:
    """A lot under its lock."""

    id: int
    code: str
    sku_id: int
    produced_on: date | None
    expires_on: date | None
    supplier_lot: str


def correct_lots(
    *, corrections: Sequence[LotCorrection], reason: str, may_extend: bool, actor_id: int | None
) -> tuple[int, ...]:
    """Put these lots' dates right; the ids of those that changed, in order.  The same again changes nothing.

    Each change stands in the audit trail with its reason, what was and what is.  Where a lot expires earlier than was believed, units
    allocated to whoever wants a later date get other lots, else their owners are short (AllocationsBroken), on the cart too
    (PickedUnitsLost); promises that no longer fit give way (PromisesBroken); at every facility.  A later date wants `may_extend`.
    Locks the anchors of the SKUs at every facility that has them, then the lots, by id, then balances, facility by facility.  A facility
    that received such a lot in this moment is looked at after the commit (LotsShortened, `settle_shortened`).
    Raises UnknownGoods, BadDates, Forbidden; then nothing was done.
    """
    wanted = {one.lot_id: one for one in corrections}
    places = _places(sorted(wanted))
    lock_anchors(places)
    known = _lock(sorted(wanted))
    changed = {id_: new for id_, old in known.items() if (new := _corrected(old, wanted[id_])) != old}
    for id_, new in changed.items():
        _check(known[id_], new, may_extend=may_extend)
    if not changed:
        return ()
    _write(list(changed.values()))
    accounts.record_each(
        "correct_lot",
        "lot",
        {id_: _detail(known[id_], new, reason) for id_, new in changed.items()},
        actor_id=actor_id,
    )
    shortened = [
        id_ for id_, new in changed.items() if expiry.expires_later(known[id_].expires_on, new.expires_on)
    ]
    if shortened:
        skus = {known[id_].sku_id for id_ in shortened}
        _settle([place for place in places if place[1] in skus], shortened)
        outbox.emit("LotsShortened", {"lot_ids": shortened})
    return tuple(changed)


def settle_shortened(*, lot_ids: Sequence[int]) -> None:
    """What was allocated or promised of lots before everybody could see their earlier date gives way.  Locks as correct_lots, no lot."""
    places = _places(sorted(set(lot_ids)))
    lock_anchors(places)
    _settle(places, lot_ids)


def _places(lot_ids: Sequence[int]) -> list[tuple[int, int]]:
    """(facility, SKU) of these lots wherever their goods lie, or lay."""
    return db.rows(
        "SELECT DISTINCT facility_id, sku_id FROM inventory_balance WHERE tenant_id = %s AND lot_id = ANY (%s::bigint[])",
        current_tenant(),
        db.array(lot_ids),
    )


def _lock(lot_ids: Sequence[int]) -> dict[int, _Known]:
    columns = "id, code, sku_id, produced_on, expires_on, supplier_lot"
    found = db.lock(Rank.STOCK, Lot, columns, "id = ANY (%s::bigint[])", db.array(lot_ids))
    known = {row[0]: _Known(*row) for row in found}
    if missing := sorted(set(lot_ids) - known.keys()):
        raise UnknownGoods(_("没有这个批次。"), code="lot_not_found", lot_ids=missing)
    return known


def _corrected(old: _Known, asked: LotCorrection) -> _Known:
    return replace(
        old,
        produced_on=old.produced_on if asked.produced_on is KEPT else asked.produced_on,
        expires_on=old.expires_on if asked.expires_on is KEPT else asked.expires_on,
        supplier_lot=old.supplier_lot if asked.supplier_lot is KEPT else asked.supplier_lot,
    )


def _check(old: _Known, new: _Known, *, may_extend: bool) -> None:
    if not expiry.is_possible(new.produced_on, new.expires_on):
        raise BadDates(
            _("批次 %(lot)s 的到期日在生产日期前面。") % {"lot": new.code},
            lot=new.code,
            produced_on=str(new.produced_on),
            expires_on=str(new.expires_on),
        )
    if not may_extend and expiry.expires_later(new.expires_on, old.expires_on):
        raise Forbidden(
            _("把批次 %(lot)s 的到期日改晚，要质量管理或老板来做。") % {"lot": new.code},
            code="later_date_needs_quality",
            lot=new.code,
        )


def _write(lots: Sequence[_Known]) -> None:
    db.execute(
        "UPDATE inventory_lot l SET produced_on = u.produced_on, expires_on = u.expires_on, supplier_lot = u.supplier_lot"
        " FROM unnest(%s::bigint[], %s::date[], %s::date[], %s::text[]) u(id, produced_on, expires_on, supplier_lot)"
        " WHERE l.tenant_id = %s AND l.id = u.id",
        db.array([lot.id for lot in lots]),
        db.array([lot.produced_on for lot in lots]),
        db.array([lot.expires_on for lot in lots]),
        db.array([lot.supplier_lot for lot in lots]),
        current_tenant(),
    )


def _detail(old: _Known, new: _Known, reason: str) -> Mapping[str, object]:
    """What changed, as [before, after] by field, and why."""
    changes: dict[str, list[str | None]] = {}
    for name in ("produced_on", "expires_on", "supplier_lot"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            changes[name] = [None if value is None else str(value) for value in (before, after)]
    return {"reason": reason, "changes": changes}


def _settle(places: Sequence[tuple[int, int]], lot_ids: Sequence[int]) -> None:
    """Under the anchors' locks of all these places."""
    unfit = db.rows(sql.UNFIT, current_tenant(), db.array(sorted(set(lot_ids))), first_sellable())
    to_move = {row[8] for row in unfit}
    skus: dict[int, list[int]] = defaultdict(list)
    for facility_id, sku_id in places:
        skus[facility_id].append(sku_id)
    for facility_id in sorted(skus):
        if facility_id in to_move:
            move_unfit(facility_id=facility_id, lot_ids=lot_ids)
        settle_promises(facility_id, skus[facility_id])
