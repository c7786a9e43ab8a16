"""Goods that somebody should look at."""

from collections.abc import Sequence

from core import db
from core.tenancy import current_tenant
from inventory import sql
from inventory.queries.plans import plan_by_hash
from inventory.queries.walking import named_rows
from inventory.sellable import first_sellable


def list_problem_skus(facility_ids: Sequence[int]) -> list[int]:
    """SKUs with something held or expired, or with more promised than what is sellable; two statements over all that lies there."""
    plan_by_hash()
    params = {"tenant": current_tenant(), "facilities": db.array(facility_ids), "first": first_sellable()}
    return [row[0] for row in named_rows(sql.PROBLEM_SKUS, params)]
