"""Asking platforms for receivers that they hide: outside of any transaction, one shop after the other, nothing kept."""

from collections import defaultdict
from collections.abc import Sequence

from orders.connectors.errors import PlatformError, Throttled, Unauthorized, Unreachable
from orders.connectors.interface import Hidden
from orders.rules.incoming import Receiver
from orders.services.connections import open_connector
from orders.services.unmasking import Gap, Question


def ask(tenant_id: int, questions: Sequence[Question]) -> dict[int, Receiver | Gap]:
    """What the platforms say of each order: its receiver, or why not.  Never raises for what a platform does."""
    shops: defaultdict[int, list[Question]] = defaultdict(list)
    for question in questions:
        shops[question.connection_id].append(question)
    said: dict[int, Receiver | Gap] = {}
    for asked in shops.values():
        said |= _ask_shop(tenant_id, asked)
    return said


def _ask_shop(tenant_id: int, asked: Sequence[Question]) -> dict[int, Receiver | Gap]:
    first = asked[0]
    hidden = [Hidden(question.external_number, question.token) for question in asked]
    try:
        connector = open_connector(tenant_id, first.platform, first.credentials, first.address)
        found = connector.decrypt(hidden)
    except PlatformError as problem:
        return dict.fromkeys((question.order_id for question in asked), _gap_of(problem))
    return {question.order_id: found.get(question.external_number, Gap.NOT_GIVEN) for question in asked}


def _gap_of(problem: PlatformError) -> Gap:
    if isinstance(problem, Throttled | Unreachable):
        return Gap.NOT_ANSWERED
    return Gap.NOT_CONNECTED if isinstance(problem, Unauthorized) else Gap.NOT_GIVEN
