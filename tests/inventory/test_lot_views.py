"""Pages of lots: what they list and tell, who may hold and put dates right."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from core import clock
from core.accounts import Role
from core.tenancy import tenant
from inventory.models import BinKind, Hold, HoldKind, Lot
from inventory.services import holds
from tests import builders as make
from tests.inventory.services import stock
from tests.warehouse.people import sign_in


class House:
    """A warehouse and a store with milk of many lots: fresh, near its day, expired, held, used up, one that never expires."""

    def __init__(self, tenant_id: int) -> None:
        self.tenant_id = tenant_id
        with tenant(tenant_id):
            self.today = clock.today()
            self.warehouse, self.store = (
                make.make_facility(code="WH", name="上海仓"),
                make.make_store(code="ST"),
            )
            self.bin, self.shelf = (
                make.make_bin(self.warehouse, code="A-1"),
                make.make_bin(self.store, code="S-1"),
            )
            self.dock = make.make_bin(self.warehouse, BinKind.RECEIVING, code="DOCK")
            self.sku = make.make_sku(code="MILK", name="奶粉")
            self.tea = make.make_sku(code="TEA", name="红茶")
            self.lots = {
                code: make.make_stock(place, sku, units, lot=code, expires_on=day)
                for code, place, sku, units, day in (
                    ("FRESH", self.bin, self.sku, 10, self.day(900)),
                    ("NEAR", self.bin, self.sku, 4, self.day(5)),
                    ("OLD", self.bin, self.sku, 3, self.day(-3)),
                    ("HELD", self.bin, self.sku, 2, self.day(800)),
                    ("T-1", self.dock, self.tea, 7, None),
                    ("S-LOT", self.shelf, self.sku, 6, self.day(700)),
                )
            }
            self.lots["GONE"] = make.make_lot(self.sku, code="GONE", expires_on=self.day(10))
            holds.hold_lots(
                lot_ids=[self.lots["HELD"]], kind=HoldKind.HELD, document="QA-1", reason="抽检", actor_id=None
            )

    def day(self, after: int) -> date:
        return self.today + timedelta(days=after)

    def client(self, role: Role, *facility_ids: int) -> Client:
        return sign_in(self.tenant_id, role, facility_ids)

    def lot(self, code: str) -> Lot:
        with tenant(self.tenant_id):
            return Lot.objects.get(id=self.lots[code])

    def page(self, code: str) -> str:
        return f"/stock/lots/{self.lots[code]}/"


@pytest.fixture
def house(tenant_id: int) -> House:
    return House(tenant_id)


def text_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return re.sub(r"\s+", " ", answer.content.decode())


def codes(client: Client, query: str = "") -> list[str]:
    return re.findall(r'data-open href="/stock/lots/\d+/">([^<]+)<', text_of(client, f"/stock/lots/{query}"))


def test_the_list_by_expiry_by_code_and_by_its_filters(house: House) -> None:
    owner = house.client(Role.OWNER)
    assert codes(owner) == ["OLD", "NEAR", "S-LOT", "HELD", "FRESH", "T-1"]
    assert codes(owner, "?sort=code") == ["FRESH", "HELD", "NEAR", "OLD", "S-LOT", "T-1"]
    assert codes(owner, "?state=sells") == ["NEAR", "S-LOT", "FRESH"]
    assert codes(owner, "?state=near") == ["NEAR"]
    assert codes(owner, "?state=expired") == ["OLD"]
    assert codes(owner, "?state=held") == ["HELD"]
    assert codes(owner, "?q=TEA") == ["T-1"]
    assert codes(owner, "?lot=FR") == ["FRESH"]
    assert codes(owner, f"?facility={house.store}") == ["S-LOT"]
    assert codes(owner, "?lot=NOPE") == []
    assert "没有这样的批次" in text_of(owner, "/stock/lots/?lot=NOPE")
    assert codes(owner, "?state=nonsense&q=%00") == codes(owner)


def test_a_merchant_without_goods_is_told_where_lots_come_from(tenant_id: int) -> None:
    assert "还没有批次" in text_of(sign_in(tenant_id, Role.OWNER), "/stock/lots/")


def test_a_lot_tells_where_it_is_how_it_came_and_what_stops_it(house: House) -> None:
    owner = house.client(Role.OWNER)
    page = text_of(owner, house.page("HELD"))
    for told in (
        "批次 HELD",
        "A-1",
        "抽检",
        "QA-1",
        "/stock/balances/",
        f"/trace/lots/{house.lots['HELD']}/",
        "改日期",
    ):
        assert told in page, told
    with tenant(house.tenant_id):
        holds.clear_hold(hold_id=Hold.objects.get().id, actor_id=None)
    assert "解冻了" in text_of(owner, house.page("HELD"))
    assert "一件也没有了" in text_of(owner, house.page("GONE"))
    assert f"/stock/lots/{house.lots['FRESH']}/" in text_of(owner, f"/stock/{house.sku}/")


@pytest.mark.parametrize(
    ("role", "may_hold", "may_correct", "may_trace"),
    [
        (Role.OWNER, True, True, True),
        (Role.QUALITY, True, True, True),
        (Role.WAREHOUSE, True, True, False),
        (Role.OPERATOR, False, False, True),
        (Role.FINANCE, False, False, False),
        (Role.READONLY, False, False, True),
    ],
)
def test_buttons_by_role_and_the_same_behind_them(
    house: House, role: Role, may_hold: bool, may_correct: bool, may_trace: bool
) -> None:
    client = house.client(role)
    page = text_of(client, house.page("FRESH"))
    assert ("/hold/" in page, "改日期" in page, "/trace/lots/" in page) == (may_hold, may_correct, may_trace)
    fields = {"expires_on": f"{house.day(600)}", "reason": "看错了"}
    assert client.post(house.page("FRESH"), fields).status_code == (302 if may_correct else 403)
    assert (house.lot("FRESH").expires_on == house.day(600)) is may_correct
    answer = client.post(f"{house.page('FRESH')}hold/", {"kind": "HELD", "reason": "抽检"})
    assert answer.status_code == (302 if may_hold else 403)


def test_a_store_clerk_sees_the_lots_of_his_store_and_changes_none(house: House) -> None:
    clerk = house.client(Role.STORE, house.store)
    assert codes(clerk) == ["S-LOT"]
    assert "S-1" in text_of(clerk, house.page("S-LOT"))
    assert clerk.get(house.page("FRESH")).status_code == 404
    assert clerk.post(house.page("S-LOT"), {"reason": "x"}).status_code == 403
    assert clerk.post(f"{house.page('S-LOT')}hold/", {"kind": "HELD", "reason": "x"}).status_code == 403


def test_who_is_bound_to_a_warehouse_does_not_change_a_lot_that_others_have_too(house: House) -> None:
    with tenant(house.tenant_id):
        make.make_stock(house.shelf, house.sku, 1, lot="FRESH", expires_on=house.day(900))
    keeper = house.client(Role.WAREHOUSE, house.warehouse)
    fields = {"expires_on": f"{house.day(600)}", "reason": "看错了"}
    assert keeper.post(house.page("FRESH"), fields).status_code == 403
    assert keeper.post(house.page("NEAR"), {**fields, "expires_on": f"{house.day(2)}"}).status_code == 302
    assert keeper.post(f"{house.page('FRESH')}hold/", {"kind": "HELD", "reason": "x"}).status_code == 403
    assert house.lot("FRESH").expires_on == house.day(900)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"expires_on": "2099-01-01"}, "要填"),
        ({"expires_on": "2024-01-01", "produced_on": "2024-02-01", "reason": "x"}, "到期日在生产日期前面"),
        ({"expires_on": "tomorrow", "reason": "x"}, "不是日期"),
        ({"expires_on": "2099-01-01", "reason": "x"}, "要质量管理或老板来做"),
        ({"expires_on": "", "reason": "x"}, "要质量管理或老板来做"),
    ],
)
def test_a_correction_that_cannot_be_is_refused_beside_its_field(
    house: House, fields: dict[str, Any], told: str
) -> None:
    answer = house.client(Role.WAREHOUSE).post(house.page("FRESH"), fields)
    assert answer.status_code == 422
    faults = "".join(re.findall(r'class="cf-fld__e">.*?</p>', answer.content.decode(), re.DOTALL))
    assert told in faults
    assert house.lot("FRESH").expires_on == house.day(900)


def test_a_corrected_lot_tells_its_story_and_stops_what_counted_on_it(house: House) -> None:
    with tenant(house.tenant_id):
        owner = stock.must_reserve(house.warehouse, (house.sku, 8), day=house.day(850))
    quality = house.client(Role.QUALITY)
    fields = {"expires_on": f"{house.day(600)}", "supplier_lot": "S-7", "reason": "看错了年份"}
    assert quality.post(house.page("FRESH"), fields).status_code == 302
    page = text_of(quality, house.page("FRESH"))
    for told in ("改好了", "看错了年份", f"{house.day(900)} → {house.day(600)}", "— → S-7"):
        assert told in page, told
    with tenant(house.tenant_id):
        assert stock.reserved(owner) == 0
    quality.post(house.page("FRESH"), fields)
    assert "没有改动" in text_of(quality, house.page("FRESH"))


def test_holding_takes_a_reason_and_the_toast_takes_it_back(house: House) -> None:
    quality = house.client(Role.QUALITY)
    assert quality.post(f"{house.page('FRESH')}hold/", {"kind": "HELD", "reason": ""}).status_code == 422
    assert (
        quality.post(f"{house.page('FRESH')}hold/", {"kind": "QUARANTINE", "reason": "漏气"}).status_code
        == 302
    )
    page = text_of(quality, house.page("FRESH"))
    assert "漏气" in page
    assert "待检" in page
    assert "/stock/holds/" in page
