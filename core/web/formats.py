"""How values look on a page: money, numbers, durations, masked people.  Pure but for the language of the
words.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

MINUS = "\u2212"
UNKNOWN = "—"
MINUTE, HOUR, DAY = 60, 3600, 86400

# ISO 4217: currencies whose minor unit is not a hundredth.
_EXPONENTS = {
    "JPY": 0,
    "KRW": 0,
    "VND": 0,
    "CLP": 0,
    "ISK": 0,
    "BHD": 3,
    "JOD": 3,
    "KWD": 3,
    "OMR": 3,
    "TND": 3,
}
_SYMBOLS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "HKD": "HK$", "TWD": "NT$", "JPY": "JP¥"}


def exponent(currency: str) -> int:
    """Digits after the point of a currency's amounts."""
    return _EXPONENTS.get(currency, 2)


def major(minor: int, currency: str = "CNY") -> Decimal:
    """The amount in whole units, exact: 102850 CNY is Decimal("1028.50")."""
    return Decimal(minor).scaleb(-exponent(currency))


def money(minor: int | None, currency: str = "CNY") -> str:
    """An amount without its symbol, for columns whose head says the currency: "1,028.50", "−3.00", "—" when
    unknown.
    """
    if minor is None:
        return UNKNOWN
    return f"{MINUS if minor < 0 else ''}{abs(major(minor, currency)):,.{exponent(currency)}f}"


def money_symbol(minor: int | None, currency: str = "CNY") -> str:
    """An amount with its symbol, for running text: "¥1,028.50", "−¥3.00"; a code with a space when the
    symbol is not common.
    """
    if minor is None:
        return UNKNOWN
    symbol = _SYMBOLS.get(currency, f"{currency} ")
    return f"{MINUS if minor < 0 else ''}{symbol}{money(abs(minor), currency)}"


def number(value: int | Decimal | None) -> str:
    """Thousands with a comma and a real minus: "10,482", "−1", "—" when unknown."""
    if value is None:
        return UNKNOWN
    return f"{MINUS if value < 0 else ''}{abs(value):,}"


def signed(value: int | None) -> str:
    """A change: "+6", "−2", "0"."""
    if value is None:
        return UNKNOWN
    return f"+{value:,}" if value > 0 else number(value)


def percent(part: int, whole: int, digits: int = 0) -> str:
    """A share in percent, cut and not rounded, so that 100 % means all of it.

    Nothing of nothing is 100 %.
    """
    if whole <= 0:
        return "100%"
    scaled = part * 100 * 10**digits // whole
    return f"{Decimal(scaled).scaleb(-digits)}%"


def duration(seconds: float | None) -> str:
    """A length of time as people say it: "47 秒", "28 分", "1 时 58", "1 天 3 时".  The sign is left to
    `deadline`.
    """
    if seconds is None:
        return UNKNOWN
    left = abs(int(seconds))
    if left < MINUTE:
        return _("%(n)d 秒") % {"n": left}
    if left < HOUR:
        return _("%(n)d 分") % {"n": left // MINUTE}
    if left < DAY:
        return _("%(h)d 时 %(m)02d") % {"h": left // HOUR, "m": left % HOUR // MINUTE}
    return _("%(d)d 天 %(h)d 时") % {"d": left // DAY, "h": left % DAY // HOUR}


def deadline(seconds: float | None) -> str:
    """What is left until a deadline, or by how much it has passed: "28 分", "超 41 分"."""
    if seconds is not None and seconds < 0:
        return _("超 %(time)s") % {"time": duration(seconds)}
    return duration(seconds)


def moment(at: datetime | None, now: datetime) -> str:
    """A point in time next to today, both in the zone to be shown: "今 15:00", "明 18:00", "11-22 14:02",
    "2025-11-22".
    """
    if at is None:
        return UNKNOWN
    days = (at.date() - now.date()).days
    near = {0: _("今 %(time)s"), 1: _("明 %(time)s"), -1: _("昨 %(time)s")}
    if days in near:
        return near[days] % {"time": f"{at:%H:%M}"}
    if abs(at - now) < timedelta(days=300):
        return f"{at:%m-%d %H:%M}"
    return f"{at:%Y-%m-%d}"


def mask_name(name: str) -> str:
    """A person's name with all but the first and, from three characters on, the last one hidden: "王*敏",
    "赵*".
    """
    text = name.strip()
    if len(text) < 2:
        return text and "*"
    return f"{text[0]}{'*' * max(1, len(text) - 2)}{text[-1] if len(text) > 2 else ''}"


def mask_phone(phone: str) -> str:
    """First three and last four digits stay from ten digits on ("138****2046"); of shorter numbers at most
    the last two.
    """
    digits = phone.strip()
    if len(digits) >= 10:
        return f"{digits[:3]}{'*' * (len(digits) - 7)}{digits[-4:]}"
    if len(digits) >= 5:
        return f"{'*' * (len(digits) - 2)}{digits[-2:]}"
    return "*" * len(digits)


def mask_street(street: str) -> str:
    """A street without its door: the text up to the first digit, at most six characters, then "***"."""
    text = street.strip()
    if not text:
        return ""
    end = next((i for i, char in enumerate(text) if char.isdigit()), len(text))
    return f"{text[: min(end, 6)].rstrip()} ***".strip()
