"""Every kind of move has its place in the equation of a lot, and the sum closes after each."""

from datetime import date

import pytest

from core import db
from core.tenancy import tenant
from inventory.models import AdjustmentReason, BinKind, MoveKind
from inventory.services.adjusting import AdjustmentLineInput, adjust
from inventory.services.ledger import MoveRow, find_or_make_balances, write_moves
from tests import builders as make
from traceability.queries import INFLOW, OUTFLOW, get_equation, list_places
from traceability.rules.equation import LotEquation

INSIDE = {MoveKind.PICK, MoveKind.TRANSFER, MoveKind.SENT, MoveKind.ARRIVED}


def equation(lot_id: int) -> LotEquation:
    return get_equation(lot_id, list_places(lot_id))


def test_every_kind_crosses_the_border_in_a_way_we_can_name() -> None:
    assert set(INFLOW) | set(OUTFLOW) | INSIDE == set(MoveKind)
    assert not (set(INFLOW) | set(OUTFLOW)) & INSIDE


@pytest.mark.parametrize("kind", [*INFLOW, *OUTFLOW], ids=lambda kind: kind.name)
def test_each_kind_has_its_term(tenant_id: int, kind: MoveKind) -> None:
    with tenant(tenant_id):
        sku = make.make_sku()
        bin_id = make.make_bin(make.make_facility())
        lot = make.make_stock(bin_id, sku, 20)
        balance = make.balance_of(bin_id, lot)
        document = db.new_id()
        moves, expected = [], LotEquation(received=20, on_hand=20)
        if kind in INFLOW:
            moves.append(MoveRow(kind, 3, None, balance, document))
        if kind in OUTFLOW:
            moves.append(MoveRow(kind, 2, balance, None, document))
        write_moves(moves, actor_id=None)
        sums = {name: getattr(expected, name) for name in LotEquation.__dataclass_fields__}
        sums["on_hand"] += 3 * (kind in INFLOW) - 2 * (kind in OUTFLOW)
        if kind in INFLOW:
            sums[INFLOW[kind]] += 3
        if kind in OUTFLOW:
            sums[OUTFLOW[kind]] += 2
        found = equation(lot)
    assert found == LotEquation(**sums)
    assert found.closes


@pytest.mark.parametrize(
    ("reason", "term"),
    [
        (AdjustmentReason.DAMAGED, "written_off"),
        (AdjustmentReason.EXPIRED, "written_off"),
        (AdjustmentReason.OTHER, "written_off"),
        (AdjustmentReason.LOST, "lost"),
        (AdjustmentReason.COUNT, "lost"),
        (AdjustmentReason.SENT_BACK, "sent_back"),
    ],
)
def test_what_an_adjustment_takes_is_where_its_reason_says(
    tenant_id: int, reason: AdjustmentReason, term: str
) -> None:
    with tenant(tenant_id):
        facility, sku = make.make_facility(), make.make_sku()
        bin_id = make.make_bin(facility)
        lot = make.make_stock(bin_id, sku, 20, expires_on=date(2020, 1, 1))
        line = AdjustmentLineInput(bin_id, lot, -5)
        adjust(facility_id=facility, reason=reason, lines=[line], note="n", actor_id=None)
        found = equation(lot)
    assert (found.on_hand, getattr(found, term)) == (15, 5)
    assert found.closes


def test_goods_on_the_road_are_counted_once(tenant_id: int) -> None:
    with tenant(tenant_id):
        here, there, sku = make.make_facility(), make.make_facility(), make.make_sku()
        bin_id, into = make.make_bin(here), make.make_bin(there)
        road = make.make_bin(there, BinKind.TRANSIT)
        lot = make.make_stock(bin_id, sku, 20)
        balances = find_or_make_balances(
            [(here, bin_id, sku, lot), (there, road, sku, lot), (there, into, sku, lot)]
        )
        source, on_road, arrived = (balances[place, lot] for place in (bin_id, road, into))
        document = db.new_id()
        write_moves([MoveRow(MoveKind.SENT, 8, source, on_road, document)], actor_id=None)
        sent = equation(lot)
        write_moves(
            [
                MoveRow(MoveKind.ARRIVED, 5, on_road, arrived, document),
                MoveRow(MoveKind.LOST, 1, on_road, None, document),
            ],
            actor_id=None,
        )
        after = equation(lot)
    assert (sent.on_hand, sent.in_transit, sent.closes) == (12, 8, True)
    assert (after.on_hand, after.in_transit, after.lost, after.closes) == (17, 2, 1, True)
