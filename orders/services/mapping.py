"""Codes that no SKU answers to: how many a file holds, whose orders they stop, and what they mean.

What a person says of a code is kept as a code of the SKU (inventory), so that files, pushes and the desk all know it from then on.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import islice

from django.utils.translation import gettext as _

from core import db
from core.tenancy import current_tenant
from inventory.errors import UnknownGoods
from inventory.models import Sku
from inventory.queries.catalogue import list_codes_in_use
from inventory.services.barcodes import add_barcodes
from orders.importing.settings import Options
from orders.queries import COUNT_MOST, list_stamps
from orders.rules import audit
from orders.rules.incoming import is_by_ids
from orders.services.import_known import get_import
from orders.services.import_pairs import open_file
from orders.services.platform_ids import Ids, find
from orders.services.stock_setup import ListingInput, remember_listings

LOOKED_AT = 2_000  # rows of a file that are read before it starts


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the first `rows` rows of a file would meet: `codes` different codes, of which nobody knows `unknown`."""

    rows: int
    is_whole: bool
    codes: int
    unknown: int


def unknown_codes(codes: Collection[str]) -> set[str]:
    """Those that are neither a SKU's, a barcode nor a bundle's.  One statement."""
    if not codes:
        return set()
    known, bundles = list_codes_in_use(codes)
    return set(codes) - known - bundles


def look_ahead(*, import_id: int, column: int, chosen: Options) -> Outlook:
    """Read the first rows of a file for its codes; `column` is where they stand.  Two statements."""
    table = open_file(get_import(import_id))
    rows = list(islice(table.rows, LOOKED_AT))
    left_out = {"", *chosen.not_goods, *chosen.no_code}
    codes = {row[column].strip() for row in rows if len(row) > column} - left_out
    return Outlook(len(rows), len(rows) < LOOKED_AT, len(codes), len(unknown_codes(codes)))


def list_waiting_for(code: str) -> dict[int, str]:
    """Stopped orders that have a line with this code and no SKU, with the stamp of each: what a release of all of them takes."""
    found = db.rows(
        "SELECT DISTINCT l.order_id FROM orders_orderline l WHERE l.tenant_id = %s AND l.order_id = ANY (ARRAY("
        "SELECT f.order_id FROM orders_finding f WHERE f.tenant_id = %s AND f.code = %s AND f.stops AND f.cleared_at IS NULL"
        " ORDER BY f.order_id LIMIT %s)) AND l.sku_id IS NULL AND l.external_code = %s ORDER BY 1",
        current_tenant(),
        current_tenant(),
        audit.SKU_UNMAPPED,
        COUNT_MOST,
        code,
    )
    ids = [order_id for (order_id,) in found]
    return list_stamps(ids) if ids else {}


@dataclass(frozen=True, slots=True)
class Named:
    """What channels sell under a code that nobody knows: its ids in each, and whether the code is only made of them."""

    ids: tuple[Ids, ...] = ()
    is_by_ids: bool = False


def list_named(codes: Collection[str]) -> dict[str, Named]:
    """Code -> what stopped orders say of it.  One statement."""
    found: dict[str, list[Ids]] = {}
    for code, channel_id, item, variant in db.rows(
        "SELECT DISTINCT l.external_code, o.channel_id, l.external_item, l.external_variant FROM orders_orderline l"
        " JOIN orders_order o ON o.tenant_id = l.tenant_id AND o.id = l.order_id"
        " WHERE l.tenant_id = %s AND l.order_id = ANY (ARRAY("
        "SELECT f.order_id FROM orders_finding f WHERE f.tenant_id = %s AND f.code = %s AND f.stops AND f.cleared_at IS NULL"
        " ORDER BY f.order_id LIMIT %s)) AND l.sku_id IS NULL AND l.external_code = ANY (%s::text[]) ORDER BY 1, 2, 3, 4",
        current_tenant(),
        current_tenant(),
        audit.SKU_UNMAPPED,
        COUNT_MOST,
        db.array(sorted(codes)),
    ):
        found.setdefault(code, []).append((channel_id, item, variant))
    return {
        code: Named(
            tuple(one for one in ids if one[1]),
            all(is_by_ids(code, item, variant) for _c, item, variant in ids),
        )
        for code, ids in found.items()
    }


def remember(*, code: str, sku_id: int, actor_id: int | None) -> Named:
    """What a code means, remembered: a merchant's code as a code of the SKU; one that is only made of the platform's ids as what the
    channels list under these ids, so that it says nothing of other shops.

    What stopped orders say tells which it is.  Locks the channels.  Raises as map_codes.
    """
    named = list_named([code]).get(code, Named())
    if not named.is_by_ids:
        map_codes(meanings={code: sku_id}, actor_id=actor_id)
        return named
    if not Sku.objects.filter(id=sku_id).exists():
        raise UnknownGoods(_("没有这个商品。"), sku_ids=[sku_id])
    listings = [ListingInput(channel_id, sku_id, item, variant) for channel_id, item, variant in named.ids]
    remember_listings(listings=listings, actor_id=actor_id)
    return named


def find_listed(named: Named) -> int | None:
    """The SKU that all of these ids mean by now, where there is one.  One statement, none without ids."""
    found = set(find(named.ids).values()) if named.is_by_ids else set()
    return found.pop() if len(found) == 1 else None


def map_codes(*, meanings: Mapping[str, int], actor_id: int | None) -> None:
    """Code → SKU id, remembered.  Orders that stand still are released by a person, who sees how many there are.

    Raises Conflict when a code is another's by now, UnknownGoods for a SKU that is not there.
    """
    add_barcodes(owners=meanings, actor_id=actor_id)
