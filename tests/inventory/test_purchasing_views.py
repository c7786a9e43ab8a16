"""Pages of buying, receiving for an order, and transfers."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from core import db
from core.accounts import Role
from core.tenancy import tenant
from inventory.models import BinKind, PurchaseOrder, SafetyStock, Supplier, Transfer
from inventory.services import purchasing, suppliers, transfers
from inventory.services.purchasing import PurchaseInput, PurchaseLineInput
from inventory.services.suppliers import SupplierInput
from inventory.services.transfers import TransferInput, TransferLineInput
from tests import builders as make
from tests import laws
from tests.steps import Do
from tests.warehouse.people import sign_in


@dataclass(frozen=True, slots=True)
class Town:
    """A warehouse and two stores; tea that lies in the warehouse; one supplier."""

    tenant_id: int
    warehouse: int
    store: int
    other_store: int
    tea: int
    lot: int
    supplier: int


def make_town(tenant_id: int) -> Town:
    warehouse, store, other = (
        make.make_facility(code="HZ"),
        make.make_store(code="S1"),
        make.make_store(code="S2"),
    )
    shelf = make.make_bin(warehouse, code="A-01")
    for place in (store, other):
        make.make_bin(place, code="P-01")
    make.make_bin(store, BinKind.RECEIVING, code="R-01")
    tea = make.make_sku(code="TEA", name="红茶", barcodes=["6970000012379"])
    lot = make.make_stock(shelf, tea, 10, lot="T-1")
    ids = suppliers.save_suppliers([SupplierInput("QX", "清溪乳业", lead_days=3)], actor_id=None)
    return Town(tenant_id, warehouse, store, other, tea, lot, ids["QX"])


@pytest.fixture
def do(tenant_id: int) -> Do:
    return Do(tenant_id)


@pytest.fixture
def town(do: Do, tenant_id: int) -> Town:
    return do(make_town, tenant_id)


def order(town: Town, facility: int, quantity: int = 10, *, is_open: bool = True) -> int:
    line = (PurchaseLineInput(town.tea, quantity, 1_250),)
    paper = PurchaseInput(town.supplier, facility, line)
    return purchasing.create_purchases(purchases=[paper], actor_id=None, is_open=is_open)[0]


def move(town: Town, to: int, quantity: int = 6) -> int:
    paper = TransferInput(town.warehouse, to, (TransferLineInput(town.tea, quantity),))
    return transfers.create_transfers(transfers=[paper], actor_id=None)[0]


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def lines(*rows: dict[str, object], **head: object) -> dict[str, Any]:
    fields = {f"line-{n}-{name}": value for n, row in enumerate(rows) for name, value in row.items()}
    return {"line-TOTAL_FORMS": len(rows), "line-INITIAL_FORMS": 0, **fields, **head}


# ── suppliers ──


def test_a_supplier_is_made_changed_archived_and_taken_back(do: Do, town: Town) -> None:
    buyer = sign_in(town.tenant_id, Role.OPERATOR)
    assert buyer.post("/purchases/suppliers/new/", {"code": "B", "name": "乙"}).status_code == 302
    assert "已经有 B 了" in text_of(buyer.post("/purchases/suppliers/new/", {"code": "B", "name": "丙"}))
    path = f"/purchases/suppliers/{town.supplier}/"
    assert buyer.post(path, {"code": "ZZ", "name": "清溪", "lead_days": "5"}).status_code == 302
    saved = do(Supplier.objects.get, id=town.supplier)
    assert (saved.code, saved.name, saved.lead_days) == ("QX", "清溪", 5)
    assert buyer.post(f"{path}archive/").status_code == 302
    assert "清溪" not in text_of(buyer.get("/purchases/suppliers/?q=Q")).split("<table", 1)[-1]
    assert "清溪" in text_of(buyer.get("/purchases/suppliers/?archived=1"))
    assert buyer.post(f"{path}restore/", headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    assert buyer.get("/purchases/suppliers/999/").status_code == 404
    assert sign_in(town.tenant_id, Role.FINANCE).post(f"{path}archive/").status_code == 403


# ── purchase orders ──


def test_an_order_is_written_changed_and_placed(do: Do, town: Town) -> None:
    buyer = sign_in(town.tenant_id, Role.OPERATOR)
    page = text_of(buyer.get("/purchases/new/"))
    paper = re.search(r'name="paper" value="([^"]+)"', page)
    assert paper
    head = {"supplier": town.supplier, "facility": town.warehouse, "paper": paper[1]}
    row = {"goods": "6970000012379", "quantity": 5, "price": "12.50"}
    for _click in range(2):
        assert buyer.post("/purchases/new/", lines(row, **head)).status_code == 302
    made = do(PurchaseOrder.objects.get)
    assert made.expected_on is not None, "by the supplier's days"
    path = f"/purchases/{made.pk}/"
    assert "12.50" in text_of(buyer.get(path))
    assert buyer.post(f"{path}edit/", lines(row | {"quantity": 7}, **head, open="1")).status_code == 302
    shown = text_of(buyer.get(path))
    assert "订 7 · 收 0 · 还差 7" in shown
    assert buyer.get(f"{path}edit/")["Location"] == path
    assert buyer.post(f"{path}edit/", lines(row, **head)).status_code == 409
    assert "12.50" not in text_of(sign_in(town.tenant_id, Role.WAREHOUSE).get(path))
    table = buyer.get(f"{path}csv/").content.decode("utf-8-sig")
    assert table.splitlines()[1].split(",")[1:6] == ["TEA", "红茶", "件", "7", "0"]
    assert "12.50" not in sign_in(town.tenant_id, Role.WAREHOUSE).get(f"{path}csv/").content.decode()
    assert "采购单" in text_of(buyer.get(f"{path}paper/"))
    for action, status in (("close", 302), ("cancel", 409), ("open", 409)):
        assert buyer.post(f"{path}{action}/").status_code == status


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"goods": "NO", "quantity": 1}, "没有这个编码或条码"),
        ({"goods": "", "quantity": 1}, "要填编码或条码"),
        ({"goods": "TEA", "quantity": ""}, "要填数量"),
        ({"goods": "TEA", "quantity": 0}, "不能小于 1"),
        ({"goods": "TEA", "quantity": 1, "price": "1.005"}, "最多 2 位小数"),
        ({}, "一行都没填"),
    ],
)
def test_a_wrong_line_is_told_at_its_field(town: Town, row: dict[str, object], told: str) -> None:
    buyer = sign_in(town.tenant_id, Role.OPERATOR)
    head = {"supplier": town.supplier, "facility": town.warehouse, "paper": "forged"}
    answer = buyer.post("/purchases/new/", lines(row, **head))
    assert answer.status_code == 422
    assert told in text_of(answer)


def test_the_same_goods_twice_are_told(town: Town) -> None:
    buyer = sign_in(town.tenant_id, Role.OPERATOR)
    head = {"supplier": town.supplier, "facility": town.warehouse}
    rows = [{"goods": "TEA", "quantity": 1}, {"goods": "6970000012379", "quantity": 2}]
    assert "和第 1 行是同一个商品" in text_of(buyer.post("/purchases/new/", lines(*rows, **head)))


def test_the_list_is_filtered(do: Do, town: Town) -> None:
    buyer = sign_in(town.tenant_id, Role.OPERATOR)
    late, draft = do(order, town, town.warehouse), do(order, town, town.store, is_open=False)
    do(
        db.execute,
        "UPDATE inventory_purchaseorder SET expected_on = '2020-01-01' WHERE tenant_id = %s",
        town.tenant_id,
    )

    def ids(query: str) -> list[int]:
        answer = buyer.get(f"/purchases/{query}")
        assert answer.status_code == 200
        return [row.id for row, _units, _state in answer.context["rows"]]

    assert ids("") == [draft, late]
    assert ids("?sort=created") == [late, draft]
    assert ids("?status=overdue") == [late]
    assert ids("?status=DRAFT") == [draft]
    assert ids(f"?facility={town.store}") == [draft]
    assert ids(f"?supplier={town.supplier}") == [draft, late]
    assert ids("?supplier=999") == ids("?q=PO-0") == []
    number = do(PurchaseOrder.objects.get, id=late).number
    assert ids(f"?q={number.lower()}") == [late]
    assert ids("?status=nonsense&facility=abc") == [draft, late]


def test_a_clerk_sees_and_receives_only_for_his_store(do: Do, town: Town) -> None:
    mine, other = do(order, town, town.store), do(order, town, town.warehouse)
    clerk = sign_in(town.tenant_id, Role.STORE, [town.store])
    assert [row.id for row, _units, _state in clerk.get("/purchases/").context["rows"]] == [mine]
    for path in ("", "receive/", "csv/", "paper/"):
        assert clerk.get(f"/purchases/{other}/{path}").status_code == 404
        assert clerk.get(f"/purchases/{mine}/{path}").status_code == 200
    assert clerk.post(f"/purchases/{mine}/close/").status_code == 403
    assert clerk.get("/purchases/new/").status_code == 403
    assert clerk.get("/purchases/proposals/").status_code == 403


def test_what_is_over_is_asked_about_and_then_booked(do: Do, town: Town) -> None:
    keeper = sign_in(town.tenant_id, Role.WAREHOUSE)
    purchase = do(order, town, town.warehouse)
    path = f"/purchases/{purchase}/receive/"
    assert 'data-expect="TEA"' in text_of(keeper.get(path))
    row = {"goods": "TEA", "lot": "T-2", "quantity": 12, "bin": "A-01", "supplier_lot": "S-9"}
    body = lines(row, facility=town.warehouse, reference="N-1", supplier="")
    asked = keeper.post(path, body)
    assert asked.status_code == 422
    assert "TEA 多 2 件" in text_of(asked)
    assert 'name="accept_over"' in text_of(asked)
    assert keeper.post(path, body | {"accept_over": "1"}).status_code == 302
    shown = text_of(keeper.get(f"/purchases/{purchase}/"))
    assert "多收 2" in shown
    assert "N-1" in shown
    assert "已收齐" in shown
    assert not laws.broken(town.tenant_id, "inventory")


def test_a_scan_says_how_many_lie_behind_it(do: Do, town: Town) -> None:
    keeper = sign_in(town.tenant_id, Role.WAREHOUSE)
    do(db.execute, "UPDATE inventory_barcode SET quantity = 12 WHERE tenant_id = %s", town.tenant_id)
    found = keeper.get("/stock/receive/read/", {"text": "6970000012379"}).json()
    assert (found["units"], found["is_serial"]) == (12, False)
    do(db.execute, "UPDATE inventory_sku SET tracking = 2 WHERE tenant_id = %s", town.tenant_id)
    found = keeper.get("/stock/receive/read/", {"text": "(01)06970000012379(21)SN7(17)280401"}).json()
    assert (found["lot"], found["units"], found["is_serial"]) == ("SN7", 1, True)
    row = {"goods": "TEA", "lot": "", "quantity": 2, "bin": "A-01"}
    wrong = text_of(keeper.post("/stock/receive/", lines(row, facility=town.warehouse, reference="N-2")))
    assert "要填序列号" in wrong
    assert "一个序列号一件" in wrong


# ── safety stock and proposals ──


def test_safety_stock_is_pasted(do: Do, town: Town) -> None:
    buyer = sign_in(town.tenant_id, Role.OPERATOR)
    rows = "仓库,商家编码,最低,补到\nHZ,TEA,5,20\nS1\tTEA"
    answer = text_of(buyer.post("/purchases/safety/", {"rows": rows}))
    assert "第 1 行：要有 4 列" in answer
    wrong = "HZ,TEA,5,20\nHZ,TEA,5,20\nNO,TEA,1,2\nHZ,NO,1,2\nHZ,TEA,x,2\nS1,TEA,3,2\n"
    answer = text_of(buyer.post("/purchases/safety/", {"rows": wrong}))
    for told in ("第 2 行", "没有仓库“NO”", "没有商品“NO”", "最低“x”", "补到 2 小于最低 3"):
        assert told in answer
    assert do(SafetyStock.objects.count) == 0
    good = "仓库,商家编码,最低,补到\r\nHZ,TEA,5,20\r\n\r\nS1,6970000012379,1,2\r\n"
    assert buyer.post("/purchases/safety/", {"rows": good}).status_code == 302
    assert do(SafetyStock.objects.count) == 2
    assert len(buyer.get("/purchases/safety/?q=TEA").context["page"].rows) == 2
    assert len(buyer.get(f"/purchases/safety/?facility={town.store}").context["page"].rows) == 1
    assert buyer.post("/purchases/safety/", {"rows": " "}).status_code == 422
    keeper = sign_in(town.tenant_id, Role.WAREHOUSE)
    assert keeper.get("/purchases/safety/").status_code == 200
    assert keeper.post("/purchases/safety/", {"rows": good}).status_code == 403


def test_chosen_rows_become_drafts(do: Do, town: Town) -> None:
    buyer = sign_in(town.tenant_id, Role.OPERATOR)
    assert "现在不用买" in text_of(buyer.get("/purchases/proposals/"))
    buyer.post("/purchases/safety/", {"rows": "HZ,TEA,20,30\nS1,TEA,5,8"})
    page = text_of(buyer.get("/purchases/proposals/"))
    assert "2 种该补了" in page
    assert "没买过" in page
    row = f"{town.warehouse}-{town.tea}"
    body = {"row": [row], f"units-{row}": "24"}
    assert buyer.post("/purchases/proposals/", body).status_code == 404, "nobody to buy from"
    body |= {"supplier": str(town.supplier)}
    assert buyer.post("/purchases/proposals/", body).status_code == 302
    made = do(PurchaseOrder.objects.get)
    assert (made.facility_id, made.supplier_id, made.status) == (town.warehouse, town.supplier, 0)
    buyer.post("/purchases/proposals/", body)
    assert do(PurchaseOrder.objects.count) == 1
    assert buyer.post("/purchases/proposals/", {}).status_code == 422
    assert buyer.post("/purchases/proposals/", {"row": ["x", "1-", "999-1"]}).status_code == 422
    assert buyer.post("/purchases/proposals/", body | {f"units-{row}": "-1"}).status_code == 422


# ── transfers ──


def test_a_transfer_from_draft_to_door(do: Do, town: Town) -> None:
    keeper = sign_in(town.tenant_id, Role.WAREHOUSE, [town.warehouse])
    head = {"from_facility": town.warehouse, "to_facility": town.store, "note": "周末"}
    assert keeper.post("/transfers/new/", lines({"goods": "TEA", "quantity": 60}, **head)).status_code == 302
    paper = do(Transfer.objects.get)
    path = f"/transfers/{paper.pk}/"
    assert "多了 50 件" in text_of(keeper.get(path))
    refused = keeper.post(f"{path}send/")
    assert refused.status_code == 409
    assert "TEA 只有 10 件能发，要 60 件" in text_of(refused)
    assert keeper.post(f"{path}edit/", lines({"goods": "TEA", "quantity": 8}, **head)).status_code == 302
    assert keeper.post(f"{path}send/").status_code == 302
    assert keeper.post(f"{path}send/").status_code == 409
    assert keeper.get(f"{path}edit/")["Location"] == path
    assert keeper.post(f"{path}edit/").status_code == 409
    assert keeper.get(f"{path}arrive/").status_code == 404, "it arrives elsewhere"

    clerk = sign_in(town.tenant_id, Role.STORE, [town.store])
    stranger = sign_in(town.tenant_id, Role.STORE, [town.other_store])
    assert stranger.get(path).status_code == 404
    assert stranger.get("/transfers/").context["rows"] == []
    assert clerk.post(f"{path}cancel/").status_code == 404, "the sender calls back"
    assert clerk.get(path).status_code == 200
    page = text_of(clerk.get(f"{path}arrive/"))
    assert 'name="seen" value="0"' in page
    came, lost = f"came-{town.lot}", f"lost-{town.lot}"
    for body, told in (
        ({came: "9", "bin": "R-01"}, "路上只有 8 件"),
        ({came: "x", "bin": "R-01"}, "要填 0 以上的整数"),
        ({came: "5", "bin": "NO"}, "这个仓库没有这个货位"),
        ({came: "5", "bin": ""}, "扫一下要放进的货位"),
        ({lost: "1"}, "丢了要写原因"),
        ({}, "一件都没填"),
    ):
        answer = clerk.post(f"{path}arrive/", body | {"seen": "0"})
        assert answer.status_code == 422
        assert told in text_of(answer), told
    good = {came: "5", "bin": "R-01", "seen": "0"}
    assert clerk.post(f"{path}arrive/", good).status_code == 302
    again = clerk.post(f"{path}arrive/", good)
    assert again.status_code == 409
    assert "刚有人点过到货" in text_of(again)
    assert 'name="seen" value="5"' in text_of(again), "who has looked may go on"
    rest = {came: "2", lost: "1", "bin": "R-01", "reason": "破损", "seen": "5"}
    assert clerk.post(f"{path}arrive/", rest).status_code == 302
    assert clerk.get(f"{path}arrive/")["Location"] == path
    assert clerk.post(f"{path}arrive/", rest).status_code == 409
    assert "发 8 · 到 7 · 丢 1" in text_of(clerk.get(path))
    assert not laws.broken(town.tenant_id, "inventory")


def test_a_clerk_sends_only_from_his_store(do: Do, town: Town) -> None:
    clerk = sign_in(town.tenant_id, Role.STORE, [town.store])
    paper = do(move, town, town.store)
    assert clerk.post(f"/transfers/{paper}/send/").status_code == 404
    head = {"from_facility": town.warehouse, "to_facility": town.store}
    refused = clerk.post("/transfers/new/", lines({"goods": "TEA", "quantity": 1}, **head))
    assert refused.status_code == 422
    head = {"from_facility": town.store, "to_facility": town.store}
    assert "同一个仓库" in text_of(
        clerk.post("/transfers/new/", lines({"goods": "TEA", "quantity": 1}, **head))
    )
    head["to_facility"] = town.warehouse
    assert clerk.post("/transfers/new/", lines({"goods": "TEA", "quantity": 1}, **head)).status_code == 302
    assert sign_in(town.tenant_id, Role.READONLY).post(f"/transfers/{paper}/send/").status_code == 403


def test_the_list_of_transfers_is_filtered(do: Do, town: Town) -> None:
    boss = sign_in(town.tenant_id, Role.OWNER)
    one, two = do(move, town, town.store), do(move, town, town.other_store, 2)
    assert boss.post(f"/transfers/{one}/cancel/").status_code == 302

    def ids(client: Client, query: str) -> list[int]:
        return [row.id for row, _units, _state in client.get(f"/transfers/{query}").context["rows"]]

    assert ids(boss, "") == [two, one]
    assert ids(boss, "?status=CANCELLED") == [one]
    assert ids(boss, f"?facility={town.other_store}") == [two]
    assert ids(boss, "?q=TR-0") == []
    assert boss.post(f"/transfers/{two}/send/").status_code == 302
    assert boss.post(f"/transfers/{two}/cancel/").status_code == 302
    with tenant(town.tenant_id):
        assert Transfer.objects.get(id=two).status == 3
    assert not laws.broken(town.tenant_id, "inventory")
