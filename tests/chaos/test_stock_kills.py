"""A step of stock that is killed never was.  The full dose: `script/test --campaign races`."""

from core import db
from core.tenancy import tenant
from tests import laws
from tests.chaos.stock_kills import trade_under_fire
from tests.races import storm

KILLS, MOVES = 25, 50


def test_whoever_is_killed_every_law_holds(tenant_id: int) -> None:
    yard = storm.make_yard(tenant_id, 6, 60)
    assert trade_under_fire(yard, kills=KILLS, seed=1, moves=MOVES) == KILLS + len(storm.TRADES), (
        "no trader failed by itself"
    )
    assert not laws.broken(tenant_id, "inventory.")
    with tenant(tenant_id):
        assert db.rows("SELECT count(*)::int FROM inventory_move")[0][0] > MOVES
