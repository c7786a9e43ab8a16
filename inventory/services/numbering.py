"""Papers get the numbers that people read out to each other."""

from collections.abc import Sequence

from django.db.models import Model

from core import db
from core.numbers import new_numbers
from core.tenancy import current_tenant


def number_papers(model: type[Model], kind: str, ids: Sequence[int]) -> list[str]:
    """Numbers for papers that were written in this transaction under their ids in place of a number, in the given order.

    The counter's row is locked until the commit, so this comes last: after whatever may fail, and after whatever waits for somebody.
    Two statements, none for no papers.
    """
    if not ids:
        return []
    numbers = new_numbers(kind, len(ids))
    db.execute(
        f"UPDATE {model._meta.db_table} p SET number = u.number FROM unnest(%s::bigint[], %s::text[]) u(id, number)"
        " WHERE p.tenant_id = %s AND p.id = u.id",
        db.array(list(ids)),
        db.array(numbers),
        current_tenant(),
    )
    return numbers
