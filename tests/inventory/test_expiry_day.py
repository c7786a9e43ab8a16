"""On the day before, on and after its expiry day, a lot sells or not: every rule, page, endpoint, job and service says the same."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest

from core import clock, db, options
from core.accounts import Role
from core.tenancy import tenant
from inventory import queries
from inventory.models import BinKind
from inventory.options import EXPIRY_DAY_SELLS
from inventory.queries.availability import list_available_for
from inventory.rules import expiry
from inventory.rules.promise import Demand
from inventory.rules.shelf_life import Buyer
from inventory.services import promises
from inventory.services.aging import settle_aged
from tests import builders as make
from tests import laws
from tests.api.client import Api
from tests.inventory.services import stock
from tests.warehouse.people import sign_in

EXPIRES_ON = date(2031, 3, 31)
LONG_BEFORE = EXPIRES_ON - timedelta(days=20)


class Scene:
    """Five units of one lot; two of them promised long before, and two more on their way to a cart."""

    def __init__(self, tenant_id: int, *, day_sells: bool) -> None:
        self.tenant_id = tenant_id
        with self.at(LONG_BEFORE):
            options.put(EXPIRY_DAY_SELLS, day_sells)
            self.facility, self.sku = make.make_facility(), make.make_sku(code="MILK")
            self.bin = make.make_bin(self.facility)
            self.tote = make.make_bin(self.facility, BinKind.TOTE)
            self.lot = make.make_stock(self.bin, self.sku, 5, expires_on=EXPIRES_ON)
            self.token = make.make_token()
        with self.at(LONG_BEFORE):
            self.promised = stock.must_reserve(self.facility, (self.sku, 2))
            self.allocated = stock.must_reserve(self.facility, (self.sku, 2))
        with self.at(LONG_BEFORE):
            assert not stock.allocate(self.facility, self.allocated).short

    @contextmanager
    def at(self, day: date) -> Iterator[None]:
        """A unit of work of this merchant on that day."""
        with clock.pinned(day), tenant(self.tenant_id):
            yield


Asked = Callable[[Scene, date], bool]


def by_the_rule(scene: Scene, day: date) -> bool:
    with scene.at(day):
        sells = options.get(EXPIRY_DAY_SELLS)
    expired = expiry.is_expired(EXPIRES_ON, day, expiry_day_sells=sells)
    assert expired == (expiry.last_sellable_day(EXPIRES_ON, expiry_day_sells=sells) < day)
    return not expired


def by_the_stock_page(scene: Scene, day: date) -> bool:
    browser = sign_in(scene.tenant_id, Role.WAREHOUSE)
    with clock.pinned(day):
        row = browser.get("/stock/?q=MILK").context["rows"][0][1]
        problems = browser.get("/stock/?only=problems").context["rows"]
    assert bool(problems) == bool(row.expired)
    assert (row.available, row.expired) in ((1, 0), (0, 5))
    return bool(row.available)


def by_the_page_of_the_sku(scene: Scene, day: date) -> bool:
    browser = sign_in(scene.tenant_id, Role.WAREHOUSE)
    with clock.pinned(day):
        shown = browser.get(f"/stock/{scene.sku}/").context
    ((_lot, state),) = shown["lots"]
    ((balance, _place, _kind),) = shown["balances"]
    sells = bool(shown["total"].available)
    assert balance.sells == sells
    assert (state.word == "过期") == (not sells)
    return sells


def by_the_api(scene: Scene, day: date) -> bool:
    with clock.pinned(day):
        (row,) = Api(scene.token).all("availability/", facility=scene.facility)
    return bool(row["places"][0]["available"])


def by_what_could_be_promised(scene: Scene, day: date) -> bool:
    with scene.at(day):
        first = queries.first_sellable()
        counted = {
            queries.available(scene.facility, scene.sku, first),
            list_available_for([scene.facility], [scene.sku], Buyer())[scene.facility, scene.sku],
            queries.list_available([scene.facility], {scene.sku: first})[scene.facility, scene.sku],
        }
    assert len(counted) == 1
    return bool(counted.pop())


def by_reserve(scene: Scene, day: date) -> bool:
    with scene.at(day):
        floor = queries.first_sellable()
        plan = promises.plan(scene.facility, [Demand(1, floor, ((scene.sku, 1),))], locked=True)
    return bool(plan.granted)


def by_allocate(scene: Scene, day: date) -> bool:
    with scene.at(day):
        return not stock.allocate(scene.facility, scene.promised).short


def by_the_picker(scene: Scene, day: date) -> bool:
    with scene.at(day):
        return stock.pick(scene.tote, scene.allocated).units == 2


def by_the_job_of_the_night(scene: Scene, day: date) -> bool:
    with scene.at(day):
        hurt = settle_aged()
        left = stock.reserved(scene.promised)
        rows = db.rows("SELECT 1 FROM inventory_allocation WHERE tenant_id = %s", scene.tenant_id)
    assert hurt in (0, 2)
    assert (left == 2) == bool(rows) == (hurt == 0)
    return not hurt


EVERYBODY: tuple[Asked, ...] = (
    by_the_rule,
    by_the_stock_page,
    by_the_page_of_the_sku,
    by_the_api,
    by_what_could_be_promised,
    by_reserve,
    by_allocate,
    by_the_picker,
    by_the_job_of_the_night,
)


@pytest.mark.parametrize("asked", EVERYBODY, ids=lambda asked: asked.__name__)
@pytest.mark.parametrize("day_sells", [False, True], ids=["day_does_not_sell", "day_sells"])
@pytest.mark.parametrize("after", [-1, 0, 1], ids=["before", "on_the_day", "after"])
def test_everybody_says_the_same(tenant_id: int, after: int, day_sells: bool, asked: Asked) -> None:
    scene = Scene(tenant_id, day_sells=day_sells)
    sells = after < 0 or (after == 0 and day_sells)
    assert asked(scene, EXPIRES_ON + timedelta(days=after)) == sells


def test_after_the_night_the_laws_hold(tenant_id: int) -> None:
    scene = Scene(tenant_id, day_sells=False)
    with scene.at(EXPIRES_ON):
        assert settle_aged() == 2
    with clock.pinned(EXPIRES_ON):
        assert not laws.broken(tenant_id, "inventory.")
