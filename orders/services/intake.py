"""Channel orders as they came: what is known, what changed.  Every version is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core import crypto, db, outbox
from core.db import Rank
from core.tenancy import current_tenant
from orders import divisions
from orders.models import ChannelOrder, ChannelOrderVersion, ChannelState
from orders.rules.incoming import IncomingOrder
from orders.rules.values import Finding
from orders.services import again, invoices, stopping, writing
from orders.services.planning import ADDRESS_CHANGED, CHANNEL_CHANGED
from orders.services.receivers import keep, unseal


@dataclass(frozen=True, slots=True)
class Known:
    """A channel order that was here before, beside what came now."""

    order: IncomingOrder
    content_hash: int
    id: int
    order_id: int | None
    is_same: bool


def split_known(
    channel_id: int, incoming: Sequence[tuple[IncomingOrder, int]]
) -> tuple[list[tuple[IncomingOrder, int]], list[Known]]:
    """New orders, and known ones.  The same number twice in one batch: the later one is the order, the earlier is not news."""
    latest = {order.external_number: (order, hash_) for order, hash_ in incoming}
    found = {
        number: (id_, order_id, hash_)
        for number, id_, order_id, hash_ in db.rows(
            "SELECT external_number, id, order_id, content_hash FROM orders_channelorder"
            " WHERE tenant_id = %s AND channel_id = %s AND external_number = ANY (%s::text[])",
            current_tenant(),
            channel_id,
            db.array(list(latest)),
        )
    }
    fresh = [pair for number, pair in latest.items() if number not in found]
    known = [
        Known(order, hash_, found[number][0], found[number][1], found[number][2] == hash_)
        for number, (order, hash_) in latest.items()
        if number in found
    ]
    return fresh, known


def store_changes(known: Sequence[Known]) -> int:
    """Keep the newer version of channel orders that changed, the older in the history; their orders get a finding.

    Status is updated, price and quantity never silently: the order stays as it is and says that its channel order differs.  Locks the
    channel orders by id: a version that was stored meanwhile goes into the history too, and what it says already is no news.
    """
    differing = [k for k in known if not k.is_same]
    if not differing:
        return 0
    locked = db.lock(
        Rank.ORDER,
        ChannelOrder,
        "id, content_hash",
        "id = ANY (%s::bigint[])",
        db.array(sorted(k.id for k in differing)),
    )
    now = dict(locked)
    changed = sorted((k for k in differing if now[k.id] != k.content_hash), key=lambda k: k.id)
    if not changed:
        return 0
    # Beside a release, which holds the order while it looks at its findings; whole groups, for one that moves parts.
    groups = again.lock_groups({k.order_id for k in changed if k.order_id})
    receivers = {head.id: head.receiver for group in groups.values() for head in group.heads}
    _store(changed)
    writing.write_findings(
        {
            k.order_id: [Finding(CHANNEL_CHANGED, (("channel_order_id", k.id),), stops=False)]
            for k in changed
            if k.order_id
        }
    )
    _move(changed, receivers)
    invoices.take({k.order_id: k.order.invoice for k in changed if k.order_id and k.order.invoice})
    closed = sorted({k.order_id for k in changed if k.order_id and k.order.state == ChannelState.CLOSED})
    if closed:
        outbox.emit("ChannelOrdersClosed", {"order_ids": closed})
    return len(changed)


def _store(changed: Sequence[Known]) -> None:
    """What was the newest goes into the history, what came takes its place."""
    tenant_id, ids = current_tenant(), db.array([k.id for k in changed])
    table = ChannelOrderVersion._meta.db_table
    db.execute(
        f"INSERT INTO {table} (tenant_id, id, channel_order_id, version, content_hash, raw, received_at)"
        " SELECT c.tenant_id, u.new_id, c.id, c.version, c.content_hash, c.raw, c.received_at FROM orders_channelorder c"
        " JOIN unnest(%s::bigint[], %s::bigint[]) u(id, new_id) ON c.id = u.id WHERE c.tenant_id = %s"
        " ON CONFLICT (tenant_id, channel_order_id, version) DO NOTHING",
        ids,
        db.array(db.new_ids(len(changed))),
        tenant_id,
    )
    sealed = [crypto.seal(tenant_id, "raw", k.order.raw) for k in changed]
    db.execute(
        "UPDATE orders_channelorder c SET raw = decode(u.raw, 'base64'), content_hash = u.hash, state = u.state, version = c.version + 1,"
        " received_at = clock_timestamp() FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::smallint[]) u(id, raw, hash, state)"
        " WHERE c.tenant_id = %s AND c.id = u.id",
        ids,
        db.array([db.base64(value) for value in sealed]),
        db.array([k.content_hash for k in changed]),
        db.array([k.order.state for k in changed]),
        tenant_id,
    )


def _move(changed: Sequence[Known], receivers: Mapping[int, bytes | None]) -> None:
    """Orders whose receiver is another one now get it, and stop: nothing leaves for the old address, nothing of others for the new."""
    tenant_id = current_tenant()
    moved = {
        k.order_id: k.order
        for k in changed
        if k.order_id
        and k.order.receiver
        and (old := receivers.get(k.order_id)) is not None
        and unseal(tenant_id, old) != k.order.receiver
    }
    if not moved:
        return
    facts = (Finding(ADDRESS_CHANGED, (), stops=True),)
    done = stopping.stop(findings=dict.fromkeys(moved, facts), reason=ADDRESS_CHANGED)
    rows = []
    for order_id in done.order_ids:
        if (order := moved.get(order_id)) is None or (to := order.receiver) is None:
            continue
        kept = keep(tenant_id, to)
        place = divisions.find_division(to.province, to.city, to.district, to.street)
        code = place.code if place else ""
        rows.append((order_id, db.base64(kept.sealed), kept.mask, kept.key, order.receiver_token, code))
    db.execute(
        "UPDATE orders_order o SET receiver = decode(u.sealed, 'base64'), receiver_mask = u.mask, receiver_key = u.key,"
        " receiver_token = u.token, division_code = u.code, version = version + 1"
        " FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[]) u(id, sealed, mask, key, token, code)"
        " WHERE o.tenant_id = %s AND o.id = u.id",
        *[db.array([row[i] for row in rows]) for i in range(6)],
        tenant_id,
    )
