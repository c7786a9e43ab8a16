"""Laws of dispatches: one winner, none after a cancel, no round forgotten."""

from core.invariants import Invariant, register

register(
    Invariant(
        "o2o.winner",
        "a dispatch that is won has one winning offer, the winner's; any other has none",
        "SELECT d.id, d.status, d.winner_id, count(o.id) AS winners FROM o2o_dispatch d"
        " LEFT JOIN o2o_offer o ON o.tenant_id = d.tenant_id AND o.dispatch_id = d.id AND o.status = 'WON'"
        " GROUP BY d.tenant_id, d.id, d.status, d.winner_id"
        " HAVING count(o.id) <> CASE d.status WHEN 'WON' THEN 1 ELSE 0 END"
        " OR bool_or(o.facility_id IS DISTINCT FROM d.winner_id AND o.id IS NOT NULL)",
    ),
    Invariant(
        "o2o.deadline",
        "an unfinished dispatch has a deadline, and somebody acts on it within minutes",
        "SELECT id, order_number, deadline FROM o2o_dispatch WHERE status = 'OFFERING'"
        " AND (deadline IS NULL OR deadline < clock_timestamp() - interval '10 minutes')",
    ),
    Invariant(
        "o2o.offers_closed",
        "when a dispatch has ended, no offer of it is open",
        "SELECT o.id, o.dispatch_id, d.status FROM o2o_offer o"
        " JOIN o2o_dispatch d ON d.tenant_id = o.tenant_id AND d.id = o.dispatch_id"
        " WHERE o.status = 'OPEN' AND d.status <> 'OFFERING'",
    ),
    Invariant(
        "o2o.rounds",
        "no offer is of a later round than its dispatch",
        "SELECT o.id, o.dispatch_id, o.round, d.round AS dispatch_round FROM o2o_offer o"
        " JOIN o2o_dispatch d ON d.tenant_id = o.tenant_id AND d.id = o.dispatch_id WHERE o.round > d.round",
    ),
)
