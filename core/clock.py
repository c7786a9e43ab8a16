"""The database's clock is the only clock that decides deadlines.  Rules get dates and instants as arguments."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from core import db


def now() -> datetime:
    """The instant, as the database sees it now (not the start of the transaction)."""
    return db.rows("SELECT clock_timestamp()")[0][0]  # type: ignore[no-any-return]


def today(timezone: str) -> date:
    """The calendar day at this instant in the tenant's time zone."""
    return now().astimezone(ZoneInfo(timezone)).date()
