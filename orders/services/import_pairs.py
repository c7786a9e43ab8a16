"""Two files that only together say what was ordered: finding the other one, reading both as one table.

Taobao and Tmall: 订单报表 and 宝贝报表, handed into the same channel in any order.  The import with the items is the one that runs.
"""

from itertools import islice

from python_calamine import CalamineSheet

from core import db
from core.sheets.reading import Source, Table, open_table
from core.tenancy import current_tenant
from orders.importing.joining import join
from orders.importing.layouts import LAYOUTS, Layout, Part
from orders.importing.settings import Target
from orders.importing.values import read_number
from orders.services.import_known import ImportFile, get_import, known_source

LOOKED_AT = 2_000  # rows in which two files must have an order in common
CANDIDATES = 8
_OTHER = {Part.ORDERS: Part.ITEMS, Part.ITEMS: Part.ORDERS}


def find_partner(file: ImportFile) -> ImportFile | None:
    """The newest file of the other half in the same channel that speaks of the same orders.  Reads files; two
    statements and one a candidate, at most eight.
    """
    wanted = _OTHER.get(file.layout.part)
    if wanted is None:
        return None
    names = [layout.name for layout in LAYOUTS if layout.part is wanted]
    found = db.rows(
        "SELECT id FROM orders_import WHERE tenant_id = %s AND channel_id = %s AND counts ->> 'layout' = ANY (%s::text[])"
        " ORDER BY created_at DESC, id DESC LIMIT %s",
        current_tenant(),
        file.channel_id,
        db.array(names),
        CANDIDATES,
    )
    mine = _numbers(file) if found else set()
    for (import_id,) in found:
        other = get_import(import_id)
        if other.path.is_file() and not mine.isdisjoint(_numbers(other)):
            return other
    return None


def lacks_half(file: ImportFile, partner: ImportFile | None) -> Part:
    """Which of two files is not there; WHOLE when none is missing."""
    return Part.WHOLE if partner is not None else _OTHER.get(file.layout.part, Part.WHOLE)


def get_runner(import_id: int) -> int:
    """The import that runs for this one: itself, or the other file of the two, where that one has the items."""
    file = get_import(import_id)
    partner = find_partner(file) if file.layout.part is Part.ORDERS else None
    return partner.id if partner else file.id


def open_file(file: ImportFile, partner: ImportFile | None = None) -> Table:
    """A file as it is read: with the order beside each item, where that is in a second file."""
    return open_joined(file, known_source(file), partner or find_partner(file))


def open_joined(
    file: ImportFile, source: Source, partner: ImportFile | None, sheet: CalamineSheet | None = None
) -> Table:
    """The same, of a source and a partner that are known."""
    table = open_table(source, sheet)
    if partner is None or file.layout.part is not Part.ITEMS:
        return table
    beside = open_table(known_source(partner))
    return join(
        table, beside, items_at=_number_at(file.layout, table), orders_at=_number_at(partner.layout, beside)
    )


def _number_at(layout: Layout, table: Table) -> int:
    return layout.places(table.header)[Target.NUMBER]


def _numbers(file: ImportFile) -> set[str]:
    table = open_table(known_source(file))
    at = _number_at(file.layout, table)
    return {
        str(read_number(row[at]))
        for row in islice(table.rows, LOOKED_AT)
        if len(row) > at and row[at].strip()
    }
