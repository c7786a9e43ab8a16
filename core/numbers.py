"""Document numbers that people read out to each other: kind, day, place in the day."""

from core import clock, db
from core.tenancy import current_tenant


def new_numbers(kind: str, count: int) -> list[str]:
    """`count` numbers nobody else has, as "TR-20261122-0007", by the tenant's day.  One statement.

    The counter's row stays locked until the commit, so documents of one kind are numbered one after the other: take numbers last, for
    papers that people write, never for what machines make by the thousand.  A transaction that fails leaves no gap.
    """
    day = clock.today()
    ((last,),) = db.rows(
        "INSERT INTO core_numberrange AS n (tenant_id, id, kind, day, last) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (tenant_id, kind, day) DO UPDATE SET last = n.last + excluded.last RETURNING last",
        current_tenant(),
        db.new_id(),
        kind,
        day,
        count,
    )
    return [f"{kind}-{day:%Y%m%d}-{number:04d}" for number in range(last - count + 1, last + 1)]


def new_number(kind: str) -> str:
    """One number; see new_numbers."""
    return new_numbers(kind, 1)[0]
