"""Rows -> orders and problems."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from core.sheets.reading import Broken
from orders.importing.addresses import split_address
from orders.importing.joining import Unjoined
from orders.importing.layouts import layout_of
from orders.importing.problems import NUMBER_CUT, SET_ASIDE, VALUE_CUT, Code, Fault, ParsedGroup, RowProblem
from orders.importing.settings import ADDRESS, INVOICE, BadLine, Columns, Options, Target
from orders.importing.values import (
    BLANK,
    HIDDEN,
    MAX_MONEY,
    Dates,
    NotGoods,
    Reader,
    code_reader,
    date_of_number,
    identifier,
    money_reader,
    optional_money_reader,
    plain,
    quantity_reader,
    read_after_sales,
    read_id,
    read_number,
    read_state,
)
from orders.rules.incoming import IncomingLine, IncomingOrder, Receiver, code_by_ids
from orders.rules.invoices import InvoiceWish, read_wish

LENGTHS = {
    Target.NAME: 100,
    Target.PHONE: 60,
    Target.PROVINCE: 60,
    Target.CITY: 60,
    Target.DISTRICT: 60,
    Target.STREET: 300,
    Target.REMARK: 2_000,
    Target.SELLER_REMARK: 2_000,
    **dict.fromkeys(INVOICE, 200),
}
SUMS = (Target.AMOUNT, Target.CHARGE, Target.DISCOUNT)
MASKS = ("##", "$$", "~")
Item = tuple[str, int, int]
"""Code, quantity, unit price in minor units."""


@dataclass(frozen=True, slots=True)
class Good:
    """A row that is goods: mostly one item.  `units`: their sum."""

    items: tuple[Item, ...]
    units: int


@dataclass(slots=True)
class Group:
    """The rows of one order in the order of the file; or, with `fault`, rows whose order number cannot be
    used.
    """

    number: str
    rows: list[list[str]]
    numbers: list[int]
    fault: Code | None = None


class Parser:
    """Reads the rows of one file.  The same rows give the same result, whatever was read before."""

    def __init__(
        self,
        header: Sequence[str],
        columns: Columns,
        options: Options,
        timezone: ZoneInfo,
        *,
        has_nul: bool = False,
    ) -> None:
        self.header, self.columns, self.options = header, columns, options
        self.timezone, self.has_nul = timezone, has_nul
        self.layout = layout_of(options.layout)
        self.number_at = columns[Target.NUMBER]
        self.numbers: Reader[str] = Reader(read_number)
        self.dates = Dates(options.date_order, timezone)
        self.sums = optional_money_reader(options.decimals)
        self.states: Reader[int] = Reader(read_state)
        self.after_sales: Reader[bool] = Reader(read_after_sales)
        self.quantities: Reader[int] = quantity_reader()
        self.codes = code_reader(options.not_goods, options.no_code)
        self.ids: Reader[str] = Reader(read_id)
        self.ids_at = [columns[target] for target in (Target.ITEM, Target.VARIANT) if target in columns]
        self.prices = money_reader(options.decimals, Code.PRICE_UNREADABLE)
        self.is_priced_by_unit = Target.UNIT_PRICE in columns
        self.price_at = columns[Target.UNIT_PRICE if self.is_priced_by_unit else Target.LINE_AMOUNT]
        self.others: list[tuple[int, Reader[int]]] = [
            (columns[target], self.sums) for target in SUMS if target in columns
        ]
        self.others += [(columns[target], self.states) for target in (Target.STATE,) if target in columns]
        self.texts = [
            (target, columns[target], limit) for target, limit in LENGTHS.items() if target in columns
        ]

    def judge(self, row: list[str]) -> Good | Fault:
        """The one place that says what a row is; what is read by whole columns asks it about every row in doubt."""
        width = len(self.header)
        if isinstance(row, Broken):
            return Fault(Code.UNCLOSED_QUOTE, None, ",".join(row), 0)
        if len(row) != width and (len(row) < width or any(row[width:])):
            return Fault(Code.WRONG_CELLS, None, ",".join(row), 0)
        if isinstance(row, Unjoined) and row.lacks is Code.NO_ITEM_ROW:
            return Fault(row.lacks, self.number_at, row.shown(self.number_at), 0)
        at = self.columns[Target.QUANTITY]
        quantity = self.quantities[row[at]]
        if isinstance(quantity, Code):
            return Fault(quantity, at, row[at], 0)
        if quantity <= 0:
            return Fault(Code.NOT_POSITIVE, at, row[at], 0)
        for index, cell in enumerate(row):
            if "\0" in cell:
                return Fault(Code.NUL_CHARACTER, index, cell, quantity)
        if isinstance(row, Unjoined):
            return Fault(row.lacks, self.number_at, row[self.number_at], quantity)
        at = self.columns.get(Target.AFTER_SALES, -1)
        stands = self.after_sales[row[at]] if at >= 0 else False
        return (
            Fault(stands, at, row[at], quantity) if isinstance(stands, Code) else self._goods(row, quantity)
        )

    def _goods(self, row: list[str], quantity: int) -> Good | Fault:
        code_at, price_at = self.columns[Target.CODE], self.price_at
        code, codes = self._code(row)
        if isinstance(code, Code):
            return Fault(code, code_at, row[code_at], quantity)
        price = self.prices[row[price_at]]
        if isinstance(price, Code):
            return Fault(price, price_at, row[price_at], quantity)
        is_charge = isinstance(code, NotGoods)
        if price < 0 or (price == 0 and not is_charge):
            return Fault(Code.NEGATIVE_PRICE if price else Code.ZERO_PRICE, price_at, row[price_at], quantity)
        amount = quantity * price if self.is_priced_by_unit else price - self._charge_within(row)
        if amount <= 0 and not is_charge:
            return Fault(Code.ZERO_PRICE, price_at, row[price_at], quantity)
        if amount > MAX_MONEY:
            return Fault(Code.AMOUNT_TOO_LARGE, price_at, row[price_at], quantity)
        if len(codes) > 1 and (quantity != len(codes) or self.is_priced_by_unit):
            at = self.columns[Target.QUANTITY]
            return Fault(Code.ITEMS_NOT_SHARED, at, row[at], quantity)
        fault = self._other_fault(row, quantity)
        if fault is not None:
            return fault
        if is_charge:
            return Fault(Code.NOT_GOODS, code_at, row[code_at], quantity, amount)
        if self.is_priced_by_unit:
            return Good(((code, quantity, price),), quantity)
        return Good(tuple(_shared(codes, quantity, amount)), quantity)

    def _charge_within(self, row: list[str]) -> int:
        """The postage that is part of a row's amount."""
        if not self.layout.is_amount_with_charge or Target.CHARGE not in self.columns:
            return 0
        charge = self.sums[row[self.columns[Target.CHARGE]]]
        return 0 if isinstance(charge, Code) else charge

    def _other_fault(self, row: list[str], quantity: int) -> Fault | None:
        """What else cannot be read: the date, an amount, the state."""
        if self.placed_at(row) is None:
            at = self.columns[Target.PLACED_AT]
            return Fault(Code.DATE_UNREADABLE, at, row[at], quantity)
        for index, reader in self.others:
            value = reader[row[index]]
            if isinstance(value, Code):
                return Fault(value, index, row[index], quantity)
        return None

    def _code(self, row: list[str]) -> tuple[str | Code, tuple[str, ...]]:
        """The merchant's code, or of several items in one row the first that cannot be used; and all of them."""
        cell = row[self.columns[Target.CODE]]
        code, mark = self.codes[cell], self.layout.items_mark
        if code is Code.NO_CODE and Target.SPARE_CODE in self.columns:
            cell = row[self.columns[Target.SPARE_CODE]]
            code = self.codes[cell]
        if code is Code.NO_CODE and self.ids_at:
            cell = self._called(row)
            code = self.codes[cell]
        if not mark or mark not in cell:
            return code, (code,)
        codes = [self.codes[part] for part in identifier(cell).strip(mark).split(mark)]
        bad = next((one for one in codes if isinstance(one, Code | NotGoods)), codes[0])
        return bad, tuple(map(str, codes))

    def ids_of(self, row: list[str]) -> tuple[str, str]:
        """The platform's own ids of the item and its variant, as far as the row says them."""
        first, *second = [str(self.ids[row[at]]) for at in self.ids_at] or [""]
        variant = second[0] if second else ""
        return (first, variant) if first else (variant, "")

    def _called(self, row: list[str]) -> str:
        """What goods without a merchant's code are called; several in one row as they stand there."""
        mark = self.layout.items_mark
        if mark and mark in row[self.ids_at[0]]:
            return row[self.ids_at[0]]
        return code_by_ids(*self.ids_of(row))

    def _ids(self, row: list[str], lines: int) -> list[tuple[str, str]]:
        """Of each line that a row became: the same where it is one item, else part by part."""
        if not self.ids_at:
            return [("", "")] * lines
        mark = self.layout.items_mark
        cell = identifier(row[self.ids_at[0]])
        if not mark or mark not in cell:
            return [self.ids_of(row)] * lines
        parts = [(str(self.ids[part]), "") for part in cell.strip(mark).split(mark)]
        return parts if len(parts) == lines else [("", "")] * lines

    def placed_at(self, row: list[str]) -> datetime | None:
        """When the order was placed.  A blank time has a second place; then the day that the number begins with, where
        the platform's numbers do.
        """
        for target in (Target.PLACED_AT, Target.SPARE_TIME):
            if target in self.columns:
                cell = row[self.columns[target]]
                placed = self.dates[cell]
                if not isinstance(placed, Code):
                    return placed
                if cell.strip() not in BLANK:
                    return None
        number = self.numbers[row[self.number_at]]
        return date_of_number(number, self.timezone) if self.layout.has_dated_numbers else None

    def parse(self, group: Group) -> ParsedGroup:
        """One order of the rows of one number.

        Law: units of its lines + units of its problems = positive units of its rows.  No line, no order.
        """
        if group.fault is not None:
            return ParsedGroup(None, tuple(self._nameless(group)), len(group.rows))
        lines: list[IncomingLine] = []
        faults: list[tuple[int, Fault]] = []
        good: list[list[str]] = []
        charge = 0
        for number, row in zip(group.numbers, group.rows, strict=True):
            judged = self.judge(row)
            if isinstance(judged, Good) and not good:
                judged = self._too_long(row, judged.units) or judged
            if isinstance(judged, Fault):
                faults.append((number, judged))
                charge += judged.charge_minor
                continue
            good.append(row)
            lines += [
                IncomingLine(*item, number, *ids)
                for item, ids in zip(judged.items, self._ids(row, len(judged.items)), strict=True)
            ]
        drops = self.options.bad_line is BadLine.DROP
        problems = tuple(
            self._problem(number, fault, group.number, stops=not drops and fault.code not in SET_ASIDE)
            for number, fault in faults
        )
        if not good:
            return ParsedGroup(None, problems, len(group.rows))
        refused = () if drops else tuple(problem.row for problem in problems if problem.stops)
        order = self._order(group, good, tuple(lines), charge, refused)
        return ParsedGroup(order, problems, len(group.rows))

    def _order(
        self,
        group: Group,
        rows: list[list[str]],
        lines: tuple[IncomingLine, ...],
        charge: int,
        refused: tuple[int, ...],
    ) -> IncomingOrder:
        row = rows[0]
        charge += self._sum(rows, Target.CHARGE)
        discount = self._sum(rows, Target.DISCOUNT)
        amount = sum(line.quantity * line.unit_price_minor for line in lines) + charge - discount
        if self.has_amount(row):
            amount = self._sum(rows, Target.AMOUNT)
        placed_at = self.placed_at(row)
        if placed_at is None:
            raise ValueError(group.number)  # a good row has a date
        texts = {target: plain(row[index]) for target, index, _limit in self.texts}
        return IncomingOrder(
            external_number=group.number,
            placed_at=placed_at,
            amount_minor=amount,
            lines=lines,
            raw=self.raw(group.rows),
            receiver=receiver_of(*(said(texts.get(target, "")) for target in ADDRESS)) if texts else None,
            charge_minor=charge,
            discount_minor=discount,
            remark=said(texts.get(Target.REMARK, "")),
            seller_remark=said(texts.get(Target.SELLER_REMARK, "")),
            state=int(self.states[row[self.columns[Target.STATE]]]) if Target.STATE in self.columns else 1,
            refused_rows=refused,
            invoice=wish_of(*(said(texts.get(target, "")) for target in INVOICE)) if texts else None,
        )

    def has_amount(self, row: list[str]) -> bool:
        """Whether the file says what the order costs; else it is what its lines cost."""
        return Target.AMOUNT in self.columns and row[self.columns[Target.AMOUNT]].strip() not in BLANK

    def _sum(self, rows: list[list[str]], target: Target) -> int:
        """An amount of the order: its own row's, added up, or the order's, said again on every row."""
        if target not in self.columns:
            return 0
        at = self.columns[target]
        mine = rows if target in self.layout.sums else rows[:1]
        return sum(int(self.sums[row[at]]) for row in mine)

    def _too_long(self, row: list[str], units: int) -> Fault | None:
        for _target, index, limit in self.texts:
            if len(row[index]) > limit:
                return Fault(Code.TOO_LONG, index, row[index], units)
        return None

    def raw(self, rows: list[list[str]]) -> str:
        """The rows as they came, under their header; without row numbers, so that the same order in another
        file is the same.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.header)
        writer.writerows(rows)
        return text.getvalue()

    def _nameless(self, group: Group) -> list[RowProblem]:
        """Rows whose order number cannot be used.  A totals row counts no units."""
        found = []
        for number, row in zip(group.numbers, group.rows, strict=True):
            value = row[self.number_at] if len(row) > self.number_at else ""
            units = 0 if group.fault is Code.TOTALS else units_of(self.judge(row))
            fault = Fault(group.fault or Code.NO_NUMBER, self.number_at, value, units)
            found.append(self._problem(number, fault, value.strip(), stops=group.fault is not Code.TOTALS))
        return found

    def _problem(self, number: int, fault: Fault, external: str, *, stops: bool) -> RowProblem:
        column = self.header[fault.column] if fault.column is not None else ""
        return RowProblem(
            number,
            column,
            _shown(fault.value, VALUE_CUT),
            fault.code,
            fault.units,
            _shown(external, NUMBER_CUT),
            stops,
        )


def _shared(codes: Sequence[str], quantity: int, amount: int) -> Iterator[Item]:
    """What one amount makes of each unit, to the last minor unit: several items share it evenly, units of one item
    cost at most one minor unit more than others.
    """
    price, more = divmod(amount, quantity)
    if len(codes) > 1:
        for place, code in enumerate(codes):
            yield code, 1, price + (place < more)
        return
    if quantity > more:
        yield codes[0], quantity - more, price
    if more:
        yield codes[0], more, price + 1


def units_of(judged: Good | Fault) -> int:
    """The positive units of a row, taken or not."""
    return judged.units


def _shown(text: str, length: int) -> str:
    return text.replace("\0", "\u2400")[:length]


def said(text: str) -> str:
    """What a person wrote; the words for nothing are nothing."""
    return "" if text in BLANK and text != HIDDEN else text


def receiver_of(
    name: str, phone: str, province: str, city: str, district: str, street: str
) -> Receiver | None:
    """Who gets it, as the file says; masks stay what they are."""
    if not (name or phone or province or city or district or street):
        return None
    if not province:
        province, city, district, street = split_address(street) or (province, city, district, street)
    values = (name, identifier(phone), province, city, district, street)
    return Receiver(*values, is_masked=any(map(is_mask, values)))


def is_mask(text: str) -> bool:
    """Whether the platform hides what stands here."""
    return "*" in text or text.startswith(MASKS) or text == HIDDEN


def wish_of(title: str, kind: str, tax_number: str, email: str, content: str) -> InvoiceWish | None:
    """The invoice that a row asks for; what the platform hides of it is not on it."""
    shown = ["" if is_mask(text) else text for text in (tax_number, email)]
    return read_wish(title=title, kind=kind, tax_number=shown[0], email=shown[1], content=content)
