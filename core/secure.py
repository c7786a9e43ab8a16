"""The migration operation that makes a table a tenant table, and the catalogue query that finds one that is not.

Every tenant table gets: primary key (tenant_id, id), composite foreign keys, FORCE ROW LEVEL SECURITY with one policy, grants.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.migrations.operations.base import Operation

from core.tenancy import TenantForeignKey

POLICY = "tenant_isolation"
SETTING = "current_setting('app.tenant_id')::bigint"


class SecureTables(Operation):
    """Secure the tables of these models.  Put after the CreateModels of one migration; parents may stand anywhere in the list.

    `append_only`: names whose rows the app may add and read, never change.  `keep`: changed, never deleted.
    `sys_reads`: names that the sys role may list, to find
    tenants with due work.  `fillfactor`: rows updated in place need room on their page.
    """

    reversible = True
    reduces_to_sql = True

    def __init__(
        self,
        names: Sequence[str],
        append_only: Sequence[str] = (),
        keep: Sequence[str] = (),
        sys_reads: Sequence[str] = (),
        fillfactor: dict[str, int] | None = None,
    ) -> None:
        self.names, self.append_only, self.keep, self.sys_reads = (
            list(names),
            list(append_only),
            list(keep),
            list(sys_reads),
        )
        self.fillfactor = fillfactor or {}

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return (
            type(self).__name__,
            [self.names],
            {
                "append_only": self.append_only,
                "keep": self.keep,
                "sys_reads": self.sys_reads,
                "fillfactor": self.fillfactor,
            },
        )

    def describe(self) -> str:
        return f"Secure tenant tables {', '.join(self.names)}"

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The model state knows nothing of this: it is about the database only."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        found = {name: to_state.apps.get_model(app_label, name) for name in self.names}
        for name, model in found.items():
            _refuse_loose(model)
            for sql in _key_sql(model._meta, schema_editor.quote_name):
                schema_editor.execute(sql, params=None)
            if name in self.fillfactor:
                table = schema_editor.quote_name(model._meta.db_table)
                schema_editor.execute(
                    f"ALTER TABLE {table} SET (fillfactor = {self.fillfactor[name]})", params=None
                )
        for name, model in found.items():
            for sql in self._wall_sql(name, model._meta, schema_editor.quote_name):
                schema_editor.execute(sql, params=None)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """The tables are dropped by the CreateModel that this stands after."""

    def _wall_sql(self, name: str, meta: Any, quote: Any) -> Iterator[str]:
        table = quote(meta.db_table)
        yield from foreign_key_sql(meta, quote)
        yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
        yield f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"
        yield f"CREATE POLICY {POLICY} ON {table} USING (tenant_id = {SETTING}) WITH CHECK (tenant_id = {SETTING})"
        rights = "SELECT, INSERT"
        if name not in self.append_only:
            rights += ", UPDATE" if name in self.keep else ", UPDATE, DELETE"
        yield f"GRANT {rights} ON {table} TO {quote(settings.APP_ROLE)}"
        if name in self.sys_reads:
            yield f"GRANT SELECT ON {table} TO {quote(settings.SYS_ROLE)}"


class SecureForeignKeys(Operation):
    """Composite foreign keys for columns that were added to a table after it was secured.  Put after their AddFields."""

    reversible = True
    reduces_to_sql = True

    def __init__(self, name: str, fields: Sequence[str]) -> None:
        self.name, self.fields = name, list(fields)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [self.name, self.fields], {}

    def describe(self) -> str:
        return f"Secure foreign keys of {self.name}: {', '.join(self.fields)}"

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The model state knows nothing of this: it is about the database only."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.name)
        _refuse_loose(model)
        for sql in foreign_key_sql(model._meta, schema_editor.quote_name, only=self.fields):
            schema_editor.execute(sql, params=None)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """A column that is dropped takes its key with it."""


def _key_sql(meta: Any, quote: Any) -> Iterator[str]:
    table, key = quote(meta.db_table), quote(f"{meta.db_table}_pkey")
    yield f"ALTER TABLE {table} DROP CONSTRAINT {key}"
    yield f"ALTER TABLE {table} ADD CONSTRAINT {key} PRIMARY KEY (tenant_id, {quote(meta.pk.column)})"


def foreign_key_sql(meta: Any, quote: Any, only: Sequence[str] | None = None) -> Iterator[str]:
    """The composite foreign keys of one table: one per id that a service looks up, none for copied ids.  `only` names some fields."""
    for field in meta.local_fields:
        if not isinstance(field, TenantForeignKey) or field.is_copied:
            continue
        if only is not None and field.name not in only:
            continue
        name = quote(f"{meta.db_table}_{field.column}_fk")
        target = field.related_model._meta
        yield (
            f"ALTER TABLE {quote(meta.db_table)} ADD CONSTRAINT {name} FOREIGN KEY (tenant_id, {quote(field.column)})"
            f" REFERENCES {quote(target.db_table)} (tenant_id, {quote(target.pk.column)})"
        )


def loose_ends(model: type[models.Model]) -> list[str]:
    """What would let a row of this model touch another tenant.  Empty: nothing."""
    meta, found = model._meta, []
    for field in meta.local_fields:
        if field.unique and not field.primary_key:
            found.append(f"{meta.label}.{field.name}: unique=True lacks tenant_id")
        target = field.related_model
        points_to_tenant = target is not None and "tenant_id" in {
            f.attname for f in target._meta.local_fields
        }
        if points_to_tenant and not isinstance(field, TenantForeignKey):
            found.append(f"{meta.label}.{field.name}: use core.tenancy.fk or copied")
        if field.is_relation and not points_to_tenant:
            found.append(f"{meta.label}.{field.name}: no foreign key from a tenant table to a global one")
    unique = (c for c in meta.constraints if isinstance(c, models.UniqueConstraint))
    found += [
        f"{meta.label}.{c.name}: unique without tenant_id" for c in unique if "tenant_id" not in c.fields
    ]
    indexes = (i for i in meta.indexes if not i.fields or i.fields[0] != "tenant_id")
    found += [f"{meta.label}.{i.name}: an index starts with tenant_id" for i in indexes]
    return found


def _refuse_loose(model: type[models.Model]) -> None:
    found = loose_ends(model)
    if found:
        raise ImproperlyConfigured("; ".join(found))


# Global tables hold no merchant data; everything else must be walled.
GLOBAL_TABLES = frozenset(
    {
        "core_tenant",
        "core_user",
        "django_migrations",
        "django_content_type",
        "django_session",
        "auth_permission",
        "auth_group",
        "auth_group_permissions",
        "axes_accessattempt",
        "axes_accesslog",
        "axes_accessfailurelog",
        "axes_accessattemptexpiration",
    }
)

# The policy's expression as PostgreSQL spells it, quoted for SQL.
_POLICY_SQL = "(tenant_id = (current_setting(''app.tenant_id''::text))::bigint)"

UNWALLED_SQL = f"""
SELECT c.relname,
       CASE WHEN NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id') THEN 'no tenant_id'
            WHEN NOT c.relrowsecurity THEN 'row security off'
            WHEN NOT c.relforcerowsecurity THEN 'row security not forced'
            WHEN (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = '{POLICY}') <> 1 THEN 'no policy'
            WHEN (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) <> 1 THEN 'more than one policy'
            WHEN NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polcmd = '*' AND p.polpermissive
                 AND p.polroles = '{{0}}' AND pg_get_expr(p.polqual, c.oid) = '{_POLICY_SQL}'
                 AND pg_get_expr(p.polwithcheck, c.oid) = '{_POLICY_SQL}') THEN 'policy lets others in'
            WHEN coalesce((SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p'), '')
                 NOT LIKE 'PRIMARY KEY (tenant_id, %%' THEN 'primary key lacks tenant_id'
            WHEN EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('f', 'u')
                 AND pg_get_constraintdef(k.oid) NOT LIKE '%%(tenant_id, %%') THEN 'a key lacks tenant_id'
       END AS problem
FROM pg_class c WHERE c.relkind IN ('r', 'p', 'm', 'f') AND c.relnamespace = current_schema()::regnamespace AND c.relname <> ALL (%s)
"""
