"""One tenant, one transaction: what opens a scope, what joins it, what is refused."""

import threading

import pytest
from django.db import DatabaseError, connection, transaction

from core import db, outbox
from core.models import Outbox
from core.tenancy import NoTenant, TenantMixed, current_tenant, find_scope, find_tenant, scope, tenant


def test_a_tenant_is_not_opened_inside_a_tenant(tenant_id: int, other_tenant_id: int) -> None:
    for inner in (tenant_id, other_tenant_id):
        with tenant(tenant_id), pytest.raises(TenantMixed), tenant(inner):
            pass
    assert find_scope() is None


def test_a_tenant_is_not_opened_inside_a_transaction(tenant_id: int) -> None:
    with transaction.atomic(), pytest.raises(TenantMixed), tenant(tenant_id):
        pass
    with transaction.atomic(), pytest.raises(TenantMixed), scope(tenant_id):
        pass


def test_a_scope_joins_its_own_tenant_and_refuses_another(tenant_id: int, other_tenant_id: int) -> None:
    with tenant(tenant_id) as outer:
        with scope(tenant_id) as inner:
            assert inner is outer
        with pytest.raises(TenantMixed), scope(other_tenant_id):
            pass
        assert current_tenant() == tenant_id


def test_joined_scopes_commit_and_roll_back_together(tenant_id: int) -> None:
    with pytest.raises(ZeroDivisionError), tenant(tenant_id):
        with scope(tenant_id):
            outbox.emit("Said", {})
        raise ZeroDivisionError
    with tenant(tenant_id):
        assert not Outbox.objects.exists()


def test_a_scope_without_a_transaction_opens_one_and_commits(tenant_id: int) -> None:
    with scope(tenant_id):
        outbox.emit("Said", {})
    assert find_tenant() is None
    with tenant(tenant_id):
        assert Outbox.objects.count() == 1


def test_without_a_scope_there_is_no_tenant(tenant_id: int) -> None:
    with pytest.raises(NoTenant):
        current_tenant()
    with pytest.raises(NoTenant):
        outbox.emit("Said", {})
    with tenant(tenant_id):
        pass
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM core_outbox WHERE tenant_id = %s", [tenant_id])


def test_the_scope_ends_with_an_exception(tenant_id: int, other_tenant_id: int) -> None:
    with pytest.raises(KeyboardInterrupt), tenant(tenant_id):
        raise KeyboardInterrupt
    with tenant(other_tenant_id):
        assert current_tenant() == other_tenant_id


def test_threads_have_scopes_of_their_own(tenant_id: int, other_tenant_id: int) -> None:
    seen: list[int | None] = []
    both = threading.Barrier(2, timeout=10)

    def work(mine: int) -> None:
        seen.append(find_tenant())
        with tenant(mine):
            both.wait()
            seen.append(int(db.rows("SELECT current_setting('app.tenant_id')")[0][0]))
            both.wait()
        connection.close()

    with tenant(tenant_id):
        threads = [
            threading.Thread(target=work, args=(one,), daemon=True) for one in (tenant_id, other_tenant_id)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert sorted(one for one in seen if one is not None) == sorted([tenant_id, other_tenant_id])
    assert seen.count(None) == 2
