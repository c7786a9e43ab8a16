"""Which channels are told of stock, what they list, and how much of the pool each may say it has."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import db, outbox
from core.db import Rank
from core.errors import Invalid
from core.services import accounts
from core.tenancy import current_tenant
from inventory.models import UNITS_MOST
from orders.errors import NoChannel
from orders.models import Channel, Listing, StockStrategy
from orders.services.stock_out import LEVELS, OUTS, mark

WHOLE = 100
MOST_EVERY_S = 86_400
LISTINGS, STRATEGIES = Listing._meta.db_table, StockStrategy._meta.db_table


@dataclass(frozen=True, slots=True)
class ListingInput:
    """`item` and `variant` as the platform numbers them; `variant` empty where the item has none."""

    channel_id: int
    sku_id: int
    item: str
    variant: str = ""


@dataclass(frozen=True, slots=True)
class StrategyInput:
    """`sku_id` None: of all SKUs that have no row of their own.  `fixed` None: `share` percent.  `is_gone`: the row is taken away."""

    channel_id: int
    sku_id: int | None
    share: int = WHOLE
    fixed: int | None = None
    kept_back: int = 0
    is_gone: bool = False


def switch(
    *,
    channel_id: int,
    is_on: bool,
    every_s: int,
    actor_id: int | None,
    strategy: StrategyInput | None = None,
) -> None:
    """Tell this channel of stock from now on, or no more, and how much of everything.  Its pool is shared anew.

    Raises NoChannel, Invalid `bad_every`, Invalid `bad_strategy`.
    """
    if not 0 <= every_s <= MOST_EVERY_S:
        raise Invalid(_("间隔最短 0 秒，最长一天。"), code="bad_every", every_s=every_s)
    wanted = [strategy] if strategy else []
    _check_strategies(wanted)
    _lock_channels([channel_id])
    _put_strategies(wanted)
    db.execute(
        f"INSERT INTO {OUTS} AS s (tenant_id, id, channel_id, is_on, every_s) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (tenant_id, channel_id) DO UPDATE SET is_on = excluded.is_on, every_s = excluded.every_s,"
        " look_at = clock_timestamp(), swept_at = NULL, next_at = NULL, failures = 0, error_code = '', error_words = ''",
        current_tenant(),
        db.new_id(),
        channel_id,
        is_on,
        every_s,
    )
    _mark_all_of([channel_id])
    accounts.record(
        "stock_out", "channel", channel_id, actor_id=actor_id, detail={"is_on": is_on, "every_s": every_s}
    )


def save_listings(*, listings: Sequence[ListingInput], actor_id: int | None) -> int:
    """Goods as these channels list them; a listing that is known gets the SKU that is named now.  How many changed.

    The caller looked the ids up.  A constant number of statements.  Raises NoChannel, Invalid `listing_twice`.
    """
    if not listings:
        return 0
    done = _put_listings(listings)
    mark(sku_ids={row.sku_id for row in listings})
    accounts.record(
        "listings", "channel", None, actor_id=actor_id, detail={"rows": len(listings), "new": done}
    )
    return done


def remember_listings(*, listings: Sequence[ListingInput], actor_id: int | None) -> int:
    """As save_listings, for who goes on with orders in the same transaction: the numbers are marked by the fact.  Says GoodsListed."""
    if not listings:
        return 0
    done = _put_listings(listings)
    accounts.record(
        "listings", "channel", None, actor_id=actor_id, detail={"rows": len(listings), "new": done}
    )
    outbox.emit("GoodsListed", {"sku_ids": sorted({row.sku_id for row in listings})})
    return done


def _put_listings(listings: Sequence[ListingInput]) -> int:
    counts = Counter((row.channel_id, row.item, row.variant) for row in listings)
    if twice := [key for key, n in counts.items() if n > 1]:
        raise Invalid(_("同一个平台商品写了两行。"), code="listing_twice", item=twice[0][1])
    _lock_channels({row.channel_id for row in listings})
    rows = sorted(listings, key=lambda row: (row.channel_id, row.item, row.variant))
    done = db.rows(
        f"INSERT INTO {LISTINGS} AS g (tenant_id, id, channel_id, sku_id, item, variant) SELECT %s, u.* FROM"
        " unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[]) u"
        " ON CONFLICT (tenant_id, channel_id, item, variant) DO UPDATE SET sku_id = excluded.sku_id WHERE g.sku_id <> excluded.sku_id"
        " RETURNING id",
        current_tenant(),
        db.array(db.new_ids(len(rows))),
        db.array([row.channel_id for row in rows]),
        db.array([row.sku_id for row in rows]),
        db.array([row.item for row in rows]),
        db.array([row.variant for row in rows]),
    )
    _match_levels(sorted({row.channel_id for row in listings}))
    return len(done)


def remove_listings(*, listing_ids: Sequence[int], actor_id: int | None) -> int:
    """These goods are listed there no more: nothing is said of them, and the others share the pool.  How many went."""
    found = db.rows(
        f"SELECT channel_id, sku_id FROM {LISTINGS} WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        current_tenant(),
        db.array(listing_ids),
    )
    if not found:
        return 0
    channels = sorted({row[0] for row in found})
    _lock_channels(channels)
    db.execute(
        f"DELETE FROM {LISTINGS} WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        current_tenant(),
        db.array(listing_ids),
    )
    _match_levels(channels)
    mark(sku_ids={row[1] for row in found})
    accounts.record("listings", "channel", None, actor_id=actor_id, detail={"gone": len(found)})
    return len(found)


def save_strategies(*, strategies: Sequence[StrategyInput], actor_id: int | None) -> None:
    """How much these channels may say they have, by SKU or for all.  A constant number of statements.

    Raises NoChannel, Invalid `bad_strategy` for a share above 100, a negative number or a row named twice.
    """
    _check_strategies(strategies)
    channels = sorted({row.channel_id for row in strategies})
    _lock_channels(channels)
    _put_strategies(strategies)
    if any(row.sku_id is None for row in strategies):
        _mark_all_of(channels)
    else:
        mark(sku_ids={row.sku_id for row in strategies if row.sku_id is not None})
    accounts.record("strategy", "channel", None, actor_id=actor_id, detail={"rows": len(strategies)})


def _check_strategies(strategies: Sequence[StrategyInput]) -> None:
    for row in strategies:
        numbers = (row.kept_back, row.fixed or 0)
        if not 0 <= row.share <= WHOLE or not all(0 <= number <= UNITS_MOST for number in numbers):
            raise Invalid(_("份额从 0 到 100，件数不能小于 0。"), code="bad_strategy")
    if len({(row.channel_id, row.sku_id) for row in strategies}) < len(strategies):
        raise Invalid(_("同一个店铺的同一个商品写了两行。"), code="bad_strategy")


def _put_strategies(strategies: Sequence[StrategyInput]) -> None:
    """In place of those that are there; the channels are locked."""
    if not strategies:
        return
    db.execute(
        f"DELETE FROM {STRATEGIES} s USING unnest(%s::bigint[], %s::bigint[]) u(channel_id, sku_id)"
        " WHERE s.tenant_id = %s AND s.channel_id = u.channel_id AND s.sku_id IS NOT DISTINCT FROM u.sku_id",
        db.array([row.channel_id for row in strategies]),
        db.array([row.sku_id for row in strategies]),
        current_tenant(),
    )
    kept = [row for row in strategies if not row.is_gone]
    db.insert(
        StockStrategy,
        ["id", "channel", "sku", "share", "fixed", "kept_back"],
        [
            (id_, row.channel_id, row.sku_id, row.share, row.fixed, row.kept_back)
            for id_, row in zip(db.new_ids(len(kept)), kept, strict=True)
        ],
    )


def _lock_channels(channel_ids: Sequence[int] | set[int]) -> None:
    wanted = set(channel_ids)
    found = db.lock(Rank.JOB, Channel, "id", "id = ANY (%s::bigint[])", db.array(wanted))
    if len(found) < len(wanted):
        raise NoChannel(_("没有这个店铺。"), channel_ids=sorted(wanted - {row[0] for row in found}))


def _match_levels(channel_ids: Sequence[int]) -> None:
    """A number for each SKU that the channels list, and none for others."""
    channels = db.array(channel_ids)
    missing = db.rows(
        f"SELECT DISTINCT g.channel_id, g.sku_id FROM {LISTINGS} g WHERE g.tenant_id = %s AND g.channel_id = ANY (%s::bigint[])"
        f" AND NOT EXISTS (SELECT FROM {LEVELS} l WHERE l.tenant_id = g.tenant_id AND l.channel_id = g.channel_id"
        " AND l.sku_id = g.sku_id) ORDER BY 1, 2",
        current_tenant(),
        channels,
    )
    if missing:
        db.rows(
            f"INSERT INTO {LEVELS} (tenant_id, id, channel_id, sku_id)"
            " SELECT %s, u.* FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) u ON CONFLICT DO NOTHING RETURNING id",
            current_tenant(),
            db.array(db.new_ids(len(missing))),
            db.array([row[0] for row in missing]),
            db.array([row[1] for row in missing]),
        )
    db.execute(
        f"DELETE FROM {LEVELS} l WHERE l.tenant_id = %s AND l.channel_id = ANY (%s::bigint[]) AND NOT EXISTS (SELECT FROM {LISTINGS} g"
        " WHERE g.tenant_id = l.tenant_id AND g.channel_id = l.channel_id AND g.sku_id = l.sku_id)",
        current_tenant(),
        channels,
    )


def _mark_all_of(channel_ids: Sequence[int]) -> None:
    found = db.rows(
        f"SELECT DISTINCT sku_id FROM {LEVELS} WHERE tenant_id = %s AND channel_id = ANY (%s::bigint[])",
        current_tenant(),
        db.array(channel_ids),
    )
    mark(sku_ids=[row[0] for row in found])
