"""Pages of kits: the recipe, the assembling, the paper, the taking apart, and who may."""

import re

import pytest
from django.test import Client

from core.accounts import Role
from core.tenancy import tenant
from inventory.models import Assembly, Balance, Lot, RecipePart, Sku
from inventory.services.recipes import RecipeInput, save_recipes
from tests import builders as make
from tests import laws
from tests.warehouse.people import sign_in


class House:
    """A warehouse and a store, each with 6 cups (lots C1, C2) and 3 lids; a set has two cups and a lid."""

    def __init__(self, tenant_id: int) -> None:
        self.tenant_id = tenant_id
        with tenant(tenant_id):
            self.facility, self.store = (
                make.make_facility(code="WH", name="上海仓"),
                make.make_store(code="ST"),
            )
            self.kit, cup, lid = (
                make.make_sku(code=code, name=f"名{code}") for code in ("SET", "CUP", "LID")
            )
            Sku.objects.filter(id=cup).update(cost_minor=150)
            Sku.objects.filter(id=lid).update(cost_minor=45)
            for facility in (self.facility, self.store):
                bin_id = make.make_bin(facility, code="A-1")
                make.make_stock(bin_id, cup, 3, lot="C1")
                make.make_stock(bin_id, cup, 3, lot="C2")
                make.make_stock(bin_id, lid, 3, lot="L1")

    def save_recipe(self) -> None:
        with tenant(self.tenant_id):
            save_recipes(recipes=[RecipeInput("SET", [("CUP", 2), ("LID", 1)])], actor_id=None)

    def client(self, role: Role, *facility_ids: int) -> Client:
        return sign_in(self.tenant_id, role, facility_ids)


@pytest.fixture
def house(tenant_id: int) -> House:
    return House(tenant_id)


def page_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return re.sub(r"\s+", " ", answer.content.decode())


def token(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found
    return found[1]


def body(house: House, **said: object) -> dict[str, object]:
    return {
        "facility": house.facility, "goods": "SET", "quantity": 2, "bin": "A-1", "line-TOTAL_FORMS": 0,
        "line-INITIAL_FORMS": 0, **said,
    }  # fmt: skip


def test_the_recipe_is_written_and_cleared_by_the_operator(house: House) -> None:
    operator = house.client(Role.OPERATOR)
    assert "还没有配方" in page_of(operator, "/stock/recipes/")
    lines = {"part-TOTAL_FORMS": 2, "part-INITIAL_FORMS": 0, "part-0-sku": "CUP", "part-0-quantity": 2}
    assert operator.post("/stock/recipes/new/", {"code": "SET", **lines}).status_code == 302
    page = page_of(operator, "/stock/recipes/")
    assert "CUP × 2" in page
    assert "3.00" in page
    circle = operator.post("/stock/recipes/new/", {"code": "CUP", **lines, "part-0-sku": "SET"})
    assert circle.status_code == 422
    assert "套装不能装进自己：" in circle.content.decode()
    gone = {"part-TOTAL_FORMS": 1, "part-INITIAL_FORMS": 1, "part-0-sku": "", "part-0-quantity": ""}
    assert operator.post(f"/stock/recipes/{house.kit}/", gone).status_code == 302
    with tenant(house.tenant_id):
        assert not RecipePart.objects.exists()
    assert house.client(Role.WAREHOUSE).get("/stock/recipes/new/").status_code == 403


def test_from_the_form_to_the_paper_and_back(house: House) -> None:
    house.save_recipe()
    keeper = house.client(Role.WAREHOUSE)
    page = page_of(keeper, f"/stock/assemblies/new/?facility={house.facility}&goods=SET")
    assert "现在够组装 3 套" in page
    assert "3.45" not in page, "a cost is not for the floor"
    short = keeper.post("/stock/assemblies/new/", body(house, quantity=4))
    assert short.status_code == 422
    assert "现有零件够组装 3 套" in short.content.decode()
    said = body(house, token=token(page), lot="S1") | {
        "line-TOTAL_FORMS": 2, "line-0-goods": "CUP", "line-0-lot": "C2", "line-0-quantity": 3,
        "line-1-goods": "CUP", "line-1-lot": "C1", "line-1-quantity": 1,
    }  # fmt: skip
    for _again in range(2):
        answer = keeper.post("/stock/assemblies/new/", said)
        assert answer.status_code == 302, answer.content.decode()
    with tenant(house.tenant_id):
        paper = Assembly.objects.get()
        lot = Lot.objects.get(code="S1")
    shown = page_of(keeper, f"/stock/assemblies/{paper.pk}/")
    assert all(word in shown for word in (paper.number, "用掉的零件", "C2", "L1"))
    assert "3.45" in page_of(house.client(Role.FINANCE), f"/stock/assemblies/{paper.pk}/")
    traced = page_of(house.client(Role.QUALITY), f"/trace/lots/{lot.pk}/")
    assert "由哪些批次做成" in traced
    assert ">C2</a>" in traced
    back = {"facility": house.facility, "goods": "SET", "bin": "A-1", "quantity": 2, "to_bin": "A-1"}
    assert keeper.post("/stock/assemblies/apart/", back).status_code == 302
    with tenant(house.tenant_id):
        assert not Balance.objects.filter(lot=lot, on_hand__gt=0).exists()
    listed = page_of(keeper, "/stock/assemblies/?kind=apart")
    assert "KIT-" in listed
    assert paper.number not in listed
    assert not laws.broken(house.tenant_id, "inventory.")


def test_mistakes_stand_at_their_fields(house: House) -> None:
    house.save_recipe()
    keeper = house.client(Role.WAREHOUSE)
    wrong = keeper.post("/stock/assemblies/new/", body(house, bin="Z-9"))
    assert wrong.status_code == 422
    assert "这个仓库没有这个货位。" in wrong.content.decode()
    lot = {"line-TOTAL_FORMS": 1, "line-0-goods": "CUP", "line-0-lot": "ZZ", "line-0-quantity": 4}
    wrong = keeper.post("/stock/assemblies/new/", body(house) | lot)
    assert "这个商品没有这个批次。" in wrong.content.decode()
    assert "没有这个编码或条码。" in page_of(keeper, "/stock/assemblies/new/?goods=NONE")
    assert "没有配方" in page_of(keeper, "/stock/assemblies/new/?goods=CUP")


def test_a_clerk_assembles_in_his_store_only(house: House) -> None:
    house.save_recipe()
    clerk = house.client(Role.STORE, house.store)
    assert clerk.post("/stock/assemblies/new/", body(house)).status_code == 422
    answer = clerk.post("/stock/assemblies/new/", body(house, facility=house.store))
    assert answer.status_code == 302
    assert house.client(Role.WAREHOUSE).post("/stock/assemblies/new/", body(house)).status_code == 302
    with tenant(house.tenant_id):
        other = Assembly.objects.get(facility=house.facility)
    assert clerk.get(f"/stock/assemblies/{other.pk}/").status_code == 404
    assert other.number not in page_of(clerk, "/stock/assemblies/")
    assert house.client(Role.READONLY).get("/stock/assemblies/new/").status_code == 403


def test_recipes_come_a_page_at_a_time(house: House) -> None:
    with tenant(house.tenant_id):
        codes = [f"K{number:03}" for number in range(70)]
        for code in codes:
            make.make_sku(code=code)
        save_recipes(recipes=[RecipeInput(code, [("CUP", 1)]) for code in codes], actor_id=None)
    client = house.client(Role.OPERATOR)
    first = client.get("/stock/recipes/")
    second = client.get(f"/stock/recipes/{first.context['page'].next}")
    assert [card.code for page in (first, second) for card in page.context["rows"]] == codes
    assert not second.context["page"].next
