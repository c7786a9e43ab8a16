"""The table in which a person deals units out to parcels: looked at, corrected, done, undone."""

import re

import pytest

from core.accounts import Role
from core.tenancy import tenant
from orders.models import OrderLine
from tests import laws
from tests.builders import incoming
from tests.orders.services.scene import parcels
from tests.orders.views.scene import FILTER, KETTLE, Desk, make_desk


@pytest.fixture
def desk(tenant_id: int) -> Desk:
    return make_desk(tenant_id)


def lines_of(desk: Desk, order_id: int) -> list[int]:
    with tenant(desk.tenant_id):
        return list(OrderLine.objects.filter(order_id=order_id).order_by("id").values_list("id", flat=True))


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_units_are_dealt_out_looked_at_made_and_undone(desk: Desk) -> None:
    (order,) = desk.take(incoming((KETTLE, 4), (FILTER, 2), number="H-1"))
    kettle, filters = lines_of(desk, order)
    client = desk.client(Role.OPERATOR)
    first = client.get(f"/orders/{order}/split/")
    assert first.status_code == 200
    assert f'name="u-{kettle}-0" value="4"' in first.content.decode()
    form = {"parcels": "2", f"u-{kettle}-0": "3", f"u-{kettle}-1": "1", f"u-{filters}-1": "1"}
    wrong = client.post(f"/orders/{order}/split/", {**form, "do": "do"})
    assert wrong.status_code == 422
    assert "还差 1 件没分" in plain(wrong.content.decode())
    form[f"u-{filters}-1"] = "2"
    seen = client.post(f"/orders/{order}/split/", {**form, "do": "look"}).content.decode()
    assert "会分成这样" in seen
    assert len(re.findall(r'class="pcl is-plan"', seen)) == 2
    wider = client.post(f"/orders/{order}/split/", {**form, "do": "add"}).content.decode()
    assert 'name="parcels" value="3"' in wider and f'name="u-{kettle}-0" value="3"' in wider
    done = client.post(f"/orders/{order}/split/", {**form, "do": "do"})
    assert (done.status_code, done["Location"]) == (302, f"/orders/{order}/")
    with tenant(desk.tenant_id):
        assert [sum(parcel.values()) for parcel in parcels("H-1")] == [3, 3]
    assert "人工分的" in plain(client.get(f"/orders/{order}/").content.decode())
    assert laws.broken(desk.tenant_id) == []
    assert client.post(f"/orders/{order}/split/", {"do": "undo"}).status_code == 302
    with tenant(desk.tenant_id):
        assert [sum(parcel.values()) for parcel in parcels("H-1")] == [6]


def test_who_only_looks_cannot_divide(desk: Desk) -> None:
    (order,) = desk.take(incoming((KETTLE, 2)))
    assert desk.client(Role.READONLY).get(f"/orders/{order}/split/").status_code == 403
