"""Steps of a story: each call in a transaction of its own, as in production."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.test.utils import CaptureQueriesContext

from core.tenancy import tenant

P = ParamSpec("P")
T = TypeVar("T")


class Do:
    """`do(service, …)` calls it in the tenant's own transaction; `do.of(tenant_id)` is another tenant's."""

    def __init__(self, tenant_id: int) -> None:
        self.tenant_id = tenant_id

    def __call__(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        with tenant(self.tenant_id):
            return work(*args, **kwargs)

    def of(self, tenant_id: int) -> "Do":
        return Do(tenant_id)


def count_statements(seen: CaptureQueriesContext) -> int:
    """How many were sent; ids come in blocks, and whether one ran out meanwhile is nobody's cost."""
    return sum("nextval" not in query["sql"] for query in seen.captured_queries)
