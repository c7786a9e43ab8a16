"""How values look: money to the cent, durations as people say them, people masked."""

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from core.web import formats

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 22, 14, 32, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (102850, "CNY", "1,028.50"),
        (-278315, "CNY", "−2,783.15"),
        (5, "CNY", "0.05"),
        (0, "CNY", "0.00"),
        (1500, "JPY", "1,500"),
        (1234567, "KWD", "1,234.567"),
        (None, "CNY", "—"),
    ],
)
def test_money(minor: int | None, currency: str, shown: str) -> None:
    assert formats.money(minor, currency) == shown


def test_money_with_its_symbol() -> None:
    assert formats.money_symbol(423900) == "¥4,239.00"
    assert formats.money_symbol(-300, "USD") == "−$3.00"
    assert formats.money_symbol(100, "SEK") == "SEK 1.00"


@given(st.integers(-(10**18), 10**18), st.sampled_from(["CNY", "JPY", "KWD"]))
def test_money_loses_nothing(minor: int, currency: str) -> None:
    text = formats.money(minor, currency).replace(",", "").replace(formats.MINUS, "-")
    assert Decimal(text).scaleb(formats.exponent(currency)) == minor


@pytest.mark.parametrize(
    ("seconds", "chinese", "english"),
    [
        (0, "0 秒", "0 s"),
        (47.9, "47 秒", "47 s"),
        (28 * 60 + 59, "28 分", "28 min"),
        (3600, "1 时 00", "1 h 00"),
        (3600 + 58 * 60, "1 时 58", "1 h 58"),
        (27 * 3600, "1 天 3 时", "1 d 3 h"),
        (None, "—", "—"),
    ],
)
def test_duration(seconds: float | None, chinese: str, english: str) -> None:
    assert formats.duration(seconds) == chinese
    with translation.override("en"):
        assert formats.duration(seconds) == english


def test_a_deadline_that_has_passed_says_by_how_much() -> None:
    assert formats.deadline(-3960) == "超 1 时 06"
    assert formats.deadline(1680) == "28 分"


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (NOW + timedelta(minutes=28), "今 15:00"),
        (NOW + timedelta(hours=9, minutes=28), "明 00:00"),
        (NOW - timedelta(days=1), "昨 14:32"),
        (NOW - timedelta(days=10), "11-12 14:32"),
        (NOW - timedelta(days=400), "2025-10-18"),
        (None, "—"),
    ],
)
def test_moment(at: datetime | None, shown: str) -> None:
    assert formats.moment(at, NOW) == shown


def test_numbers() -> None:
    assert formats.number(10482) == "10,482"
    assert formats.number(-1) == "−1"
    assert formats.signed(6) == "+6"
    assert formats.signed(-2) == "−2"
    assert formats.signed(0) == "0"
    assert formats.percent(20299, 30000, 1) == "67.6%"
    assert formats.percent(99999, 100000) == "99%"
    assert formats.percent(0, 0) == "100%"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("王小敏", "王*敏"), ("赵四", "赵*"), ("王", "*"), ("", ""), ("欧阳娜娜", "欧**娜")],
)
def test_a_name_is_masked(name: str, shown: str) -> None:
    assert formats.mask_name(name) == shown


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("13800002046", "138****2046"),
        ("057188881234", "057*****1234"),
        ("88881234", "******34"),
        ("123", "***"),
    ],
)
def test_a_phone_is_masked(phone: str, shown: str) -> None:
    assert formats.mask_phone(phone) == shown


@given(st.text(max_size=30))
def test_masking_shows_at_most_what_it_says(text: str) -> None:
    assert len(text.strip()) < 2 or text.strip() != formats.mask_name(text)
    shown = formats.mask_street(text)
    assert len(shown.removesuffix("***").strip()) <= 6
    assert not any(char.isdigit() for char in shown)


def test_a_street_ends_before_the_door() -> None:
    assert formats.mask_street("文三路 478 号 3 幢") == "文三路 ***"
    assert formats.mask_street("") == ""
