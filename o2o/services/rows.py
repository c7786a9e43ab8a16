"""The rows of dispatches and offers, changed under the dispatch's lock; services call these and commit."""

from collections.abc import Mapping, Sequence

from core import db, live
from core.db import Rank
from core.services import accounts
from core.tenancy import current_tenant
from o2o.models import Dispatch, DispatchStatus, OfferStatus

SOLD_OUT = "sold_out"  # why an offer closed by itself; the words are in o2o.wording


def lock(dispatch_ids: Sequence[int]) -> list[tuple[int, int, str]]:
    """Lock dispatches by id: (id, order_ref, status)."""
    return db.lock(
        Rank.DISPATCH, Dispatch, "id, order_ref, status", "id = ANY (%s::bigint[])", db.array(dispatch_ids)
    )


def end(dispatch_ids: Sequence[int], status: DispatchStatus, reason: str) -> None:
    """End locked dispatches without a winner."""
    db.execute(
        "UPDATE o2o_dispatch SET status = %s, reason = %s, deadline = NULL, ended_at = clock_timestamp(),"
        " version = version + 1 WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        status.value,
        reason,
        current_tenant(),
        db.array(dispatch_ids),
    )


def close_all(
    dispatch_ids: Sequence[int], status: OfferStatus = OfferStatus.EXPIRED, reason: str = ""
) -> None:
    """Close every open offer of locked dispatches."""
    db.execute(
        "UPDATE o2o_offer SET status = %s, reason = %s, closed_at = clock_timestamp()"
        " WHERE tenant_id = %s AND dispatch_id = ANY (%s::bigint[]) AND status = 'OPEN'",
        status.value,
        reason,
        current_tenant(),
        db.array(dispatch_ids),
    )


def close_offers(reasons: Mapping[tuple[int, int], str]) -> int:
    """Close open offers of locked dispatches, (dispatch, facility) -> reason; how many were open."""
    if not reasons:
        return 0
    return db.execute(
        "UPDATE o2o_offer o SET status = 'CLOSED', reason = u.reason, closed_at = clock_timestamp()"
        " FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) u(dispatch_id, facility_id, reason)"
        " WHERE o.tenant_id = %s AND o.dispatch_id = u.dispatch_id AND o.facility_id = u.facility_id AND o.status = 'OPEN'",
        db.array([id_ for id_, _f in reasons]),
        db.array([facility_id for _id, facility_id in reasons]),
        db.array(list(reasons.values())),
        current_tenant(),
    )


def hurry(dispatch_ids: Sequence[int]) -> None:
    """Nobody is left in the round of these locked dispatches: it is over now, not at its deadline."""
    db.execute(
        "UPDATE o2o_dispatch d SET deadline = clock_timestamp(), version = d.version + 1"
        " WHERE d.tenant_id = %s AND d.id = ANY (%s::bigint[]) AND d.status = 'OFFERING' AND d.deadline > clock_timestamp()"
        " AND NOT EXISTS (SELECT FROM o2o_offer o WHERE o.tenant_id = d.tenant_id AND o.dispatch_id = d.id"
        " AND o.status = 'OPEN')",
        current_tenant(),
        db.array(dispatch_ids),
    )


def tell(dispatch_ids: Sequence[int]) -> None:
    """Open pages look again, after the commit."""
    if dispatch_ids:
        live.push(current_tenant(), "dispatch", dispatch_ids)


def record(action: str, dispatch_id: int, actor_id: int | None, **detail: object) -> None:
    """A person did it: one row of the audit trail.  What the machine does leaves facts, not audit rows."""
    if actor_id is not None:
        accounts.record(action, "dispatch", dispatch_id, actor_id=actor_id, detail=detail)
