"""A count is reviewed and booked: the difference is added to the book, never the number that was counted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from core import db, live
from core.services import accounts
from core.tenancy import current_tenant
from inventory import counting_sql as sql
from inventory.errors import WrongState
from inventory.models import AdjustmentReason, CountStatus, CountTaskStatus
from inventory.rules.counting import Verdict
from inventory.services.adjusting import AdjustmentLineInput, AdjustmentResult, adjust
from inventory.services.counting import list_findings
from inventory.services.counts import (
    OPEN_TASKS,
    Paper,
    lock_count,
    put_down,
    require_open,
    set_status,
    tell_tasks,
)
from inventory.services.standing import lock_goods


@dataclass(frozen=True, slots=True)
class Again:
    """A bin that must be counted once more, and why, in words."""

    bin_code: str
    lot_code: str
    why: str


@dataclass(frozen=True, slots=True)
class PostResult:
    """`adjustment` None: nothing differed.  `tasks` are booked; `again` go back to the floor and keep the count open."""

    tasks: int
    adjustment: AdjustmentResult | None
    again: tuple[Again, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """A difference to book, of one lot in one task."""

    task_id: int
    bin_id: int
    bin_code: str
    sku_id: int
    lot_id: int
    lot_code: str
    delta: int
    after_seq: int


def accept(*, count_id: int, task_ids: Sequence[int], actor_id: int | None) -> int:
    """Take these tasks as they are though their counts do not agree: of each lot the latest difference found while nothing moved, none
    where there is no such count.  Returns how many were taken; a task somebody counts at the moment, or that is agreed, is left alone.

    Locks the count.  Raises UnknownDocument, WrongState.
    """
    paper = lock_count(count_id)
    require_open(paper, CountStatus.OPEN, CountStatus.REVIEW)
    taken = [
        row[0]
        for row in db.rows(
            "UPDATE inventory_counttask SET status = 3, round = round - (status = 2)::int, accepted_by = %s"
            " WHERE tenant_id = %s AND count_id = %s AND id = ANY (%s::bigint[]) AND (status = 4 OR (status = 2 AND round > 1))"
            " RETURNING id",
            actor_id,
            current_tenant(),
            count_id,
            db.array(sorted(set(task_ids))),
        )
    ]
    if taken:
        _note(list_findings(taken))
        _after_review(paper, "accept", taken, actor_id)
    return len(taken)


def ask_again(*, count_id: int, task_ids: Sequence[int], actor_id: int | None) -> int:
    """Send these tasks back to the floor for another round; returns how many went.  Locks the count.  Raises as `accept`."""
    paper = lock_count(count_id)
    require_open(paper, CountStatus.OPEN, CountStatus.REVIEW)
    sent = _send_back(count_id, task_ids)
    if sent:
        _after_review(paper, "recount", sent, actor_id)
    return len(sent)


def post_count(*, count_id: int, actor_id: int | None, leave_rest: bool = False) -> PostResult:
    """Book what is agreed, as one adjustment, and end the count.

    A difference that no longer stands is not booked; its bin is counted again and the count stays open.  It falls when fewer units are
    left than are missing, when somebody has corrected the book of that lot since it was counted, or when an adjustment of it waits.
    `leave_rest`: bins that are not agreed stay uncounted instead of stopping it.  Over the tenant's limit the adjustment waits for a
    second person, and nothing moves until then.
    Locks the count, then anchors and balances as move_stock does.  Raises UnknownDocument, WrongState (booked, cancelled, not done).
    """
    paper = lock_count(count_id)
    require_open(paper, CountStatus.OPEN, CountStatus.REVIEW)
    told = tell_tasks(count_id)
    if not leave_rest:
        _require_done(paper, told)
    put_down(count_id)
    agreed = [
        row[0]
        for row in db.rows(
            "SELECT id FROM inventory_counttask WHERE tenant_id = %s AND count_id = %s AND status = 3 ORDER BY place",
            current_tenant(),
            count_id,
        )
    ]
    lines = _lines(agreed)
    again = _fallen(paper, lines)
    stays = {line.task_id for line, _why in again}
    booked = [task_id for task_id in agreed if task_id not in stays]
    adjustment = _adjust(paper, [line for line in lines if line.task_id not in stays], actor_id)
    db.execute(
        "UPDATE inventory_counttask SET status = 5 WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        current_tenant(),
        db.array(booked),
    )
    _send_back(count_id, stays)
    set_status(count_id, CountStatus.OPEN if again else CountStatus.POSTED)
    accounts.record(
        "post",
        "count",
        count_id,
        actor_id=actor_id,
        detail={
            "number": paper.number,
            "tasks": len(booked),
            "again": len(stays),
            "adjustment": adjustment.number if adjustment else "",
        },
    )
    live.push(current_tenant(), "count", [count_id])
    return PostResult(
        len(booked), adjustment, tuple(Again(line.bin_code, line.lot_code, why) for line, why in again)
    )


def _require_done(paper: Paper, told: Mapping[int, int]) -> None:
    left = sum(told.get(status, 0) for status in OPEN_TASKS)
    asked = told.get(CountTaskStatus.DISPUTED, 0)
    if left:
        text = _("还有 %(n)d 个货位没盘完。等盘完，或者选“没盘的不盘了”。") % {"n": left}
    elif asked:
        text = _("还有 %(n)d 个货位几次数得不一样，先定下来再入账。") % {"n": asked}
    else:
        return
    raise WrongState(text, code="count_not_done", number=paper.number, left=left, disputed=asked)


def _lines(task_ids: Sequence[int]) -> list[_Line]:
    """Differences of agreed tasks, in the order of bins and lots."""
    findings = {key: found for key, found in list_findings(task_ids).items() if found[0].difference}
    if not findings:
        return []
    names = db.rows(
        "SELECT t.id, n.id, n.code, l.sku_id, l.id, l.code FROM unnest(%s::bigint[], %s::bigint[]) u(task_id, lot_id)"
        " JOIN inventory_counttask t ON t.id = u.task_id JOIN inventory_lot l ON l.tenant_id = t.tenant_id AND l.id = u.lot_id"
        " JOIN inventory_bin n ON n.tenant_id = t.tenant_id AND n.id = t.bin_id WHERE t.tenant_id = %s ORDER BY t.place, l.code, l.id",
        db.array([task_id for task_id, _lot in findings]),
        db.array([lot_id for _task, lot_id in findings]),
        current_tenant(),
    )
    lines = []
    for row in names:
        verdict, after_seq = findings[row[0], row[4]]
        named: tuple[Any, ...] = (*row, verdict.difference, after_seq)
        lines.append(_Line(*named))
    return lines


def _fallen(paper: Paper, lines: Sequence[_Line]) -> list[tuple[_Line, str]]:
    """Lines that no longer stand, with the reason.  Takes the locks that move_stock will take, so what is seen here is what is booked."""
    if not lines:
        return []
    lock_goods(paper.facility_id, {line.sku_id for line in lines})
    found = db.rows(
        sql.STANDING,
        *(
            db.array(column)
            for column in (
                [line.bin_id for line in lines],
                [line.lot_id for line in lines],
                [line.after_seq for line in lines],
            )
        ),
        current_tenant(),
    )
    now = {(row[0], row[1]): row[2:] for row in found}
    fallen = []
    for line in lines:
        on_hand, is_corrected, is_awaited = now[line.bin_id, line.lot_id]
        if is_awaited:
            fallen.append((line, _("这批还有一张调整单在等人同意")))
        elif is_corrected:
            fallen.append((line, _("盘过以后有人改过这批的账")))
        elif on_hand + line.delta < 0:
            fallen.append(
                (line, _("少 %(n)d 件，账上只剩 %(have)d 件了") % {"n": -line.delta, "have": on_hand})
            )
    return fallen


def _adjust(paper: Paper, lines: Iterable[_Line], actor_id: int | None) -> AdjustmentResult | None:
    inputs = [AdjustmentLineInput(line.bin_id, line.lot_id, line.delta) for line in lines]
    if not inputs:
        return None
    return adjust(
        facility_id=paper.facility_id,
        reason=AdjustmentReason.COUNT,
        lines=inputs,
        note=f"{paper.number} {paper.name}".strip(),
        actor_id=actor_id,
        count_id=paper.id,
    )


def _send_back(count_id: int, task_ids: Iterable[int]) -> list[int]:
    """Agreed and disputed ones go for another round."""
    return [
        row[0]
        for row in db.rows(
            "UPDATE inventory_counttask SET status = 2, round = round + 1, accepted_by = NULL"
            " WHERE tenant_id = %s AND count_id = %s AND id = ANY (%s::bigint[]) AND status IN (3, 4) RETURNING id",
            current_tenant(),
            count_id,
            db.array(sorted(set(task_ids))),
        )
    ]


def _note(findings: Mapping[tuple[int, int], tuple[Verdict, int]]) -> None:
    """What will be booked, in the entries of each task's last round."""
    keys = sorted(findings)
    db.execute(
        "UPDATE inventory_countentry e SET difference = u.difference"
        " FROM unnest(%s::bigint[], %s::bigint[], %s::int[]) u(task_id, lot_id, difference), inventory_counttask t"
        " WHERE e.tenant_id = %s AND e.task_id = u.task_id AND e.lot_id = u.lot_id AND t.tenant_id = e.tenant_id AND t.id = e.task_id"
        " AND e.round = t.round",
        db.array([key[0] for key in keys]),
        db.array([key[1] for key in keys]),
        db.array([findings[key][0].difference for key in keys]),
        current_tenant(),
    )


def _after_review(paper: Paper, action: str, task_ids: Sequence[int], actor_id: int | None) -> None:
    told = tell_tasks(paper.id)
    is_open = any(told.get(status) for status in OPEN_TASKS)
    set_status(paper.id, CountStatus.OPEN if is_open else CountStatus.REVIEW)
    accounts.record(
        action,
        "count",
        paper.id,
        actor_id=actor_id,
        detail={"number": paper.number, "tasks": sorted(task_ids)[:200]},
    )
    live.push(current_tenant(), "count", [paper.id])
