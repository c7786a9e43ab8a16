"""The law of buyers' data: nobody saw it without a trace."""

from core.invariants import Invariant, register

# Both ways: a row without its entry, an entry without its row, or two that tell different stories.
TRACED = """
    SELECT u.id, u.order_id, a.id AS entry_id, a.object_id, u.user_id, a.actor_id
    FROM orders_unmasking u FULL JOIN (
        SELECT e.tenant_id, e.id, e.object_id, e.actor_id, e.detail FROM core_auditentry e
        WHERE e.action = 'unmask' AND e.object_kind = 'order') a ON a.tenant_id = u.tenant_id AND a.id = u.entry_id
    WHERE u.id IS NULL OR a.id IS NULL OR a.object_id IS DISTINCT FROM u.order_id OR a.actor_id IS DISTINCT FROM u.user_id
        OR (a.detail ->> 'api_key')::bigint IS DISTINCT FROM u.api_key_id OR a.detail ->> 'reason' IS DISTINCT FROM u.reason
"""

register(
    Invariant(
        "orders.unmasked",
        "each unmasking has an audit row that says who, which order and why, and each such row its unmasking",
        TRACED,
    )
)
