"""The database's clock is the only clock that decides deadlines.  Rules get dates and instants as arguments."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime

from core import db
from core.tenancy import current_scope

_pinned: ContextVar[date | None] = ContextVar("pinned_today", default=None)
_MEMO, _OPENED = "today", "opened_at"


def now() -> datetime:
    """The instant, as the database sees it now (not the start of the transaction)."""
    return db.rows("SELECT clock_timestamp()")[0][0]  # type: ignore[no-any-return]


def opened_at() -> datetime:
    """The instant at which a page's transaction was opened, without asking again: for "how long ago", never for a deadline."""
    return current_scope().memo.get(_OPENED) or now()


def know(instant: datetime, day: date) -> None:
    """What the statement that opened a page has read already."""
    current_scope().memo.update({_OPENED: instant, _MEMO: day})


def today() -> date:
    """The calendar day in the tenant's time zone; read once a transaction."""
    pinned = _pinned.get()
    if pinned is not None:
        return pinned
    scope = current_scope()
    if _MEMO not in scope.memo:
        found = db.rows(
            "SELECT (clock_timestamp() AT TIME ZONE timezone)::date FROM core_tenant WHERE id = %s",
            scope.tenant_id,
        )
        scope.memo[_MEMO] = found[0][0]
    return scope.memo[_MEMO]  # type: ignore[no-any-return]


@contextmanager
def pinned(day: date) -> Iterator[None]:
    """Pretend that today is `day`, for this thread: previews ("what expires by then") and tests."""
    token = _pinned.set(day)
    try:
        yield
    finally:
        _pinned.reset(token)
