"""Three bins, three people, and the steps of a count."""

from dataclasses import dataclass, field
from datetime import date

from core import db
from core.accounts import Role
from inventory.models import (
    AdjustmentReason,
    CountTask,
    StockCount,
)
from inventory.services import adjusting, counting, counts
from inventory.services.adjusting import AdjustmentLineInput
from inventory.services.count_review import PostResult, post_count
from inventory.services.counted_lots import CountLine
from inventory.services.counting import HandIn, Task
from inventory.services.counts import CountScope
from tests import builders as make
from tests.steps import Do

NEVER_SEEN = date(2099, 1, 1)


@dataclass
class Bins:
    """Three bins: 10 of lot A in the first, 5 of B and 3 of C in the second, nothing in the third; two people."""

    facility: int = field(init=False)
    sku: int = field(init=False)
    bins: list[int] = field(init=False)
    lots: dict[str, int] = field(init=False)
    people: list[int] = field(init=False)
    count: int = 0

    def __post_init__(self) -> None:
        self.facility, self.sku = make.make_facility(), make.make_sku()
        self.bins = make.make_bins(self.facility, 3)
        self.lots = {
            code: make.make_stock(self.bins[place], self.sku, units, lot=code, expires_on=NEVER_SEEN)
            for code, place, units in (("A", 0, 10), ("B", 1, 5), ("C", 1, 3))
        }
        self.people = [make.make_member(Role.WAREHOUSE) for _ in range(3)]

    def line(self, lot: str, units: int) -> CountLine:
        return CountLine(self.sku, lot, units)


def claim(do: Do, scene: Bins, who: int = 0, place: int | None = None) -> Task | None:
    bin_id = None if place is None else scene.bins[place]
    return do(counting.claim_task, count_id=scene.count, actor_id=scene.people[who], bin_id=bin_id)


def count_bin(do: Do, scene: Bins, place: int, *found: tuple[str, int], who: int = 0) -> HandIn:
    task = claim(do, scene, who, place)
    assert task is not None
    return hand_in(do, scene, task, *found, who=who)


def hand_in(do: Do, scene: Bins, task: Task, *found: tuple[str, int], who: int = 0) -> HandIn:
    lines = [scene.line(*one) for one in found]
    return do(counting.hand_in, task_id=task.id, round_=task.round, lines=lines, actor_id=scene.people[who])


def count_all(do: Do, scene: Bins, a: int = 10, b: int = 5, c: int = 3) -> None:
    for who in (0, 1):
        for place, found in enumerate(([("A", a)], [("B", b), ("C", c)], [])):
            task = claim(do, scene, who, place)
            if task:
                hand_in(do, scene, task, *found, who=who)


def book(do: Do, scene: Bins, **options_: bool) -> PostResult:
    return do(post_count, count_id=scene.count, actor_id=scene.people[2], **options_)


def on_hand(do: Do, scene: Bins, lot: str) -> int:
    sql = "SELECT coalesce(sum(on_hand), 0)::int FROM inventory_balance WHERE lot_id = %s"
    return int(do(db.rows, sql, scene.lots[lot])[0][0])


def pick(
    scene: Bins, lot: str, place: int, units: int, reason: AdjustmentReason = AdjustmentReason.DAMAGED
) -> None:
    """Units leave the bin, hand and book together."""
    line = AdjustmentLineInput(scene.bins[place], scene.lots[lot], -units)
    adjusting.adjust(facility_id=scene.facility, reason=reason, lines=[line], actor_id=None)


def status(do: Do, scene: Bins) -> int:
    return int(do(lambda: StockCount.objects.get(id=scene.count).status))


def tasks(do: Do, scene: Bins) -> list[int]:
    return do(
        lambda: list(
            CountTask.objects.filter(count=scene.count).order_by("place").values_list("status", flat=True)
        )
    )


def chosen(do: Do, scene: Bins, scope: CountScope) -> list[tuple[int, int | None]]:
    """What a new count of this scope would hold; it is cancelled at once."""
    made = do(counts.create_count, facility_id=scene.facility, scope=scope, actor_id=None)
    sql = "SELECT bin_id, sku_id FROM inventory_counttask WHERE count_id = %s ORDER BY place"
    found = do(db.rows, sql, made.count_id)
    do(counts.cancel_count, count_id=made.count_id, actor_id=None)
    return [(bin_id, sku_id) for bin_id, sku_id in found]
