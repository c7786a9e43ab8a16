"""The ledger of a SKU, a lot, a bin: the running balance is right on every page, filtered or not."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import connection

from core import db
from core.accounts import Role
from core.documents import list_documents
from core.tenancy import tenant
from inventory.models import Move, MoveKind
from inventory.queries import ledger as reads
from inventory.queries.ledger import Filter, Group, GroupKind, GroupMove, Moment, list_group_ledger
from inventory.services.ledger import MoveRow, find_or_make_balances, write_moves
from tests import builders as make
from tests.warehouse.people import sign_in
from tests.warehouse.scene import Scene, make_clerk_store, make_scene


@dataclass
class House:
    facilities: list[int]
    bins: list[int]
    skus: list[int]
    lots: list[int]
    groups: list[Group]


def balances_of(group: Group) -> set[int]:
    column = {"SKU": "sku_id", "LOT": "lot_id", "BIN": "bin_id"}[group.kind]
    found = db.rows(
        f"SELECT id FROM inventory_balance WHERE facility_id = ANY (%s::bigint[]) AND {column} = %s",
        db.array(group.facility_ids),
        group.id,
    )
    return {row[0] for row in found}


def whole(group: Group) -> list[tuple[int, int, int]]:
    """(move, change, balance of the group after it), newest first, from the ledger's beginning."""
    members, units, rows = balances_of(group), 0, []
    for move in Move.objects.order_by("at", "id"):
        came, went = move.to_balance_id in members, move.from_balance_id in members
        if came or went:
            change = move.quantity * (int(came) - int(went))
            units += change
            rows.append((move.id, change, units))
    return rows[::-1]


def pages(group: Group, limit: int, wanted: Filter | None = None) -> list[GroupMove]:
    rows: list[GroupMove] = []
    before: Moment | None = None
    for _ in range(2_000):
        page = list_group_ledger(group, before=before, wanted=wanted, limit=limit)
        assert len(page.rows) <= limit
        rows += page.rows
        before = page.older
        if before is None:
            return rows
    raise AssertionError("the pages never end")


@pytest.fixture
def house(tenant_id: int) -> Iterator[House]:
    """Two facilities, two SKUs with two lots each, and a hundred and fifty moves between bins, in and out."""
    chance = random.Random(7)
    with tenant(tenant_id):
        facilities = [make.make_facility() for _ in range(2)]
        bins = [bin_id for facility in facilities for bin_id in make.make_bins(facility, 3)]
        at = {bin_id: facilities[number // 3] for number, bin_id in enumerate(bins)}
        skus = [make.make_sku() for _ in range(2)]
        lots = [make.make_lot(sku) for sku in skus for _ in range(2)]
        places = [
            (at[bin_id], bin_id, skus[number // 2], lot) for bin_id in bins for number, lot in enumerate(lots)
        ]
        ids = find_or_make_balances(places)
        units = dict.fromkeys(ids, 0)
        for _ in range(50):
            batch = []
            for _ in range(3):
                lot = chance.choice(lots)
                one, two = ((bin_id, lot) for bin_id in chance.sample(bins, 2))
                have = units[one]
                if not have or chance.random() < 0.3:
                    units[one] += 9
                    batch.append(MoveRow(MoveKind.RECEIPT, 9, None, ids[one], 1))
                    continue
                taken = chance.randint(1, have)
                units[one] -= taken
                if chance.random() < 0.3:
                    batch.append(MoveRow(MoveKind.SHIP, taken, ids[one], None, 2))
                else:
                    units[two] += taken
                    batch.append(MoveRow(MoveKind.TRANSFER, taken, ids[one], ids[two], 3))
            write_moves(batch, actor_id=None)
        groups = [Group(GroupKind.SKU, skus[0], facilities[:1]), Group(GroupKind.SKU, skus[1], facilities)]
        groups += [Group(GroupKind.LOT, lots[1], facilities[1:]), Group(GroupKind.BIN, bins[4], facilities)]
        yield House(facilities, bins, skus, lots, groups)


@pytest.mark.parametrize("limit", [1, 7, 500])
def test_the_running_balance_under_paging(house: House, limit: int) -> None:
    for group in house.groups:
        expected = whole(group)
        assert len(expected) > 10
        assert [(row.id, row.change, row.after) for row in pages(group, limit)] == expected


def test_filters_hide_moves_and_never_change_the_balance(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "SCAN", 13)
    for group in house.groups:
        expected = {move: (change, after) for move, change, after in whole(group)}
        for kind in (MoveKind.RECEIPT, MoveKind.SHIP, MoveKind.TRANSFER):
            rows = pages(group, 4, Filter(kind=int(kind)))
            assert {row.id: (row.change, row.after) for row in rows} == {
                id_: expected[id_] for id_ in Move.objects.filter(id__in=expected, kind=kind).values_list("id", flat=True)
            }  # fmt: skip
        rows = pages(group, 4, Filter(document_id=2))
        assert {row.document_id for row in rows} == {2}
        assert all(expected[row.id] == (row.change, row.after) for row in rows)


def test_a_day_begins_where_it_ends(house: House) -> None:
    db.execute("SELECT 1")
    group = house.groups[1]
    expected = whole(group)
    middle = Move.objects.get(id=expected[20][0])
    page = list_group_ledger(group, before=Moment(middle.at, middle.id), limit=5)
    assert [row.id for row in page.rows] == [row[0] for row in expected[21:26]]
    assert page.ledger == expected[21][2]
    since = list_group_ledger(group, wanted=Filter(since=middle.at), limit=500)
    assert [row.id for row in since.rows] == [row[0] for row in expected[:21]]
    assert since.older is None
    nothing = list_group_ledger(group, before=Moment(middle.at - timedelta(days=900), 0), limit=5)
    assert (list(nothing.rows), nothing.ledger, nothing.older) == ([], 0, None)


def test_a_page_costs_the_same_at_any_depth(house: House) -> None:
    group = house.groups[1]
    middle = Move.objects.get(id=whole(group)[60][0])
    for before in (None, Moment(middle.at, middle.id)):
        with connection.execute_wrapper(count := _Counter()):
            list_group_ledger(group, before=before, limit=50)
        assert count.seen == 2


class _Counter:
    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, execute, sql, params, many, context):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN204
        self.seen += 1
        return execute(sql, params, many, context)


@pytest.fixture
def scene(tenant_id: int) -> Scene:
    scene = make_scene(tenant_id)
    scene.order([("TEA-1", 2)], [("TEA-1", 3)])
    scene.pick_all(scene.release(1))
    return scene


def test_each_row_names_its_document(scene: Scene) -> None:
    keeper = sign_in(scene.tenant_id, Role.WAREHOUSE)
    page = keeper.get(f"/stock/{scene.tea}/ledger/?facility={scene.warehouse}")
    rows = page.context["rows"]
    assert [(move.change, move.after) for move, _kind, _document in rows][-1] == (50, 50)
    assert {move.change for move, _kind, _document in rows} == {0, 50}
    labels = [document.label for _move, _kind, document in rows]
    assert labels[-1] == "收货 R-1187"
    assert labels[0].startswith("波次 ")
    assert rows[0][2].url.startswith("/waves/")
    assert "和流水对上，差 0" in page.content.decode()
    with tenant(scene.tenant_id):
        assert list_documents([1, 2, 3]) == {}


def test_ledgers_of_lot_and_bin_and_their_filters(scene: Scene) -> None:
    keeper = sign_in(scene.tenant_id, Role.WAREHOUSE)
    lot, bin_id = scene.lots["T-1"], scene.bins["A-03"]
    assert len(keeper.get(f"/stock/lots/{lot}/ledger/").context["rows"]) == 2
    assert [row[0].change for row in keeper.get(f"/stock/bins/{bin_id}/ledger/").context["rows"]] == [-2, 50]
    picks = keeper.get(f"/stock/lots/{lot}/ledger/?kind={MoveKind.PICK.value}").context["rows"]
    assert [row[0].kind for row in picks] == [MoveKind.PICK]
    document = picks[0][0].document_id
    page = keeper.get(f"/stock/lots/{lot}/ledger/?document={document}")
    assert [row[0].document_id for row in page.context["rows"]] == [document]
    assert page.context["tags"][0].label.startswith("波次 ")
    for query in ("since=2020-01-01&until=2020-02-01", "until=2020-01-01"):
        assert keeper.get(f"/stock/lots/{lot}/ledger/?{query}").context["rows"] == []
    for query in ("since=x&until=9999-12-31", "kind=x&document=x&facility=x", "since=2020-13-40"):
        assert len(keeper.get(f"/stock/lots/{lot}/ledger/?{query}").context["rows"]) == 2
    assert keeper.get(f"/stock/lots/{lot}/ledger/?after=x").status_code == 422


def test_who_has_what_is_taken(scene: Scene) -> None:
    keeper = sign_in(scene.tenant_id, Role.WAREHOUSE)
    ((row, owner, place, _any),) = keeper.get(f"/stock/{scene.tea}/taken/").context["rows"]
    assert (row.quantity, place) == (2, "杭州仓")
    assert owner.url == f"/parcels/{row.owner_ref}/"
    ((row, owner, _place, _any),) = keeper.get(f"/stock/{scene.tea}/taken/?tab=promised").context["rows"]
    assert row.quantity == 3
    assert owner.label == f"包裹 P{row.owner_ref}"
    assert keeper.get(f"/stock/{scene.tea}/taken/?after=x").status_code == 422


def test_numbers_on_the_list_lead_to_their_rows(scene: Scene) -> None:
    keeper = sign_in(scene.tenant_id, Role.WAREHOUSE)
    for sku, row, _places, links in keeper.get("/stock/").context["rows"]:
        groups = {"elsewhere": row.elsewhere, "held": row.held, "expired": row.expired}
        for name, units in groups.items():
            found = keeper.get(links[name]).context["rows"]
            assert sum(each[0].on_hand for each in found) == units, (sku.code, name)
        for name, units in {"allocated": row.allocated, "promised": row.promised}.items():
            found = keeper.get(links[name]).context["rows"]
            shown = sum(each[0].quantity for each in found)
            assert shown == units or name == "allocated"
        assert keeper.get(links["ledger"]).context["page"].on_hand == row.on_hand


def test_a_clerk_reads_his_store_only(scene: Scene) -> None:
    store = make_clerk_store(scene)
    clerk = sign_in(scene.tenant_id, Role.STORE, [store])
    assert clerk.get(f"/stock/bins/{scene.bins['A-01']}/ledger/").status_code == 404
    assert clerk.get(f"/stock/{scene.tea}/ledger/?facility={scene.warehouse}").context["rows"] == []
    assert clerk.get(f"/stock/{scene.tea}/taken/").context["rows"] == []
    lots = {row[0].lot.code for row in clerk.get("/stock/balances/").context["rows"]}
    assert lots == {"M-S"}
