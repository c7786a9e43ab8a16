"""Each law of the data holds in a living tenant, and finds its own fault when a row is bent behind the services' backs."""

from typing import Any

import pytest
from django.core.management import call_command

from core import invariants, relay
from core.tenancy import tenant
from script.house.roles import Urls, connect, with_database
from tests.conftest import fresh_tenant
from tests.house.world import World, make_world

# law -> a statement, as superuser with the checks of keys and constraints off, that breaks it for tenant %(t)s
FAULTS = {
    "core.outbox.delivered": "UPDATE core_outbox SET next_try_at = 'infinity', done_at = NULL WHERE tenant_id = %(t)s",
    "core.inbox.known": "INSERT INTO core_inbox (tenant_id, id, handler, event_id) VALUES (%(t)s, 1, 'x', 1)",
    "core.job.not_stuck": "UPDATE core_job SET status = 'RUNNING', finished_at = NULL, lease_token = NULL"
    " WHERE tenant_id = %(t)s",
    "core.idempotency.answered": "UPDATE core_idempotentrequest SET response = '' WHERE tenant_id = %(t)s",
    "inventory.ledger.sums": "UPDATE inventory_balance SET on_hand = on_hand + 1 WHERE tenant_id = %(t)s",
    "inventory.ledger.chain": "UPDATE inventory_move SET to_after = to_after + 1 WHERE tenant_id = %(t)s",
    "inventory.allocated": "DELETE FROM inventory_allocation WHERE tenant_id = %(t)s",
    "inventory.promised": "UPDATE inventory_promise SET quantity = quantity + 1 WHERE tenant_id = %(t)s",
    "inventory.promise_law": "UPDATE inventory_bin SET kind = 6 WHERE tenant_id = %(t)s AND kind = 0",
    "inventory.bundle.codes": "UPDATE inventory_bundle SET code = 'S' WHERE tenant_id = %(t)s",
    "inventory.bundle.parts": "DELETE FROM inventory_bundlepart WHERE tenant_id = %(t)s",
    "inventory.balance.copies": "UPDATE inventory_lot SET sku_id = sku_id + 1 WHERE tenant_id = %(t)s",
    "inventory.hold.copies": "UPDATE inventory_hold SET sku_id = sku_id + 1 WHERE tenant_id = %(t)s",
    "inventory.purchases": "UPDATE inventory_purchaseline SET received = received + 1 WHERE tenant_id = %(t)s",
    "inventory.on_the_road": "UPDATE inventory_bin SET kind = 8 WHERE tenant_id = %(t)s AND id ="
    " (SELECT min(bin_id) FROM inventory_balance WHERE tenant_id = %(t)s AND on_hand > 0)",
    "inventory.receipts": "UPDATE inventory_receiptline SET quantity = quantity + 1 WHERE tenant_id = %(t)s",
    "inventory.assemblies": "UPDATE inventory_lotlink SET quantity = quantity + 1 WHERE tenant_id = %(t)s",
    "inventory.counts.booked": "UPDATE inventory_adjustment SET count_id ="
    " (SELECT min(id) FROM inventory_stockcount WHERE tenant_id = %(t)s) WHERE tenant_id = %(t)s",
    "inventory.counts.ended": "UPDATE inventory_stockcount SET status = 1 WHERE tenant_id = %(t)s",
    "warehouse.parcel.units": "DELETE FROM inventory_move WHERE tenant_id = %(t)s AND kind = 3",
    "warehouse.owners": "UPDATE inventory_reservation SET line_ref = 1 WHERE tenant_id = %(t)s",
    "warehouse.places": "UPDATE warehouse_wave SET facility_id = 1 WHERE tenant_id = %(t)s",
    "warehouse.slots": "UPDATE warehouse_parcel SET slot = 1 WHERE tenant_id = %(t)s AND wave_id IS NOT NULL",
    "warehouse.parcel.counted": "UPDATE warehouse_parcel SET units = units + 1 WHERE tenant_id = %(t)s",
    "orders.groups": "UPDATE orders_order SET merged_into_id = (SELECT min(id) FROM orders_order WHERE tenant_id = %(t)s),"
    " facility_id = facility_id + 1 WHERE tenant_id = %(t)s AND id = (SELECT max(id) FROM orders_order WHERE tenant_id = %(t)s)",
    "orders.bundles": "UPDATE orders_orderline SET bundle_group = id WHERE tenant_id = %(t)s",
    "orders.units": "UPDATE orders_orderline SET quantity = quantity + 1 WHERE tenant_id = %(t)s",
    "orders.goods": "UPDATE orders_orderline SET sku_id = sku_id + 1 WHERE tenant_id = %(t)s",
    "orders.parcels": "UPDATE orders_order SET status = 3 WHERE tenant_id = %(t)s AND status = 1",
    "orders.shipped": "UPDATE orders_order SET status = 4, shipped_at = now() WHERE tenant_id = %(t)s AND status = 3",
    "orders.reason": "UPDATE orders_finding SET cleared_at = now() WHERE tenant_id = %(t)s",
    "orders.stopped": "UPDATE orders_order SET status = 5, shipped_at = NULL WHERE tenant_id = %(t)s",
    "orders.in_part": "UPDATE orders_order SET status = 1, shipped_at = NULL WHERE tenant_id = %(t)s AND id IN"
    " (SELECT ref FROM warehouse_parcel WHERE tenant_id = %(t)s AND status = 1)",
    "orders.collected": "UPDATE warehouse_parcel SET cod_minor = cod_minor + 1 WHERE tenant_id = %(t)s AND status <> 5",
    "orders.origin": "UPDATE orders_channelorder SET order_id = NULL WHERE tenant_id = %(t)s",
    "orders.channel": "UPDATE orders_channelorder SET channel_id = channel_id + 1 WHERE tenant_id = %(t)s",
    "orders.lines": "DELETE FROM orders_orderline WHERE tenant_id = %(t)s",
    "orders.withdrawn": "UPDATE orders_orderline SET withdrawn = 1 WHERE tenant_id = %(t)s",
    "orders.refund_lines": "UPDATE orders_refund SET order_id = order_id + 1 WHERE tenant_id = %(t)s",
    "orders.refund_booked": "UPDATE orders_refundbooking SET amount_minor = amount_minor + 1 WHERE tenant_id = %(t)s",
    "orders.refunds": "UPDATE orders_order SET amount_minor = 1 WHERE tenant_id = %(t)s",
    "orders.invoice_open": "DROP INDEX orders_invoicerequest_open;"
    " INSERT INTO orders_invoicerequest (tenant_id, id, order_id, is_company, amount_minor, buyer, mask)"
    " SELECT tenant_id, 1, order_id, false, 1, buyer, '' FROM orders_invoicerequest WHERE tenant_id = %(t)s",
    "orders.invoice_amounts": "UPDATE orders_invoicerequest SET amount_minor = 1000000 WHERE tenant_id = %(t)s",
    "orders.refunded_lines": "UPDATE orders_refundbooking SET paid_minor = 1 WHERE tenant_id = %(t)s",
    "orders.returned": "UPDATE orders_returnitem SET units = 9999,"
    " order_line_id = (SELECT min(id) FROM orders_orderline WHERE tenant_id = %(t)s) WHERE tenant_id = %(t)s",
    "orders.return_moves": "UPDATE orders_returnitem SET units = units + 1 WHERE tenant_id = %(t)s",
    "orders.return_lines": "UPDATE orders_returnitem SET"
    " order_line_id = (SELECT min(id) FROM orders_orderline WHERE tenant_id = %(t)s) WHERE tenant_id = %(t)s",
    "orders.unmasked": "DELETE FROM core_auditentry WHERE tenant_id = %(t)s AND action = 'unmask'",
    "o2o.winner": "UPDATE o2o_offer SET status = 'WON' WHERE tenant_id = %(t)s",
    "o2o.deadline": "UPDATE o2o_dispatch SET deadline = now() - interval '1 hour' WHERE tenant_id = %(t)s",
    "o2o.offers_closed": "UPDATE o2o_dispatch SET status = 'FALLBACK', deadline = NULL, ended_at = now()"
    " WHERE tenant_id = %(t)s",
    "o2o.rounds": "UPDATE o2o_offer SET round = 9 WHERE tenant_id = %(t)s",
}


@pytest.fixture(scope="module")
def world(database: Urls) -> World:
    """A merchant in the middle of its day, with nothing bent."""
    return make_world(fresh_tenant())


def test_a_living_tenant_keeps_every_law(world: World) -> None:
    relay.deliver(world.tenant_id)
    assert list(invariants.prove(world.tenant_id)) == []


def test_every_law_has_a_fault_here() -> None:
    written = {law.name for law in invariants.list_laws() if not law.name.startswith("core.copy.")}
    assert written == FAULTS.keys(), "a law without a fault that it finds proves nothing: add one to FAULTS"


@pytest.mark.parametrize("name", FAULTS)
def test_a_law_finds_its_fault(admin_url: str, world: World, name: str) -> None:
    """In one transaction that is rolled back, as a superuser who looks through row-level security's eyes."""
    law = next(law for law in invariants.list_laws() if law.name == name)
    with tenant(world.tenant_id):
        parameters = list(law.parameters()) or None
    assert not bent(admin_url, world.tenant_id, "SELECT 1", law.sql, parameters)
    assert bent(admin_url, world.tenant_id, FAULTS[name], law.sql, parameters)


@pytest.mark.parametrize(
    "law",
    [law for law in invariants.list_laws() if law.name.startswith("core.copy.")],
    ids=lambda law: law.name,
)
def test_a_copied_id_that_points_nowhere_is_found(admin_url: str, world: World, law: Any) -> None:
    table, column = law.name.split(".")[2:]
    assert not bent(admin_url, world.tenant_id, "SELECT 1", law.sql, None)
    first = f"SELECT min(id) FROM {table} WHERE tenant_id = %(t)s"
    fault = f"UPDATE {table} SET {column} = 1 WHERE tenant_id = %(t)s AND id = ({first})"
    rows = bent(admin_url, world.tenant_id, "SELECT 1", f"SELECT 1 FROM {table}", None)
    if not rows:
        pytest.skip(f"no row of {table} to bend")
    assert bent(admin_url, world.tenant_id, fault, law.sql, None)


def bent(admin_url: str, tenant_id: int, fault: str, sql: str, parameters: list[object] | None) -> list[Any]:
    """What a law sees after a fault; nothing of it stays."""
    connection = connect(admin_url)
    connection.autocommit = False
    try:
        with connection.cursor() as cursor:
            for table in CHECKED:
                cursor.execute(
                    "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'",
                    [table],
                )
                for (constraint,) in cursor.fetchall():
                    cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{constraint}"')
            cursor.execute("SET LOCAL session_replication_role = replica")  # no key checks
            cursor.execute(fault, {"t": tenant_id})
            cursor.execute(f"SET LOCAL ROLE {app_role()}")
            cursor.execute(f"SET LOCAL app.tenant_id = '{tenant_id}'")
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())
    finally:
        connection.rollback()
        connection.close()


CHECKED = (
    "inventory_balance",
    "inventory_move",
    "o2o_dispatch",
    "orders_order",
    "warehouse_parcel",
    "core_job",
)


def app_role() -> str:
    from django.conf import settings

    return f'"{settings.APP_ROLE}"'


def test_the_command_says_what_is_broken(
    admin_url: str, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    slug = dict(invariants.list_tenants())[world.tenant_id]
    call_command("check_invariants", "--tenant", slug)
    assert ", 1 tenants, 0 broken" in capsys.readouterr().out
    other = fresh_tenant()
    make_world(other)
    connection = connect(with_database(admin_url, admin_url.rsplit("/", 1)[1]))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE inventory_receiptline SET quantity = quantity + 1 WHERE tenant_id = %s", [other]
        )
    connection.close()
    with pytest.raises(SystemExit) as ended:
        call_command("check_invariants", "--tenant", dict(invariants.list_tenants())[other])
    assert ended.value.code == 1
    assert "inventory.receipts: a receipt's lines are what moved in for it" in capsys.readouterr().out
