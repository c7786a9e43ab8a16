"""Pages of lists that are walked (inventory.queries.walking): the address's sort and cursor, and the addresses of the pages beside it."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from django.http import HttpRequest
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from core.errors import Invalid
from core.web.tables import PAGE_SIZE, Cursor, Page, decode, encode
from inventory.queries.walking import Edge, Order, Step

R = TypeVar("R")


def walk_page(
    request: HttpRequest,
    orders: Mapping[str, Order],
    default: str,
    read: Callable[[Order, Step], Sequence[R]],
    edge: Callable[[R, Order], Edge],
) -> Page[R]:
    """The page that ?sort=, ?after=, ?before= ask for, as core.web.tables.list_page makes it.

    `read`: the rows of a step, in the list's order; `edge`: the place of a row.  Raises Invalid for a cursor that is not one.
    """
    asked = request.GET.get("sort", "")
    name = asked if asked.lstrip("-") in orders and asked.count("-") <= 1 else default
    order = orders[name.lstrip("-")]
    before, after = request.GET.get("before", ""), request.GET.get("after", "")
    is_back = bool(before)
    place = _opened(before or after, order) if before or after else None
    found = read(order, Step(not name.startswith("-"), is_back, place, PAGE_SIZE + 1))
    has_more = len(found) > PAGE_SIZE
    rows = found[-PAGE_SIZE:] if is_back else found[:PAGE_SIZE]

    def step(way: str, row: R) -> str:
        query = request.GET.copy()
        for old in ("after", "before"):
            query.pop(old, None)
        query[way] = _sealed(edge(row, order))
        return f"?{query.urlencode()}"

    return Page(
        rows=rows,
        next=step("after", rows[-1]) if rows and (is_back or has_more) else "",
        previous=step("before", rows[0]) if rows and (has_more if is_back else after) else "",
        sort=name,
        first_ways={key: key for key in orders},
    )


def _sealed(edge: Edge) -> str:
    """As it stands in an address: the ordering row by id and key, and the balance."""
    key = "" if edge.key is None else str(edge.key)
    return encode(Cursor(f"{edge.id} {key}", edge.balance_id))


def _opened(text: str, order: Order) -> Edge:
    """The edge of an address.  Raises Invalid; it opens no row by itself."""
    cursor = decode(text)
    id_, _space, key = cursor.value.partition(" ") if isinstance(cursor.value, str) else ("", "", "")
    if not (id_.isascii() and id_.isdigit() and len(id_) < 17):
        raise _bad_cursor()
    if not order.is_nullable:
        return Edge(key, int(id_), cursor.id)
    try:
        day = parse_date(key) if key else None
    except ValueError:
        raise _bad_cursor() from None
    if key and day is None:
        raise _bad_cursor()
    return Edge(day, int(id_), cursor.id)


def _bad_cursor() -> Invalid:
    return Invalid(_("这一页的地址不对。从第一页开始看。"), code="bad_cursor")
