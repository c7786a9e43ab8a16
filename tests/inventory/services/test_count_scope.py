"""What a new count holds, and what a hand-in may say."""

from collections.abc import Sequence
from datetime import date

import pytest

from core import db
from inventory.errors import (
    BadQuantity,
    LotDiffers,
    UnknownDocument,
    UnknownGoods,
    UnknownPlace,
)
from inventory.models import (
    BinKind,
    CountTaskStatus,
)
from inventory.services import counting, counts
from inventory.services.counted_lots import CountLine
from inventory.services.counts import CountScope
from tests import builders as make
from tests.inventory.services.counting_scene import (
    Bins,
    book,
    chosen,
    claim,
    count_all,
    hand_in,
    pick,
)
from tests.steps import Do, count_statements


@pytest.fixture
def do(tenant_id: int) -> Do:
    return Do(tenant_id)


@pytest.fixture
def scene(do: Do) -> Bins:
    scene = do(Bins)
    scene.count = do(counts.create_count, facility_id=scene.facility, name="月底", actor_id=None).count_id
    return scene


def test_what_is_counted(do: Do, scene: Bins) -> None:
    do(counts.cancel_count, count_id=scene.count, actor_id=None)
    do(make.make_bin, scene.facility, BinKind.TOTE)
    assert chosen(do, scene, CountScope()) == [(bin_id, None) for bin_id in scene.bins]
    assert chosen(do, scene, CountScope(stocked_only=True)) == [(bin_id, None) for bin_id in scene.bins[:2]]
    assert chosen(do, scene, CountScope(sku_ids=[scene.sku])) == [
        (bin_id, scene.sku) for bin_id in scene.bins[:2]
    ]
    assert chosen(do, scene, CountScope(bin_ids=[scene.bins[2]])) == [(scene.bins[2], None)]
    with pytest.raises(BadQuantity, match="没有要盘的货位"):
        chosen(do, scene, CountScope(zones=["Z"]))
    do(db.execute, "UPDATE inventory_bin SET zone = 'Z' WHERE id = %s", scene.bins[1])
    assert chosen(do, scene, CountScope(zones=["Z"])) == [(scene.bins[1], None)]


def test_what_was_counted_lately_or_did_not_move_is_left_out(do: Do, scene: Bins) -> None:
    count_all(do, scene, a=8)
    book(do, scene)
    with pytest.raises(BadQuantity):
        chosen(do, scene, CountScope(days=7))
    with pytest.raises(BadQuantity):
        chosen(do, scene, CountScope(moved_only=True))
    do(pick, scene, "B", 1, 1)
    assert chosen(do, scene, CountScope(moved_only=True)) == [(scene.bins[1], None)]
    do(
        db.execute,
        "UPDATE inventory_counttask SET started_at = started_at - interval '8 days' WHERE bin_id = %s",
        scene.bins[2],
    )
    assert chosen(do, scene, CountScope(days=7)) == [(scene.bins[2], None)]


def test_a_bin_is_in_one_open_count(do: Do, scene: Bins) -> None:
    with pytest.raises(BadQuantity, match="都在别的盘点单里"):
        do(counts.create_count, facility_id=scene.facility, actor_id=None)


def test_one_sku_in_a_bin_is_asked_for_alone(do: Do, scene: Bins) -> None:
    do(counts.cancel_count, count_id=scene.count, actor_id=None)
    other = do(make.make_sku)
    do(make.make_stock, scene.bins[0], other, 7)
    scene.count = do(
        counts.create_count, facility_id=scene.facility, scope=CountScope(sku_ids=[scene.sku]), actor_id=None
    ).count_id
    task = claim(do, scene, 0, 0)
    assert task
    with pytest.raises(BadQuantity, match="只盘一种商品"):
        do(
            counting.hand_in,
            task_id=task.id,
            round_=1,
            lines=[CountLine(other, "X", 1)],
            actor_id=scene.people[0],
        )
    assert hand_in(do, scene, task, ("A", 10)).status == CountTaskStatus.AGREED


@pytest.mark.parametrize(
    ("line", "error", "words"),
    [
        (CountLine(1, "A", 1), UnknownGoods, "没有这个商品"),
        (CountLine(0, " ", 1), BadQuantity, "第 1 行，要填批次"),
        (CountLine(0, "A", -1), BadQuantity, "第 1 行，数量不对"),
        (CountLine(0, "A", 1, date(2030, 1, 1)), LotDiffers, "到期日是 2099-01-01"),
        (CountLine(0, "Q", 1), BadQuantity, "要填到期日"),
    ],
)
def test_what_cannot_be_is_refused_and_the_task_stays(
    do: Do, scene: Bins, line: CountLine, error: type[Exception], words: str
) -> None:
    do(db.execute, "UPDATE inventory_sku SET shelf_life_days = 30 WHERE id = %s", scene.sku)
    told = CountLine(line.sku_id or scene.sku, line.lot_code, line.quantity, line.expires_on)
    task = claim(do, scene)
    assert task
    with pytest.raises(error, match=words):
        do(counting.hand_in, task_id=task.id, round_=1, lines=[told], actor_id=scene.people[0])
    assert claim(do, scene) == task


def test_a_serial_number_is_one_unit(do: Do, scene: Bins) -> None:
    do(db.execute, "UPDATE inventory_sku SET tracking = 2 WHERE id = %s", scene.sku)
    task = claim(do, scene)
    assert task
    with pytest.raises(BadQuantity, match="只有一件"):
        hand_in(do, scene, task, ("S-1", 2))


def test_what_is_not_there(do: Do, scene: Bins) -> None:
    with pytest.raises(UnknownDocument):
        do(counting.claim_task, count_id=1, actor_id=1)
    with pytest.raises(UnknownDocument):
        do(counting.hand_in, task_id=1, round_=1, lines=[], actor_id=1)
    with pytest.raises(UnknownPlace):
        chosen(do, scene, CountScope(bin_ids=[1]))
    with pytest.raises(UnknownGoods):
        chosen(do, scene, CountScope(sku_ids=[1]))


def test_a_thousand_bins_cost_what_one_costs(do: Do, scene: Bins) -> None:
    def statements(bins: Sequence[int]) -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as seen:
            do(counts.create_count, facility_id=scene.facility, scope=CountScope(bin_ids=bins), actor_id=None)
        return count_statements(seen)

    bins = do(make.make_bins, scene.facility, 1_001)
    few, many = statements(bins[:1]), statements(bins[1:])
    assert few == many
