"""Recipes and assemblies over REST."""

import pytest

from core.tenancy import tenant
from tests import builders as make
from tests.api.client import Api


@pytest.fixture
def place(tenant_id: int) -> None:
    """Warehouse WH, bin A-1 with 10 of CUP (lots C1, C2) and 4 of LID; SET is not a kit yet."""
    with tenant(tenant_id):
        facility = make.make_facility(code="WH")
        shelf = make.make_bin(facility, code="A-1")
        make.make_bin(facility, code="KIT")
        make.make_sku(code="SET")
        cup, lid = make.make_sku(code="CUP"), make.make_sku(code="LID")
        for lot in ("C1", "C2"):
            make.make_stock(shelf, cup, 5, lot=lot)
        make.make_stock(shelf, lid, 4, lot="L1")


ORDER = {"facility": "WH", "sku": "SET", "quantity": 2, "bin": "KIT"}
RECIPE = {"sku": "SET", "parts": [{"sku": "CUP", "quantity": 2}, {"sku": "LID", "quantity": 1}]}


def save(api: Api) -> None:
    answer = api.post("recipes/", {"recipes": [RECIPE]})
    assert (answer.status_code, answer.json()) == (200, {"saved": 1}), answer.content.decode()


def test_from_the_recipe_to_the_kit_and_back(api: Api, place: None) -> None:
    assert api.post("assemblies/", ORDER).json()["code"] == "no_recipe"
    save(api)
    (recipe,) = api.all("recipes/", code="SET")
    assert [(part["sku"], part["quantity"]) for part in recipe["parts"]] == [("CUP", 2), ("LID", 1)]
    named = [{"sku": "CUP", "lot": "C2", "quantity": 4}]
    answer = api.post("assemblies/", {**ORDER, "lot": "S1", "parts": named})
    assert answer.status_code == 200, answer.content.decode()
    made = answer.json()
    row = api.get(f"assemblies/{made['assembly_id']}/").json()
    assert (row["number"], row["kind"], row["lot"], row["quantity"]) == (made["number"], "ASSEMBLE", "S1", 2)
    assert [(part["sku"], part["lot"], part["quantity"]) for part in row["parts"]] == [
        ("CUP", "C2", 4),
        ("LID", "L1", 2),
    ]
    back = {"facility": "WH", "sku": "SET", "lot": "S1", "from_bin": "KIT", "quantity": 2, "to_bin": "A-1"}
    answer = api.post("assemblies/take-apart/", back)
    assert answer.status_code == 200, answer.content.decode()
    kinds = [(row["kind"], row["lot"]) for row in api.all("assemblies/")]
    assert kinds == [("TAKE_APART", "S1"), ("ASSEMBLE", "S1")]
    assert len(api.all("assemblies/", kind="TAKE_APART")) == 1
    again = api.post("assemblies/take-apart/", back)
    assert (again.status_code, again.json()["code"]) == (409, "stock_short")


def test_a_repeated_call_assembles_once(api: Api, place: None) -> None:
    save(api)
    first = api.post("assemblies/", ORDER, key="one")
    assert first.status_code == 200
    assert api.post("assemblies/", ORDER, key="one").json() == first.json()
    assert len(api.all("assemblies/")) == 1


def test_a_shortage_says_the_part_and_how_many_are_possible(api: Api, place: None) -> None:
    save(api)
    answer = api.post("assemblies/", {**ORDER, "quantity": 5})
    body = answer.json()
    assert (answer.status_code, body["code"]) == (409, "stock_short")
    said = {name: body["fields"][name] for name in ("part", "have", "want", "possible")}
    assert said == {"part": "LID", "have": 4, "want": 5, "possible": 4}


def test_a_circle_is_refused(api: Api, place: None) -> None:
    save(api)
    circle = {"sku": "CUP", "parts": [{"sku": "SET", "quantity": 1}]}
    answer = api.post("recipes/", {"recipes": [circle]})
    assert (answer.status_code, answer.json()["code"]) == (422, "recipe_cycle")


def test_what_is_unknown_is_named_at_its_field(api: Api, place: None) -> None:
    save(api)
    wrong = api.post("assemblies/", {**ORDER, "sku": "NO", "bin": "Z-9"})
    assert wrong.status_code == 422
    assert {error["pointer"] for error in wrong.json()["errors"]} == {"#/sku", "#/bin"}
    part = {"sku": "CUP", "lot": "ZZ", "quantity": 4}
    assert api.post("assemblies/", {**ORDER, "parts": [part]}).status_code == 422
