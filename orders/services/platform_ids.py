"""Goods by the platform's own ids: what a channel lists (Listing) says which SKU is shipped for an item and its variant.

The last resort: a merchant's code that is known, as a SKU's, a barcode or a bundle's, comes before it.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from core import db
from core.tenancy import current_tenant
from orders.models import Listing
from orders.rules.incoming import IncomingOrder
from orders.services import reading
from orders.services.fresh import Fresh, Goods

TABLE = Listing._meta.db_table
Ids = tuple[int, str, str]
"""Channel, item, variant."""


def find(wanted: Collection[Ids]) -> dict[Ids, int]:
    """The SKUs of what these channels list under these ids.  One statement, none without ids."""
    if not wanted:
        return {}
    rows = sorted(wanted)
    found = db.rows(
        f"SELECT g.channel_id, g.item, g.variant, g.sku_id FROM {TABLE} g"
        " JOIN unnest(%s::bigint[], %s::text[], %s::text[]) u(channel_id, item, variant)"
        " ON g.channel_id = u.channel_id AND g.item = u.item AND g.variant = u.variant WHERE g.tenant_id = %s",
        *[db.array([row[i] for row in rows]) for i in range(3)],
        current_tenant(),
    )
    return {(channel_id, item, variant): sku_id for channel_id, item, variant, sku_id in found}


def name(
    channel_id: int, incoming: Sequence[IncomingOrder], goods: Goods
) -> tuple[Sequence[IncomingOrder], Goods]:
    """Lines whose code is nobody's, and whose ids the channel lists, get the code of their SKU.

    Nothing is asked where every code is known or no line has ids; else two statements at most, however many lines.
    """
    if not goods.unknown:
        return incoming, goods
    wanted = {
        (channel_id, line.item, line.variant)
        for order in incoming
        for line in order.lines
        if line.item and line.code in goods.unknown
    }
    found = find(wanted)
    if not found:
        return incoming, goods
    codes, skus = reading.get_codes(found.values()), reading.get_skus(found.values())
    named = [_named(order, channel_id, found, codes, goods.unknown) for order in incoming]
    by_code = {**goods.by_code, **{code: sku_id for sku_id, code in codes.items()}}
    return named, replace(goods, by_code=by_code, skus={**goods.skus, **skus})


def _named(
    order: IncomingOrder,
    channel_id: int,
    found: Mapping[Ids, int],
    codes: Mapping[int, str],
    unknown: Collection[str],
) -> IncomingOrder:
    lines = []
    for line in order.lines:
        sku_id = found.get((channel_id, line.item, line.variant)) if line.code in unknown else None
        lines.append(line if sku_id is None else replace(line, code=codes[sku_id]))
    return order if tuple(lines) == order.lines else replace(order, lines=tuple(lines))


def of_unmapped(fresh: Iterable[Fresh], goods: Goods) -> dict[int, tuple[str, str]]:
    """Line without a SKU -> its ids, where the platform said them: what the desk needs to ask, and to remember."""
    found: dict[int, tuple[str, str]] = {}
    for f in fresh if goods.unknown else ():
        if all(line.sku_id for line in f.value.lines):
            continue
        said: defaultdict[str, deque[tuple[str, str]]] = defaultdict(deque)
        for one in f.incoming.lines:
            said[one.code].append((one.item, one.variant))
        for line, code in zip(f.value.lines, f.codes, strict=True):
            if not line.sku_id and said[code] and (ids := said[code].popleft())[0]:
                found[line.id] = ids
    return found


def list_codes(channel_id: int, codes: Collection[str]) -> set[str]:
    """Which of these codes are ids of goods that the channel lists: nobody has to make a SKU of such a name.  One statement."""
    if not codes:
        return set()
    found = db.rows(
        f"SELECT u.code FROM unnest(%s::text[]) u(code) WHERE EXISTS (SELECT FROM {TABLE} g WHERE g.tenant_id = %s AND g.channel_id = %s"
        " AND (g.item = u.code AND g.variant = '' OR g.item || ':' || g.variant = u.code))",
        db.array(sorted(codes)),
        current_tenant(),
        channel_id,
    )
    return {row[0] for row in found}
