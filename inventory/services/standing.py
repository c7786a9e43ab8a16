"""Whether a difference that waits for a second person is still one: nobody has booked it, or part of it, since it was found.

A count notes the number of the last move the book had when it was read; what people find without a count is as old as its paper.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from core import db
from core.db import Rank
from core.tenancy import current_tenant
from inventory import counting_sql as sql
from inventory.errors import WrongState
from inventory.models import AdjustmentReason, Balance
from inventory.services.counting import list_findings
from inventory.services.promises import lock_anchors

MEASURED = (AdjustmentReason.COUNT, AdjustmentReason.LOST, AdjustmentReason.FOUND)
"""Reasons that say how the bin differs from the book.  The others tell of units that were carried off, whatever the book says."""
NAMED = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """A paper that waits: what it would change, found by which count, else when it was written."""

    number: str
    reason: AdjustmentReason
    count_id: int | None
    created_at: datetime
    places: Sequence[tuple[int, int]]
    """(bin, lot)"""


def lock_goods(facility_id: int, sku_ids: AbstractSet[int]) -> None:
    """What a paper that moves these SKUs will lock: their anchors, then all their balances at the facility.  Nobody corrects the book of
    them until the commit.
    """
    lock_anchors((facility_id, sku_id) for sku_id in sku_ids)
    where = "facility_id = %s AND sku_id = ANY (%s::bigint[])"
    db.lock(Rank.STOCK, Balance, "id", where, facility_id, db.array(sorted(sku_ids)))


def refuse_fallen(paper: Difference) -> None:
    """Raises WrongState naming the bins and lots whose book somebody corrected since: the difference may be booked already.

    Under the locks of `lock_goods`.  Three statements at most.
    """
    if paper.reason not in MEASURED:
        return
    counted = {} if paper.count_id is None else _counted(paper.count_id)
    found = db.rows(
        sql.CORRECTED,
        db.array([bin_id for bin_id, _lot in paper.places]),
        db.array([lot_id for _bin, lot_id in paper.places]),
        db.array([counted.get(place) for place in paper.places]),
        paper.created_at,
        current_tenant(),
    )
    if not found:
        return
    told = "、".join(
        _("货位 %(bin)s 批次 %(lot)s") % {"bin": bin_code, "lot": lot_code}
        for bin_code, lot_code in found[:NAMED]
    )
    if len(found) > NAMED:
        told += _("……一共 %(n)d 处") % {"n": len(found)}
    raise WrongState(
        _("没有入账：%(what)s 的账，在这个差数查出来以后有人改过，再入账可能重复。选“不同意”，再盘一次。")
        % {"what": told},
        code="book_corrected",
        number=paper.number,
        places=[{"bin": bin_code, "lot": lot_code} for bin_code, lot_code in found[:NAMED]],
    )


def _counted(count_id: int) -> dict[tuple[int, int], int]:
    """(bin, lot) -> the number of moves its balance had at the count on which the difference rests."""
    bins = dict(
        db.rows(
            "SELECT id, bin_id FROM inventory_counttask WHERE tenant_id = %s AND count_id = %s AND status = 5",
            current_tenant(),
            count_id,
        )
    )
    return {
        (bins[task_id], lot_id): after_seq
        for (task_id, lot_id), (_verdict, after_seq) in list_findings(sorted(bins)).items()
    }
