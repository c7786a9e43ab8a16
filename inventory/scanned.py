"""What a scan says by itself, before anybody looks up what it means: a plain code, or GS1 with GTIN, lot, serial number and dates."""

from dataclasses import dataclass
from datetime import date

from biip import ParseError
from biip.gs1_messages import GS1Message

GTIN, LOT, PRODUCED, BEST_BEFORE, EXPIRES, SERIAL = "01", "10", "11", "15", "17", "21"
SYMBOLOGY_LENGTH = 3  # "]C1": scanners may say first what they read


@dataclass(frozen=True, slots=True)
class Scanned:
    """`codes`: under which the goods may be known, best first (a GTIN is printed with and without its leading zeros)."""

    text: str
    codes: tuple[str, ...]
    lot: str = ""
    expires_on: date | None = None
    produced_on: date | None = None
    is_gs1: bool = False
    serial: str = ""


def read_scanned(text: str) -> Scanned:
    """Read a scan; what is no GS1 message with a GTIN is one plain code.  Never raises: a strange scan is a plain code nobody knows."""
    plain = text.replace("\0", "").strip()
    if plain.startswith("]"):
        plain = plain[SYMBOLOGY_LENGTH:]
    message = _message(plain)
    gtin = message.element_strings.get(ai=GTIN) if message else None
    if message is None or gtin is None:
        return Scanned(plain, (plain,) if plain else ())
    serial = message.element_strings.get(ai=SERIAL)
    lot, produced = message.element_strings.get(ai=LOT), message.element_strings.get(ai=PRODUCED)
    expires = message.element_strings.get(ai=EXPIRES) or message.element_strings.get(ai=BEST_BEFORE)
    return Scanned(
        plain,
        _spellings(gtin.value),
        lot.value if lot else "",
        expires.date if expires else None,
        produced.date if produced else None,
        is_gs1=True,
        serial=serial.value if serial else "",
    )


def _message(text: str) -> GS1Message | None:
    try:
        return GS1Message.parse_hri(text) if text.startswith("(") else GS1Message.parse(text)
    except ParseError:
        return None


def _spellings(gtin: str) -> tuple[str, ...]:
    """A GTIN of 14 digits as EAN-13, UPC-A and EAN-8 print it."""
    shorter = [gtin[-length:] for length in (13, 12, 8) if not gtin[:-length].strip("0")]
    return tuple(dict.fromkeys([gtin, *shorter]))
