"""Tracking numbers: all or none, one number a parcel, and platforms learn of them."""

import pytest

from core.errors import Conflict
from tests import builders as make
from tests import laws
from tests.orders.services.scene import Shop, facts, order_of, push
from tests.steps import Do
from warehouse.errors import NoParcel
from warehouse.models import Parcel
from warehouse.services import parcels as parcel_service
from warehouse.services.tracking import BadNumber, NumberInput, NumberTaken, set_numbers


@pytest.fixture
def ids(do: Do) -> list[int]:
    shop = do(Shop)
    do(shop.stock, "A", 20)
    push(do, shop, *[make.incoming(("A", 1), number=f"T-{n}") for n in range(3)])
    return do(lambda: list(Parcel.objects.order_by("id").values_list("id", flat=True)))


def numbers() -> list[str | None]:
    return list(Parcel.objects.order_by("id").values_list("tracking_number", flat=True))


def test_numbers_are_set_in_bulk_and_the_same_again_is_no_news(do: Do, ids: list[int]) -> None:
    said = [NumberInput(ids[0], "SF1001"), NumberInput(ids[1], " SF1002 ")]
    assert do(set_numbers, numbers=said, actor_id=None) == tuple(ids[:2])
    assert do(numbers) == ["SF1001", "SF1002", None]
    assert do(set_numbers, numbers=said, actor_id=None) == ()
    assert [fact["parcel_ids"] for fact in do(facts, "ParcelsNumbered")] == [ids[:2]]
    swapped = [NumberInput(ids[0], "SF1009"), NumberInput(ids[2], "SF1001")]
    with pytest.raises(NumberTaken):
        do(set_numbers, numbers=swapped, actor_id=None)
    assert do(numbers) == ["SF1001", "SF1002", None]
    assert laws.broken(do.tenant_id) == []


@pytest.mark.parametrize("text", ["", " ", "运单", "A B", "X" * 41, "A\x00B"])
def test_what_is_no_number_is_refused_with_its_row(do: Do, ids: list[int], text: str) -> None:
    with pytest.raises(BadNumber) as refused:
        do(set_numbers, numbers=[NumberInput(ids[0], "SF1"), NumberInput(ids[1], text)], actor_id=None)
    assert refused.value.fields["row"] == 1
    assert do(numbers) == [None] * 3


def test_two_parcels_with_one_number_nobodys_parcel_and_a_cancelled_one(do: Do, ids: list[int]) -> None:
    for said, refusal in (
        ([NumberInput(ids[0], "SF1"), NumberInput(ids[1], "SF1")], NumberTaken),
        ([NumberInput(ids[0], "SF1"), NumberInput(ids[0], "SF2")], BadNumber),
        ([NumberInput(ids[0], "SF1"), NumberInput(999_999_999, "SF2")], NoParcel),
        ([], BadNumber),
    ):
        with pytest.raises(refusal):
            do(set_numbers, numbers=said, actor_id=None)
    do(parcel_service.cancel_of_orders, order_refs=[do(order_of, "T-0").id])
    with pytest.raises(Conflict):
        do(set_numbers, numbers=[NumberInput(ids[0], "SF1")], actor_id=None)
    assert do(numbers) == [None] * 3
