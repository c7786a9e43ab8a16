"""What a person decides about a file: which column is what, and the options.  Stored as JSON, checked on
the way in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Invalid

MAX_WORDS = 200
LAYOUT_LENGTH = 40


class Target(StrEnum):
    """What a column of a file may be."""

    NUMBER = "number"
    PLACED_AT = "placed_at"
    SPARE_TIME = "spare_time"
    CODE = "code"
    SPARE_CODE = "spare_code"
    ITEM = "item"
    VARIANT = "variant"
    QUANTITY = "quantity"
    UNIT_PRICE = "unit_price"
    LINE_AMOUNT = "line_amount"
    AMOUNT = "amount"
    CHARGE = "charge"
    DISCOUNT = "discount"
    STATE = "state"
    AFTER_SALES = "after_sales"
    NAME = "name"
    PHONE = "phone"
    PROVINCE = "province"
    CITY = "city"
    DISTRICT = "district"
    STREET = "street"
    REMARK = "remark"
    SELLER_REMARK = "seller_remark"
    INVOICE_TITLE = "invoice_title"
    INVOICE_KIND = "invoice_kind"
    INVOICE_TAX_NUMBER = "invoice_tax_number"
    INVOICE_EMAIL = "invoice_email"
    INVOICE_CONTENT = "invoice_content"


REQUIRED = (Target.NUMBER, Target.PLACED_AT, Target.CODE, Target.QUANTITY)
PRICES = (Target.UNIT_PRICE, Target.LINE_AMOUNT)  # one of them
INVOICE = (
    Target.INVOICE_TITLE,
    Target.INVOICE_KIND,
    Target.INVOICE_TAX_NUMBER,
    Target.INVOICE_EMAIL,
    Target.INVOICE_CONTENT,
)
ADDRESS = (Target.NAME, Target.PHONE, Target.PROVINCE, Target.CITY, Target.DISTRICT, Target.STREET)


class DateOrder(StrEnum):
    """How 03/04/2026 is meant; years first is always understood."""

    YEAR_FIRST = "ymd"
    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


class BadLine(StrEnum):
    """What a refused row does to its order."""

    STOP = "stop"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is read and what is made for it.  `layout`: the platform's, by the name in
    `orders.importing.layouts`, or none; `decimals`: of the currency, 0 to 3; sizes in mm, weights in g.
    """

    layout: str = ""
    date_order: DateOrder = DateOrder.YEAR_FIRST
    decimals: int = 2
    not_goods: tuple[str, ...] = ()
    no_code: tuple[str, ...] = ("-", "无")
    bad_line: BadLine = BadLine.STOP
    create_skus: bool = False
    opening_stock: bool = False
    weight_g: int = 200
    length_mm: int = 100
    width_mm: int = 80
    height_mm: int = 50
    shelf_life_days: int | None = 720
    margin_percent: int = 10

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Options":
        """From JSON.  Raises Invalid for a value that is none; unknown names are left out."""
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in stored.items() if name in known}
        try:
            for name, kind in (("date_order", DateOrder), ("bad_line", BadLine)):
                if name in values:
                    values[name] = kind(values[name])
            for name in ("not_goods", "no_code"):
                if name in values:
                    values[name] = _words(values[name])
            options = cls(**values)
            options.check()
        except (TypeError, ValueError) as wrong:
            raise Invalid(_("导入设置的值不对。"), code="import_options") from wrong
        return options

    def check(self) -> None:
        """Raises ValueError when a number is out of its range."""
        for value, low, high in (
            (self.decimals, 0, 3),
            (self.weight_g, 1, 10_000_000),
            (self.length_mm, 1, 100_000),
            (self.width_mm, 1, 100_000),
            (self.height_mm, 1, 100_000),
            (self.shelf_life_days or 1, 1, 36_500),
            (self.margin_percent, 0, 1_000),
        ):
            if type(value) is not int or not low <= value <= high:
                raise ValueError(value)
        if type(self.layout) is not str or len(self.layout) > LAYOUT_LENGTH:
            raise TypeError
        if type(self.create_skus) is not bool or type(self.opening_stock) is not bool:
            raise TypeError

    def stored(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"not_goods": list(self.not_goods), "no_code": list(self.no_code)}


def _words(value: object) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > MAX_WORDS:
        raise TypeError
    return tuple(dict.fromkeys(str(word).strip() for word in value if str(word).strip()))


Columns = Mapping[Target, int]


_TARGET_NAMES = frozenset(map(str, Target))


def columns_of(stored: Mapping[str, Any], width: int) -> dict[Target, int]:
    """Which column is what, from JSON.  Raises Invalid: unknown target, column that is not there, one used
    twice.
    """
    found: dict[Target, int] = {}
    for name, index in stored.items():
        if (
            name not in _TARGET_NAMES
            or type(index) is not int
            or not 0 <= index < width
            or index in found.values()
        ):
            raise Invalid(_("对列的值不对：%(name)s。") % {"name": str(name)[:40]}, code="import_columns")
        found[Target(name)] = index
    return found


def missing(columns: Mapping[Target, int]) -> tuple[Target, ...]:
    """What must still be mapped before the file can be imported."""
    lacking = tuple(target for target in REQUIRED if target not in columns)
    return lacking if any(target in columns for target in PRICES) else (*lacking, Target.UNIT_PRICE)
