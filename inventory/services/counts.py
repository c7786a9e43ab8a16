"""The paper of a count: made, reviewed, booked, cancelled.  What the people with it do in the bins is in services/counting.py.

Lock order: the count, then its tasks, then stock.  Whoever changes a task holds its count, so nothing of an ended count moves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import db, live
from core.db import Rank
from core.services import accounts
from core.tenancy import current_tenant
from inventory import counting_sql as sql
from inventory.errors import BadQuantity, UnknownDocument, UnknownGoods, UnknownPlace, WrongState
from inventory.models import BinKind, CountStatus, CountTask, CountTaskStatus, StockCount
from inventory.services.numbering import number_papers

COUNTABLE = (BinKind.PICK, BinKind.STORAGE, BinKind.RECEIVING, BinKind.QUARANTINE, BinKind.DAMAGED)
TASKS_MOST = 20_000
OPEN_TASKS = (CountTaskStatus.TODO, CountTaskStatus.COUNTING, CountTaskStatus.RECOUNT)


@dataclass(frozen=True, slots=True)
class CountScope:
    """What is counted; everything given must hold.  Nothing given: every bin that can be counted.

    With `sku_ids` a task is one SKU in one bin where it lies, else a whole bin with all that is in it.  `days`: bins not counted for so
    long; `moved_only`: bins with moves since they were counted last; `stocked_only`: bins that are empty on the book are left out.
    """

    zones: Sequence[str] = ()
    bin_ids: Sequence[int] = ()
    sku_ids: Sequence[int] = ()
    days: int | None = None
    moved_only: bool = False
    stocked_only: bool = False


ALL = CountScope()


@dataclass(frozen=True, slots=True)
class CountResult:
    count_id: int
    number: str
    tasks: int


@dataclass(frozen=True, slots=True)
class Paper:
    """A count under its lock."""

    id: int
    number: str
    facility_id: int
    name: str
    status: CountStatus


def create_count(
    *, facility_id: int, scope: CountScope = ALL, name: str = "", actor_id: int | None
) -> CountResult:
    """Make a count with a task for each bin (or SKU in a bin), in the order of the walk; a constant number of statements.

    Bins that another open count has are left out.  Nothing is frozen; the number is taken last.  Raises UnknownPlace, UnknownGoods,
    BadQuantity when nothing is to be counted or more than TASKS_MOST.
    """
    _require_known(facility_id, scope)
    chosen = _choose(facility_id, scope)
    if not chosen:
        raise BadQuantity(_("没有要盘的货位：条件太窄，或者都在别的盘点单里。"), code="nothing_to_count")
    if len(chosen) > TASKS_MOST:
        raise BadQuantity(
            _("一张盘点单最多 %(most)s 个任务，这次有 %(n)s 个。选几个库区分开盘。")
            % {"most": f"{TASKS_MOST:,}", "n": f"{len(chosen):,}"},
            code="too_many_tasks",
        )
    count_id = db.new_id()
    db.insert(
        StockCount,
        ["id", "number", "facility", "name", "created_by"],
        [(count_id, str(count_id), facility_id, name.strip(), actor_id)],
    )
    db.insert(
        CountTask,
        ["id", "count", "bin", "sku", "place"],
        [
            (id_, count_id, bin_id, sku_id, place)
            for place, (id_, (bin_id, sku_id)) in enumerate(
                zip(db.new_ids(len(chosen)), chosen, strict=True), 1
            )
        ],
    )
    (number,) = number_papers(StockCount, "CT", [count_id])
    accounts.record(
        "create", "count", count_id, actor_id=actor_id, detail={"number": number, "tasks": len(chosen)}
    )
    return CountResult(count_id, number, len(chosen))


def cancel_count(*, count_id: int, actor_id: int | None) -> None:
    """End a count without booking anything; who is counting learns it at the next touch.  A second time changes nothing.

    Locks the count.  Raises UnknownDocument, WrongState when something of it is booked already.
    """
    paper = lock_count(count_id)
    if paper.status == CountStatus.CANCELLED:
        return
    booked = tell_tasks(count_id).get(CountTaskStatus.POSTED, 0)
    if booked or paper.status == CountStatus.POSTED:
        raise WrongState(
            _("盘点单 %(number)s 已有货位入账，不能取消。没盘的可以不盘，直接结束。")
            % {"number": paper.number},
            number=paper.number,
            status=paper.status.name,
        )
    put_down(count_id)
    set_status(count_id, CountStatus.CANCELLED)
    accounts.record("cancel", "count", count_id, actor_id=actor_id, detail={"number": paper.number})
    live.push(current_tenant(), "count", [count_id])


def lock_count(count_id: int) -> Paper:
    """The count, locked.  Raises UnknownDocument."""
    found = db.lock(Rank.DOCUMENT, StockCount, "id, number, facility_id, name, status", "id = %s", count_id)
    if not found:
        raise UnknownDocument(_("没有这张盘点单。"), count_id=count_id)
    id_, number, facility_id, name, status = found[0]
    return Paper(id_, number, facility_id, name, CountStatus(status))


def require_open(paper: Paper, *states: CountStatus) -> None:
    """Raises WrongState, with the state in words."""
    if paper.status not in (states or (CountStatus.OPEN,)):
        raise WrongState(
            _("盘点单 %(number)s %(status)s，不用再盘了。")
            % {"number": paper.number, "status": paper.status.label},
            number=paper.number,
            status=paper.status.name,
        )


def tell_tasks(count_id: int) -> Mapping[int, int]:
    """Status -> number of tasks."""
    return dict(
        db.rows(
            "SELECT status, count(*)::int FROM inventory_counttask WHERE tenant_id = %s AND count_id = %s GROUP BY 1",
            current_tenant(),
            count_id,
        )
    )


def put_down(count_id: int) -> None:
    """Nobody counts any more.  Under the count's lock."""
    db.execute(
        "UPDATE inventory_counttask SET status = CASE WHEN round = 1 THEN 0 ELSE 2 END, counter_id = NULL"
        " WHERE tenant_id = %s AND count_id = %s AND status = 1",
        current_tenant(),
        count_id,
    )


def set_status(count_id: int, status: CountStatus) -> None:
    """Under the count's lock."""
    ended = status in (CountStatus.POSTED, CountStatus.CANCELLED)
    db.execute(
        "UPDATE inventory_stockcount SET status = %s, ended_at = CASE WHEN %s THEN clock_timestamp() END"
        " WHERE tenant_id = %s AND id = %s",
        int(status),
        ended,
        current_tenant(),
        count_id,
    )


def _require_known(facility_id: int, scope: CountScope) -> None:
    tenant_id = current_tenant()
    ((places, bins, skus),) = db.rows(
        "SELECT (SELECT count(*)::int FROM inventory_facility WHERE tenant_id = %s AND id = %s),"
        " (SELECT count(*)::int FROM inventory_bin WHERE tenant_id = %s AND facility_id = %s AND id = ANY (%s::bigint[])),"
        " (SELECT count(*)::int FROM inventory_sku WHERE tenant_id = %s AND id = ANY (%s::bigint[]))",
        tenant_id,
        facility_id,
        tenant_id,
        facility_id,
        db.array(sorted(set(scope.bin_ids))),
        tenant_id,
        db.array(sorted(set(scope.sku_ids))),
    )
    if not places or bins < len(set(scope.bin_ids)):
        raise UnknownPlace(_("没有这个仓库，或者货位不在这个仓库。"), facility_id=facility_id)
    if skus < len(set(scope.sku_ids)):
        raise UnknownGoods(_("没有这个商品。"), sku_ids=sorted(scope.sku_ids))


def _choose(facility_id: int, scope: CountScope) -> list[tuple[int, int | None]]:
    """(bin, SKU or None) in the order of the walk."""
    tenant_id = current_tenant()
    return [
        (bin_id, sku_id)
        for bin_id, sku_id in db.rows(
            sql.COUNTABLE_BINS,
            bool(scope.sku_ids),
            db.array(sorted(set(scope.sku_ids))),
            tenant_id,
            facility_id,
            db.array([int(kind) for kind in COUNTABLE]),
            not scope.zones,
            db.array(sorted(set(scope.zones))),
            not scope.bin_ids,
            db.array(sorted(set(scope.bin_ids))),
            not scope.stocked_only,
            scope.days is None,
            scope.days or 0,
            not scope.moved_only,
        )
    ]
