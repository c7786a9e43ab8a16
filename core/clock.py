"""The database's clock is the only clock that decides deadlines.  Rules get dates and instants as arguments."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from core import db
from core.tenancy import current_scope

_pinned: ContextVar[date | None] = ContextVar("pinned_today", default=None)
_MEMO, _OPENED, _ZONE = "today", "opened_at", "zone"


def now() -> datetime:
    """The instant, as the database sees it now (not the start of the transaction)."""
    return db.rows("SELECT clock_timestamp()")[0][0]  # type: ignore[no-any-return]


def opened_at() -> datetime:
    """The instant at which a page's transaction was opened, without asking again: for "how long ago", never for a deadline."""
    return current_scope().memo.get(_OPENED) or now()


def know(instant: datetime, day: date) -> None:
    """What the statement that opened a page has read already."""
    current_scope().memo.update({_OPENED: instant, _MEMO: day})


def know_day(day: date) -> None:
    """The tenant's day, as another statement has read it already."""
    current_scope().memo[_MEMO] = day


def is_known() -> bool:
    """Whether this transaction has read its day already."""
    return _MEMO in current_scope().memo


def today() -> date:
    """The calendar day in the tenant's time zone; read once a transaction."""
    pinned = _pinned.get()
    if pinned is not None:
        return pinned
    scope = current_scope()
    if _MEMO not in scope.memo:
        _read(scope.memo, scope.tenant_id)
    return scope.memo[_MEMO]  # type: ignore[no-any-return]


def day_of(instant: datetime) -> date:
    """The calendar day of an instant in the tenant's time zone, which is read once a transaction."""
    scope = current_scope()
    if _ZONE not in scope.memo:
        _read(scope.memo, scope.tenant_id)
    return instant.astimezone(scope.memo[_ZONE]).date()


def _read(memo: dict[str, Any], tenant_id: int) -> None:
    """The tenant's day, unless it is known, and its time zone."""
    ((day, zone),) = db.rows(
        "SELECT (clock_timestamp() AT TIME ZONE timezone)::date, timezone FROM core_tenant WHERE id = %s",
        tenant_id,
    )
    memo.setdefault(_MEMO, day)
    memo[_ZONE] = ZoneInfo(zone)


@contextmanager
def pinned(day: date) -> Iterator[None]:
    """Pretend that today is `day`, for this thread: previews ("what expires by then") and tests."""
    token = _pinned.set(day)
    try:
        yield
    finally:
        _pinned.reset(token)
