"""Merging (合单): orders of one receiver travel in one set of parcels.

An order's row and lines never change: its group is `merged_into`, its goods are in its leader's parcels.  How they part: stopping.py.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core import clock, db, live, options, outbox
from core.services import accounts
from core.tenancy import current_tenant
from orders import options as settings
from orders.models import OrderStatus
from orders.rules import merging
from orders.rules.merging import MergeCandidate, MergeGroup, MergeRules, Pair, TokenKind, Verdict
from orders.services import again
from orders.services.again import Group
from warehouse.services import floor
from warehouse.services import parcels as warehouse_parcels

VERDICTS = 500  # answers that are looked at, the newest first
ADDRESS_TOKENS = frozenset({"douyin"})  # platforms that give equal receivers equal tokens

# Orders in the warehouse that go to a receiver of one of these (tenant, orders), or travel with such an order already.
_PARTNERS = """
    WITH mine AS (SELECT receiver_key, receiver_token FROM orders_order WHERE tenant_id = %s AND id = ANY (%s::bigint[]) AND status = 3),
    same AS (
        SELECT o.id FROM orders_order o WHERE o.tenant_id = %s AND o.status = 3 AND o.receiver_key IN (
            SELECT receiver_key FROM mine WHERE receiver_key IS NOT NULL)
        UNION SELECT o.id FROM orders_order o WHERE o.tenant_id = %s AND o.status = 3 AND o.receiver_token IN (
            SELECT receiver_token FROM mine WHERE receiver_token <> '') AND o.receiver_token <> '')
    SELECT id FROM same ORDER BY id
"""
# What the rule asks of orders: (tenant, orders)
_CANDIDATES = """
    SELECT o.id, o.channel_id, c.platform, o.facility_id, o.placed_at, o.receiver_key, o.currency, c.merge_group, c.handover, c.carrier_id,
        o.cod_minor, o.receiver_token, o.amount_minor, o.receiver_mask,
        EXISTS (SELECT FROM orders_finding f WHERE f.tenant_id = o.tenant_id AND f.order_id = o.id AND f.cleared_at IS NULL
            AND (f.stops OR f.code IN ('CHANNEL_CHANGED', 'ADDRESS_CHANGED'))),
        EXISTS (SELECT FROM warehouse_parcel p WHERE p.tenant_id = o.tenant_id AND p.ref = coalesce(o.merged_into_id, o.id)
            AND p.status IN (2, 3, 4))
    FROM orders_order o JOIN orders_channel c ON c.tenant_id = o.tenant_id AND c.id = o.channel_id
    WHERE o.tenant_id = %s AND o.id = ANY (%s::bigint[]) ORDER BY o.id
"""


@dataclass(frozen=True, slots=True)
class Merged:
    """Groups that came together, the leader first; orders that could have, and do not fit into parcels or stock together."""

    groups: tuple[tuple[int, ...], ...] = ()
    apart: tuple[int, ...] = field(default=())


def merge_rules() -> MergeRules | None:
    """The tenant's rules; None: it does not merge."""
    if not options.get(settings.MERGES):
        return None
    return MergeRules(
        window_min=options.get(settings.MERGE_WINDOW_MIN) or None,
        most_orders=options.get(settings.MERGE_MOST_ORDERS),
    )


def merge(*, order_ids: Collection[int], actor_id: int | None = None) -> Merged:
    """Bring together these orders and those that wait for the same receivers, where one proof says that they may travel as one.

    What platforms answered about receivers they hide is a proof (MergeVerdict); no answer, no merging.  Locks the orders by id, their
    parcels, then the stock rows.  A group that would not fit (stock, weight) stays apart, and nothing of it changes.  Says OrdersMerged.
    """
    rules = merge_rules()
    if rules is None or not order_ids:
        return Merged()
    tenant_id = current_tenant()
    same = [row[0] for row in db.rows(_PARTNERS, tenant_id, db.array(order_ids), tenant_id, tenant_id)]
    verdicts = list_verdicts(list_candidates(same))
    named = {i for one in verdicts for ids in one.groups if set(ids) & set(same) for i in ids}
    partners = named | set(same)
    if len(partners) < 2:
        return Merged()
    groups = again.lock_groups(partners)
    waiting = {i: g for i, g in groups.items() if g.leader.status == OrderStatus.FULFILLING}
    ids = [i for g in waiting.values() for i in g.ids]
    if len(ids) < 2:
        return Merged()
    warehouse_parcels.lock_of_orders(list(waiting))
    candidates = list_candidates(ids)
    found = merging.group(candidates, rules, list_verdicts(candidates) if named else ())
    wanted = [one for one in found if _grows(one, waiting)]
    return _bring_together(waiting, wanted, actor_id) if wanted else Merged()


def list_candidates(order_ids: Sequence[int]) -> list[MergeCandidate]:
    """Orders as the rule sees them; under their locks and their parcels', or only to see what to ask."""
    found = []
    for row in db.rows(_CANDIDATES, current_tenant(), db.array(order_ids)):
        (id_, channel_id, platform, facility_id, placed_at, key, currency, group, handover, carrier) = row[
            :10
        ]
        cod_minor, token, amount_minor, mask, has_finding, is_sealed = row[10:]
        kind = TokenKind.NONE
        if token:
            kind = TokenKind.ADDRESS if platform in ADDRESS_TOKENS else TokenKind.BOUND
        found.append(
            MergeCandidate(
                id=id_,
                channel_id=channel_id,
                platform=platform,
                facility_id=facility_id,
                placed_at=placed_at,
                receiver_key=key,
                is_masked=key is None,
                currency=currency,
                channel_group=group,
                promise=(handover, carrier),
                is_cod=cod_minor > 0,
                token=token,
                token_kind=kind,
                is_sealed=is_sealed,
                has_finding=has_finding,
                amount_minor=amount_minor,
                hint=mask,
            )
        )
    return found


def list_verdicts(candidates: Sequence[MergeCandidate]) -> list[Verdict]:
    """What platforms answered lately about the shops of hidden receivers; nothing is read where none is hidden."""
    shops = {one.channel_id: one.platform for one in candidates if one.token_kind is not TokenKind.NONE}
    if not shops:
        return []
    found = db.rows(
        "SELECT channel_id, asked, groups, asked_at FROM orders_mergeverdict WHERE tenant_id = %s AND channel_id = ANY (%s::bigint[])"
        " AND asked_at > clock_timestamp() - interval '7 days' ORDER BY asked_at DESC LIMIT %s",
        current_tenant(),
        db.array(sorted(shops)),
        VERDICTS,
    )
    return [
        Verdict(
            int(asked_at.timestamp() * 1_000_000),
            shops[channel_id],
            tuple(Pair(id_, token) for id_, token in json.loads(asked)),
            tuple(tuple(ids) for ids in json.loads(groups)),
        )
        for channel_id, asked, groups, asked_at in found
    ]


def _grows(one: MergeGroup, groups: Mapping[int, Group]) -> bool:
    """Whether it is news and takes no order away from those it travels with already."""
    ids = set(one.order_ids)
    touched = [set(group.ids) for group in groups.values() if ids & set(group.ids)]
    return len(touched) > 1 and all(members <= ids for members in touched)


def _bring_together(
    groups: Mapping[int, Group], wanted: Sequence[MergeGroup], actor_id: int | None
) -> Merged:
    """Plan the wanted groups; those that do not fit are left out and the others planned again."""
    apart: list[int] = []
    left = list(wanted)
    while left:
        try:
            with db.savepoint():
                done = _plan(groups, left, actor_id)
            return Merged(done, tuple(apart))
        except _DoesNotFit as problem:
            apart += problem.leaders
            left = [one for one in left if one.order_ids[0] not in problem.leaders]
    return Merged((), tuple(apart))


class _DoesNotFit(Exception):
    """Some groups cannot be promised or packed as one."""

    def __init__(self, leaders: Iterable[int]) -> None:
        self.leaders = sorted(leaders)


def _plan(
    groups: Mapping[int, Group], wanted: Sequence[MergeGroup], actor_id: int | None
) -> tuple[tuple[int, ...], ...]:
    heads = {head.id: head for group in groups.values() for head in group.heads}
    leaders = [g.leader.id for g in groups.values() if any(set(g.ids) & set(w.order_ids) for w in wanted)]
    floor.intercept(order_refs=leaders)
    new = {w.order_ids[0]: Group(tuple(heads[i] for i in w.order_ids)) for w in wanted}
    found = again.look(new)
    ordered = again.decide(found)
    if found.plan.stopped:
        raise _DoesNotFit(found.plan.stopped)
    again.write(found, ordered)
    _set_leaders({i: w.order_ids[0] for w in wanted for i in w.order_ids[1:]}, wanted)
    done = tuple(w.order_ids for w in wanted)
    ids = sorted(i for group in done for i in group)
    accounts.record(
        "merge", "order", done[0][0], actor_id=actor_id, detail={"groups": [list(g) for g in done]}
    )
    outbox.emit("OrdersMerged", {"order_ids": ids})
    live.push(current_tenant(), "order", ids)
    return done


def _set_leaders(leaders: Mapping[int, int], wanted: Sequence[MergeGroup]) -> None:
    """Each member's leader, and on every row of the groups why they travel together."""
    now = clock.now().isoformat()
    why = {
        w.order_ids[0]: json.dumps(
            {"merge": {"proof": w.proof.kind.name, "orders": list(w.order_ids), "at": now}}
        )
        for w in wanted
    }
    ids = [(i, leaders.get(i), why[w.order_ids[0]]) for w in wanted for i in w.order_ids]
    db.execute(
        "UPDATE orders_order o SET merged_into_id = u.leader, version = version + 1,"
        " decided = coalesce(o.decided, '{}'::jsonb) || u.why::jsonb"
        " FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) u(id, leader, why) WHERE o.tenant_id = %s AND o.id = u.id",
        db.array([row[0] for row in ids]),
        db.array([row[1] for row in ids]),
        db.array([row[2] for row in ids]),
        current_tenant(),
    )
