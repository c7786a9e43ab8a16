"""The import as a job: idempotent, resumable anywhere, every unit accounted for."""

from dataclasses import replace
from pathlib import Path

import pytest
from pytest_django import Settings

from core import jobs
from core.errors import Conflict, Invalid, NotFound
from core.models import Job
from core.tenancy import tenant
from inventory.models import Lot, Sku
from orders.importing.presets import ONLINE_RETAIL
from orders.importing.settings import BadLine, Options
from orders.models import ChannelOrder, Finding, ImportProblem, Order, OrderLine, OrderStatus
from orders.services import import_run, imports, opening, pipeline
from orders.services.import_known import get_import
from orders.services.import_results import list_stopped_rows
from orders.services.pipeline import GuessedWrong, ProcessResult
from tests.conftest import fresh_tenant
from tests.orders.importing import world
from tests.orders.importing.files import csv_text, line, write
from tests.orders.importing.world import Shop, make_shop

OPTIONS = Options(not_goods=("POST",), no_code=("UNKNOWN",))
ROWS = [
    line("A", quantity=2),
    line("A", code="QY-2", quantity=3),
    line("B", quantity=-1),
    line("C", price="0", quantity=4),
    line("D", quantity=5),
    line("D", price="0.001", quantity=6),
    line("E", code="POST", quantity=1),
    line("E", quantity=7),
    line("F", code="UNKNOWN", quantity=8),
    line("A", quantity=9),
    *(line(f"N{n}", quantity=n % 3 + 1) for n in range(40)),
    line("G", code="QY-NEW", quantity=10),
]
INPUT = 2 + 3 + 4 + 5 + 6 + 1 + 7 + 8 + 9 + sum(n % 3 + 1 for n in range(40)) + 10


class Killed(BaseException):
    """As kill -9: nothing of ours handles it."""


@pytest.fixture
def shop(tenant_id: int) -> Shop:
    return make_shop(tenant_id)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "orders.csv", ROWS)


def test_every_unit_has_its_place(shop: Shop, file: Path) -> None:
    done = world.run(shop, file, OPTIONS)
    assert done.input_units == INPUT
    assert done.difference == 0
    assert (done.refused_units, done.stopped_units) == (4 + 6 + 1 + 8, 5 + 10)
    assert done.problem_units == done.refused_units + done.stopped_units
    assert done.open_units == INPUT - done.problem_units
    assert (done.orders, done.stopped_orders, done.created) == (44, 2, 44)
    assert done.findings == {"BAD_LINE": 1, "SKU_UNMAPPED": 1}
    with tenant(shop.tenant_id):
        order = Order.objects.get(number="A")
        lines = OrderLine.objects.filter(order=order).values_list("source_row", "quantity")
        assert sorted(lines) == [(2, 2), (3, 3), (11, 9)]
        assert Order.objects.get(number="E").charge_minor == 990
        problem = ImportProblem.objects.get(row_number=7)
        assert (problem.code, problem.value, problem.external_number) == ("PRICE_DECIMALS", "0.001", "D")
        assert problem.order_id == Order.objects.get(number="D").id
        assert [row.row for row in list_stopped_rows(done.import_id)] == [6, 52]
        assert not Order.objects.filter(number__in=["B", "C", "F"]).exists()


def test_the_same_file_again_changes_nothing(shop: Shop, file: Path) -> None:
    first = world.run(shop, file, OPTIONS)
    before = world.snapshot(shop)
    second = world.run(shop, file, OPTIONS)
    assert second == replace(first, created=0, unchanged=first.created)
    assert world.snapshot(shop) == before


def test_another_file_with_the_same_orders_counts_them_elsewhere(
    shop: Shop, file: Path, tmp_path: Path
) -> None:
    world.run(shop, file, OPTIONS)
    more = world.run(
        shop, write(tmp_path / "more.csv", [line("N1", quantity=2), line("Z", quantity=5)]), OPTIONS
    )
    assert (more.created, more.unchanged, more.elsewhere_units, more.open_units) == (1, 1, 2, 5)
    assert more.difference == 0


def test_killed_at_every_chunk_and_resumed_it_ends_the_same(
    shop: Shop, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_run, "CHUNK_ROWS", 9)
    monkeypatch.setattr(opening, "CHUNK", 1)
    options = replace(OPTIONS, create_skus=True, opening_stock=True)
    expected = world.run(shop, file, options)
    other = make_shop(fresh_tenant())
    import_id, job_id = world.start(other, file, options)
    really, kills, calls = import_run._store_counts, 0, 0

    def store_and_die(*args: object) -> None:
        nonlocal calls
        really(*args)  # type: ignore[arg-type]
        calls += 1
        if calls > 1 and calls % 2 == 0:
            raise Killed

    monkeypatch.setattr(import_run, "_store_counts", store_and_die)
    while True:
        try:
            assert jobs.run(other.tenant_id, job_id), world.failure(other, job_id)
            break
        except Killed:
            kills += 1
            world.expire_lease(other, job_id)
    assert kills >= 8
    got = world.outcome(other, import_id)
    assert replace(got, import_id=0) == replace(expected, import_id=0)
    mine, theirs = world.snapshot(shop), world.snapshot(other)
    assert (mine["lines"], mine["problems"]) == (theirs["lines"], theirs["problems"])
    with tenant(other.tenant_id):
        job = Job.objects.get(id=job_id)
    assert (job.rows_done, job.rows_failed, job.rows_total) == (len(ROWS) - 5, 5, len(ROWS))


@pytest.mark.parametrize("rows", [1, 7, 1_000])
def test_chunks_of_any_size_make_the_same_orders(
    shop: Shop, file: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    expected = world.run(shop, file, OPTIONS)
    monkeypatch.setattr(import_run, "CHUNK_ROWS", rows)
    other = make_shop(fresh_tenant())
    assert replace(world.run(other, file, OPTIONS), import_id=0) == replace(expected, import_id=0)


def test_a_wrong_guess_about_stock_repeats_the_chunk(
    shop: Shop, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, tried = pipeline.process, []

    def guess(**given: object) -> ProcessResult:
        tried.append(given["lock_first"])
        done = really(**given)  # type: ignore[arg-type]
        if not given["lock_first"]:
            raise GuessedWrong
        return done

    monkeypatch.setattr(pipeline, "process", guess)
    done = world.run(shop, file, OPTIONS)
    assert tried == [False, True]
    assert (done.created, done.difference) == (44, 0)


def test_missing_goods_are_made_with_stock_in_two_lots(shop: Shop, file: Path) -> None:
    options = replace(OPTIONS, create_skus=True, opening_stock=True, weight_g=321)
    done = world.run(shop, file, options)
    assert done.stopped_orders == 1
    assert (done.defaults["skus"], done.defaults["units"], done.defaults["lots"]) == (1, 11, 2)
    assert done.defaults["weight_g"] == 321
    with tenant(shop.tenant_id):
        sku = Sku.objects.get(code="QY-NEW")
        lots = Lot.objects.filter(sku=sku).order_by("expires_on")
        assert [lot.code for lot in lots] == list(opening.LOTS)
        assert lots[0].expires_on < lots[1].expires_on  # type: ignore[operator]
    again = world.run(shop, file, options)
    assert (again.defaults, again.created) == (done.defaults, 0)


def test_a_file_read_another_way_forgets_what_is_right_now(shop: Shop, file: Path) -> None:
    world.run(shop, file, Options(no_code=()))
    done = world.run(shop, file, OPTIONS)
    assert "NOT_GOODS" in done.codes
    world.run(shop, file, replace(OPTIONS, not_goods=()))
    with tenant(shop.tenant_id):
        assert not ImportProblem.objects.filter(row_number=8).exclude(code="").exists()


def test_bad_lines_may_be_dropped(shop: Shop, file: Path) -> None:
    done = world.run(shop, file, replace(OPTIONS, bad_line=BadLine.DROP))
    assert (done.findings, done.difference) == ({"SKU_UNMAPPED": 1}, 0)
    with tenant(shop.tenant_id):
        assert Order.objects.get(number="D").status != OrderStatus.STOPPED


def test_a_file_that_cannot_be_grouped_fails_before_any_order(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.importing.grouping.MAX_GROUP", 5)
    _import_id, job_id = world.start(shop, write(tmp_path / "orders.csv", [line("A")] * 9))
    assert not jobs.run(shop.tenant_id, job_id)
    assert "订单号那一列" in world.failure(shop, job_id)
    with tenant(shop.tenant_id):
        assert not ChannelOrder.objects.exists()


def test_the_same_bytes_are_the_same_import(shop: Shop, file: Path, tmp_path: Path) -> None:
    def upload(name: str) -> int:
        with file.open("rb") as opened:
            return imports.upload(
                tenant_id=shop.tenant_id, channel_id=shop.channel_id, file=opened, name=name, actor_id=None
            )

    first = imports.register(tenant_id=shop.tenant_id, channel_id=shop.channel_id, path=file)
    assert upload("../../etc/passwd.csv") == upload("again.csv") == first
    file.unlink()
    with tenant(shop.tenant_id):
        assert imports.preview(first).columns[0].samples[0] == "A"
        assert get_import(first).name == "passwd.csv"


def test_a_mapping_is_remembered_by_its_header(shop: Shop, tmp_path: Path) -> None:
    header = ("x1", "x2", "x3", "x4", "x5")
    first = write(tmp_path / "a.csv", [line("A")], header)
    import_id = imports.register(tenant_id=shop.tenant_id, channel_id=shop.channel_id, path=first)
    columns = {"number": 0, "placed_at": 1, "code": 2, "quantity": 3, "unit_price": 4}
    with tenant(shop.tenant_id):
        assert len(imports.preview(import_id).missing) == 5
    with pytest.raises(Invalid) as refused:
        imports.start_recognised(tenant_id=shop.tenant_id, import_id=import_id)
    assert refused.value.code == "import_columns_missing"
    imports.save_mapping(
        tenant_id=shop.tenant_id, import_id=import_id, name="老系统", columns=columns, chosen={"decimals": 0}
    )
    second = write(tmp_path / "b.csv", [line("B")], header)
    other = imports.register(tenant_id=shop.tenant_id, channel_id=shop.channel_id, path=second)
    with tenant(shop.tenant_id):
        seen = imports.preview(other)
    assert (seen.mapping_name, seen.missing, seen.options.decimals) == ("老系统", (), 0)


def test_a_known_layout_brings_its_channel_and_options(shop: Shop, tmp_path: Path) -> None:
    rows = [["536365", "2010-12-01 08:26", "1", "UK", "QY-1", "6", "2.55", "o"]]
    with tenant(shop.tenant_id):
        channel_id = imports.ensure_channel(preset=ONLINE_RETAIL, facility_id=shop.facility_id)
        assert imports.ensure_channel(preset=ONLINE_RETAIL, facility_id=shop.facility_id) == channel_id
    path = write(tmp_path / "retail.csv", rows, ONLINE_RETAIL.header)
    import_id = imports.register(tenant_id=shop.tenant_id, channel_id=channel_id, path=path)
    job_id = imports.start_recognised(tenant_id=shop.tenant_id, import_id=import_id)
    assert jobs.run(shop.tenant_id, job_id), world.failure(shop, job_id)
    with tenant(shop.tenant_id):
        assert Order.objects.get().currency == "GBP"
        assert not Finding.objects.exists()


@pytest.mark.parametrize(
    ("columns", "chosen"),
    [
        ({"number": 99}, {}),
        ({"number": 0, "code": 0}, {}),
        ({"nonsense": 0}, {}),
        ({"number": True}, {}),
        ({}, {"decimals": 10**30}),
        ({}, {"not_goods": "POST"}),
        ({}, {"bad_line": "shrug"}),
    ],
)
def test_wrong_decisions_are_refused(
    shop: Shop, file: Path, columns: dict[str, int], chosen: dict[str, object]
) -> None:
    import_id = imports.register(tenant_id=shop.tenant_id, channel_id=shop.channel_id, path=file)
    good = {"number": 0, "placed_at": 1, "code": 2, "quantity": 3, "unit_price": 4}
    with pytest.raises(Invalid):
        imports.start_import(
            tenant_id=shop.tenant_id,
            import_id=import_id,
            columns=columns or good,
            chosen=chosen,
            actor_id=None,
        )


def test_a_running_import_is_not_started_twice(shop: Shop, file: Path) -> None:
    import_id, _job_id = world.start(shop, file)
    with pytest.raises(Conflict):
        world.again(shop, import_id)


def test_nothing_of_another_tenant_can_be_named(shop: Shop, file: Path, other_tenant_id: int) -> None:
    import_id = imports.register(tenant_id=shop.tenant_id, channel_id=shop.channel_id, path=file)
    with pytest.raises(NotFound):
        imports.register(tenant_id=other_tenant_id, channel_id=shop.channel_id, path=file)
    with pytest.raises(NotFound):
        imports.start_recognised(tenant_id=other_tenant_id, import_id=import_id)


def test_a_file_that_is_too_large_is_not_kept(shop: Shop, tmp_path: Path, settings: Settings) -> None:
    settings.ERP_FILES, settings.ERP_UPLOAD_MAX = tmp_path / "files", 100
    path = tmp_path / "orders.csv"
    path.write_text(csv_text([line("A")] * 20))
    with pytest.raises(Invalid), path.open("rb") as opened:
        imports.upload(
            tenant_id=shop.tenant_id,
            channel_id=shop.channel_id,
            file=opened,
            name="orders.csv",
            actor_id=None,
        )
    assert not list((tmp_path / "files").rglob("*.*"))
