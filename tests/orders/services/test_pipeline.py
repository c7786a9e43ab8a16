"""The pipeline: from channel orders to parcels, each order once, nothing lost, everything said at once."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection

from core import crypto, db, relay
from core.tenancy import tenant
from inventory.services import promises
from orders.models import ChannelOrder, ChannelOrderVersion, OrderStatus
from orders.rules import audit
from orders.services import fresh, intake, pipeline, planning
from orders.services.pipeline import GuessedWrong, Overtaken
from tests import builders as make
from tests import laws
from tests.orders.services import scene
from tests.orders.services.scene import Shop, findings, parcels, push, status_of
from tests.steps import Do

STOPPED, FULFILLING = OrderStatus.STOPPED, OrderStatus.FULFILLING
PAID = datetime(2026, 6, 1, 8, tzinfo=UTC)


def test_the_same_batch_three_times_is_taken_once(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 100)
    batch = [make.incoming(("A", n + 1)) for n in range(4)] + [make.incoming(("NO-SUCH-CODE", 1))]
    first = push(do, shop, *batch)
    assert (first.created, first.unchanged, first.stopped, first.parcels) == (5, 0, 1, 4)
    for _ in range(2):
        again = push(do, shop, *batch)
        assert (again.created, again.unchanged, again.changed, again.stopped) == (0, 5, 0, 0)
        assert again.order_ids == first.order_ids
        assert (do(scene.counts), do(scene.promised)) == ((5, 5, 5), 10)
    assert do(ChannelOrderVersion.objects.count) == 0
    assert laws.broken(do.tenant_id) == []


def test_the_same_number_in_two_shops_is_two_orders(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 10)
    other = do(make.make_channel, shop.facility)
    order = make.incoming(("A", 1), number="T-1")
    push(do, shop, order)
    assert pipeline.push(tenant_id=do.tenant_id, channel_id=other, incoming=[order]).created == 1
    assert do(scene.counts) == (2, 2, 2)


def test_a_changed_channel_order_keeps_the_older_version_and_says_so(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 10)
    first = make.incoming(("A", 1), number="T-1")
    push(do, shop, first)
    more = replace(first, lines=(replace(first.lines[0], quantity=3),), raw=json.dumps({"n": 3}), state=4)
    assert push(do, shop, more).changed == 1
    assert push(do, shop, more).unchanged == 1
    assert do(status_of, "T-1") == FULFILLING
    assert do(parcels, "T-1") == [{do(_sku, "A"): 1}], "the order stays as it was"
    kept = do(ChannelOrder.objects.get)
    assert (kept.version, kept.state, do(_opened, kept)) == (2, 4, more.raw)
    (old,) = do(lambda: list(ChannelOrderVersion.objects.all()))
    assert (old.version, do(_opened, old)) == (1, first.raw)
    assert do(findings, "T-1") == {planning.CHANNEL_CHANGED: (False, {"channel_order_id": kept.id})}
    assert laws.broken(do.tenant_id) == []


def _sku(code: str) -> int:
    return int(db.rows("SELECT id FROM inventory_sku WHERE code = %s", code)[0][0])


def _opened(row: Any) -> str:
    return crypto.unseal(row.tenant_id, "raw", row.raw)


def test_a_change_that_another_push_stored_first_is_no_change(
    do: Do, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both saw version 1; the second to lock finds what it brings already there, or keeps what it finds."""
    shop = do(Shop)
    do(shop.stock, "A", 10)
    first = make.incoming(("A", 1), number="T-1")
    push(do, shop, first)
    second, third = replace(first, raw="second"), replace(first, raw="third")
    split_known = intake.split_known

    def overtaken_by(other: Any) -> Callable[..., Any]:
        def stale(channel_id: int, incoming: Any) -> Any:
            found = split_known(channel_id, incoming)
            with monkeypatch.context() as patched:
                patched.setattr(pipeline, "split_known", split_known)
                _elsewhere(lambda: push(do, shop, other))
            return found

        return stale

    monkeypatch.setattr(pipeline, "split_known", overtaken_by(second))
    assert push(do, shop, second).changed == 0
    monkeypatch.setattr(pipeline, "split_known", overtaken_by(replace(first, raw="between")))
    assert push(do, shop, third).changed == 1
    versions = do(lambda: [_opened(v) for v in ChannelOrderVersion.objects.order_by("version")])
    assert versions == [first.raw, "second", "between"]
    assert do(_opened, do(ChannelOrder.objects.get)) == "third"


def _elsewhere(work: Callable[[], object]) -> None:
    """In another thread, so in another transaction."""
    import threading

    problems: list[Exception] = []

    def run() -> None:
        try:
            work()
        except Exception as problem:  # noqa: BLE001  the test looks at it
            problems.append(problem)
        finally:
            connection.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert not problems, problems


def test_a_number_twice_in_one_batch_is_one_order_as_last_said(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 10)
    done = push(do, shop, make.incoming(("A", 1), number="T-1"), make.incoming(("A", 2), number="T-1"))
    assert (done.created, do(scene.counts)) == (1, (1, 1, 1))
    assert do(parcels, "T-1") == [{do(_sku, "A"): 2}]


def test_every_finding_is_said_at_once(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "HEAVY?", 10, weight_g=None)
    bad = replace(
        make.incoming(("HEAVY?", 1), ("UNKNOWN", 2), number="T-1", remark="要发票"),
        receiver=None, seller_remark="加赠品", amount_minor=1, refused_rows=(17, 18),
    )  # fmt: skip
    assert push(do, shop, bad).stopped == 1
    found = do(findings, "T-1")
    assert set(found) == {
        audit.BAD_LINE, audit.SKU_UNMAPPED, audit.WEIGHT_UNKNOWN, audit.ADDRESS_MISSING, audit.BUYER_REMARK,
        audit.SELLER_REMARK, audit.AMOUNT_MISMATCH,
    }  # fmt: skip
    assert found[audit.BAD_LINE] == (True, {"rows": [17, 18]})
    assert (do(status_of, "T-1"), do(parcels, "T-1")) == (STOPPED, [])
    assert laws.broken(do.tenant_id) == []


def test_a_line_that_could_not_be_read_stops_its_order(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 10)
    push(
        do,
        shop,
        replace(make.incoming(("A", 1), number="T-1"), refused_rows=(3,)),
        make.incoming(("A", 1), number="T-2"),
    )
    assert do(findings, "T-1") == {audit.BAD_LINE: (True, {"rows": [3]})}
    assert (do(status_of, "T-1"), do(status_of, "T-2")) == (STOPPED, FULFILLING)


def test_two_orders_to_one_receiver_are_shown_not_stopped(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 10)
    to = make.receiver()
    push(do, shop, make.incoming(("A", 1), number="T-1", to=to), make.incoming(("A", 1), number="T-2", to=to))
    push(do, shop, make.incoming(("A", 1), number="T-3", to=to))
    for number in ("T-1", "T-2", "T-3"):
        assert do(findings, number)[audit.DUPLICATE_SUSPECTED][0] is False
        assert do(status_of, number) == FULFILLING


def test_who_paid_first_is_served_first(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 5)
    late = make.incoming(("A", 3), number="LATE", placed_at=PAID + timedelta(hours=2))
    first = make.incoming(("A", 3), number="FIRST", placed_at=PAID)
    small = make.incoming(("A", 2), number="SMALL", placed_at=PAID + timedelta(hours=3))
    assert push(do, shop, late, first, small).stopped == 1
    assert {n: do(status_of, n) for n in ("FIRST", "LATE", "SMALL")} == {
        "FIRST": FULFILLING, "LATE": STOPPED, "SMALL": FULFILLING,
    }  # fmt: skip
    stops, detail = do(findings, "LATE")[planning.STOCK_SHORT]
    assert (stops, detail["wanted"], detail["available"]) == (True, 3, 2)
    assert do(scene.promised) == 5
    assert laws.broken(do.tenant_id) == []


def test_three_vacuums_a_stand_and_seven_filters_are_three_parcels(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "VACUUM", 10, name="吸尘器", weight_g=4_000, parcel_rule=2)
    do(shop.stock, "STAND", 10, name="支架", weight_g=900, parcel_rule=1)
    do(shop.stock, "FILTER", 10, name="滤芯", weight_g=100, parcel_rule=1)
    push(do, shop, make.incoming(("VACUUM", 3), ("STAND", 1), ("FILTER", 7), number="T-1"))
    vacuum, stand, filters = (do(_sku, code) for code in ("VACUUM", "STAND", "FILTER"))
    made = do(parcels, "T-1")
    assert [parcel[vacuum] for parcel in made] == [1, 1, 1]
    assert sum(parcel.get(stand, 0) for parcel in made) == 1
    assert sum(parcel.get(filters, 0) for parcel in made) == 7
    assert do(scene.promised) == 11
    assert scene.ship_everything(do, shop) == 11
    relay.deliver(do.tenant_id)
    assert do(status_of, "T-1") == OrderStatus.SHIPPED
    assert laws.broken(do.tenant_id) == []


class TestOthersWereFaster:
    """What a push does when another transaction commits at the worst moment."""

    def test_a_wrong_guess_about_stock_is_done_again_under_the_lock(
        self, do: Do, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop = do(Shop)
        do(shop.stock, "A", 5)
        write, others = fresh.write, iter([make.incoming(("A", 4), number="OTHER")])

        def slow(*args: Any) -> None:
            if other := next(others, None):
                _elsewhere(lambda: push(do, shop, other))
            write(*args)

        monkeypatch.setattr(fresh, "write", slow)
        done = push(do, shop, make.incoming(("A", 3), number="MINE"))
        assert (done.created, done.stopped) == (1, 1)
        assert (do(status_of, "OTHER"), do(status_of, "MINE"), do(scene.promised)) == (FULFILLING, STOPPED, 4)
        assert laws.broken(do.tenant_id) == []

    def test_goods_that_come_in_under_the_lock_do_not_undo_the_second_try(
        self, do: Do, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop = do(Shop)
        do(shop.stock, "A", 5)
        sku = do(_sku, "A")
        write = fresh.write

        def slow(*args: Any) -> None:
            _elsewhere(lambda: do(make.make_stock, shop.bin, sku, 1))
            write(*args)

        monkeypatch.setattr(fresh, "write", slow)
        done = push(do, shop, make.incoming(("A", 50), number="MINE"))
        assert (done.created, done.stopped) == (1, 1)
        assert laws.broken(do.tenant_id) == []

    def test_an_order_that_another_push_took_is_known_on_the_second_look(
        self, do: Do, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop = do(Shop)
        do(shop.stock, "A", 50)
        batch = [make.incoming(("A", 1)) for _ in range(4)]
        write, others = fresh.write, iter([batch[:2]])

        def slow(*args: Any) -> None:
            if other := next(others, None):
                _elsewhere(lambda: push(do, shop, *other))
            write(*args)

        monkeypatch.setattr(fresh, "write", slow)
        done = push(do, shop, *batch)
        assert (done.created, done.unchanged) == (2, 2)
        assert (do(scene.counts), do(scene.promised)) == ((4, 4, 4), 4)
        assert laws.broken(do.tenant_id) == []

    def test_in_an_open_scope_only_the_attempt_is_undone(
        self, do: Do, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop = do(Shop)
        do(shop.stock, "A", 5)
        first = make.incoming(("A", 1), number="T-1")
        push(do, shop, first)
        write, others = fresh.write, iter([make.incoming(("A", 3), number="OTHER")])

        def slow(*args: Any) -> None:
            if other := next(others, None):
                _elsewhere(lambda: push(do, shop, other))
            write(*args)

        monkeypatch.setattr(fresh, "write", slow)
        with tenant(do.tenant_id):
            job = make.make_job()
            mine = [make.incoming(("A", 2), number="MINE"), replace(first, raw="changed")]
            done = pipeline.carry(channel_id=shop.channel, incoming=mine)
        assert (done.created, done.changed, done.stopped) == (1, 1, 1)
        assert do(db.rows, "SELECT 1 FROM core_job WHERE id = %s", job)
        assert laws.broken(do.tenant_id) == []

    def test_it_ends_after_some_tries(self, do: Do) -> None:
        tries: list[bool] = []

        def attempt(*, lock_first: bool) -> None:
            tries.append(lock_first)
            raise GuessedWrong if len(tries) % 2 else Overtaken

        with pytest.raises(GuessedWrong):
            pipeline.until_settled(attempt)
        assert tries == [False, True, False, True, False]

    def test_other_refusals_of_the_database_are_not_tried_again(self, do: Do) -> None:
        for problem in (IntegrityError, OperationalError):
            tries: list[bool] = []

            def attempt(
                *, lock_first: bool, problem: type[Exception] = problem, tries: list[bool] = tries
            ) -> None:
                tries.append(lock_first)
                raise problem

            with pytest.raises(problem):
                pipeline.until_settled(attempt)
            assert tries == [False]


def test_an_order_for_stores_where_there_are_none_goes_to_the_warehouse(
    do: Do, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 5)
    shop.channel = do(make.make_channel, shop.facility, is_o2o=True)
    push(do, shop, make.incoming(("A", 1), number="T-1"))
    guess, wrong = promises.commit_plan, iter([GuessedWrong])

    def once_wrong(*args: Any) -> None:
        if problem := next(wrong, None):
            raise problem
        guess(*args)

    monkeypatch.setattr(promises, "commit_plan", once_wrong)
    push(do, shop, make.incoming(("A", 1), number="T-2"))  # locked first: stock before parcels
    for number in ("T-1", "T-2"):
        assert do(status_of, number) == FULFILLING
    assert scene.ship_everything(do, shop) == 2
    assert laws.broken(do.tenant_id) == []


def test_a_channel_of_another_tenant_is_not_there(do: Do, other_tenant_id: int) -> None:
    from orders.errors import NoChannel

    theirs = do.of(other_tenant_id)(Shop)
    with pytest.raises(NoChannel):
        push(do, theirs, make.incoming(("A", 1)))
