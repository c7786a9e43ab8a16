"""Expiry: the one place that says what "expired" and "sellable until" mean.

Every other rule, query and screen asks here or compares with a date that came from here. Dates are days in
the tenant's time zone. Goods without an expiry date carry NEVER, so that one comparison serves all goods.
"""

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, timedelta

NEVER = date.max
"""The expiry date of goods that do not expire. It also fits PostgreSQL's `date`."""

_DAY = timedelta(days=1)


def last_sellable_day(expires_on: date | None, *, expiry_day_sells: bool) -> date:
    """The last day on which goods may be sold: the expiry day, or by the tenant's setting the day before."""
    if expires_on is None or expires_on == NEVER:
        return NEVER
    if expiry_day_sells or expires_on == date.min:
        return expires_on
    return expires_on - _DAY


def is_expired(expires_on: date | None, today: date, *, expiry_day_sells: bool) -> bool:
    """Whether goods may no longer be sold on `today`: their last sellable day has passed."""
    return last_sellable_day(expires_on, expiry_day_sells=expiry_day_sells) < today


def first_acceptable_expiry(today: date, *, expiry_day_sells: bool, min_days: int) -> date:
    """The earliest expiry date that still leaves `min_days` days of sale after `today`.

    `today` is the day the goods leave: today, or an order's latest ship date. With `min_days` 0 this is the
    first expiry that is sellable at all.
    Law: `expires_on >= first_acceptable_expiry(today)` exactly if `last_sellable_day(expires_on) >= today +
    min_days`. A date past the end of the calendar is NEVER: only goods that do not expire will do.
    """
    return _later(today, min_days if expiry_day_sells else min_days + 1)


def expires_on(
    produced_on: date, *, days: int | None = None, months: int | None = None, production_day_counts: bool
) -> date:
    """The expiry date of goods by production day and shelf life, in days or in months; with neither, NEVER.

    Months end on the day of the same number, or on the last day of a month that is too short: 18 months from
    2024-08-31 end on 2026-02-28. Where the production day counts as the first day, the life ends one day
    earlier.
    Raises ValueError for a shelf life in both units, or shorter than one day.
    """
    if days is not None and months is not None:
        raise ValueError("a shelf life is in days or in months, not in both")
    life = days if days is not None else months
    if life is None:
        return NEVER
    if life < 1:
        raise ValueError("a shelf life is at least one day")
    last = _later(produced_on, life) if days is not None else _months_later(produced_on, life)
    return last - _DAY if production_day_counts and last != NEVER else last


def expires_later(one: date | None, other: date | None) -> bool:
    """Whether goods of the one date outlast goods of the other; what does not expire outlasts what does."""
    return (one or NEVER) > (other or NEVER)


def earliest(dates: Iterable[date | None]) -> date:
    """The expiry date of what is made of goods with these dates: the first of them; of nothing that expires, NEVER."""
    return min((day or NEVER for day in dates), default=NEVER)


def is_possible(produced_on: date | None, expires_on: date | None) -> bool:
    """Whether both dates may stand on the same goods: nothing expires before it was made.  A date that is not known fits any."""
    return produced_on is None or expires_on is None or produced_on <= expires_on


def is_dated_after(expires_on: date, day: date) -> bool:
    """Whether goods expire at all, and after `day`."""
    return day < expires_on < NEVER


def _later(day: date, days: int) -> date:
    return NEVER if days >= (NEVER - day).days else day + timedelta(days=days)


def _months_later(day: date, months: int) -> date:
    years, month0 = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month0 + 1
    if year > NEVER.year:
        return NEVER
    return date(year, month, min(day.day, monthrange(year, month)[1]))
