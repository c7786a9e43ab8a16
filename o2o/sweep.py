"""What the clock process does with dispatches."""

import logging

from django.db import InterfaceError, OperationalError, connections

from core.clockwork import Swept
from core.tenancy import tenant
from o2o import sql
from o2o.services import dispatches
from o2o.services.dispatches import Advanced

log = logging.getLogger(__name__)
BATCH = 100  # of one tenant a pass: small, so that another tenant's deadline never waits long


def deadlines() -> list[tuple[int, float]]:
    """(tenant, seconds to its earliest deadline), one index probe a tenant.  A plain read as sys."""
    with connections["sys"].cursor() as cursor:
        cursor.execute(sql.NEXT_DEADLINES)
        return cursor.fetchall()  # type: ignore[no-any-return]


def advance(tenant_id: int) -> Swept:
    """One batch of one tenant.  When it fails, each dispatch is tried alone, so that one bad row stops
    nobody else.
    """
    try:
        with tenant(tenant_id):
            done = [dispatches.advance_due(limit=BATCH)]
    except (OperationalError, InterfaceError):
        raise  # the database, not a dispatch
    except Exception:
        log.exception("a batch of rounds failed, trying one by one", extra={"tenant_id": tenant_id})
        done = _one_by_one(tenant_id)
    return Swept(sum(each.moved for each in done), max((each.late_s for each in done), default=0.0))


def _one_by_one(tenant_id: int) -> list[Advanced]:
    with tenant(tenant_id):
        due = dispatches.list_due(limit=BATCH)
    done, failed = [], 0
    for dispatch_id in due:
        try:
            with tenant(tenant_id):
                done.append(dispatches.advance_due(limit=1, dispatch_ids=[dispatch_id]))
        except Exception:
            failed += 1
            log.exception(
                "a dispatch cannot move", extra={"tenant_id": tenant_id, "dispatch_id": dispatch_id}
            )
    if failed and not any(each.moved for each in done):
        raise RuntimeError(f"{failed} dispatches of tenant {tenant_id} cannot move")
    return done
