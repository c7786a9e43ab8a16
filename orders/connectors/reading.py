"""Reading what platforms send: strictly, with the name of what is wrong.  Nothing is guessed."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from orders.connectors.errors import Untrue
from orders.rules.incoming import Receiver

CHINA = ZoneInfo("Asia/Shanghai")
CENTS = Decimal(100)
MOST_MINOR = 10**15
MOST_UNITS = 10**9
CODE_MOST, NUMBER_MOST = 64, 64
Data = Mapping[str, Any]


class Unreadable(ValueError):
    """A field that is missing, or not what it should be.  Its words name the field and never its value."""


def parse(body: bytes) -> dict[str, Any]:
    """A JSON object; amounts stay exact.  Raises Untrue."""
    try:
        found = json.loads(body.decode(), parse_float=Decimal)
    except (ValueError, RecursionError):
        raise Untrue("no_json", "the answer is no JSON") from None
    if not isinstance(found, dict):
        raise Untrue("no_json", "the answer is no JSON object")
    return found


def inner(data: Data, *names: str) -> dict[str, Any]:
    """The object below these names.  Raises Untrue."""
    found: Any = data
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        raise Untrue("shape", f"the answer has no {'.'.join(names)}")
    return found


def rows(data: Data, *names: str) -> list[dict[str, Any]]:
    """The list of objects below these names; missing or null is empty.  Raises Untrue."""
    found: Any = data
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
        if found is None:
            return []
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise Untrue("shape", f"{'.'.join(names)} is no list")
    return found


def total(data: Data, name: str) -> int:
    """A count.  Raises Untrue."""
    found = data.get(name)
    if isinstance(found, str) and found.isascii() and found.isdigit():
        found = int(found)
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found < 10**9:
        raise Untrue("shape", f"{name} is no count")
    return found


def raw(data: Data) -> str:
    """The order as it will be kept."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, default=str, separators=(",", ":"))


def word(data: Data, *names: str, most: int = 2_000) -> str:
    """The first of these fields that says something, without NUL and outer space; "" when none does."""
    for name in names:
        found = data.get(name)
        if found is not None and not isinstance(found, dict | list | bool):
            text = str(found).replace("\x00", "").strip()
            if text:
                return text[:most]
    return ""


def name_of(data: Data, *names: str, most: int = NUMBER_MOST) -> str:
    """A field that must be there and is never cut.  Raises Unreadable."""
    found = word(data, *names, most=most + 1)
    if not found or len(found) > most:
        raise Unreadable(names[0])
    return found


def ids(data: Data, items: Sequence[str], variants: Sequence[str]) -> tuple[str, str]:
    """The platform's own ids of what was sold, as far as it says them: item and variant.  A variant 0 is none."""
    item, variant = (word(data, *names, most=CODE_MOST + 1) for names in (items, variants))
    item = item if len(item) <= CODE_MOST and item != "0" else ""
    variant = variant if len(variant) <= CODE_MOST and variant != "0" else ""
    return (item, variant) if item else (variant, "")


def minor(data: Data, *names: str) -> int:
    """Whole units with at most two decimals, as minor units; missing is 0.  Raises Unreadable."""
    text = word(data, *names).replace(",", "")
    if not text:
        return 0
    try:
        value = Decimal(text) * CENTS
        whole = int(value)
    except (InvalidOperation, ValueError, OverflowError):
        raise Unreadable(names[0]) from None
    if value != whole or abs(whole) > MOST_MINOR:
        raise Unreadable(names[0])
    return whole


def count(data: Data, *names: str, least: int = 1, most: int = MOST_UNITS) -> int:
    """A whole number.  Raises Unreadable."""
    text = word(data, *names)
    if not (text.isascii() and text.isdigit() and len(text) < 18) or not least <= int(text) <= most:
        raise Unreadable(names[0])
    return int(text)


def china_time(data: Data, *names: str) -> datetime:
    """`2026-11-22 09:00:01` on Chinese clocks.  Raises Unreadable."""
    try:
        return (
            datetime.strptime(word(data, *names), "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA).astimezone(UTC)
        )
    except (ValueError, OverflowError):
        raise Unreadable(names[0]) from None


def unix_time(data: Data, *names: str) -> datetime:
    """Seconds since 1970.  Raises Unreadable."""
    try:
        return datetime.fromtimestamp(count(data, *names, most=MOST_MINOR), UTC)
    except (ValueError, OverflowError, OSError):
        raise Unreadable(names[0]) from None


def say_china_time(instant: datetime) -> str:
    return instant.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


HIDING = ("*", "##", "$$", "~", "#")


def receiver(fields: Sequence[str], token: str) -> Receiver | None:
    """Name, phone, province, city, district, street.  Hidden when any of them is masked or ciphered, or a token stands for it."""
    if not any(fields):
        return None
    is_masked = bool(token) or any("*" in field or field.startswith(HIDING[1:]) for field in fields)
    person, phone, province, city, district, street = fields
    return Receiver(person, phone, province, city, district, street, is_masked)


def balance(amount: int, lines: int, charge: int) -> tuple[int, int]:
    """Charge and discount with which lines + charge - discount = amount: what platforms take off has too many names to list."""
    discount = lines + charge - amount
    return (charge, discount) if discount >= 0 else (charge - discount, 0)
