"""A count on real rows: claimed by one, blind, told by differences, booked once."""

from datetime import date, timedelta

import pytest

from core import clock, db, options
from core.models import AuditEntry
from inventory.errors import (
    BadQuantity,
    TaskGone,
    WrongState,
)
from inventory.models import (
    AdjustmentReason,
    AdjustmentStatus,
    CountEntry,
    CountStatus,
    CountTaskStatus,
    Lot,
    Move,
    MoveKind,
)
from inventory.options import APPROVAL_UNITS
from inventory.services import adjusting, counting, counts
from inventory.services.count_review import accept, ask_again
from inventory.services.counted_lots import COUNTED_MOST, CountLine, read_lines
from tests import builders as make
from tests import laws
from tests.inventory.services.counting_scene import (
    NEVER_SEEN,
    Bins,
    book,
    claim,
    count_all,
    count_bin,
    hand_in,
    on_hand,
    pick,
    status,
    tasks,
)
from tests.steps import Do


@pytest.fixture
def do(tenant_id: int) -> Do:
    return Do(tenant_id)


@pytest.fixture
def scene(do: Do) -> Bins:
    scene = do(Bins)
    scene.count = do(counts.create_count, facility_id=scene.facility, name="月底", actor_id=None).count_id
    return scene


def test_a_count_that_finds_what_the_book_says_changes_nothing(do: Do, scene: Bins) -> None:
    count_all(do, scene)
    assert tasks(do, scene) == [CountTaskStatus.AGREED] * 3
    assert status(do, scene) == CountStatus.REVIEW
    before = do(Move.objects.count)
    done = book(do, scene)
    assert (done.tasks, done.adjustment, done.again) == (3, None, ())
    assert do(Move.objects.count) == before
    assert status(do, scene) == CountStatus.POSTED
    assert laws.broken(do.tenant_id, "inventory.") == []


def test_a_difference_is_counted_again_by_another_and_booked_once(do: Do, scene: Bins) -> None:
    assert count_bin(do, scene, 0, ("A", 8)).status == CountTaskStatus.RECOUNT
    assert count_bin(do, scene, 1, ("B", 6), ("C", 3)).status == CountTaskStatus.RECOUNT
    assert count_bin(do, scene, 2).status == CountTaskStatus.AGREED
    assert status(do, scene) == CountStatus.OPEN
    assert on_hand(do, scene, "A") == 10, "nothing is booked before the review"
    assert count_bin(do, scene, 0, ("A", 8), who=1).status == CountTaskStatus.AGREED
    assert count_bin(do, scene, 1, ("B", 6), ("C", 3), who=1).status == CountTaskStatus.AGREED
    done = book(do, scene)
    assert done.adjustment
    assert done.adjustment.status == AdjustmentStatus.POSTED
    assert (on_hand(do, scene, "A"), on_hand(do, scene, "B"), on_hand(do, scene, "C")) == (8, 6, 3)
    kinds = do(lambda: sorted(Move.objects.filter(kind=MoveKind.COUNT).values_list("quantity", flat=True)))
    assert kinds == [1, 2]
    with pytest.raises(WrongState, match="已入账"):
        book(do, scene)
    assert on_hand(do, scene, "A") == 8
    assert laws.broken(do.tenant_id, "inventory.") == []


def test_the_difference_is_booked_and_not_the_number(do: Do, scene: Bins) -> None:
    """Goods leave between the rounds and before the review; two are missing all the time."""
    count_bin(do, scene, 0, ("A", 8))
    do(pick, scene, "A", 0, 3)
    assert count_bin(do, scene, 0, ("A", 5), who=1).status == CountTaskStatus.AGREED
    do(pick, scene, "A", 0, 1)
    count_all(do, scene)
    assert book(do, scene).again == ()
    assert on_hand(do, scene, "A") == 10 - 3 - 1 - 2
    assert laws.broken(do.tenant_id, "inventory.") == []


@pytest.mark.parametrize("counted", [10, 8])
def test_goods_that_leave_while_he_counts_make_it_unclear(do: Do, scene: Bins, counted: int) -> None:
    task = claim(do, scene, 0, 0)
    assert task
    do(pick, scene, "A", 0, 2)
    assert hand_in(do, scene, task, ("A", counted)).status == CountTaskStatus.RECOUNT
    assert count_bin(do, scene, 0, ("A", 8), who=1).status == CountTaskStatus.AGREED
    entries = do(
        lambda: list(
            CountEntry.objects.filter(task=task.id)
            .order_by("round")
            .values_list("before", "after", "moved_out", "difference")
        )
    )
    assert entries == [(10, 8, 2, None), (8, 8, 0, 0)]


def test_moves_on_his_way_to_the_bin_do_no_harm(do: Do, scene: Bins) -> None:
    task = claim(do, scene, 0, 0)
    assert task
    do(pick, scene, "A", 0, 2)
    do(counting.begin_again, task_id=task.id, actor_id=scene.people[0])
    assert hand_in(do, scene, task, ("A", 8)).status == CountTaskStatus.AGREED


def test_goods_that_arrive_while_he_counts_make_it_unclear(do: Do, scene: Bins) -> None:
    for units, counted in ((4, 4), (4, 0)):
        task = claim(do, scene, 0, 2)
        assert task
        do(make.make_stock, scene.bins[2], scene.sku, units, lot="A", expires_on=NEVER_SEEN)
        assert (
            hand_in(do, scene, task, *([("A", counted)] if counted else [])).status == CountTaskStatus.RECOUNT
        )
    assert count_bin(do, scene, 2, ("A", 8), who=1).status == CountTaskStatus.AGREED


def test_what_came_and_went_while_he_counted_is_seen_too(do: Do, scene: Bins) -> None:
    task = claim(do, scene, 0, 2)
    assert task
    do(make.make_stock, scene.bins[2], scene.sku, 4, lot="A", expires_on=NEVER_SEEN)
    do(pick, scene, "A", 2, 4)
    assert hand_in(do, scene, task, ("A", 4)).status == CountTaskStatus.RECOUNT
    assert count_bin(do, scene, 2, who=1).status == CountTaskStatus.AGREED


def test_allocated_units_that_nobody_has_picked_lie_in_the_bin(do: Do, scene: Bins) -> None:
    do(db.execute, "UPDATE inventory_balance SET allocated = 4 WHERE lot_id = %s", scene.lots["A"])
    assert count_bin(do, scene, 0, ("A", 10)).status == CountTaskStatus.AGREED


def test_a_lot_on_the_book_that_nobody_names_is_gone(do: Do, scene: Bins) -> None:
    for who in (0, 1):
        count_bin(do, scene, 1, ("B", 5), who=who)
    count_all(do, scene)
    book(do, scene)
    assert on_hand(do, scene, "C") == 0
    assert laws.broken(do.tenant_id, "inventory.") == []


def test_a_lot_nobody_knows_is_made_when_it_is_found(do: Do, scene: Bins) -> None:
    line = CountLine(scene.sku, "NEU", 2, expires_on=date(2098, 5, 1))
    for who in (0, 1):
        task = claim(do, scene, who, 2)
        assert task
        do(counting.hand_in, task_id=task.id, round_=task.round, lines=[line], actor_id=scene.people[who])
    count_all(do, scene)
    book(do, scene)
    lot = do(lambda: Lot.objects.get(sku=scene.sku, code="NEU"))
    assert lot.expires_on == date(2098, 5, 1)
    assert do(db.rows, "SELECT on_hand FROM inventory_balance WHERE lot_id = %s", lot.pk) == [(2,)]
    assert laws.broken(do.tenant_id, "inventory.") == []


def test_three_numbers_wait_for_a_person_who_decides(do: Do, scene: Bins) -> None:
    for who, units in enumerate((8, 7, 6)):
        done = count_bin(do, scene, 0, ("A", units), who=who)
    assert done.status == CountTaskStatus.DISPUTED
    count_all(do, scene)
    assert status(do, scene) == CountStatus.REVIEW
    with pytest.raises(WrongState, match="1 个货位几次数得不一样"):
        book(do, scene)
    ((task_id,),) = do(db.rows, "SELECT id FROM inventory_counttask WHERE status = 4")
    assert do(ask_again, count_id=scene.count, task_ids=[task_id], actor_id=None) == 1
    assert status(do, scene) == CountStatus.OPEN
    assert count_bin(do, scene, 0, ("A", 5)).status == CountTaskStatus.DISPUTED
    assert do(accept, count_id=scene.count, task_ids=[task_id], actor_id=scene.people[2]) == 1
    assert do(accept, count_id=scene.count, task_ids=[task_id], actor_id=scene.people[2]) == 0
    assert status(do, scene) == CountStatus.REVIEW
    book(do, scene)
    assert on_hand(do, scene, "A") == 5
    assert laws.broken(do.tenant_id, "inventory.") == []


def test_what_was_never_clear_is_accepted_as_the_book_says(do: Do, scene: Bins) -> None:
    for _ in range(3):
        task = claim(do, scene, 0, 0)
        assert task
        do(pick, scene, "A", 0, 1)
        done = hand_in(do, scene, task, ("A", 10))
    assert done.status == CountTaskStatus.DISPUTED
    ((task_id,),) = do(db.rows, "SELECT id FROM inventory_counttask WHERE status = 4")
    assert do(accept, count_id=scene.count, task_ids=[task_id], actor_id=None) == 1
    count_all(do, scene)
    assert book(do, scene).adjustment is None
    assert on_hand(do, scene, "A") == 7


def test_a_recount_goes_to_somebody_else_while_there_is_other_work(do: Do, scene: Bins) -> None:
    first = count_bin(do, scene, 0, ("A", 8))
    assert first.status == CountTaskStatus.RECOUNT
    own, other = claim(do, scene, 0), claim(do, scene, 1)
    assert own
    assert other
    assert (own.bin_id, other.bin_id, other.round) == (scene.bins[1], scene.bins[0], 2)
    hand_in(do, scene, other, ("A", 9), who=1)
    hand_in(do, scene, own, ("B", 5), ("C", 3))
    count_bin(do, scene, 2)
    last = claim(do, scene, 0)
    assert last, "nobody else is there: his own again is better than never"
    assert last.round == 3


def test_two_people_never_have_the_same_and_a_reload_shows_the_same(do: Do, scene: Bins) -> None:
    mine, again, other = claim(do, scene), claim(do, scene), claim(do, scene, 1)
    assert mine == again
    assert mine
    assert other
    assert mine.id != other.id


def test_who_walks_away_loses_his_task_after_half_an_hour(do: Do, scene: Bins) -> None:
    task = claim(do, scene, 0, 0)
    assert task
    assert claim(do, scene, 1, 0) is None
    now = do(clock.now)
    early, late = now + timedelta(minutes=29), now + timedelta(minutes=31)
    args = {"count_id": scene.count, "actor_id": scene.people[1], "bin_id": scene.bins[0]}
    assert do(counting.claim_task, **args, now=early) is None
    taken = do(counting.claim_task, **args, now=late)
    assert taken
    assert taken.id == task.id
    with pytest.raises(TaskGone, match="被别人接走"):
        hand_in(do, scene, task, ("A", 10))
    assert hand_in(do, scene, taken, ("A", 10), who=1).status == CountTaskStatus.AGREED


def test_given_back_is_free_at_once(do: Do, scene: Bins) -> None:
    task = claim(do, scene, 0, 0)
    assert task
    do(counting.give_back, task_id=task.id, actor_id=scene.people[1])
    assert claim(do, scene, 1, 0) is None, "only his own"
    for _ in range(2):
        do(counting.give_back, task_id=task.id, actor_id=scene.people[0])
    taken = claim(do, scene, 1, 0)
    assert taken
    assert taken.id == task.id


def test_handed_in_twice_counts_once(do: Do, scene: Bins) -> None:
    task = claim(do, scene, 0, 0)
    assert task
    first, second = (hand_in(do, scene, task, ("A", 8)) for _ in range(2))
    assert (first.is_new, second.is_new) == (True, False)
    assert do(lambda: CountEntry.objects.filter(task=task.id).count()) == 1
    empty = claim(do, scene, 0, 2)
    assert empty
    assert [hand_in(do, scene, empty).is_new for _ in range(2)] == [True, False]


def test_a_correction_after_the_count_sends_the_bin_back_and_the_rest_is_booked(do: Do, scene: Bins) -> None:
    count_all(do, scene, a=8, b=6)
    do(pick, scene, "A", 0, 2, AdjustmentReason.LOST)  # somebody has booked the same two
    done = book(do, scene)
    assert done.tasks == 2
    assert [(one.lot_code, "改过" in one.why) for one in done.again] == [("A", True)]
    assert (on_hand(do, scene, "A"), on_hand(do, scene, "B")) == (8, 6)
    assert status(do, scene) == CountStatus.OPEN
    assert laws.broken(do.tenant_id, "inventory.") == []
    assert count_bin(do, scene, 0, ("A", 8)).status == CountTaskStatus.AGREED
    with pytest.raises(WrongState, match="不能取消"):
        do(counts.cancel_count, count_id=scene.count, actor_id=None)
    assert book(do, scene).adjustment is None
    assert (status(do, scene), on_hand(do, scene, "A")) == (CountStatus.POSTED, 8)


def test_units_that_are_not_there_any_more_cannot_be_taken_off(do: Do, scene: Bins) -> None:
    count_all(do, scene, a=2)
    do(pick, scene, "A", 0, 5)
    (again,) = book(do, scene).again
    assert again.why == "少 8 件，账上只剩 5 件了"
    assert on_hand(do, scene, "A") == 5


def test_over_the_limit_it_waits_for_a_second_person_and_is_not_booked_twice(do: Do, scene: Bins) -> None:
    do(options.put, APPROVAL_UNITS, 1)
    count_all(do, scene, a=8)
    done = book(do, scene)
    assert done.adjustment
    assert done.adjustment.status == AdjustmentStatus.PENDING
    assert (on_hand(do, scene, "A"), status(do, scene)) == (10, CountStatus.POSTED)
    scene.count = do(counts.create_count, facility_id=scene.facility, actor_id=None).count_id
    count_all(do, scene, a=8)
    assert ["等人同意" in one.why for one in book(do, scene).again] == [True]
    do(
        adjusting.decide,
        adjustment_id=done.adjustment.adjustment_id,
        is_approved=True,
        actor_id=scene.people[0],
    )
    assert on_hand(do, scene, "A") == 8
    assert laws.broken(do.tenant_id, "inventory.") == []


def test_a_difference_that_somebody_corrected_while_it_waited_is_not_booked_again(
    do: Do, scene: Bins
) -> None:
    """Moves since the count do not matter, corrections do; the one before the count was on its book."""
    do(pick, scene, "A", 0, 1, AdjustmentReason.LOST)
    do(options.put, APPROVAL_UNITS, 1)
    count_all(do, scene, a=7)
    waiting = book(do, scene).adjustment
    assert waiting and waiting.status == AdjustmentStatus.PENDING
    do(options.put, APPROVAL_UNITS, 0)
    do(pick, scene, "A", 0, 1, AdjustmentReason.DAMAGED)

    def answer(is_approved: bool) -> None:
        who = scene.people[0]
        do(adjusting.decide, adjustment_id=waiting.adjustment_id, is_approved=is_approved, actor_id=who)

    do(pick, scene, "A", 0, 2, AdjustmentReason.LOST)
    with pytest.raises(WrongState) as refusal:
        answer(True)
    assert refusal.value.code == "book_corrected"
    assert on_hand(do, scene, "A") == 6
    answer(False)
    assert (on_hand(do, scene, "A"), laws.broken(do.tenant_id, "inventory.")) == (6, [])


def test_a_difference_stands_while_goods_only_come_and_go(do: Do, scene: Bins) -> None:
    do(pick, scene, "A", 0, 1, AdjustmentReason.LOST)
    do(options.put, APPROVAL_UNITS, 1)
    count_all(do, scene, a=7)
    waiting = book(do, scene).adjustment
    assert waiting
    do(options.put, APPROVAL_UNITS, 0)
    do(pick, scene, "A", 0, 3, AdjustmentReason.DAMAGED)
    do(pick, scene, "B", 1, 1, AdjustmentReason.LOST)
    do(
        adjusting.decide,
        adjustment_id=waiting.adjustment_id,
        is_approved=True,
        actor_id=scene.people[0],
    )
    assert on_hand(do, scene, "A") == 4
    assert laws.broken(do.tenant_id, "inventory.") == []


def test_the_rest_may_stay_uncounted(do: Do, scene: Bins) -> None:
    for who in (0, 1):
        count_bin(do, scene, 0, ("A", 9), who=who)
    left = claim(do, scene, 2, 1)
    assert left
    with pytest.raises(WrongState, match="还有 2 个货位没盘完"):
        book(do, scene)
    assert book(do, scene, leave_rest=True).tasks == 1
    assert (status(do, scene), on_hand(do, scene, "A")) == (CountStatus.POSTED, 9)
    assert tasks(do, scene) == [CountTaskStatus.POSTED, CountTaskStatus.TODO, CountTaskStatus.TODO]
    with pytest.raises(TaskGone, match="已入账"):
        hand_in(do, scene, left, ("B", 1), who=2)
    assert laws.broken(do.tenant_id, "inventory.") == []


def test_cancelled_is_over(do: Do, scene: Bins) -> None:
    task = claim(do, scene)
    assert task
    for _ in range(2):
        do(counts.cancel_count, count_id=scene.count, actor_id=None)
    with pytest.raises(TaskGone, match="已取消"):
        hand_in(do, scene, task, ("A", 1))
    with pytest.raises(WrongState):
        claim(do, scene)
    with pytest.raises(WrongState):
        book(do, scene)
    assert on_hand(do, scene, "A") == 10
    assert do(lambda: AuditEntry.objects.filter(action="cancel", object_kind="count").count()) == 1
    assert laws.broken(do.tenant_id, "inventory.") == []


def test_one_lot_in_many_lines_is_no_way_around_the_most(do: Do) -> None:
    sku = do(make.make_sku)
    lines = [CountLine(sku, "A", COUNTED_MOST), CountLine(sku, "A ", 1)]
    with pytest.raises(BadQuantity) as refusal:
        do(read_lines, sku, lines)
    assert refusal.value.fields["line"] == 2
