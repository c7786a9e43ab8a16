"""Who saw whose receiver in clear."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from core import db
from core.tenancy import current_tenant
from orders.models import Unmasking

PEOPLE_SHOWN = 50

# Different orders that each person and key saw on one day, the most first: (tenant, day, limit)
_TODAY = """
    SELECT u.user_id, u.api_key_id, count(DISTINCT u.order_id), count(*), max(u.at) FROM orders_unmasking u
    WHERE u.tenant_id = %s AND u.day = %s GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT %s
"""

# Everybody who ever saw one: (tenant, tenant).  The names of people are global, those of keys are the tenant's.
_NAMES = """
    SELECT 'person', u.id, u.name FROM core_user u JOIN core_membership m ON m.user_id = u.id AND m.tenant_id = %s
    UNION ALL SELECT 'key', k.id, k.name FROM core_apikey k WHERE k.tenant_id = %s ORDER BY 1, 3, 2 LIMIT 500
"""


@dataclass(frozen=True, slots=True)
class Watcher:
    """A person or a key, and what it saw today."""

    user_id: int | None
    key_id: int | None
    orders: int
    times: int


@dataclass(frozen=True, slots=True)
class Names:
    """What people and keys are called."""

    people: Mapping[int, str]
    keys: Mapping[int, str]


def list_unmaskings() -> QuerySet[Unmasking]:
    """All of them, with the order's number."""
    return Unmasking.objects.select_related("order").only(
        "id", "tenant_id", "order_id", "order__id", "order__tenant_id", "order__number", "order__receiver_mask",
        "user_id", "api_key_id", "reason", "note", "source", "day", "at",
    )  # fmt: skip


def list_watchers(day: date) -> list[Watcher]:
    """Who saw the most on this day.  One statement."""
    found = db.rows(_TODAY, current_tenant(), day, PEOPLE_SHOWN)
    return [Watcher(user, key, orders, times) for user, key, orders, times, _at in found]


def names() -> Names:
    """Everybody who may have seen one.  One statement."""
    found: Iterable[tuple[str, int, str]] = db.rows(_NAMES, current_tenant(), current_tenant())
    people: dict[int, str] = {}
    keys: dict[int, str] = {}
    for kind, id_, name in found:
        (people if kind == "person" else keys)[id_] = name
    return Names(people, keys)
