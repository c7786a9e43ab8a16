"""Invoices that buyers ask for (发票): what they said is read once, what may be invoiced, and what a refund does to an invoice.

We issue nothing: the merchant's invoicing program does.  Sources: an invoice to a company carries its tax number (State Taxation
Administration, announcement 2017 no. 16); the 18 signs of a company's number and their check sign are GB 32100-2015, those of a person's
identity number, which small traders use, GB 11643-1999; older numbers have 15, 17 or 20 signs and no check.
Laws: an invoice is never more than what was paid less what goes back; a refund only ever lowers what waits, and never changes what was
issued: that has to be reversed.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

TITLE_MOST, EMAIL_MOST, NOTE_MOST = 100, 120, 200
PERSON = "个人"

_NO = {
    "",
    "-",
    "否",
    "无",
    "不需要",
    "不需要发票",
    "不开发票",
    "无需发票",
    "不要发票",
    "不开",
    "null",
    "none",
    "0",
}
_COMPANY_KIND = re.compile(r"企业|公司|单位|专用|专票|增值税专|company|business", re.IGNORECASE)
_SPECIAL_KIND = re.compile(r"专用|专票|增值税专")
_COMPANY_NAME = re.compile(
    r"(公司|集团|厂|合作社|事务所|委员会|中心|医院|学校|大学|研究院|研究所|银行|酒店|商行|经营部|工作室)$"
)
_CATEGORY = re.compile(r"类别|大类|category", re.IGNORECASE)
_EMAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"'.]+(\.[^\s@<>\"'.]+)+")
_TAX_NUMBER = re.compile(r"[0-9A-Z]{15}|[0-9A-Z]{17,18}|[0-9A-Z]{20}")
_COMPANY_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_PERSON_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PERSON_CHECK = "10X98765432"
_NUMBER = re.compile(r"[0-9A-Z]{8,30}")


@dataclass(frozen=True, slots=True)
class InvoiceWish:
    """What a buyer wants on the invoice.  `amount_minor` None: all that may be invoiced; `note`: what else the channel said of it."""

    title: str
    is_company: bool = False
    tax_number: str = ""
    email: str = ""
    is_detailed: bool = True
    amount_minor: int | None = None
    note: str = ""


class Problem(StrEnum):
    """Why an invoice could not be issued as it was asked for."""

    NO_TITLE = "NO_TITLE"
    NO_TAX_NUMBER = "NO_TAX_NUMBER"
    BAD_TAX_NUMBER = "BAD_TAX_NUMBER"
    BAD_EMAIL = "BAD_EMAIL"


class Effect(StrEnum):
    """What a refund does to an invoice."""

    KEEP = "KEEP"
    LOWER = "LOWER"
    CANCEL = "CANCEL"
    REVERSE = "REVERSE"


def read_wish(
    *, title: str, kind: str = "", tax_number: str = "", email: str = "", content: str = ""
) -> InvoiceWish | None:
    """What a channel's columns say, whatever they are called there; None when no invoice is asked for.

    A title alone is enough.  Who gives a tax number, or is named like a company, is one.
    """
    said, name = kind.strip(), " ".join(unicodedata.normalize("NFKC", title).split())[:TITLE_MOST]
    number = fold_tax_number(tax_number)
    nothing = name.casefold() in _NO
    if said.casefold() in _NO - {""} or (nothing and not number and not said):
        return None
    name = "" if nothing else name
    is_company = bool(number or _COMPANY_KIND.search(said) or _COMPANY_NAME.search(name))
    notes = [said if _SPECIAL_KIND.search(said) else "", content.strip()]
    return InvoiceWish(
        name,
        is_company,
        number,
        email.strip()[:EMAIL_MOST],
        is_detailed=not _CATEGORY.search(content),
        note=" · ".join(filter(None, notes))[:NOTE_MOST],
    )


def fold_tax_number(text: str) -> str:
    """As it is compared and printed: narrow capitals without blanks; a mark that says there is none is none."""
    folded = "".join(unicodedata.normalize("NFKC", text).split()).strip("'").upper()
    return "" if folded.casefold() in _NO else folded[:32]


def is_tax_number(text: str) -> bool:
    """Whether a folded tax number can be one.  18 signs carry their check, of a company or of a person."""
    if not _TAX_NUMBER.fullmatch(text):
        return False
    return len(text) != 18 or _checks_as_company(text) or _checks_as_person(text)


def _checks_as_company(text: str) -> bool:
    if any(sign not in _COMPANY_SIGNS for sign in text):
        return False
    total = sum(_COMPANY_SIGNS.index(sign) * pow(3, place, 31) for place, sign in enumerate(text[:17]))
    return _COMPANY_SIGNS[-total % 31] == text[17]


def _checks_as_person(text: str) -> bool:
    if not text[:17].isdigit():
        return False
    total = sum(int(sign) * weight for sign, weight in zip(text[:17], _PERSON_WEIGHTS, strict=True))
    return _PERSON_CHECK[total % 11] == text[17]


def is_identity_number(text: str) -> bool:
    """Whether a tax number is that of a person, alone or with two signs behind it."""
    return len(text) in (18, 20) and _checks_as_person(text[:18])


def problem_of(wish: InvoiceWish) -> Problem | None:
    """The first thing that stands in the way, if there is one."""
    if not wish.title:
        return Problem.NO_TITLE
    if wish.is_company and not wish.tax_number:
        return Problem.NO_TAX_NUMBER
    if wish.is_company and not is_tax_number(wish.tax_number):
        return Problem.BAD_TAX_NUMBER
    if wish.email and not _EMAIL.fullmatch(wish.email):
        return Problem.BAD_EMAIL
    return None


def mask_of(wish: InvoiceWish) -> str:
    """What screens show: a company is no secret, a person is a surname and the end of an address, or of an identity number."""
    if wish.is_company:
        number = wish.tax_number
        shown = f"{number[:6]}****{number[-4:]}" if is_identity_number(number) else number
        return f"{wish.title} {shown}".strip()
    name = wish.title if wish.title == PERSON else wish.title[:1] + "*" * min(2, max(0, len(wish.title) - 1))
    _local, at, domain = wish.email.partition("@")
    return f"{name} {wish.email[:1]}***{at}{domain}" if at else name


def read_number(text: str) -> str | None:
    """An invoice's number as it is kept: 20 digits of a digital one, or code and number of an older one together; None: it is none."""
    folded = "".join(unicodedata.normalize("NFKC", text).split()).replace("-", "").strip("'").upper()
    return folded if _NUMBER.fullmatch(folded) else None


def left_minor(paid_minor: int, refunded_minor: int) -> int:
    """What may be invoiced of an order."""
    return max(0, paid_minor - refunded_minor)


def after_refund(amount_minor: int, left_minor: int, *, is_issued: bool) -> tuple[Effect, int]:
    """What becomes of an invoice when only `left_minor` may be invoiced any more, and its amount then."""
    if amount_minor <= left_minor:
        return Effect.KEEP, amount_minor
    if is_issued:
        return Effect.REVERSE, amount_minor
    return (Effect.LOWER, left_minor) if left_minor else (Effect.CANCEL, amount_minor)
