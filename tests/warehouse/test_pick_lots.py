"""Another lot for a line that waits to be picked: what is offered, what is refused and why, whose parcels."""

import re

import pytest
from django.test import Client

from core.accounts import Role
from core.tenancy import tenant
from tests import builders as make
from tests.warehouse.people import sign_in
from tests.warehouse.scene import Scene, make_clerk_store, make_scene


@pytest.fixture
def scene(tenant_id: int) -> Scene:
    scene = make_scene(tenant_id)
    scene.order([("MILK-800", 3)])
    scene.wave = scene.release()  # type: ignore[attr-defined]
    return scene


def path_of(scene: Scene) -> str:
    ((allocation, _lot, _bin, _units, parcel),) = scene.allocations()
    return f"/parcels/{parcel}/picks/{allocation}/lot/"


def balance(scene: Scene, bin_code: str, lot: str) -> int:
    with tenant(scene.tenant_id):
        return make.balance_of(scene.bins[bin_code], scene.lots[lot])


def text_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return re.sub(r"\s+", " ", answer.content.decode())


def test_what_would_do_has_a_button_and_the_rest_its_reason(scene: Scene) -> None:
    picker, path = sign_in(scene.tenant_id, Role.WAREHOUSE), path_of(scene)
    assert path in text_of(picker, f"/parcels/{path.split('/')[2]}/")
    page = text_of(picker, path)
    offered = {int(id_) for id_ in re.findall(r'name="balance" value="(\d+)"', page)}
    assert offered == {balance(scene, "A-02", "M-400"), balance(scene, "B-01", "M-400")}
    refused = page[page.index("不能换的") :]
    for told in ("M-OLD", "过期了", "M-NEW", "不在能卖的货位"):
        assert told in refused
    answer = picker.post(path, {"balance": balance(scene, "B-01", "M-400")})
    assert answer.status_code == 302
    assert [row[1:4] for row in scene.allocations()] == [("M-400", "B-01", 3)]
    assert "换好了" in text_of(picker, answer["Location"])


def test_a_refused_lot_stays_refused_and_says_why(scene: Scene) -> None:
    picker, path = sign_in(scene.tenant_id, Role.WAREHOUSE), path_of(scene)
    answer = picker.post(path, {"balance": balance(scene, "A-01", "M-OLD")})
    assert answer.status_code == 409
    assert "现在不能拣" in answer.content.decode()
    assert picker.post(path, {"balance": "x"}).status_code == 422
    assert [row[1] for row in scene.allocations()] == ["M-100"]


def test_what_is_picked_has_no_button_and_what_is_gone_says_so(scene: Scene) -> None:
    picker, path = sign_in(scene.tenant_id, Role.WAREHOUSE), path_of(scene)
    scene.pick_all(scene.wave)  # type: ignore[attr-defined]
    assert path not in text_of(picker, f"/parcels/{path.split('/')[2]}/")
    picker.post(path, {"balance": balance(scene, "B-01", "M-400")})
    assert [row[2] for row in scene.allocations()] == ["C-01"]
    scene.ship(scene.wave)  # type: ignore[attr-defined]
    assert picker.get(path).status_code == 404


def test_only_who_works_there_changes_a_lot(scene: Scene) -> None:
    path, store = path_of(scene), make_clerk_store(scene)
    wanted = {"balance": balance(scene, "B-01", "M-400")}
    for role in (Role.OPERATOR, Role.READONLY, Role.FINANCE, Role.QUALITY):
        assert sign_in(scene.tenant_id, role).post(path, wanted).status_code == 403
    clerk = sign_in(scene.tenant_id, Role.STORE, [store])
    assert clerk.get(path).status_code == 404
    assert clerk.post(path, wanted).status_code == 404
    assert [row[1] for row in scene.allocations()] == ["M-100"]
