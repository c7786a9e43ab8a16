"""Many assemble of the same parts at once: exactly what there is becomes kits, and every part is accounted for."""

from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from unittest import mock

import pytest

from core import db
from core.errors import ERPError
from core.tenancy import tenant
from inventory.services import assembling
from inventory.services.recipes import RecipeInput, save_recipes
from tests import builders as make
from tests import laws
from tests.races.actors import slowly
from tests.races.rig import together
from tests.steps import Do

LIDS = 6


@pytest.fixture
def do(tenant_id: int) -> Do:
    return Do(tenant_id)


def make_bench(do: Do, heat: str = "") -> tuple[int, int, int]:
    """(facility, bin, kit): two cups and a lid make a set; parts for six of them, the cups in two lots."""
    facility = do(make.make_facility)
    bin_id = do(make.make_bin, facility)
    codes = [code + heat for code in ("SET", "CUP", "LID")]
    kit, cup, lid = (do(make.make_sku, code=code) for code in codes)
    do(save_recipes, recipes=[RecipeInput(codes[0], [(codes[1], 2), (codes[2], 1)])], actor_id=None)
    do(make.make_stock, bin_id, cup, 5, lot="C1")
    do(make.make_stock, bin_id, cup, 2 * LIDS - 5, lot="C2")
    do(make.make_stock, bin_id, lid, LIDS, lot="L1")
    return facility, bin_id, kit


def assemble_each(
    tenant_id: int, bench: tuple[int, int, int], turns: int, *, has_locks: bool = True
) -> list[str]:
    """What became of `turns` sets, one by one."""
    facility, bin_id, kit = bench
    done = []
    without = (
        nullcontext() if has_locks else mock.patch.object(assembling, "lock_anchors", lambda _places: None)
    )
    with without, slowly(assembling, "_choose", 0.02):
        for _turn in range(turns):
            try:
                with tenant(tenant_id):
                    assembling.assemble(
                        facility_id=facility, sku_id=kit, quantity=1, bin_id=bin_id, actor_id=None
                    )
                done.append("made")
            except ERPError as refusal:
                done.append("too late" if "bin" in refusal.fields else refusal.code)
    return done


def kits_and_parts(do: Do) -> dict[str, int]:
    sql = "SELECT s.code, sum(b.on_hand)::int FROM inventory_balance b JOIN inventory_sku s ON s.id = b.sku_id GROUP BY 1"
    return dict(do(db.rows, sql))


def raced(do: Do, bench: tuple[int, int, int], *, has_locks: bool = True) -> Sequence[str]:
    works = [partial(assemble_each, do.tenant_id, bench, 3, has_locks=has_locks) for _person in range(4)]
    return [said for mine in together(works) for said in mine]


def test_without_the_lock_two_take_the_same_parts(do: Do) -> None:
    """What one of them has chosen is gone when he takes it: his look was not true.  That nobody meets in ten heats is no chance."""
    for heat in range(10):
        if "too late" in raced(do, make_bench(do, str(heat)), has_locks=False):
            return
    pytest.fail("nobody met without the lock: the race below proves nothing")


def test_exactly_what_there_is_becomes_kits(do: Do) -> None:
    said = raced(do, make_bench(do))
    assert sorted(said) == ["made"] * LIDS + ["stock_short"] * LIDS
    assert kits_and_parts(do) == {"SET": LIDS, "CUP": 0, "LID": 0}
    links = do(db.rows, "SELECT sum(l.quantity)::int FROM inventory_lotlink l")
    assert links == [(3 * LIDS,)], "every part of every set is in the genealogy"
    assert laws.broken(do.tenant_id, "inventory.") == []
