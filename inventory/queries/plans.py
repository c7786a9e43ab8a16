"""Statements that read a tenant's stock as a whole, planned without loops."""

from core import db
from core.tenancy import current_scope

_MARK = "inventory.queries.plans"


def plan_by_hash() -> None:
    """From here to the end of the transaction joins are hashed: each table is read once, whatever the planner believes of its size.

    For reads that look at everything anyway.  After a mass load the planner may believe that a tenant has one row, and a loop over "one
    row" has taken minutes; a hash of one row costs nothing.  One statement, none when it was said before in this transaction.
    """
    memo = current_scope().memo
    if not memo.get(_MARK):
        db.execute("SET LOCAL enable_nestloop = off")
        memo[_MARK] = True
