"""What is not archived."""

from collections.abc import Iterable

from core import db
from core.tenancy import current_tenant


def find_active(table: str, ids: Iterable[int]) -> set[int]:
    """Those of the ids that are there and not archived.  `table`: one with `is_active`, never a word of a reader's."""
    found = db.rows(
        f"SELECT id FROM {table} WHERE tenant_id = %s AND id = ANY (%s::bigint[]) AND is_active",
        current_tenant(),
        db.array(sorted(ids)),
    )
    return {row[0] for row in found}
