"""Counting: who takes a task, what the book said when he began, what he found.  The count's row is locked first, then the task, then stock.

Nothing is frozen.  The balances of the bin are locked for the moment in which the book is read, at the start and at the end, so that a
pick or a receipt that is under way is either on the book already or seen as a move in between.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from core import clock, db, live
from core.db import Rank
from core.services import accounts
from core.tenancy import current_tenant
from inventory import counting_sql as sql
from inventory.errors import TaskGone, UnknownDocument, WrongState
from inventory.models import Balance, CountStatus, CountTask, CountTaskStatus
from inventory.rules.counting import Reading, Step, Verdict, decide, next_step
from inventory.services.counted_lots import CountLine, read_lines
from inventory.services.counts import OPEN_TASKS, Paper, lock_count, require_open, set_status, tell_tasks

PATIENCE = timedelta(minutes=30)  # who has been away longer may find his task taken
COUNTED_BY = (
    "EXISTS (SELECT FROM inventory_countentry e WHERE e.tenant_id = inventory_counttask.tenant_id"
    " AND e.task_id = inventory_counttask.id AND e.counted_by"
)
AFTER = {
    Step.DONE: CountTaskStatus.AGREED,
    Step.RECOUNT: CountTaskStatus.RECOUNT,
    Step.DECIDE: CountTaskStatus.DISPUTED,
}


@dataclass(frozen=True, slots=True)
class Task:
    """A task in somebody's hands.  `sku_id` None: everything in the bin."""

    id: int
    count_id: int
    bin_id: int
    sku_id: int | None
    round: int


@dataclass(frozen=True, slots=True)
class HandIn:
    """What became of a task.  It says nothing of numbers: who counts must not learn what the book says."""

    status: CountTaskStatus
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class _Book:
    after: int
    after_seq: int
    moved_in: int
    moved_out: int


NOTHING = _Book(0, 0, 0, 0)


def claim_task(
    *, count_id: int, actor_id: int, bin_id: int | None = None, now: datetime | None = None
) -> Task | None:
    """The next task of the walk for this person, or the one he has; None when nothing is left.  `bin_id`: the bin he stands at.

    A recount goes to somebody else as long as there is other work.  A task that its counter has had for longer than PATIENCE (as of
    `now`, else the database's clock) may be taken over.  Locks the count, claims the task (skip-locked), notes the book under the
    balances' locks.  Raises UnknownDocument, WrongState when the count is over.
    """
    paper = lock_count(count_id)
    require_open(paper, CountStatus.OPEN, CountStatus.REVIEW)
    if paper.status == CountStatus.REVIEW:
        return None
    mine = db.lock(
        Rank.DOCUMENT,
        CountTask,
        "id, count_id, bin_id, sku_id, round",
        "count_id = %s AND status = 1 AND counter_id = %s",
        count_id,
        actor_id,
    )
    if mine and bin_id in (None, mine[0][2]):
        return Task(*mine[0])
    found = db.claim(
        Rank.DOCUMENT,
        CountTask,
        "id, count_id, bin_id, sku_id, round",
        "count_id = %s AND (status IN (0, 2) OR (status = 1 AND started_at < %s AND counter_id IS DISTINCT FROM %s))"
        " AND (%s OR bin_id = %s)",
        count_id,
        (now or clock.now()) - PATIENCE,
        actor_id,
        bin_id is None,
        bin_id,
        order=f"(status = 2 AND {COUNTED_BY} = {actor_id:d})), status = 1, place",
        limit=1,
    )
    if not found:
        return None
    for id_, *_rest in mine:
        _lay_down(id_)
    task = Task(*found[0])
    _begin(task, actor_id)
    live.push(current_tenant(), "count", [count_id])
    return task


def begin_again(*, task_id: int, actor_id: int) -> Task:
    """He stands at the bin now: the book is noted anew, so that moves on his way do not spoil the count.  Raises what `hand_in` does."""
    _paper, task, _started = _mine(task_id, actor_id)
    _begin(task, actor_id)
    return task


def give_back(*, task_id: int, actor_id: int | None) -> None:
    """Another person may take it; what he counted so far is not kept.  Nothing happens when it is not his any more.

    `actor_id` None gives back whoever's it is.
    """
    count_id = _count_of(task_id)
    lock_count(count_id)
    found = db.lock(Rank.DOCUMENT, CountTask, "status, counter_id", "id = %s", task_id)
    if found and found[0][0] == CountTaskStatus.COUNTING and actor_id in (None, found[0][1]):
        _lay_down(task_id)
        live.push(current_tenant(), "count", [count_id])


def hand_in(*, task_id: int, round_: int, lines: Sequence[CountLine], actor_id: int) -> HandIn:
    """What this person found in the bin; nothing at all is an empty bin.  A lot on the book that he does not name is 0.

    Decides per lot (rules/counting.py) whether the task is agreed, counted again, or for somebody to decide; the last one sends the
    count to review.  The same hand-in again changes nothing.  Lots that nobody knows are made.  Locks the count, the task, the bin's
    balances.  Raises UnknownDocument, TaskGone, UnknownGoods, BadQuantity, LotDiffers.
    """
    try:
        paper, task, started_at = _mine(task_id, actor_id, round_)
    except TaskGone:
        if _is_repeat(task_id, round_, actor_id):
            return HandIn(CountTaskStatus(_status_of(task_id)), is_new=False)
        raise
    counted = read_lines(task.sku_id, lines)
    _lock_bin(task)
    book = _book(task, started_at, sorted(counted))
    earlier, before = _earlier(task)
    fresh = {
        lot_id: Reading(before.get(lot_id, 0), b.after, counted.get(lot_id, 0), b.moved_in, b.moved_out)
        for lot_id in sorted({*before, *counted, *book})
        for b in [book.get(lot_id, NOTHING)]
    }
    verdicts = {lot_id: decide([*earlier[lot_id], reading]) for lot_id, reading in fresh.items()}
    step = next_step((verdict.finding for verdict in verdicts.values()), task.round)
    _write(task, fresh, book, verdicts if step == Step.DONE else {}, actor_id)
    _end(task, step)
    _review_if_last(paper)
    accounts.record(
        "count",
        "count_task",
        task.id,
        actor_id=actor_id,
        detail={"number": paper.number, "round": task.round, "lots": len(fresh), "step": step.value},
    )
    live.push(current_tenant(), "count", [task.count_id])
    return HandIn(AFTER[step])


def _count_of(task_id: int) -> int:
    found = db.rows(
        "SELECT count_id FROM inventory_counttask WHERE tenant_id = %s AND id = %s", current_tenant(), task_id
    )
    if not found:
        raise UnknownDocument(_("没有这个盘点任务。"), task_id=task_id)
    return int(found[0][0])


def _status_of(task_id: int) -> int:
    ((status,),) = db.rows(
        "SELECT status FROM inventory_counttask WHERE tenant_id = %s AND id = %s", current_tenant(), task_id
    )
    return int(status)


def _mine(task_id: int, actor_id: int, round_: int | None = None) -> tuple[Paper, Task, datetime]:
    """The count and this person's task, locked.  Raises UnknownDocument, TaskGone."""
    paper = lock_count(_count_of(task_id))
    try:
        require_open(paper)
    except WrongState as ended:
        raise TaskGone(ended.message, number=paper.number) from None
    found = db.lock(
        Rank.DOCUMENT,
        CountTask,
        "id, count_id, bin_id, sku_id, round, status, counter_id, started_at",
        "id = %s",
        task_id,
    )
    *values, status, counter_id, started_at = found[0]
    task = Task(*values)
    if (
        status != CountTaskStatus.COUNTING
        or counter_id != actor_id
        or (round_ is not None and round_ != task.round)
    ):
        raise TaskGone(
            _("这个货位不在您手里了：已经交过，或者放太久被别人接走了。拿下一个。"), task_id=task_id
        )
    return paper, task, started_at


def _is_repeat(task_id: int, round_: int, actor_id: int) -> bool:
    """Whether this person has handed in this round, its answer perhaps lost."""
    return bool(
        db.rows(
            "SELECT 1 FROM inventory_counttask t WHERE t.tenant_id = %s AND t.id = %s AND (t.status <> 1 AND t.counter_id = %s"
            " AND t.round = %s + (t.status = 2)::int OR EXISTS (SELECT FROM inventory_countentry e WHERE e.tenant_id = t.tenant_id"
            " AND e.task_id = t.id AND e.round = %s AND e.counted_by = %s))",
            current_tenant(),
            task_id,
            actor_id,
            round_,
            round_,
            actor_id,
        )
    )


def _lay_down(task_id: int) -> None:
    db.execute(
        "UPDATE inventory_counttask SET status = CASE WHEN round = 1 THEN 0 ELSE 2 END, counter_id = NULL"
        " WHERE tenant_id = %s AND id = %s",
        current_tenant(),
        task_id,
    )


def _lock_bin(task: Task) -> None:
    db.lock(
        Rank.STOCK,
        Balance,
        "id",
        "bin_id = %s AND (%s OR sku_id = %s)",
        task.bin_id,
        task.sku_id is None,
        task.sku_id or 0,
    )


def _begin(task: Task, actor_id: int) -> None:
    tenant_id = current_tenant()
    _lock_bin(task)
    db.execute(
        "UPDATE inventory_counttask SET status = 1, counter_id = %s, started_at = clock_timestamp() WHERE tenant_id = %s AND id = %s",
        actor_id,
        tenant_id,
        task.id,
    )
    listed = db.rows(
        sql.LISTED, tenant_id, task.bin_id, task.sku_id is None, task.sku_id or 0, tenant_id, task.id
    )
    db.execute(
        sql.BEGIN,
        tenant_id,
        task.id,
        task.round,
        db.array(db.new_ids(len(listed))),
        *(db.array([row[k] for row in listed]) for k in range(3)),
    )


def _book(task: Task, started_at: datetime, lot_ids: Sequence[int]) -> dict[int, _Book]:
    """lot -> what the book says now, and what moved since counting began.  Under the bin's lock."""
    listed = db.rows(
        "SELECT lot_id FROM inventory_countentry WHERE tenant_id = %s AND task_id = %s AND round = %s",
        current_tenant(),
        task.id,
        task.round,
    )
    found = db.rows(
        sql.SINCE,
        task.id,
        task.round,
        started_at,
        started_at,
        current_tenant(),
        task.bin_id,
        task.sku_id is None,
        task.sku_id or 0,
        db.array(sorted({*lot_ids, *(row[0] for row in listed)})),
    )
    return {row[0]: _Book(*row[1:]) for row in found}


def _earlier(task: Task) -> tuple[Mapping[int, list[Reading]], dict[int, int]]:
    """lot -> readings of the rounds before, and lot -> the book when this round began."""
    before = dict(
        db.rows(
            "SELECT lot_id, before FROM inventory_countentry WHERE tenant_id = %s AND task_id = %s AND round = %s",
            current_tenant(),
            task.id,
            task.round,
        )
    )
    readings: defaultdict[int, list[Reading]] = defaultdict(list)
    for _task, _round, lot_id, *row in db.rows(sql.READINGS, current_tenant(), db.array([task.id])):
        readings[lot_id].append(read_row(row))
    return readings, before


def read_row(row: Sequence[int]) -> Reading:
    """(before, after, after_seq, in, out, counted), as READINGS gives it."""
    before, after, _seq, moved_in, moved_out, counted = row
    return Reading(before, after, counted, moved_in, moved_out)


def _write(
    task: Task,
    fresh: Mapping[int, Reading],
    book: Mapping[int, _Book],
    verdicts: Mapping[int, Verdict],
    actor_id: int,
) -> None:
    """The round's entries; `verdicts` of an agreed task say what will be booked."""
    lots = sorted(fresh)
    columns: Iterable[Sequence[int | None]] = (
        db.new_ids(len(lots)),
        lots,
        [fresh[lot].before for lot in lots],
        [fresh[lot].after for lot in lots],
        [book.get(lot, NOTHING).after_seq for lot in lots],
        [fresh[lot].moved_in for lot in lots],
        [fresh[lot].moved_out for lot in lots],
        [fresh[lot].counted for lot in lots],
        [verdicts[lot].difference if verdicts else None for lot in lots],
    )
    db.execute(
        sql.HAND_IN,
        current_tenant(),
        task.id,
        task.round,
        actor_id,
        *(db.array(column) for column in columns),
    )


def _end(task: Task, step: Step) -> None:
    db.execute(
        "UPDATE inventory_counttask SET status = %s, round = round + %s WHERE tenant_id = %s AND id = %s",
        int(AFTER[step]),
        int(step == Step.RECOUNT),
        current_tenant(),
        task.id,
    )


def _review_if_last(paper: Paper) -> None:
    if not any(tell_tasks(paper.id).get(status) for status in OPEN_TASKS):
        set_status(paper.id, CountStatus.REVIEW)


def list_findings(task_ids: Sequence[int]) -> dict[tuple[int, int], tuple[Verdict, int]]:
    """(task, lot) -> its verdict, and the number of moves its balance had at the count the verdict rests on (0 without one)."""
    rows: defaultdict[tuple[int, int], list[Sequence[int]]] = defaultdict(list)
    for task_id, _round, lot_id, *row in db.rows(sql.READINGS, current_tenant(), db.array(sorted(task_ids))):
        rows[task_id, lot_id].append(row)
    found = {}
    for key, readings in rows.items():
        verdict = decide([read_row(row) for row in readings])
        found[key] = verdict, 0 if verdict.reading is None else readings[verdict.reading][2]
    return found
