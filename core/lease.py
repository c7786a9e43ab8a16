"""A row that one run at a time works for (a lease): taken in one statement, kept by working, given back by whoever has it.

The run asks the world outside of any transaction, so a lock cannot stand in for it.  A run that is killed loses its lease when the time is
over; one that is slower than that finds that another has it, and ends without a word.
"""

import secrets
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

from core import db
from core.db import Rank
from core.tenancy import current_tenant

SECONDS = 300  # longer than one question to the slowest that still answers


@dataclass(frozen=True, slots=True)
class Lease:
    """Where a table keeps it: the columns of its holder's token and of its end, and the one that names the row.  One may have several."""

    model: type[Model]
    key: str = "id"
    holder: str = "lease_token"
    until: str = "lease_until"
    seconds: int = SECONDS

    @property
    def is_free(self) -> str:
        """The condition in SQL, of the row as `t`."""
        return f"(t.{self.until} IS NULL OR t.{self.until} < clock_timestamp())"

    @property
    def ends(self) -> str:
        """The assignments that give it back, in SQL."""
        return f"{self.holder} = NULL, {self.until} = NULL"

    def take(
        self, row: int, *, where: str, returning: str, source: str = "", also: str = ""
    ) -> tuple[int, tuple[Any, ...]] | None:
        """The token and what was asked for of the row (`t`), when it is free and `where` holds; None leaves it to who has it.

        `source`: other tables; `also`: assignments beside the lease's.  All of them constants: nothing from outside goes into them.
        """
        token = secrets.randbits(62)
        found = db.rows(
            f'UPDATE "{self.model._meta.db_table}" t SET {self.holder} = %s,'
            f" {self.until} = clock_timestamp() + %s * interval '1 second'{f', {also}' if also else ''}"
            f"{f' FROM {source}' if source else ''} WHERE t.tenant_id = %s AND t.{self.key} = %s AND {self.is_free} AND {where}"
            f" RETURNING {returning}",
            token,
            self.seconds,
            current_tenant(),
            row,
        )
        return (token, found[0]) if found else None

    def hold(self, row: int, token: int, columns: str = "") -> tuple[Any, ...] | None:
        """Lock the row; the columns asked for, or None when the lease is not ours any more."""
        wanted = f"{self.holder}{f', {columns}' if columns else ''}"
        found = db.lock(Rank.JOB, self.model, wanted, f"{self.key} = %s", row)
        return tuple(found[0][1:]) if found and found[0][0] == token else None

    def extend(self, row: int, also: str = "", *params: object) -> None:
        """Keep it as long again, of a row that is held; `also`: assignments in the same statement."""
        db.execute(
            f'UPDATE "{self.model._meta.db_table}" SET {f"{also}, " if also else ""}'
            f"{self.until} = clock_timestamp() + %s * interval '1 second' WHERE tenant_id = %s AND {self.key} = %s",
            *params,
            self.seconds,
            current_tenant(),
            row,
        )
