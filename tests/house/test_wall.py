"""The wall in the database, tried as the app role with plain SQL: whatever the code forgets, PostgreSQL refuses."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import pytest
from django.conf import settings
from django.db import connections

from core import db
from core.secure import GLOBAL_TABLES, UNWALLED_SQL, foreign_key_sql
from core.tenancy import TenantForeignKey, tenant
from script.house.roles import Urls, connect
from tests.conftest import fresh_tenant
from tests.house.world import World, make_world, tenant_models

REFUSED = (psycopg2.errors.InsufficientPrivilege,)  # also what a WITH CHECK policy raises
APPEND_ONLY = (
    "core_auditentry", "core_inbox", "core_storedfile", "inventory_adjustmentline", "inventory_assembly",
    "inventory_lotlink", "inventory_move", "inventory_receipt", "inventory_receiptline", "orders_channelorderversion",
    "orders_followup", "orders_mergeverdict", "orders_refundbooking", "orders_refundline",
    "orders_unmasking",
)  # fmt: skip


@pytest.fixture(scope="module")
def here(database: Urls) -> World:
    return make_world(fresh_tenant())


@pytest.fixture(scope="module")
def there(database: Urls) -> World:
    return make_world(fresh_tenant())


@contextmanager
def as_app(database: Urls, tenant_id: int | None) -> Iterator[Any]:
    """A cursor of the app role, without any of our code; rolled back."""
    connection = connect(database.app)
    try:
        connection.autocommit = False
        with connection.cursor() as cursor:
            if tenant_id is not None:
                cursor.execute(f"SET LOCAL app.tenant_id = '{tenant_id}'")
            yield cursor
    finally:
        connection.rollback()
        connection.close()


def refused(cursor: Any, sql: str, parameters: Any = None) -> None:
    """The statement fails for want of a right or against a policy; the transaction goes on."""
    cursor.execute("SAVEPOINT here")
    with pytest.raises(REFUSED):
        cursor.execute(sql, parameters)
    cursor.execute("ROLLBACK TO here")


TABLES = [model._meta.db_table for model in tenant_models()]


@pytest.mark.parametrize("table", TABLES)
def test_without_a_tenant_a_table_cannot_be_read_or_written(database: Urls, table: str) -> None:
    with as_app(database, None) as cursor:
        for sql in (f"SELECT count(*) FROM {table}", f"INSERT INTO {table} (tenant_id, id) VALUES (1, 1)"):
            cursor.execute("SAVEPOINT here")
            with pytest.raises(psycopg2.Error):
                cursor.execute(sql)
            cursor.execute("ROLLBACK TO here")


@pytest.mark.parametrize("model", tenant_models(), ids=lambda model: model._meta.db_table)
def test_rows_of_another_tenant_cannot_be_seen_changed_or_taken(
    database: Urls, here: World, there: World, model: Any
) -> None:
    table = model._meta.db_table
    with as_app(database, here.tenant_id) as cursor:
        cursor.execute(f"SELECT count(*) FROM {table} WHERE tenant_id <> %s", [here.tenant_id])
        assert cursor.fetchone() == (0,)
        cursor.execute(f"SELECT count(*) FROM {table}")
        (mine,) = cursor.fetchone()
        if table in APPEND_ONLY:
            refused(cursor, f"UPDATE {table} SET id = id")
            refused(cursor, f"DELETE FROM {table}")
        else:
            cursor.execute(f"UPDATE {table} SET id = id WHERE tenant_id = %s", [there.tenant_id])
            assert cursor.rowcount == 0
            if mine:
                refused(cursor, f"UPDATE {table} SET tenant_id = %s", [there.tenant_id])
        refused(cursor, f"TRUNCATE {table} CASCADE")
    if mine:
        _copying_a_row_into_another_tenant_is_refused(database, here, there, model)


def _copying_a_row_into_another_tenant_is_refused(
    database: Urls, here: World, there: World, model: Any
) -> None:
    columns = [
        f'"{f.column}"' for f in model._meta.local_concrete_fields if f.column not in ("tenant_id", "id")
    ]
    listed = ", ".join(columns)
    with as_app(database, here.tenant_id) as cursor:
        sql = (
            f"INSERT INTO {model._meta.db_table} (tenant_id, id, {listed})"
            f" SELECT %s, 9007199254740000, {listed} FROM {model._meta.db_table} LIMIT 1"
        )
        refused(cursor, sql, [there.tenant_id])


KEYS = [
    (model, field)
    for model in tenant_models()
    for field in model._meta.local_fields
    if isinstance(field, TenantForeignKey) and not field.is_copied
]


@pytest.mark.parametrize(
    ("model", "field"), KEYS, ids=lambda part: getattr(part, "column", getattr(part, "__name__", ""))
)
def test_a_key_cannot_point_into_another_tenant(
    database: Urls, here: World, there: World, model: Any, field: TenantForeignKey
) -> None:
    table, parent = model._meta.db_table, field.related_model
    names = [
        f.column
        for f in model._meta.local_concrete_fields
        if f.column not in ("tenant_id", "id", field.column)
    ]
    others = "".join(f', "{name}"' for name in names)
    with as_app(database, here.tenant_id) as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        if cursor.fetchone() == (0,):
            pytest.skip(f"no row of {table} to start from")
        cursor.execute(f"SELECT count(*) FROM {parent._meta.db_table} WHERE id = %s", [there.id_of(parent)])
        assert cursor.fetchone() == (0,)
        with pytest.raises(psycopg2.errors.IntegrityError):
            cursor.execute(
                f'INSERT INTO {table} (tenant_id, id, "{field.column}"{others})'
                f" SELECT tenant_id, 9007199254740000, %s{others} FROM {table} LIMIT 1",
                [there.id_of(parent)],
            )


def test_the_setting_cannot_be_forged_into_sql(database: Urls, here: World) -> None:
    with pytest.raises(ValueError, match="invalid literal"), tenant("1'; DROP TABLE core_job; --"):  # type: ignore[arg-type]
        pass


def test_every_table_is_walled_or_on_the_list(database: Urls, admin_url: str) -> None:
    connection = connect(admin_url)
    with connection.cursor() as cursor:
        cursor.execute(UNWALLED_SQL, [sorted(GLOBAL_TABLES)])
        assert [(table, problem) for table, problem in cursor.fetchall() if problem] == []
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        )
        tables = {name for (name,) in cursor.fetchall()}
        assert set(TABLES) <= tables
        assert tables - set(TABLES) <= GLOBAL_TABLES, "a table of no model that is not on the list"
    connection.close()


def test_the_catalogue_check_finds_each_gap(database: Urls, admin_url: str) -> None:
    gaps = {
        "no tenant_id": "CREATE TABLE stray (id bigint PRIMARY KEY)",
        "row security off": "ALTER TABLE core_job DISABLE ROW LEVEL SECURITY",
        "row security not forced": "ALTER TABLE core_job NO FORCE ROW LEVEL SECURITY",
        "no policy": "DROP POLICY tenant_isolation ON core_job",
        "more than one policy": "CREATE POLICY open ON core_job USING (true)",
        "primary key lacks tenant_id": "ALTER TABLE core_inbox DROP CONSTRAINT core_inbox_pkey, ADD PRIMARY KEY (id)",
        "a key lacks tenant_id": "ALTER TABLE core_inbox ADD UNIQUE (event_id, handler)",
    }
    connection = connect(admin_url)
    connection.autocommit = False
    for problem, sql in gaps.items():
        with connection.cursor() as cursor:
            cursor.execute(sql)
            cursor.execute(UNWALLED_SQL, [sorted(GLOBAL_TABLES)])
            assert problem in {found for _table, found in cursor.fetchall()}
        connection.rollback()
    connection.close()


def test_composite_keys_are_in_the_catalogue(database: Urls, admin_url: str) -> None:
    """Every key that a model declares is there, with the tenant in it, and every key that is there is declared."""
    wanted = {
        f"{model._meta.db_table}_{field.column}_fk"
        for model in tenant_models()
        for field in model._meta.local_fields
        if isinstance(field, TenantForeignKey) and not field.is_copied
    }
    assert sum(1 for model in tenant_models() for _ in foreign_key_sql(model._meta, str)) == len(wanted)
    connection = connect(admin_url)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT k.conname, pg_get_constraintdef(k.oid), c.relname FROM pg_constraint k"
            " JOIN pg_class c ON c.oid = k.conrelid WHERE k.contype = 'f' AND c.relname = ANY (%s)",
            [TABLES],
        )
        found = {name: text for name, text, _table in cursor.fetchall()}
    connection.close()
    assert set(found) == {name[:63] for name in wanted}
    assert all(text.startswith("FOREIGN KEY (tenant_id, ") for text in found.values())


def test_the_app_role_owns_nothing_and_may_do_little(database: Urls, admin_url: str) -> None:
    app = settings.APP_ROLE
    connection = connect(admin_url)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = %s",
            [app],
        )
        assert cursor.fetchone() == (False, False, False, False)
        cursor.execute(
            "SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = %s",
            [app],
        )
        assert cursor.fetchone() == (0,)
        cursor.execute(
            "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = %s",
            [app],
        )
        assert cursor.fetchone() == (0,)
        for table in TABLES:
            for right in ("TRUNCATE", "REFERENCES", "TRIGGER"):
                cursor.execute("SELECT has_table_privilege(%s, %s, %s)", [app, table, right])
                assert cursor.fetchone() == (False,), f"{app} has {right} on {table}"
        for table in APPEND_ONLY:
            for right in ("UPDATE", "DELETE"):
                cursor.execute("SELECT has_table_privilege(%s, %s, %s)", [app, table, right])
                assert cursor.fetchone() == (False,), f"{app} has {right} on {table}"
        cursor.execute("SELECT has_schema_privilege(%s, 'public', 'CREATE')", [app])
        assert cursor.fetchone() == (False,)
    connection.close()


def test_the_app_role_cannot_read_what_global_tables_do_not_owe_it(database: Urls) -> None:
    with as_app(database, None) as cursor:
        refused(cursor, "INSERT INTO core_tenant (id, slug, name) VALUES (1, 'x', 'x')")
        refused(cursor, "UPDATE core_tenant SET name = 'x'")
        refused(cursor, "DELETE FROM core_user")


def test_one_query_object_serves_two_tenants(here: World, there: World) -> None:
    """A queryset made once, with a subquery in it, sees the tenant of each evaluation."""
    from django.db.models import Exists, OuterRef

    from inventory.models import Barcode, Sku

    kept = Sku.objects.filter(Exists(Barcode.objects.filter(sku=OuterRef("id"))))
    inner = Barcode.objects.values("sku_id")
    also = Sku.objects.filter(id__in=inner)
    for world in (here, there):
        with tenant(world.tenant_id):
            for query in (kept, also, inner):
                assert query.all().count() == 1
                assert len(list(query.all())) == 1


def test_sessions_and_connections_do_not_keep_a_tenant(here: World) -> None:
    with tenant(here.tenant_id):
        assert db.rows("SELECT current_setting('app.tenant_id')") == [(str(here.tenant_id),)]
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT current_setting('app.tenant_id', true)")
        assert cursor.fetchone()[0] in (None, "")
