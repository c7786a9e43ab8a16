"""Goods from one facility to another: nothing is lost on the road, and nothing arrives twice."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from unittest.mock import patch

import pytest
from django.db.models import Model

from core import db
from core.db import Rank
from core.models import AuditEntry
from inventory import queries
from inventory.errors import (
    BadQuantity,
    StockHeld,
    StockShort,
    UnknownDocument,
    UnknownGoods,
    UnknownPlace,
    WrongState,
)
from inventory.models import Balance, Bin, BinKind, Move, MoveKind, Reservation, Transfer, TransferItem
from inventory.models.documents import TransferStatus
from inventory.services import transfer_moves, transfers
from inventory.services.transfer_moves import Arrival, Loss, Pick
from inventory.services.transfers import TransferInput, TransferLineInput
from tests import builders as make
from tests import laws
from tests.inventory.services import stock
from tests.races.rig import together
from tests.steps import Do

MAY, JUNE = date(2027, 5, 1), date(2027, 6, 1)


@dataclass(frozen=True, slots=True)
class Road:
    """Two facilities; 10 units that expire in May and 10 in June lie in the first."""

    near: int
    far: int
    near_bin: int
    far_bin: int
    sku: int
    may: int
    june: int


def make_road() -> Road:
    near, far, sku = make.make_facility(), make.make_facility(), make.make_sku()
    near_bin, far_bin = make.make_bin(near), make.make_bin(far, BinKind.RECEIVING)
    june = make.make_stock(near_bin, sku, 10, lot="JUNE", expires_on=JUNE)
    may = make.make_stock(near_bin, sku, 10, lot="MAY", expires_on=MAY)
    return Road(near, far, near_bin, far_bin, sku, may, june)


@pytest.fixture
def do(tenant_id: int) -> Do:
    return Do(tenant_id)


@pytest.fixture
def road(do: Do) -> Road:
    return do(make_road)


def draft(road: Road, units: int = 12, *, back: bool = False) -> int:
    ends = (road.far, road.near) if back else (road.near, road.far)
    paper = TransferInput(*ends, (TransferLineInput(road.sku, units),))
    return transfers.create_transfers(transfers=[paper], actor_id=None)[0]


def send(transfer_id: int, picks: Sequence[Pick] = ()) -> int:
    return transfer_moves.send_transfer(transfer_id=transfer_id, picks=picks, actor_id=None).units


def arrive(
    road: Road,
    transfer_id: int,
    *units: tuple[int, int],
    lost: Sequence[tuple[int, int]] = (),
    reason: str = "",
    seen: int | None = None,
) -> bool:
    return transfer_moves.arrive(
        transfer_id=transfer_id,
        arrivals=[Arrival(lot, road.far_bin, n) for lot, n in units],
        losses=[Loss(lot, n) for lot, n in lost],
        reason=reason,
        seen_units=seen,
        actor_id=None,
    ).is_done


def lies(bin_id: int) -> dict[int, int]:
    return dict(Balance.objects.filter(bin=bin_id, on_hand__gt=0).values_list("lot_id", "on_hand"))


def transit(facility_id: int) -> dict[int, int]:
    bin_ = Bin.objects.filter(facility=facility_id, kind=BinKind.TRANSIT).first()
    return lies(bin_.id) if bin_ else {}


def status(transfer_id: int) -> TransferStatus:
    return TransferStatus(Transfer.objects.get(id=transfer_id).status)


def test_first_expired_leaves_first_and_arrives_in_parts(do: Do, road: Road) -> None:
    paper = do(draft, road)
    assert do(send, paper) == 12
    assert do(transit, road.far) == {road.may: 10, road.june: 2}
    assert do(lies, road.near_bin) == {road.june: 8}
    assert do(queries.available, road.far, road.sku, MAY) == 0, "the road sells nothing"
    assert not laws.broken(do.tenant_id, "inventory")
    assert not do(arrive, road, paper, (road.may, 7))
    assert not laws.broken(do.tenant_id, "inventory")
    assert do(arrive, road, paper, (road.may, 2), (road.june, 2), lost=[(road.may, 1)], reason="少一箱")
    assert do(status, paper) == TransferStatus.ARRIVED
    assert do(lies, road.far_bin) == {road.may: 9, road.june: 2}
    assert do(transit, road.far) == {}
    assert do(lambda: list(TransferItem.objects.order_by("id").values_list("sent", "arrived", "lost"))) == [
        (10, 9, 1),
        (2, 2, 0),
    ]
    kinds = do(lambda: set(Move.objects.filter(document_id=paper).values_list("kind", "reason")))
    assert kinds == {(MoveKind.SENT, ""), (MoveKind.ARRIVED, ""), (MoveKind.LOST, "少一箱")}
    assert not laws.broken(do.tenant_id, "inventory")


def trail(transfer_id: int) -> list[tuple[str, int | None, dict[str, object]]]:
    """What the audit trail tells of a transfer, oldest first."""
    found = AuditEntry.objects.filter(object_kind="transfer", object_id=transfer_id).order_by("at", "id")
    return list(found.values_list("action", "actor_id", "detail"))


def test_every_step_stands_in_the_audit_trail(do: Do, road: Road) -> None:
    who = 7
    paper = TransferInput(road.near, road.far, (TransferLineInput(road.sku, 11),))
    (id_,) = do(transfers.create_transfers, transfers=[paper], actor_id=who)
    change = replace(paper, lines=(TransferLineInput(road.sku, 12),))
    do(transfers.edit_transfer, transfer_id=id_, change=change, actor_id=who)
    do(transfer_moves.send_transfer, transfer_id=id_, actor_id=who)
    some = [Arrival(road.may, road.far_bin, 9)]
    loss = [Loss(road.may, 1)]
    do(transfer_moves.arrive, transfer_id=id_, arrivals=some, losses=loss, reason="少一件", actor_id=who)
    rest = [Arrival(road.june, road.far_bin, 2)]
    do(transfer_moves.arrive, transfer_id=id_, arrivals=rest, actor_id=who)
    number = do(lambda: Transfer.objects.get(id=id_).number)
    ends = {"number": number, "from": road.near, "to": road.far, "lines": 1}
    assert do(trail, id_) == [
        ("transfer.created", who, ends | {"units": 11}),
        ("transfer.edited", who, ends | {"units": 12}),
        ("transfer.sent", who, {"number": number, "units": 12, "lots": 2}),
        ("transfer.received", who, {"number": number, "arrived": 9, "lost": 1, "reason": "少一件"}),
        ("transfer.received", who, {"number": number, "arrived": 2, "lost": 0, "reason": ""}),
        ("transfer.arrived", who, {"number": number}),
    ]


def test_a_call_back_stands_in_the_audit_trail_once(do: Do, road: Road) -> None:
    paper = do(draft, road)
    do(send, paper)
    for _ in range(2):
        do(transfer_moves.cancel_transfer, transfer_id=paper, actor_id=8)
    number = do(lambda: Transfer.objects.get(id=paper).number)
    assert do(trail, paper)[2:] == [("transfer.cancelled", 8, {"number": number, "back": 12})]


def test_what_people_say_twice_happens_once(do: Do, road: Road) -> None:
    paper = do(draft, road)
    do(send, paper)
    with pytest.raises(WrongState, match="没有再发一次"):
        do(send, paper)
    assert not do(arrive, road, paper, (road.may, 4), seen=0)
    with pytest.raises(WrongState, match="刚有人点过"):
        do(arrive, road, paper, (road.may, 4), seen=0)
    do(arrive, road, paper, (road.may, 6), (road.june, 2), seen=4)
    with pytest.raises(WrongState):
        do(arrive, road, paper, (road.may, 1))
    with pytest.raises(WrongState):
        do(transfer_moves.cancel_transfer, transfer_id=paper, actor_id=None)
    assert not laws.broken(do.tenant_id, "inventory")


def test_mistakes_are_told_and_change_nothing(do: Do, road: Road) -> None:
    paper = do(draft, road)
    do(send, paper)
    other_bin = do(make.make_bin, road.near)
    archived = do(make.make_bin, road.far)
    do(
        db.execute,
        "UPDATE inventory_bin SET is_active = false WHERE tenant_id = %s AND id = %s",
        do.tenant_id,
        archived,
    )
    for refusal, arrivals, lost in (
        (BadQuantity, [Arrival(road.may, road.far_bin, 11)], []),
        (BadQuantity, [Arrival(999, road.far_bin, 1)], []),
        (BadQuantity, [Arrival(road.may, road.far_bin, 0)], []),
        (BadQuantity, [], []),
        (BadQuantity, [], [Loss(road.may, 1)]),
        (UnknownPlace, [Arrival(road.may, other_bin, 1)], []),
        (UnknownPlace, [Arrival(road.may, archived, 1)], []),
    ):
        with pytest.raises(refusal):
            do(transfer_moves.arrive, transfer_id=paper, arrivals=arrivals, losses=lost, actor_id=None)
    with pytest.raises(UnknownDocument):
        do(send, 999)
    assert do(transit, road.far) == {road.may: 10, road.june: 2}
    assert not laws.broken(do.tenant_id, "inventory")


def test_a_draft_that_says_nonsense_is_refused(do: Do, road: Road) -> None:
    line = TransferLineInput(road.sku, 1)
    for refusal, paper in (
        (BadQuantity, TransferInput(road.near, road.far, ())),
        (BadQuantity, TransferInput(road.near, road.far, (line, line))),
        (BadQuantity, TransferInput(road.near, road.far, (TransferLineInput(road.sku, 0),))),
        (UnknownPlace, TransferInput(road.near, road.near, (line,))),
        (UnknownPlace, TransferInput(road.near, 999, (line,))),
        (UnknownGoods, TransferInput(road.near, road.far, (TransferLineInput(999, 1),))),
    ):
        with pytest.raises(refusal):
            do(transfers.create_transfers, transfers=[paper], actor_id=None)
    paper_id = do(draft, road, 30)
    with pytest.raises(StockShort) as short:
        do(send, paper_id)
    assert short.value.fields["lines"][0] | {"sku": ""} == {"sku": "", "have": 20, "want": 30}
    do(
        transfers.edit_transfer,
        transfer_id=paper_id,
        change=TransferInput(road.near, road.far, (TransferLineInput(road.sku, 20),)),
        actor_id=None,
    )
    assert do(send, paper_id) == 20
    with pytest.raises(WrongState, match="只有草稿能改"):
        change = TransferInput(road.near, road.far, (line,))
        do(transfers.edit_transfer, transfer_id=paper_id, change=change, actor_id=None)


def test_the_same_paper_twice_is_one(do: Do, road: Road) -> None:
    id_ = do(db.new_id)
    paper = TransferInput(road.near, road.far, (TransferLineInput(road.sku, 3),), id=id_)
    for _ in range(2):
        assert do(transfers.create_transfers, transfers=[paper], actor_id=None) == [id_]
    assert do(transfers.list_lines, id_) == {road.sku: 3}


def test_named_units_leave_instead_of_the_first_expired(do: Do, road: Road) -> None:
    paper = do(draft, road, 3)
    for refusal, picks in (
        (BadQuantity, [Pick(road.june, road.near_bin, 2)]),
        (BadQuantity, [Pick(road.june, road.near_bin, 0)]),
        (UnknownPlace, [Pick(road.june, road.far_bin, 3)]),
    ):
        with pytest.raises(refusal):
            do(send, paper, picks)
    hold = do(make.make_hold, road.june, road.sku)
    with pytest.raises(StockHeld):
        do(send, paper, [Pick(road.june, road.near_bin, 3)])
    do(
        db.execute,
        "UPDATE inventory_hold SET cleared_at = clock_timestamp() WHERE tenant_id = %s AND id = %s",
        do.tenant_id,
        hold,
    )
    assert do(send, paper, [Pick(road.june, road.near_bin, 1), Pick(road.june, road.near_bin, 2)]) == 3
    assert do(transit, road.far) == {road.june: 3}
    assert not laws.broken(do.tenant_id, "inventory")


def test_damaged_goods_are_sent_when_they_are_named(do: Do, road: Road) -> None:
    damaged = do(make.make_bin, road.near, BinKind.DAMAGED)
    lot = do(make.make_stock, damaged, road.sku, 5, lot="BAD")
    paper = do(draft, road, 5)
    assert do(send, paper, [Pick(lot, damaged, 5)]) == 5
    assert do(transit, road.far) == {lot: 5}


def test_promises_of_the_sender_give_way(do: Do, road: Road) -> None:
    do(stock.must_reserve, road.near, (road.sku, 15))
    paper = do(draft, road, 12)
    assert do(send, paper) == 12
    assert do(Reservation.objects.count) == 0
    assert not laws.broken(do.tenant_id, "inventory")


def test_allocated_units_are_not_taken(do: Do, road: Road) -> None:
    owner = do(stock.must_reserve, road.near, (road.sku, 15))
    do(stock.allocate, road.near, owner)
    paper = do(draft, road, 6)
    with pytest.raises(StockShort, match="只有 5 件能发，要 6 件"):
        do(send, paper)
    assert do(send, do(draft, road, 5)) == 5
    assert sum(do(stock.allocated, owner).values()) == 15
    assert not laws.broken(do.tenant_id, "inventory")


def test_cancelled_goods_come_back(do: Do, road: Road) -> None:
    unsent = do(draft, road)
    assert do(transfer_moves.cancel_transfer, transfer_id=unsent, actor_id=None) == 0
    with pytest.raises(WrongState):
        do(send, unsent)
    paper = do(draft, road)
    do(send, paper)
    do(arrive, road, paper, (road.may, 4))
    assert do(transfer_moves.cancel_transfer, transfer_id=paper, actor_id=None) == 8
    assert do(transfer_moves.cancel_transfer, transfer_id=paper, actor_id=None) == 0
    assert do(status, paper) == TransferStatus.CANCELLED
    assert do(lies, road.near_bin) == {road.may: 6, road.june: 10}
    assert not laws.broken(do.tenant_id, "inventory")
    again = do(draft, road)
    do(send, again)
    do(
        db.execute,
        "UPDATE inventory_bin SET is_active = false WHERE tenant_id = %s AND id = %s",
        do.tenant_id,
        road.near_bin,
    )
    with pytest.raises(UnknownPlace):
        do(transfer_moves.cancel_transfer, transfer_id=again, actor_id=None)
    back = do(make.make_bin, road.near)
    assert do(transfer_moves.cancel_transfer, transfer_id=again, bin_id=back, actor_id=None) == 12
    assert sum(do(lies, back).values()) == 12
    assert not laws.broken(do.tenant_id, "inventory")


def _attempt(do: Do, work: Callable[..., object], *args: object) -> bool:
    try:
        do(work, *args)
    except WrongState:
        return False
    return True


def test_without_the_lock_both_find_a_draft(do: Do, road: Road) -> None:
    """The rig can fail: with the paper read and not locked, two people would both go on and send it."""
    paper = do(draft, road, 3)

    def read(
        rank: Rank, model: type[Model], columns: str, where: str, *params: object, order: str = "id"
    ) -> list[tuple[object, ...]]:
        sql = f"SELECT {columns} FROM {model._meta.db_table} WHERE tenant_id = %s AND {where}"
        return db.rows(sql, do.tenant_id, *params)

    def careless() -> bool:
        with patch.object(db, "lock", read):
            locked = do(transfers.lock_transfer, paper)
        return locked.status == TransferStatus.DRAFT

    assert together([careless, careless]) == [True, True]


def test_two_people_send_once(do: Do, road: Road) -> None:
    papers = [do(draft, road, 3) for _ in range(3)]
    works = [lambda p=p: _attempt(do, send, p) for p in papers for _ in range(2)]
    assert sorted(together(works)) == [False] * 3 + [True] * 3
    assert sum(do(transit, road.far).values()) == 9
    parts = [lambda p=p: _attempt(do, _arrive_all, road, p) for p in papers for _ in range(2)]
    assert sorted(together(parts)) == [False] * 3 + [True] * 3
    assert sum(do(lies, road.far_bin).values()) == 9
    assert not laws.broken(do.tenant_id, "inventory")


def _arrive_all(road: Road, paper: int) -> bool:
    return arrive(road, paper, (road.may, 3), seen=0)


def test_goods_cross_on_the_road_without_a_deadlock(do: Do, road: Road) -> None:
    """Both ways at once, the same lots, the TRANSIT bins not there yet."""
    far_pick = do(make.make_bin, road.far)
    do(make.make_stock, far_pick, road.sku, 10, lot="MAY", expires_on=MAY)
    papers = [do(draft, road, 2, back=bool(n % 2)) for n in range(6)]
    works = [lambda p=p: _attempt(do, send, p) for p in papers]
    assert together(works) == [True] * 6
    assert do(transit, road.far) == {road.may: 6}
    assert do(transit, road.near) == {road.may: 6}
    assert not laws.broken(do.tenant_id, "inventory")


def test_a_bin_of_that_name_is_in_nobodys_way(do: Do, road: Road) -> None:
    do(make.make_bin, road.far, code=transfers.TRANSIT_CODE)
    paper = do(draft, road)
    do(send, paper)
    assert do(transit, road.far) == {road.may: 10, road.june: 2}
