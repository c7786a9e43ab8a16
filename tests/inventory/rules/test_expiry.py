from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.expiry import NEVER, expires_on, first_acceptable_expiry, is_expired, last_sellable_day

DAY = timedelta(days=1)
days = st.dates(date(2000, 1, 1), date(2100, 12, 31))


@given(expiry=days, today=days, min_days=st.integers(0, 400), sells=st.booleans())
def test_acceptable_means_that_many_days_are_left(
    expiry: date, today: date, min_days: int, sells: bool
) -> None:
    acceptable = expiry >= first_acceptable_expiry(today, expiry_day_sells=sells, min_days=min_days)
    left = (last_sellable_day(expiry, expiry_day_sells=sells) - today).days
    assert acceptable == (left >= min_days)


@given(expiry=st.one_of(st.none(), days), today=days, sells=st.booleans())
def test_expired_is_the_opposite_of_acceptable_today(expiry: date | None, today: date, sells: bool) -> None:
    first = first_acceptable_expiry(today, expiry_day_sells=sells, min_days=0)
    assert is_expired(expiry, today, expiry_day_sells=sells) == ((expiry or NEVER) < first)


@pytest.mark.parametrize(("sells", "expired"), [(True, [False, False, True]), (False, [False, True, True])])
def test_the_expiry_day_itself(sells: bool, expired: list[bool]) -> None:
    expiry = date(2026, 3, 31)
    around = (expiry - DAY, expiry, expiry + DAY)
    assert [is_expired(expiry, today, expiry_day_sells=sells) for today in around] == expired


@pytest.mark.parametrize("sells", [True, False])
def test_goods_without_expiry_never_expire(sells: bool) -> None:
    assert last_sellable_day(None, expiry_day_sells=sells) == NEVER
    assert last_sellable_day(NEVER, expiry_day_sells=sells) == NEVER
    assert not is_expired(None, NEVER, expiry_day_sells=sells)


def test_the_ends_of_the_calendar() -> None:
    assert last_sellable_day(date.min, expiry_day_sells=False) == date.min
    assert first_acceptable_expiry(date(2026, 1, 1), expiry_day_sells=True, min_days=10**9) == NEVER
    assert expires_on(date(2026, 1, 1), days=10**9, production_day_counts=True) == NEVER
    assert expires_on(date(2026, 1, 1), months=10**9, production_day_counts=True) == NEVER


@pytest.mark.parametrize(
    ("produced", "life", "counts", "expected"),
    [
        ("2026-01-01", {"days": 1}, True, "2026-01-01"),
        ("2026-01-01", {"days": 1}, False, "2026-01-02"),
        ("2026-02-27", {"days": 7}, False, "2026-03-06"),
        ("2024-05-10", {"months": 18}, False, "2025-11-10"),
        ("2024-05-10", {"months": 18}, True, "2025-11-09"),
        ("2024-08-31", {"months": 18}, False, "2026-02-28"),
        ("2022-08-31", {"months": 18}, False, "2024-02-29"),
        ("2024-08-31", {"months": 18}, True, "2026-02-27"),
        ("2024-02-29", {"months": 12}, False, "2025-02-28"),
        ("2026-03-01", {"months": 1}, True, "2026-03-31"),
        ("2026-01-01", {"months": 12}, True, "2026-12-31"),
    ],
)
def test_shelf_life(produced: str, life: dict[str, int], counts: bool, expected: str) -> None:
    last = expires_on(date.fromisoformat(produced), production_day_counts=counts, **life)
    assert last == date.fromisoformat(expected)


@given(one=days, other=days, months=st.integers(1, 60), counts=st.booleans())
def test_what_was_produced_later_does_not_expire_earlier(
    one: date, other: date, months: int, counts: bool
) -> None:
    early, late = sorted((one, other))
    first = expires_on(early, months=months, production_day_counts=counts)
    assert first <= expires_on(late, months=months, production_day_counts=counts)


def test_no_shelf_life_is_never_and_nonsense_is_refused() -> None:
    produced = date(2026, 1, 1)
    assert expires_on(produced, production_day_counts=True) == NEVER
    with pytest.raises(ValueError, match="not in both"):
        expires_on(produced, days=1, months=1, production_day_counts=True)
    for life in (0, -3):
        with pytest.raises(ValueError, match="at least one day"):
            expires_on(produced, days=life, production_day_counts=True)
