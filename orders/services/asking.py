"""Asking platforms about receivers they hide, before orders are merged: outside of any transaction, one shop at a time."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core import db
from core.tenancy import current_tenant, tenant
from orders.connectors import registry
from orders.connectors.errors import PlatformError
from orders.connectors.interface import Hidden
from orders.models import MergeVerdict
from orders.rules import merging as rule
from orders.rules.merging import Pair, Question
from orders.services import merging
from orders.services.connections import open_connector

MOST = 2_000  # waiting orders of one shop that are looked at, the most urgent first
QUESTIONS = 20  # of one run; the next look asks on

# Orders of a shop that wait with a hidden receiver: (tenant, channel, limit)
_WAITING = """
    SELECT o.id, c.external_number FROM orders_order o
    JOIN orders_channelorder c ON c.tenant_id = o.tenant_id AND c.order_id = o.id
    WHERE o.tenant_id = %s AND o.channel_id = %s AND o.status = 3 AND o.receiver_token <> '' ORDER BY o.ship_by, o.id LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be asked at one shop, and how to get there."""

    channel_id: int
    platform: str
    credentials: bytes
    address: str
    questions: tuple[Question, ...]
    numbers: Mapping[int, str]


def run(tenant_id: int, connection_id: int) -> int:
    """Ask one shop what is open, keep each answer and merge by it; how many answers came.  A sick platform is asked again later."""
    with tenant(tenant_id):
        asked = _look(connection_id)
    if asked is None or not asked.questions:
        return 0
    answers = 0
    try:
        connector = open_connector(tenant_id, asked.platform, asked.credentials, asked.address)
        for question in asked.questions[:QUESTIONS]:
            hidden = [Hidden(asked.numbers[pair.order_id], pair.token) for pair in question.pairs]
            groups = connector.ask_merge(hidden)
            with tenant(tenant_id):
                _keep(asked, question.pairs, groups)
            answers += 1
    except PlatformError:
        return answers
    return answers


def _look(connection_id: int) -> _Asked | None:
    found = db.rows(
        "SELECT n.channel_id, c.platform, n.credentials, n.address FROM orders_connection n"
        " JOIN orders_channel c ON c.tenant_id = n.tenant_id AND c.id = n.channel_id WHERE n.tenant_id = %s AND n.id = %s",
        current_tenant(),
        connection_id,
    )
    rules = merging.merge_rules()
    if not found or rules is None:
        return None
    channel_id, platform, credentials, address = found[0]
    known = registry.PLATFORMS.get(platform)
    if known is None or not known.capabilities.merge_verdict:
        return None
    numbers = dict(db.rows(_WAITING, current_tenant(), channel_id, MOST))
    waiting = merging.list_candidates(list(numbers))
    questions = rule.questions(waiting, rules, merging.list_verdicts(waiting))
    return _Asked(channel_id, platform, bytes(credentials), address, questions, numbers)


def _keep(asked: _Asked, pairs: Sequence[Pair], groups: Sequence[Sequence[str]]) -> None:
    """Keep an answer, whatever it says; what it says of orders that nobody asked about is not heard."""
    ids = {asked.numbers[pair.order_id]: pair.order_id for pair in pairs}
    found = [[ids[number] for number in group if number in ids] for group in groups]
    db.insert(
        MergeVerdict,
        ["id", "channel", "asked", "groups"],
        [
            (
                db.new_id(),
                asked.channel_id,
                json.dumps([[pair.order_id, pair.token] for pair in pairs]),
                json.dumps([group for group in found if len(group) > 1]),
            )
        ],
    )
    merging.merge(order_ids=[pair.order_id for pair in pairs])
