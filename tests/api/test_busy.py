"""When somebody holds what a request needs, it says so in time, and nothing is half done."""

import threading
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections

from core import db, invariants
from core.db import Rank
from core.tenancy import tenant
from inventory.models import Balance
from tests.api.client import Api
from tests.api.test_flow import order, stocked


def test_a_lock_that_is_held_too_long_is_503_with_retry_after(
    api: Api, tenant_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stocked(api, tenant_id)
    monkeypatch.setattr("core.tenancy.LOCK_TIMEOUT", "200ms")
    holds, done = threading.Event(), threading.Event()

    def hold() -> None:
        with tenant(tenant_id):
            db.lock(Rank.STOCK, Balance, "id", "true")
            holds.set()
            done.wait(30)
        connections.close_all()

    thread = threading.Thread(target=hold, daemon=True)
    thread.start()
    holds.wait(30)
    line = {"sku": "S", "lot": "L1", "bin": "A-1", "quantity": 1, "expires_on": "2099-12-31"}
    body = {"reference": "R-2", "facility": "WH", "lines": [line]}
    answer = api.post("receipts/", body, key="k")
    done.set()
    thread.join(60)
    assert not thread.is_alive()
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "busy", "1")
    assert len(api.all("receipts/")) == 1
    assert api.post("receipts/", body, key="k").status_code == 200


def test_two_at_once_for_the_last_units(api: Api, tenant_id: int) -> None:
    """Pushed side by side, exactly the units that are there get promised; the others stop, and every law holds."""
    stocked(api, tenant_id, units=10)
    answers: list[Any] = []
    gate = threading.Barrier(4, timeout=20)

    def push(worker: int) -> None:
        orders = [order(f"T{worker}-{n}", ("S", 1), phone=f"139{worker:04}{n:04}") for n in range(5)]
        gate.wait()
        answers.append(Api(api.token).post("orders/", {"channel": "SHOP", "orders": orders}))
        connections.close_all()

    threads = [threading.Thread(target=push, args=(worker,), daemon=True) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {answer.status_code for answer in answers} == {200}, [answer.content for answer in answers]
    assert sum(answer.json()["parcels"] for answer in answers) == 10
    assert sum(answer.json()["stopped"] for answer in answers) == 10
    assert list(invariants.prove(tenant_id)) == []


def test_a_key_made_on_the_command_line_works(tenant_id: int, capsys: pytest.CaptureFixture[str]) -> None:
    slug = dict(invariants.list_tenants())[tenant_id]
    call_command("make_key", slug, "--name", "sync", "--scope", "stock:read")
    caller = Api(capsys.readouterr().out.strip())
    assert caller.get("skus/").status_code == 200
    assert caller.get("orders/").status_code == 403
    with pytest.raises(CommandError, match="There is no tenant"):
        call_command("make_key", "nobody", "--name", "x")
