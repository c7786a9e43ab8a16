"""Pages of places and the papers of the floor: what people do with them, what they are told, who may."""

import json
import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from core import clock, options
from core.accounts import Role
from core.tenancy import tenant
from inventory.models import (
    Adjustment,
    AdjustmentStatus,
    Balance,
    Bin,
    BinKind,
    Facility,
    Hold,
    Lot,
    Sku,
)
from inventory.options import APPROVAL_UNITS
from tests import builders as make
from tests.inventory.services import stock
from tests.warehouse.people import sign_in


class House:
    """A warehouse with a dock and two shelves, a store, milk that waits on the dock and milk that is expired."""

    def __init__(self, tenant_id: int) -> None:
        self.tenant_id = tenant_id
        with tenant(tenant_id):
            self.facility = make.make_facility(code="WH", name="上海仓")
            self.store = make.make_store(code="ST")
            self.dock = make.make_bin(self.facility, BinKind.RECEIVING, code="DOCK")
            self.shelf = make.make_bin(self.facility, code="A-1")
            self.other = make.make_bin(self.facility, code="A-2")
            self.sku = make.make_sku(code="MILK", name="奶粉", barcodes=[f"69{tenant_id:011}"])
            Sku.objects.filter(id=self.sku).update(cost_minor=1_250)
            self.day = clock.today() + timedelta(days=90)
            self.lot = make.make_stock(self.dock, self.sku, 10, lot="L1", expires_on=self.day)
            make.make_stock(self.shelf, self.sku, 5, lot="L1", expires_on=self.day)
            self.old = make.make_stock(self.other, self.sku, 4, lot="OLD", expires_on=date(2024, 1, 1))

    def units(self, bin_id: int, lot_id: int | None = None) -> int:
        with tenant(self.tenant_id):
            found = Balance.objects.filter(bin=bin_id, lot=lot_id or self.lot).first()
            return found.on_hand if found else 0

    def client(self, role: Role, *facility_ids: int) -> Client:
        return sign_in(self.tenant_id, role, facility_ids)


@pytest.fixture
def house(tenant_id: int) -> House:
    return House(tenant_id)


@pytest.fixture
def keeper(house: House) -> Client:
    return house.client(Role.WAREHOUSE)


def page_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return re.sub(r"\s+", " ", answer.content.decode())


def lines(*rows: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {"line-TOTAL_FORMS": len(rows), "line-INITIAL_FORMS": 0}
    for n, row in enumerate(rows):
        body |= {f"line-{n}-{name}": value for name, value in row.items()}
    return body


def token_of(client: Client, path: str) -> str:
    return str(client.get(path).context["form"].initial["token"])


# ── facilities and bins ──


def test_facilities_are_made_changed_and_archived(house: House) -> None:
    operator = house.client(Role.OPERATOR)
    body = {
        "code": "W2",
        "name": "杭州仓",
        "kind": "WAREHOUSE",
        "capacity": 20,
        "latitude": "30.274084",
        "longitude": "120.155070",
    }
    assert operator.post("/stock/places/new/", body).status_code == 302
    with tenant(house.tenant_id):
        made = Facility.objects.get(code="W2")
        assert (made.lat_e6, made.lng_e6) == (30_274_084, 120_155_070)
    assert "已经有 W2 了" in operator.post("/stock/places/new/", body).content.decode()
    half = operator.post("/stock/places/new/", body | {"code": "W3", "longitude": ""})
    assert half.status_code == 422
    assert "30.274084" in page_of(operator, f"/stock/places/{made.id}/edit/")
    edit = body | {"name": "杭州二仓", "opens_at": "09:00", "closes_at": "18:00"}
    assert operator.post(f"/stock/places/{made.id}/edit/", edit).status_code == 302
    assert "杭州二仓" in page_of(operator, "/stock/places/")
    assert operator.post(f"/stock/places/{made.id}/archive/").status_code == 302
    rows = operator.get("/stock/places/").context["rows"]
    assert [row.code for row, _kind, _use in rows] == ["ST", "WH"]
    assert "杭州二仓" in page_of(operator, "/stock/places/?only=archived")
    assert operator.post(f"/stock/places/{made.id}/restore/").status_code == 302
    refused = operator.post(f"/stock/places/{house.facility}/archive/")
    assert refused.status_code == 409
    assert "还有19 件货" in refused.content.decode()


def test_bins_are_previewed_then_made(house: House, keeper: Client) -> None:
    path = f"/stock/places/{house.facility}/pattern/"
    body = {"pattern": "B-{1..3}-{1..2}", "kind": 1, "zone": "B", "step": 10, "is_serpentine": "on"}
    preview = keeper.post(path, body | {"preview": ""}).context["preview"]
    assert (preview["count"], preview["clash_count"], preview["first"][0].code) == (6, 0, "B-1-1")
    clash = keeper.post(path, body | {"pattern": "A-{1..3}", "make": "1"})
    assert clash.status_code == 422
    assert "已经有了：A-1、A-2" in clash.content.decode()
    assert "从小到大" in keeper.post(path, body | {"pattern": "{9..1}"}).content.decode()
    assert keeper.post(path, body | {"make": "1"}).status_code == 302
    with tenant(house.tenant_id):
        walk = Bin.objects.filter(zone="B").order_by("sequence").values_list("code", flat=True)
        assert list(walk) == ["B-1-1", "B-1-2", "B-2-2", "B-2-1", "B-3-1", "B-3-2"]


def test_bins_are_filtered_and_changed_many_at_once(house: House, keeper: Client) -> None:
    path = f"/stock/places/{house.facility}/"

    def codes(query: str) -> list[str]:
        return [row.code for row, _kind, _use in keeper.get(path + query).context["rows"]]

    assert codes("?q=A-") == ["A-1", "A-2"]
    assert codes("?kind=2") == ["DOCK"]
    assert codes("?q=zzz") == []
    assert codes("?kind=x&q=%00") == ["DOCK", "A-1", "A-2"]
    chosen = keeper.post(
        f"{path}choose/", {"ids": f"{house.other},{house.shelf}"}, headers={"HX-Request": "true"}
    )
    url = chosen["HX-Redirect"]
    assert "改 2 个货位" in page_of(keeper, url)
    assert keeper.post(url, {"step": 10}).status_code == 422
    assert keeper.post(url, {"zone": "冷藏", "first_sequence": 50, "step": 5}).status_code == 302
    assert codes("?zone=冷藏") == ["A-1", "A-2"]
    by_filter = keeper.post(f"{path}choose/", {"all": "1", "query": "zone=冷藏"}).headers["Location"]
    with tenant(house.tenant_id):
        stock.must_reserve(house.facility, (house.sku, 5))
    keeper.post(by_filter, {"kind": int(BinKind.DAMAGED), "step": 10})
    told = page_of(keeper, path)
    assert "1 个包裹的占用落空" in told
    assert codes("?kind=7") == ["A-1", "A-2"]


def test_bins_with_goods_are_not_archived(house: House, keeper: Client) -> None:
    path = f"/stock/places/{house.facility}/"
    refused = keeper.post(f"{path}archive-bins/", {"ids": str(house.shelf)}, headers={"HX-Request": "true"})
    assert refused.status_code == 409
    assert "A-1 里还有 5 件货" in json.dumps(json.loads(refused["HX-Trigger"]), ensure_ascii=False)
    with tenant(house.tenant_id):
        empty = make.make_bin(house.facility, code="Z-9")
    assert keeper.post(f"{path}archive-bins/", {"ids": str(empty)}).status_code == 302
    assert "Z-9" in page_of(keeper, f"{path}?only=archived")
    assert keeper.post(f"{path}restore-bins/", {"ids": str(empty)}).status_code == 302
    assert keeper.post(f"{path}archive-bins/", {"ids": ""}).status_code == 422


def test_labels_come_in_the_chosen_size(house: House, keeper: Client) -> None:
    path = f"/stock/places/{house.facility}/labels/"
    assert "3 张货位标签" in page_of(keeper, f"{path}?all=1&query=")
    pdf = keeper.get(f"{path}?all=1&query=q%3DA-&size=roll-100x50")
    assert (pdf.status_code, pdf["Content-Type"]) == (200, "application/pdf")
    assert pdf.content.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b(?!s)", pdf.content)) == 2


# ── moves and put-away ──


def test_goods_are_moved_once_and_mistakes_are_told_at_their_field(house: House, keeper: Client) -> None:
    path = "/stock/moves/new/"
    head = {"facility": house.facility, "token": token_of(keeper, path), "note": ""}
    whole = {"from_bin": "DOCK", "goods": "MILK", "lot": "", "quantity": 4, "to_bin": "A-1"}
    wrong = lines(
        whole | {"goods": "NOPE"}, whole | {"to_bin": "ZZ"}, whole | {"lot": "X"}, whole | {"quantity": ""}
    )
    answer = keeper.post(path, head | wrong)
    assert answer.status_code == 422
    page = answer.content.decode()
    for told in ("没有这个编码或条码。", "这个仓库没有这个货位。", "DOCK 里的批次是 L1。", "要填数量。"):
        assert told in page
    assert house.units(house.shelf) == 5
    for _ in range(2):
        assert keeper.post(path, head | lines(whole)).status_code == 302
    assert house.units(house.shelf) == 9
    assert "已经移过了" in page_of(keeper, path)
    short = keeper.post(path, head | {"token": token_of(keeper, path)} | lines(whole | {"quantity": 99}))
    assert "只有 6 件" in short.content.decode()
    assert keeper.post(path, head | lines({})).status_code == 422


def test_put_away_offers_a_bin(house: House, keeper: Client) -> None:
    page = page_of(keeper, f"/stock/put-away/?facility={house.facility}")
    for told in ("DOCK", "A-1", "同批次在这里", "扫码上架"):
        assert told in page
    reader = house.client(Role.READONLY)
    assert "扫码上架" not in page_of(reader, "/stock/put-away/")
    assert reader.get(f"/stock/put-away/{house.facility}/hand/").status_code == 403


def test_a_scan_of_goods_then_of_a_bin_puts_them_away_once(house: House, keeper: Client) -> None:
    page = keeper.get(f"/stock/put-away/{house.facility}/hand/")
    work = page.context["work"]
    url = f"/stock/put-away/{house.facility}/scan/"

    def scan(text: str, **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = keeper.post(url, {"text": text, "token": work["token"], **more}).json()
        return answer

    assert scan("A-1")["title"] == "先扫商品"
    assert scan("nobody")["kind"] == "wrong"
    task = scan("MILK")["task"]
    assert task == scan("L1")["task"] == work["tasks"][0]["id"]
    assert scan("DOCK", task=task, quantity=10)["title"] == "不是上架的货位"
    assert scan("A-2", task=task, quantity=99)["kind"] == "wrong"
    for _ in range(2):
        done = scan("A-2", task=task, quantity=7)
        assert done["kind"] == "done"
    assert (house.units(house.dock), house.units(house.other)) == (3, 7)
    for rubbish in ("rubbish", f"{10**30}-1", f"1-{'9' * 5000}"):
        assert scan("A-2", task=rubbish, quantity=7)["kind"] == "wrong"
    assert keeper.get(f"/stock/put-away/{house.facility}/tasks/").json()["tasks"][0]["quantity"] == 3


# ── adjustments ──


def adjustment(house: House, client: Client, reason: int, *rows: dict[str, Any], note: str = "摔了") -> Any:
    path = "/stock/adjustments/new/"
    head = {"facility": house.facility, "reason": reason, "note": note, "token": token_of(client, path)}
    return client.post(path, head | lines(*rows))


def test_an_adjustment_takes_what_is_broken(house: House, keeper: Client) -> None:
    row = {"bin": "A-1", "goods": "MILK", "lot": "L1", "quantity": 2}
    assert adjustment(house, keeper, 1, row).status_code == 302
    assert house.units(house.shelf) == 3
    minus = adjustment(house, keeper, 1, row | {"quantity": -2})
    assert "不用写减号" in minus.content.decode()
    assert adjustment(house, keeper, 9, row | {"quantity": -1}, note="").status_code == 422
    assert adjustment(house, keeper, 9, row | {"quantity": -1}).status_code == 302
    assert house.units(house.shelf) == 2
    page = page_of(keeper, "/stock/adjustments/")
    assert page.count("已入账") >= 2
    assert "成本" not in page, "cost prices are for the office"
    assert "37.50" not in page
    assert "25.00" in page_of(house.client(Role.FINANCE), "/stock/adjustments/")


def test_found_goods_bring_their_lot(house: House, keeper: Client) -> None:
    row = {"bin": "A-2", "goods": "MILK", "lot": "NEW", "quantity": 3, "expires_on": "2031-05-01"}
    with tenant(house.tenant_id):
        Sku.objects.filter(id=house.sku).update(shelf_life_days=300)
    assert "新的批次要填到期日" in adjustment(house, keeper, 3, row | {"expires_on": ""}).content.decode()
    assert adjustment(house, keeper, 3, row).status_code == 302
    assert adjustment(house, keeper, 3, row | {"expires_on": "", "quantity": 1}).status_code == 302
    with tenant(house.tenant_id):
        lot = Lot.objects.get(code="NEW")
        assert lot.expires_on == date(2031, 5, 1)
    assert house.units(house.other, lot.id) == 4


def test_over_the_limit_another_person_decides(house: House, keeper: Client) -> None:
    with tenant(house.tenant_id):
        options.put(APPROVAL_UNITS, 1)
    row = {"bin": "A-1", "goods": "MILK", "lot": "L1", "quantity": 2}
    for _ in range(2):
        assert adjustment(house, keeper, 1, row).status_code == 302
    with tenant(house.tenant_id):
        first, second = Adjustment.objects.order_by("id").values_list("id", flat=True)
    assert house.units(house.shelf) == 5
    page = page_of(keeper, f"/stock/adjustments/{first}/")
    assert "自己提的自己不能同意" in page
    assert keeper.post(f"/stock/adjustments/{first}/decide/", {"answer": "yes"}).status_code == 403
    finance = house.client(Role.FINANCE)
    assert "同意，入账" in page_of(finance, f"/stock/adjustments/{first}/")
    assert finance.post(f"/stock/adjustments/{first}/decide/", {"answer": ""}).status_code == 422
    assert finance.post(f"/stock/adjustments/{first}/decide/", {"answer": "yes"}).status_code == 302
    assert finance.post(f"/stock/adjustments/{second}/decide/", {"answer": "no"}).status_code == 302
    assert finance.post(f"/stock/adjustments/{first}/decide/", {"answer": "yes"}).status_code == 409
    assert house.units(house.shelf) == 3
    with tenant(house.tenant_id):
        assert set(Adjustment.objects.values_list("status", flat=True)) == {1, 2}
    quality = house.client(Role.QUALITY)
    assert adjustment(house, quality, 1, row).status_code == 302
    with tenant(house.tenant_id):
        own = Adjustment.objects.get(status=AdjustmentStatus.PENDING).id
    assert quality.post(f"/stock/adjustments/{own}/decide/", {"answer": "yes"}).status_code == 403


def test_what_is_expired_is_written_off(house: House, keeper: Client) -> None:
    page = page_of(keeper, "/stock/expired/")
    assert "OLD" in page
    assert "L1" not in page
    url = f"/stock/expired/?facility={house.facility}"
    assert keeper.post(url, {"ids": f"{house.shelf}-{house.lot}"}).status_code == 422
    done = keeper.post(url, {"ids": f"{house.other}-{house.old}"}, headers={"HX-Request": "true"})
    assert "过期报废" in page_of(keeper, done["HX-Redirect"])
    assert house.units(house.other, house.old) == 0
    assert "没有过期的货" in page_of(keeper, "/stock/expired/")


def test_what_waits_to_be_written_off_is_not_asked_for_twice(house: House, keeper: Client) -> None:
    with tenant(house.tenant_id):
        options.put(APPROVAL_UNITS, 1)
    ids = {"ids": f"{house.other}-{house.old}"}
    url = f"/stock/expired/?facility={house.facility}"
    assert [keeper.post(url, ids).status_code for _ in range(2)] == [302, 422]
    with tenant(house.tenant_id):
        assert [one.status for one in Adjustment.objects.all()] == [AdjustmentStatus.PENDING]
    assert house.units(house.other, house.old) == 4


# ── holds ──


def test_a_place_is_held_and_cleared(house: House, keeper: Client) -> None:
    body = {
        "facility": house.facility,
        "kind": "QUARANTINE",
        "reason": "温度超标",
        "bin": "",
        "goods": "",
        "lot": "",
    }
    assert keeper.post("/stock/holds/", body | {"bin": "A-1"}).status_code == 302
    page = page_of(keeper, "/stock/holds/")
    assert "上海仓 · A-1 里所有的货" in page
    assert "温度超标" in page
    assert keeper.post("/stock/holds/", body | {"goods": "MILK", "lot": "L1"}).status_code == 302
    for wrong in (
        {"bin": "ZZ"},
        {"goods": "NOPE", "lot": "L1"},
        {"goods": "MILK", "lot": "X"},
        {"goods": "MILK"},
        {"reason": ""},
    ):
        assert keeper.post("/stock/holds/", body | wrong).status_code == 422, wrong
    with tenant(house.tenant_id):
        ids = list(Hold.objects.values_list("id", flat=True))
    for hold_id in ids:
        assert keeper.post(f"/stock/holds/{hold_id}/clear/").status_code == 302
    assert "没有冻结" in page_of(keeper, "/stock/holds/")
    assert house.client(Role.READONLY).post("/stock/holds/", body).status_code == 403


# ── who sees what ──


def test_a_clerk_stays_in_his_store(house: House, keeper: Client) -> None:
    clerk = house.client(Role.STORE, house.store)
    row = {"bin": "A-1", "goods": "MILK", "lot": "L1", "quantity": 2}
    adjustment(house, keeper, 1, row)
    with tenant(house.tenant_id):
        paper = Adjustment.objects.get().id
    places = page_of(clerk, "/stock/places/")
    assert "上海仓" not in places
    for path in (
        f"/stock/places/{house.facility}/",
        f"/stock/put-away/?facility={house.facility}",
        f"/stock/put-away/{house.facility}/hand/",
        f"/stock/adjustments/{paper}/",
    ):
        assert clerk.get(path).status_code == 404, path
    assert "ADJ-" not in page_of(clerk, "/stock/adjustments/")
    for path in ("/stock/places/new/", f"/stock/places/{house.store}/pattern/", "/stock/expired/"):
        assert clerk.get(path).status_code == 403, path
    whole = {"from_bin": "DOCK", "goods": "MILK", "lot": "L1", "quantity": 4, "to_bin": "A-1"}
    foreign = {"facility": house.facility, "token": token_of(clerk, "/stock/moves/new/")} | lines(whole)
    assert clerk.post("/stock/moves/new/", foreign).status_code == 422
    assert house.units(house.dock) == 10


def test_another_merchant_finds_nothing(house: House, other_tenant_id: int) -> None:
    stranger = sign_in(other_tenant_id, Role.OWNER)
    for path in (
        f"/stock/places/{house.facility}/",
        f"/stock/places/{house.facility}/edit/",
        f"/stock/places/{house.facility}/labels/?all=1",
        f"/stock/put-away/{house.facility}/hand/",
    ):
        assert stranger.get(path).status_code == 404, path
