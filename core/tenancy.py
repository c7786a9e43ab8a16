"""One tenant, one transaction: the scope every read and write of merchant data happens in.

`tenant(id)` is the outermost transaction and starts with `SET LOCAL app.tenant_id`; PostgreSQL's row-level security does the rest.
Without a scope every statement on a tenant table fails.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db import connections, models, transaction
from django.db.models.lookups import Exact
from django.db.models.sql.where import WhereNode

DEFAULT = "default"
LOCK_TIMEOUT = "10s"  # a lock that waits longer is a defect to be seen, not a page that hangs


class Pending(Protocol):
    """Writes that were handed over and are not stored yet (core.behind)."""

    @property
    def is_busy(self) -> bool: ...
    def add(self, sql: str, params: Sequence[Any]) -> None: ...
    def settle(self) -> None: ...


@dataclass(slots=True)
class Scope:
    """What is true for the length of one tenant's transaction."""

    tenant_id: int
    rank: int = -1  # of the last lock taken: core.db.lock refuses to go back
    memo: dict[str, Any] = field(default_factory=dict)  # reads worth doing once a transaction (options)
    behind: Pending | None = None

    def settle(self) -> None:
        """Wait for what was handed over.  Raises what it raised."""
        if self.behind is not None:
            self.behind.settle()

    @contextmanager
    def settled(self) -> Iterator[None]:
        """Around work that is kept or undone as a whole: nothing is under way when that is decided."""
        try:
            yield
        except BaseException:
            with suppress(Exception):  # undone with the rest; the first problem is the one to tell
                self.settle()
            raise
        self.settle()


_scope: ContextVar[Scope | None] = ContextVar("tenant_scope", default=None)


class NoTenant(RuntimeError):
    """Work on merchant data was tried outside of `with tenant(...)`."""


class TenantMixed(RuntimeError):
    """A scope was opened inside a transaction or inside another tenant's scope."""


def find_scope() -> Scope | None:
    return _scope.get()


def find_tenant() -> int | None:
    scope_ = _scope.get()
    return None if scope_ is None else scope_.tenant_id


def current_scope() -> Scope:
    scope_ = _scope.get()
    if scope_ is None:
        raise NoTenant("no tenant in scope: wrap the work in `with tenant(tenant_id):`")
    return scope_


def current_tenant() -> int:
    return current_scope().tenant_id


@contextmanager
def tenant(tenant_id: int, using: str = DEFAULT) -> Iterator[Scope]:
    """The transaction of one tenant.  Refuses to start inside another transaction: what it does must be able to commit alone.

    SET LOCAL is a statement, so that pooled and distributed servers forward it; it ends with the transaction by itself.
    """
    connection = connections[using]
    if _scope.get() is not None or connection.in_atomic_block:
        raise TenantMixed(
            "a tenant's scope is the outermost transaction; use scope() to join one that is open"
        )
    here = Scope(int(tenant_id))
    token = _scope.set(here)
    try:
        with transaction.atomic(using=using, durable=True):
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SET LOCAL app.tenant_id = '{here.tenant_id}'; SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"
                )
            with here.settled():
                yield here
    finally:
        _scope.reset(token)


@contextmanager
def scope(tenant_id: int) -> Iterator[Scope]:
    """Joins this tenant's open transaction, or opens it: how one service calls another and both commit together."""
    here = _scope.get()
    if here is None:
        with tenant(tenant_id) as opened:
            yield opened
    elif here.tenant_id != tenant_id:
        raise TenantMixed(f"tenant {tenant_id} asked for inside the scope of tenant {here.tenant_id}")
    else:
        yield here


class TenantForeignKey(models.ForeignKey[Any, Any]):
    """A foreign key on the id; joins also compare tenant_id.

    The database constraint is the composite one that core.secure.SecureTables adds.  `is_copied`: the id is copied by a service from
    a row that already has the key, so it goes without a second constraint (`check_invariants` proves the copies).
    """

    def __init__(self, *args: Any, is_copied: bool = False, **kwargs: Any) -> None:
        self.is_copied = is_copied
        kwargs["db_constraint"] = False
        kwargs["db_index"] = False
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Any, dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("db_constraint", None)
        kwargs.pop("db_index", None)
        if self.is_copied:
            kwargs["is_copied"] = True
        return name, path, args, kwargs

    def get_extra_restriction(self, alias: str | None, related_alias: str | None) -> WhereNode | None:
        if alias is None or related_alias is None:  # Query.trim_start(), made by exclude() over a reverse key
            return None
        mine = self.model._meta.get_field("tenant_id")
        theirs = self.related_model._meta.get_field("tenant_id")
        return WhereNode([Exact(mine.get_col(alias), theirs.get_col(related_alias))])  # type: ignore[list-item, union-attr]


def fk(to: Any, *, null: bool = False) -> TenantForeignKey:
    """An id that a service looked up: kept true by a composite foreign key.  The database refuses deletes, so Django need not look."""
    return TenantForeignKey(to, models.DO_NOTHING, related_name="+", null=null, blank=null)


def copied(to: Any, *, null: bool = False) -> TenantForeignKey:
    """An id copied from a row that has the key already: no second constraint (key checks were 27-40 % of all time)."""
    return TenantForeignKey(to, models.DO_NOTHING, related_name="+", null=null, blank=null, is_copied=True)


class TenantRow(models.Model):
    """A row of one merchant.  Primary key in the database: (tenant_id, id); ids come from core.db.new_ids, before the insert."""

    id = models.BigIntegerField(primary_key=True)
    tenant_id = models.BigIntegerField(default=current_tenant, editable=False)

    class Meta:
        abstract = True
