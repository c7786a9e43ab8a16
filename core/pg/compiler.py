"""Puts `tenant_id = <current>` on every SELECT, UPDATE, DELETE and aggregate over a tenant table.

Row-level security is the wall; this is the door sign.  Whatever code made the query (refresh_from_db, prefetch, the delete
collector, bulk_update), the planner sees a constant and can use the composite indexes, and a distributed PostgreSQL can route.
"""

from functools import cache
from typing import Any

from django.apps import apps
from django.db.models import Field
from django.db.models.lookups import Exact
from django.db.models.sql import compiler
from django.db.models.sql.datastructures import BaseTable
from django.db.models.sql.query import Query
from django.db.models.sql.where import AND, WhereNode

from core.tenancy import find_tenant


@cache
def _tenant_columns() -> dict[str, "Field[Any, Any]"]:
    """Table name -> its tenant_id field, for every tenant table."""
    return {
        model._meta.db_table: model._meta.get_field("tenant_id")  # type: ignore[misc]
        for model in apps.get_models()
        if any(field.attname == "tenant_id" for field in model._meta.local_concrete_fields)
    }


def _route(query: Query) -> Query:
    """A copy of the query for the tenant in scope: a subquery kept in a module or a class serves every tenant, and every thread."""
    tenant_id = find_tenant()
    if tenant_id is None or getattr(query, "_tenant_routed", False) or query.model is None:
        return query  # no tenant in scope: PostgreSQL refuses the statement, the setting is missing
    query = query.clone()
    if all(query.alias_refcount[alias] == 0 for alias in query.alias_map):
        query.get_initial_alias()
    for alias, table in query.alias_map.items():
        field = _tenant_columns().get(table.table_name)
        if isinstance(table, BaseTable) and field is not None and query.alias_refcount[alias]:
            # Joined tables get theirs from TenantForeignKey's extra restriction.
            node = WhereNode([Exact(field.get_col(alias), tenant_id)])  # type: ignore[list-item]
            query.where = WhereNode([node, query.where], AND) if query.where else node
    query._tenant_routed = True  # type: ignore[attr-defined]  # noqa: SLF001  marks Django's own object
    return query


class _Routed:
    query: Any

    def as_sql(self, *args: Any, **kwargs: Any) -> Any:
        self.query = _route(self.query)
        return super().as_sql(*args, **kwargs)  # type: ignore[misc]


class SQLCompiler(_Routed, compiler.SQLCompiler):
    pass


class SQLUpdateCompiler(_Routed, compiler.SQLUpdateCompiler):
    pass


class SQLDeleteCompiler(_Routed, compiler.SQLDeleteCompiler):
    pass


class SQLInsertCompiler(compiler.SQLInsertCompiler):
    pass


class SQLAggregateCompiler(compiler.SQLAggregateCompiler):
    pass
