"""Rows of one block, read by whole columns: the same verdicts and orders as `Parser` gives row by row, only faster.

A row in doubt is never decided here: it is named, and `Parser.judge` looks at it alone.
"""

import csv
import io
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from itertools import accumulate, repeat
from operator import add, floordiv, itemgetter, mul, sub
from typing import Any, TypeVar

from core.sheets.square import Block, Square
from orders.importing.addresses import split_address
from orders.importing.parsing import MASKS, SUMS, Parser, is_mask, said, wish_of
from orders.importing.problems import Code, ParsedGroup
from orders.importing.settings import ADDRESS, INVOICE, Target
from orders.importing.values import BLANK, HIDDEN, MAX_MONEY, Reader, identifier, plain, simple_numbers
from orders.rules.incoming import IncomingLine, IncomingOrder, Receiver
from orders.rules.invoices import InvoiceWish

T = TypeVar("T")
_NOTHING = BLANK - {"", HIDDEN}
_MASKED = "*#$~"
_DRESSED = "'\"=\t"


@dataclass(slots=True)
class Judged:
    """Rows of one block by columns; what stands at a row in `doubt` means nothing.  `amounts`: of each row."""

    rows: Block
    codes: Sequence[Any]
    quantities: Sequence[Any]
    prices: Sequence[Any]
    amounts: Sequence[Any]
    placed: Sequence[Any]
    sums: Mapping[Target, Sequence[Any]]
    states: Sequence[Any]
    doubt: set[int]


def bulk(cls: type[T], count: int, columns: Mapping[str, Iterable[Any]]) -> list[T]:
    """Many values of a frozen dataclass with slots and without __post_init__, column by column: five times as fast
    as one by one.  Fields without a column have their default.
    """
    made: list[T] = list(map(object.__new__, repeat(cls, count)))
    for one in fields(cls):  # type: ignore[arg-type]
        values = columns.get(one.name)
        if values is None:
            if one.default is MISSING:
                raise TypeError(one.name)
            values = repeat(one.default)
        deque(map(getattr(cls, one.name).__set__, made, values), maxlen=0)
    return made


def cells(rows: Block, at: int) -> list[str]:
    """One column."""
    return rows.column(at) if isinstance(rows, Square) else list(map(itemgetter(at), rows))


def straight(parser: Parser, rows: Block) -> tuple[Block, set[int]]:
    """Rows as wide as the header at least, and the places of those that are not: they are blank here."""
    width = len(parser.header)
    widths = {rows.width} if isinstance(rows, Square) else set(map(len, rows))
    doubt: set[int] = set()
    if min(widths) < width or (not isinstance(rows, Square) and set(map(type, rows)) != {list}):
        filler = [""] * width
        rows = [row if row.__class__ is list and len(row) >= width else filler for row in rows]
        doubt = {place for place, row in enumerate(rows) if row is filler}
    if max(widths) > width:
        doubt |= {place for place, row in enumerate(rows) if any(row[width:])}
    if parser.has_nul:
        doubt |= {place for place, row in enumerate(rows) if "\0" in "".join(row)}
    return rows, doubt


def keys(parser: Parser, rows: Block) -> tuple[Sequence[str | Code], bool]:
    """The order number of each row or what is wrong with it, and whether that is so with any."""
    numbers = cells(rows, parser.number_at)
    simple = simple_numbers(numbers)
    if simple is not None:
        return simple, False
    doubt: set[int] = set()
    return parser.numbers.column(numbers, doubt), bool(doubt)


def units(parser: Parser, rows: Block) -> int:
    """The positive units of these rows, taken or not."""
    rows, _odd = straight(parser, rows)
    doubt: set[int] = set()
    found = parser.quantities.column(cells(rows, parser.columns[Target.QUANTITY]), doubt)
    if not doubt:
        return sum(found)
    return sum(n for n in found if isinstance(n, int) and n > 0)


def judge(parser: Parser, rows: Block) -> Judged:
    """Every row of a block: good beyond doubt, or in doubt."""
    rows, doubt = straight(parser, rows)
    columns = parser.columns

    def read(reader: Reader[Any], at: int) -> list[Any]:
        return reader.column(cells(rows, at), doubt)

    codes = read(parser.codes, columns[Target.CODE])
    mark = parser.layout.items_mark
    if mark and mark in "".join(codes):
        doubt.update(place for place, code in enumerate(codes) if mark in code)
    if mark and parser.ids_at:
        doubt.update(place for place, cell in enumerate(cells(rows, parser.ids_at[0])) if mark in cell)
    placed = read(parser.dates, columns[Target.PLACED_AT])
    if Target.AFTER_SALES in columns:
        read(parser.after_sales, columns[Target.AFTER_SALES])
    sums = {target: read(parser.sums, columns[target]) for target in SUMS if target in columns}
    states = read(parser.states, columns[Target.STATE]) if Target.STATE in columns else [1] * len(rows)
    quantities = read(parser.quantities, columns[Target.QUANTITY])
    prices = read(parser.prices, parser.price_at)
    for place in doubt:  # whatever stands there can be calculated with, and is not used
        quantities[place] = prices[place] = 1
        for amounts_ in sums.values():
            amounts_[place] = 0
    if parser.layout.is_amount_with_charge and Target.CHARGE in sums:
        prices = list(map(sub, prices, sums[Target.CHARGE]))
    shares, amounts = _priced(parser, quantities, prices, doubt)
    return Judged(rows, codes, quantities, shares, amounts, placed, sums, states, doubt)


def _priced(
    parser: Parser, quantities: list[int], prices: list[int], doubt: set[int]
) -> tuple[Sequence[int], Sequence[int]]:
    """(unit prices, amounts).  An amount that its units cannot share evenly is in doubt."""
    if parser.is_priced_by_unit:
        amounts = list(map(mul, quantities, prices))
        if max(amounts) > MAX_MONEY:
            doubt.update(place for place, amount in enumerate(amounts) if amount > MAX_MONEY)
        return prices, amounts
    shares = list(map(floordiv, prices, quantities))
    whole = list(map(mul, shares, quantities))
    if whole != prices or min(prices) <= 0:
        doubt.update(
            n
            for n, (part, price) in enumerate(zip(whole, prices, strict=True))
            if part != price or price <= 0
        )
    return shares, prices


def too_long(parser: Parser, rows: Block, places: Sequence[int]) -> set[int]:
    """Those of these rows in which a text is longer than it may be."""
    found: set[int] = set()
    for _target, at, limit in parser.texts:
        values = _picked(cells(rows, at), places)
        if len("".join(values)) > limit and max(map(len, values)) > limit:
            found.update(place for place, value in zip(places, values, strict=True) if len(value) > limit)
    return found


class Builder:
    """Makes orders of the runs of one block that are good beyond doubt."""

    def __init__(self, parser: Parser) -> None:
        self.parser = parser
        head = io.StringIO()
        csv.writer(head, lineterminator="\n").writerow(parser.header)
        self.head = head.getvalue()

    def orders(
        self,
        judged: Judged,
        numbers: Sequence[int],
        keys: Sequence[str],
        starts: Sequence[int],
        ends: Sequence[int],
    ) -> list[ParsedGroup]:
        """One order of each run (start, end) of rows; `numbers` are the rows', `keys` the runs' order numbers."""
        count = len(starts)
        lines = bulk(
            IncomingLine,
            len(judged.rows),
            {
                "code": judged.codes,
                "quantity": judged.quantities,
                "unit_price_minor": judged.prices,
                "source_row": numbers,
                **self._ids(judged.rows),
            },
        )
        charge, discount = (self._sum(judged, t, starts, ends) for t in (Target.CHARGE, Target.DISCOUNT))
        texts = self._texts(judged, starts)
        nothing = repeat("")
        made = bulk(
            IncomingOrder,
            count,
            {
                "external_number": keys,
                "placed_at": _picked(judged.placed, starts),
                "amount_minor": self._amounts(judged, charge, discount, starts, ends),
                "lines": [tuple(lines[a:b]) for a, b in zip(starts, ends, strict=True)],
                "raw": self._raws(judged.rows, starts, ends),
                "receiver": _receivers(texts, count) if texts else repeat(None),
                "charge_minor": charge,
                "discount_minor": discount,
                "remark": texts.get(Target.REMARK, nothing),
                "seller_remark": texts.get(Target.SELLER_REMARK, nothing),
                "state": _picked(judged.states, starts),
                "invoice": _wishes(texts, count),
            },
        )
        sizes = map(sub, ends, starts)
        return bulk(ParsedGroup, count, {"order": made, "problems": repeat(()), "rows": sizes})

    def _ids(self, rows: Block) -> dict[str, list[str]]:
        """The platform's own ids, where the file has them; exactly as `Parser.ids_of` reads them."""
        parser = self.parser
        found = [list(map(str, map(parser.ids.__getitem__, cells(rows, at)))) for at in parser.ids_at]
        if not found:
            return {}
        if len(found) == 1:
            return {"item": found[0]}
        items, variants = (
            list(part)
            for part in zip(*((a, b) if a else (b, "") for a, b in zip(*found, strict=True)), strict=True)
        )
        return {"item": items, "variant": variants}

    def _sum(
        self, judged: Judged, target: Target, starts: Sequence[int], ends: Sequence[int]
    ) -> Sequence[int]:
        values = judged.sums.get(target)
        if values is None:
            return [0] * len(starts)
        return _added(values, starts, ends) if target in self.parser.layout.sums else _picked(values, starts)

    def _amounts(
        self,
        judged: Judged,
        charge: Sequence[int],
        discount: Sequence[int],
        starts: Sequence[int],
        ends: Sequence[int],
    ) -> Sequence[int]:
        """What the file says an order costs; else what its lines cost, with charges, less discounts."""
        goods = _added(judged.amounts, starts, ends)
        total = list(map(sub, map(add, goods, charge), discount))
        if Target.AMOUNT not in judged.sums:
            return total
        told = self._sum(judged, Target.AMOUNT, starts, ends)
        stated = _picked(cells(judged.rows, self.parser.columns[Target.AMOUNT]), starts)
        if BLANK.isdisjoint(map(str.strip, stated)):
            return told
        return [t if c.strip() not in BLANK else g for t, c, g in zip(told, stated, total, strict=True)]

    def _texts(self, judged: Judged, starts: Sequence[int]) -> dict[Target, list[str]]:
        """What people wrote, of the first row of each run."""
        found = {}
        for target, at, _limit in self.parser.texts:
            values = _picked(cells(judged.rows, at), starts)
            text = "".join(values)
            if not text.isprintable():
                values = list(map(plain, values))
            elif " " in text:
                values = list(map(str.strip, values))
            is_said = not any(word in text for word in _NOTHING) or _NOTHING.isdisjoint(values)
            found[target] = values if is_said else list(map(said, values))
        return found

    def _raws(self, rows: Block, starts: Sequence[int], ends: Sequence[int]) -> list[str]:
        """The rows of each run under their header, exactly as `Parser.raw` writes them."""
        head, lines = self.head, _written(rows)
        if lines is None:
            return [self.parser.raw(list(rows[a:b])) for a, b in zip(starts, ends, strict=True)]
        return [head + "\n".join(lines[a:b]) + "\n" for a, b in zip(starts, ends, strict=True)]


def _written(rows: Block) -> list[str] | None:
    """Each row as a line of CSV; None where a cell has a line break."""
    lines = rows.lines() if isinstance(rows, Square) else None
    if lines is not None:
        return lines
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    text = file.getvalue()
    return text.split("\n")[:-1] if text.count("\n") == len(rows) else None


def _picked(values: Sequence[T], places: Sequence[int]) -> list[T]:
    return list(map(values.__getitem__, places))


def _added(values: Sequence[int], starts: Sequence[int], ends: Sequence[int]) -> list[int]:
    """The sum of each run."""
    total = list(accumulate(values, initial=0))
    return list(map(sub, map(total.__getitem__, ends), map(total.__getitem__, starts)))


def _receivers(texts: Mapping[Target, list[str]], count: int) -> list[Receiver | None]:
    """Who gets them; like `parsing.receiver_of`."""
    blank = [""] * count
    name, phone, province, city, district, street = (texts.get(target, blank) for target in ADDRESS)
    if not all(province):
        split = [
            (a, b, c, d) if a else split_address(d) or (a, b, c, d)
            for a, b, c, d in zip(province, city, district, street, strict=True)
        ]
        province, city, district, street = map(list, zip(*split, strict=True))
    if any(mark in text for text in ("".join(phone),) for mark in _DRESSED):
        phone = list(map(identifier, phone))
    values = (name, phone, province, city, district, street)
    made: list[Receiver | None] = list(
        bulk(Receiver, count, dict(zip(_FIELDS, (*values, _masked(values)), strict=True)))
    )
    if not any(map(all, values)):
        made = [
            one if any(parts) else None for one, parts in zip(made, zip(*values, strict=True), strict=True)
        ]
    return made


def _wishes(texts: Mapping[Target, list[str]], count: int) -> Iterable[InvoiceWish | None]:
    """The invoices that are asked for; most files have no such column, and most rows of the others nothing in it."""
    if not texts.keys() & set(INVOICE):
        return repeat(None)
    blank = [""] * count
    asked = zip(*(texts.get(target, blank) for target in INVOICE), strict=True)
    return [wish_of(*one) if any(one) else None for one in asked]


_FIELDS = ("name", "phone", "province", "city", "district", "street", "is_masked")


def _masked(values: tuple[list[str], ...]) -> Iterable[bool]:
    text = "".join(map("".join, values))
    if HIDDEN not in text and not any(mark in text for mark in _MASKED):
        return repeat(False)
    if any(all(map(str.startswith, column, repeat(MASKS))) for column in values):
        return repeat(True)
    return [any(map(is_mask, one)) for one in zip(*values, strict=True)]
