"""After-sales: money that adds up in any order, and goods that leave once."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from orders.rules.after_sales import (
    Cut,
    HeldLine,
    HeldParcel,
    PaidLine,
    Refund,
    Withdrawn,
    book,
    paid_of,
    refunded,
    withdraw,
)

THREE = (PaidLine(1, 100), PaidLine(2, 100), PaidLine(3, 100))


def test_what_was_paid_is_spread_once() -> None:
    assert paid_of(1000, [(2, 1), (1, 2), (3, 0)]) == (PaidLine(1, 667), PaidLine(2, 333), PaidLine(3, 0))
    assert paid_of(5, []) == ()
    assert [line.paid_minor for line in paid_of(3, [(1, 0), (2, 0)])] == [2, 1]


def test_a_refund_of_the_order_is_spread() -> None:
    assert refunded(THREE, [Refund(1, 100)]) == ({1: 34, 2: 33, 3: 33}, 0)
    assert refunded(THREE, [Refund(1, 300)]) == ({1: 100, 2: 100, 3: 100}, 0)


def test_a_refund_of_a_line_fills_it_first() -> None:
    assert refunded(THREE, [Refund(1, 100), Refund(2, 100, 1)]) == ({1: 100, 2: 50, 3: 50}, 0)
    assert refunded(THREE, [Refund(1, 130, 1)]) == ({1: 100, 2: 15, 3: 15}, 0)


def test_more_than_was_paid_belongs_to_no_line() -> None:
    found = book(THREE, [Refund(1, 250)], Refund(2, 80))
    assert sum(minor for _id, minor in found.lines) == 50
    assert found.over_minor == 30


def test_a_refund_of_a_line_moves_what_the_others_bore() -> None:
    found = book(THREE, [Refund(1, 150)], Refund(2, 100, 1))
    assert found.lines == ((1, 50), (2, 25), (3, 25))


lines = st.lists(st.integers(0, 50), min_size=1, max_size=4).map(
    lambda found: [PaidLine(id_, minor) for id_, minor in enumerate(found, start=1)]
)
refunds = st.lists(
    st.builds(Refund, st.integers(1, 99), st.integers(1, 60), st.sampled_from([None, None, 1, 2, 9])),
    max_size=6,
)


@given(lines, refunds, st.randoms(use_true_random=False))
def test_money_is_conserved_in_any_order(paid: list[PaidLine], asked: list[Refund], random: object) -> None:
    ends = []
    for _ in range(2):
        booked: Counter[int] = Counter()
        over = 0
        for at, one in enumerate(asked):
            found = book(paid, asked[:at], one)
            assert sum(minor for _id, minor in found.lines) + found.over_minor == one.amount_minor
            assert found.over_minor >= 0
            for id_, minor in found.lines:
                booked[id_] += minor
            over += found.over_minor
            assert all(0 <= booked[line.id] <= line.paid_minor for line in paid)
        ends.append(({id_: minor for id_, minor in booked.items() if minor}, over))
        random.shuffle(asked)  # type: ignore[attr-defined]
        random.shuffle(paid)  # type: ignore[attr-defined]
    assert ends[0] == ends[1]
    total, paid_minor = sum(one.amount_minor for one in asked), sum(line.paid_minor for line in paid)
    assert sum(ends[0][0].values()) == min(total, paid_minor)


def test_all_of_it_before_anything_happened() -> None:
    held = [HeldLine(1, 2), HeldLine(2, 1, is_gift=True)]
    found = withdraw(held, [], [Withdrawn(1)])
    assert found.cuts == (Cut(None, 1, 2), Cut(None, 2, 1))
    assert found.is_whole


def test_a_gift_stays_while_something_sold_stays() -> None:
    held = [HeldLine(1, 2), HeldLine(2, 1, is_gift=True)]
    found = withdraw(held, [], [Withdrawn(1, units=1)])
    assert found.cuts == (Cut(None, 1, 1),)
    assert not found.is_whole


def test_whole_parcels_before_parts_and_the_least_far_first() -> None:
    held = [HeldLine(1, 3), HeldLine(2, 4)]
    parcels = [
        HeldParcel(10, 1, False, ((1, 1), (2, 4))),
        HeldParcel(11, 2, False, ((1, 1),)),
        HeldParcel(12, 1, False, ((1, 1),)),
    ]
    one = withdraw(held, parcels, [Withdrawn(1, units=1)])
    assert (one.cancelled, one.opened) == ((12,), ())
    two = withdraw(held, parcels, [Withdrawn(1, units=2)])
    assert (two.cancelled, two.opened) == ((11, 12), ())
    three = withdraw(held, parcels, [Withdrawn(1)])
    assert (three.cancelled, three.opened) == ((11, 12), (10,))
    assert not three.is_whole


def test_what_has_left_comes_back_as_a_return() -> None:
    held = [HeldLine(1, 2)]
    parcels = [HeldParcel(10, 4, True, ((1, 1),)), HeldParcel(11, 0, False, ((1, 1),))]
    found = withdraw(held, parcels, [Withdrawn(1)])
    assert (found.cancelled, found.too_late, found.is_whole) == ((11,), ((1, 1),), True)


def test_bundles_leave_whole() -> None:
    held = [HeldLine(1, 2, bundle=1, per_bundle=1), HeldLine(2, 4, bundle=1, per_bundle=2)]
    found = withdraw(held, [], [Withdrawn(bundle=1, units=1)])
    assert found.cuts == (Cut(None, 1, 1), Cut(None, 2, 2))
    assert withdraw(held, [], [Withdrawn(bundle=1)]).is_whole


def test_nothing_asked_nothing_leaves() -> None:
    found = withdraw([HeldLine(1, 2)], [HeldParcel(10, 0, False, ((1, 2),))], [])
    assert (found.cuts, found.is_whole) == ((), False)


@st.composite
def orders(draw: st.DrawFn) -> tuple[list[HeldLine], list[HeldParcel], list[Withdrawn]]:
    held = [
        HeldLine(id_, draw(st.integers(1, 4)), is_gift=draw(st.sampled_from([False, False, True])))
        for id_ in range(1, draw(st.integers(1, 3)) + 1)
    ]
    left = {line.id: line.quantity for line in held}
    parcels = []
    for id_ in range(10, 10 + draw(st.integers(0, 4))):
        items = []
        for line_id, most in left.items():
            units = draw(st.integers(0, most))
            left = {**left, line_id: most - units}
            if units:
                items.append((line_id, units))
        parcels.append(HeldParcel(id_, draw(st.integers(0, 2)), draw(st.booleans()), tuple(items)))
    asked = [
        Withdrawn(draw(st.integers(1, 4)), units=draw(st.one_of(st.none(), st.integers(1, 5))))
        for _ in range(draw(st.integers(0, 3)))
    ]
    return held, parcels, asked


Held = tuple[list[HeldLine], list[HeldParcel], list[Withdrawn]]


@given(orders())
def test_units_are_conserved(order: Held) -> None:
    held, parcels, asked = order
    found = withdraw(held, parcels, asked)
    gone, late = Counter[int](), Counter(dict(found.too_late))
    in_parcel = {(parcel.id, line_id): units for parcel in parcels for line_id, units in parcel.items}
    shipped = {parcel.id for parcel in parcels if parcel.is_shipped}
    for cut in found.cuts:
        gone[cut.line_id] += cut.units
        if cut.parcel_id is not None:
            assert cut.parcel_id not in shipped
            in_parcel[cut.parcel_id, cut.line_id] -= cut.units
    assert all(units >= 0 for units in in_parcel.values())
    for line in held:
        wanted = sum(
            line.quantity if one.units is None else one.units for one in asked if one.line_id == line.id
        )
        taken = gone[line.id] + late[line.id]
        if line.is_gift:
            assert min(wanted, line.quantity) <= taken <= line.quantity
        else:
            assert taken == min(wanted, line.quantity)
        in_shipped = sum(
            units for parcel in parcels if parcel.is_shipped for id_, units in parcel.items if id_ == line.id
        )
        assert gone[line.id] <= line.quantity - in_shipped
        assert not late[line.id] or gone[line.id] == line.quantity - in_shipped
    for parcel in parcels:
        rest = sum(in_parcel[parcel.id, line_id] for line_id, _units in parcel.items)
        is_cut = any(cut.parcel_id == parcel.id for cut in found.cuts)
        assert (parcel.id in found.cancelled) == (is_cut and not rest)
        assert (parcel.id in found.opened) == (is_cut and rest > 0)


@given(orders(), st.randoms(use_true_random=False))
def test_no_order_of_anything_matters(order: Held, random: object) -> None:
    held, parcels, asked = order
    found = withdraw(held, parcels, asked)
    for listed in order:
        random.shuffle(listed)  # type: ignore[attr-defined]
    assert withdraw(held, parcels, asked) == found
