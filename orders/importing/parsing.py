"""Rows -> orders and problems."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from core.sheets.reading import Broken
from orders.importing.problems import NUMBER_CUT, SET_ASIDE, VALUE_CUT, Code, Fault, ParsedGroup, RowProblem
from orders.importing.settings import ADDRESS, BadLine, Columns, Options, Target
from orders.importing.values import (
    MAX_MONEY,
    NotGoods,
    Reader,
    code_reader,
    date_reader,
    identifier,
    money_reader,
    optional_money_reader,
    plain,
    read_number,
    read_quantity,
    read_state,
)
from orders.rules.incoming import IncomingLine, IncomingOrder, Receiver

LENGTHS = {
    Target.NAME: 100,
    Target.PHONE: 60,
    Target.PROVINCE: 60,
    Target.CITY: 60,
    Target.DISTRICT: 60,
    Target.STREET: 300,
    Target.REMARK: 2_000,
    Target.SELLER_REMARK: 2_000,
}
SUMS = (Target.AMOUNT, Target.CHARGE, Target.DISCOUNT)
MASKS = ("##", "$$", "~")
Good = tuple[str, int, int]
Judge = Callable[[list[str]], Good | Fault]


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
        self.number_at = columns[Target.NUMBER]
        self.numbers: Reader[str] = Reader(read_number)
        self.dates = date_reader(options.date_order, timezone)
        self.sums = optional_money_reader(options.decimals)
        self.states: Reader[int] = Reader(read_state)
        self.quantities: Reader[int] = Reader(read_quantity)
        self.codes = code_reader(options.not_goods, options.no_code)
        self.prices = money_reader(options.decimals, Code.PRICE_UNREADABLE)
        self.others: list[tuple[int, Reader[datetime] | Reader[int]]] = [
            (columns[Target.PLACED_AT], self.dates)
        ]
        self.others += [(columns[target], self.sums) for target in SUMS if target in columns]
        self.others += [(columns[target], self.states) for target in (Target.STATE,) if target in columns]
        self.texts = [
            (target, columns[target], limit) for target, limit in LENGTHS.items() if target in columns
        ]
        self.judge = self._judge(has_nul)

    def _judge(self, has_nul: bool) -> Judge:
        """The one place that says what a row is; both passes ask it.  Good rows take the short way."""
        width, others = len(self.header), self.others
        at, code_at, price_at = (self.columns[t] for t in (Target.QUANTITY, Target.CODE, Target.UNIT_PRICE))
        quantities, codes, prices = self.quantities, self.codes, self.prices

        def judge(row: list[str]) -> Good | Fault:
            if row.__class__ is list and len(row) == width and not has_nul:
                quantity, code, price = quantities[row[at]], codes[row[code_at]], prices[row[price_at]]
                is_plain = quantity.__class__ is int and code.__class__ is str and price.__class__ is int
                if is_plain and quantity > 0 and price > 0:  # type: ignore[operator]
                    for index, reader in others:
                        if reader[row[index]].__class__ is Code:
                            break
                    else:
                        if quantity * price <= MAX_MONEY:  # type: ignore[operator]
                            return code, quantity, price  # type: ignore[return-value]
            return self._judge_slowly(row)

        return judge

    def _judge_slowly(self, row: list[str]) -> Good | Fault:
        width, columns = len(self.header), self.columns
        if isinstance(row, Broken):
            return Fault(Code.UNCLOSED_QUOTE, None, ",".join(row), 0)
        if len(row) != width and (len(row) < width or any(row[width:])):
            return Fault(Code.WRONG_CELLS, None, ",".join(row), 0)
        at = columns[Target.QUANTITY]
        quantity = self.quantities[row[at]]
        if isinstance(quantity, Code):
            return Fault(quantity, at, row[at], 0)
        if quantity <= 0:
            return Fault(Code.NOT_POSITIVE, at, row[at], 0)
        for index, cell in enumerate(row):
            if "\0" in cell:
                return Fault(Code.NUL_CHARACTER, index, cell, quantity)
        return self._judge_values(row, quantity)

    def _judge_values(self, row: list[str], quantity: int) -> Good | Fault:
        code_at, price_at = self.columns[Target.CODE], self.columns[Target.UNIT_PRICE]
        code, price = self.codes[row[code_at]], self.prices[row[price_at]]
        if isinstance(code, Code):
            return Fault(code, code_at, row[code_at], quantity)
        if isinstance(price, Code):
            return Fault(price, price_at, row[price_at], quantity)
        is_charge = isinstance(code, NotGoods)
        if price < 0 or (price == 0 and not is_charge):
            return Fault(Code.NEGATIVE_PRICE if price else Code.ZERO_PRICE, price_at, row[price_at], quantity)
        if quantity * price > MAX_MONEY:
            return Fault(Code.AMOUNT_TOO_LARGE, price_at, row[price_at], quantity)
        for index, reader in self.others:
            value = reader[row[index]]
            if isinstance(value, Code):
                return Fault(value, index, row[index], quantity)
        if is_charge:
            return Fault(Code.NOT_GOODS, code_at, row[code_at], quantity, quantity * price)
        return code, quantity, price

    def parse(self, group: Group) -> ParsedGroup:
        """One order of the rows of one number.

        Law: units of its lines + units of its problems = positive units of its rows.  No line, no order.
        """
        if group.fault is not None:
            return ParsedGroup(None, tuple(self._nameless(group)), len(group.rows))
        judge = self.judge
        lines: list[IncomingLine] = []
        faults: list[tuple[int, Fault]] = []
        first: list[str] | None = None
        charge = 0
        for number, row in zip(group.numbers, group.rows, strict=True):
            judged = judge(row)
            if judged.__class__ is tuple:
                code, quantity, price = judged
                if first is None:
                    too_long = self._too_long(row, quantity)
                    if too_long is not None:
                        faults.append((number, too_long))
                        continue
                    first = row
                lines.append(IncomingLine(code, quantity, price, number))
            else:
                faults.append((number, judged))  # type: ignore[arg-type]
                charge += judged.charge_minor  # type: ignore[union-attr]
        drops = self.options.bad_line is BadLine.DROP
        problems = tuple(
            self._problem(number, fault, group.number, stops=not drops and fault.code not in SET_ASIDE)
            for number, fault in faults
        )
        if first is None:
            return ParsedGroup(None, problems, len(group.rows))
        refused = () if drops else tuple(problem.row for problem in problems if problem.stops)
        return ParsedGroup(
            self._order(group, first, tuple(lines), charge, refused), problems, len(group.rows)
        )

    def _order(
        self,
        group: Group,
        row: list[str],
        lines: tuple[IncomingLine, ...],
        charge: int,
        refused: tuple[int, ...],
    ) -> IncomingOrder:
        charge += self._sum(row, Target.CHARGE)
        discount = self._sum(row, Target.DISCOUNT)
        amount = sum(line.quantity * line.unit_price_minor for line in lines) + charge - discount
        if Target.AMOUNT in self.columns and row[self.columns[Target.AMOUNT]].strip():
            amount = self._sum(row, Target.AMOUNT)
        texts = {target: plain(row[index]) for target, index, _limit in self.texts}
        return IncomingOrder(
            external_number=group.number,
            placed_at=self.dates[row[self.columns[Target.PLACED_AT]]],  # type: ignore[arg-type]
            amount_minor=amount,
            lines=lines,
            raw=self._raw(group),
            receiver=_receiver(texts) if texts else None,
            charge_minor=charge,
            discount_minor=discount,
            remark=_said(texts.get(Target.REMARK, "")),
            seller_remark=_said(texts.get(Target.SELLER_REMARK, "")),
            state=int(self.states[row[self.columns[Target.STATE]]]) if Target.STATE in self.columns else 1,
            refused_rows=refused,
        )

    def _sum(self, row: list[str], target: Target) -> int:
        return int(self.sums[row[self.columns[target]]]) if target in self.columns else 0

    def _too_long(self, row: list[str], units: int) -> Fault | None:
        for _target, index, limit in self.texts:
            if len(row[index]) > limit:
                return Fault(Code.TOO_LONG, index, row[index], units)
        return None

    def _raw(self, group: Group) -> str:
        """The rows as they came, under their header; without row numbers, so that the same order in another
        file is the same.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.header)
        writer.writerows(group.rows)
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


def units_of(judged: Good | Fault) -> int:
    """The positive units of a row, taken or not."""
    return judged.units if isinstance(judged, Fault) else judged[1]


def _shown(text: str, length: int) -> str:
    return text.replace("\0", "\u2400")[:length]


def _said(text: str) -> str:
    return "" if text in ("-", "无", "—") else text


def _receiver(texts: dict[Target, str]) -> Receiver | None:
    name, phone, province, city, district, street = (_said(texts.get(target, "")) for target in ADDRESS)
    if not (name or phone or province or city or district or street):
        return None
    if not province:
        parts = street.split(maxsplit=3)  # "省 市 区 detail", as Taobao writes it
        if len(parts) == 4 and parts[1].endswith(("市", "州", "区", "盟")):
            province, city, district, street = parts
    values = (name, identifier(phone), province, city, district, street)
    return Receiver(*values, is_masked=any("*" in value or value.startswith(MASKS) for value in values))
