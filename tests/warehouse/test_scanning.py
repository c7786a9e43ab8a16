"""A scan at the shelf: the server says right or wrong, and the right one is the confirmation."""

import pytest

from core.tenancy import tenant
from inventory.models import HoldKind
from inventory.services import holds
from tests.warehouse.scene import MILK_BARCODE, TEA_BARCODE, Scene, make_scene
from warehouse.services.scanning import Verdict, VerdictKind, read_scan, take_scan

GTIN = f"01{MILK_BARCODE:0>14}"
FNC1 = "\x1d"


@pytest.fixture
def scene(tenant_id: int) -> Scene:
    return make_scene(tenant_id)


@pytest.fixture
def milk_task(scene: Scene) -> tuple[int, int]:
    """(wave, allocation): 3 of lot M-100 in bin A-01, where the expired lot M-OLD lies too."""
    scene.order([("MILK-800", 3)])
    wave_id = scene.release()
    ((allocation_id, lot, place, quantity, _parcel),) = scene.allocations()
    assert (lot, place, quantity) == ("M-100", "A-01", 3)
    return wave_id, allocation_id


def read(scene: Scene, task: tuple[int, int], text: str) -> Verdict:
    with tenant(scene.tenant_id):
        return read_scan(*task, text)


def take(scene: Scene, task: tuple[int, int], text: str) -> Verdict:
    with tenant(scene.tenant_id):
        return take_scan(wave_id=task[0], allocation_id=task[1], text=text)


@pytest.mark.parametrize("text", ["M-100", "m-100", f"{GTIN}10M-100", f"]C1{GTIN}10M-100"])
def test_a_scan_that_proves_the_lot_is_right(scene: Scene, milk_task: tuple[int, int], text: str) -> None:
    assert read(scene, milk_task, text).kind == VerdictKind.RIGHT


def test_gs1_with_the_expiry_printed_on_the_lot_is_right(scene: Scene, milk_task: tuple[int, int]) -> None:
    day = f"{scene.day(100):%y%m%d}"
    assert read(scene, milk_task, f"{GTIN}17{day}10M-100").kind == VerdictKind.RIGHT
    assert read(scene, milk_task, f"{GTIN}17{day}").kind == VerdictKind.RIGHT, (
        "one lot of that day in the bin"
    )


def test_gs1_with_another_expiry_date_is_wrong(scene: Scene, milk_task: tuple[int, int]) -> None:
    day = f"{scene.day(101):%y%m%d}"
    for text in (f"{GTIN}17{day}10M-100", f"{GTIN}17{day}"):
        verdict = read(scene, milk_task, text)
        assert verdict.kind == VerdictKind.WRONG_LOT
        assert verdict.wanted == "M-100"


@pytest.mark.parametrize("text", [MILK_BARCODE, "MILK-800", GTIN])
def test_a_code_of_the_goods_proves_nothing_beside_another_lot(
    scene: Scene, milk_task: tuple[int, int], text: str
) -> None:
    assert read(scene, milk_task, text).kind == VerdictKind.WHICH_LOT


def test_a_plain_barcode_is_right_where_only_one_lot_lies(scene: Scene) -> None:
    scene.order([("TEA-1", 2)])
    wave_id = scene.release()
    ((allocation_id, *_rest),) = scene.allocations()
    for text in (TEA_BARCODE, "TEA-1", "tea-1"):
        assert read(scene, (wave_id, allocation_id), text).kind == VerdictKind.RIGHT


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("A-01", VerdictKind.BIN),
        ("A-02", VerdictKind.WRONG_BIN),
        (TEA_BARCODE, VerdictKind.WRONG_GOODS),
        ("T-1", VerdictKind.WRONG_GOODS),
        ("M-400", VerdictKind.WRONG_LOT),
        (f"{GTIN}10M-400", VerdictKind.WRONG_LOT),
        (f"{GTIN}10NEVER-SEEN", VerdictKind.WRONG_LOT),
        ("M-OLD", VerdictKind.EXPIRED),
        ("X-99", VerdictKind.UNKNOWN),
        ("", VerdictKind.UNKNOWN),
        (FNC1, VerdictKind.UNKNOWN),
        ("' OR 1=1", VerdictKind.UNKNOWN),
    ],
)
def test_everything_else_is_told_apart(
    scene: Scene, milk_task: tuple[int, int], text: str, kind: VerdictKind
) -> None:
    verdict = take(scene, milk_task, text)
    assert verdict.kind == kind
    assert verdict.title
    assert scene.on_hand("C-01") == 0, "nothing but a right scan moves anything"


def test_the_lot_wanted_is_held_after_release(scene: Scene, milk_task: tuple[int, int]) -> None:
    with tenant(scene.tenant_id):
        holds.hold_lots(
            lot_ids=[scene.lots["M-100"]], kind=HoldKind.RECALL, document="R-1", reason="异物", actor_id=None
        )
    for text in ("M-100", "A-01", f"{GTIN}10M-100"):
        verdict = take(scene, milk_task, text)
        assert verdict.kind == VerdictKind.HELD
        assert verdict.may_skip
    assert scene.on_hand("C-01") == 0


def test_another_lot_that_is_held_says_so(scene: Scene, milk_task: tuple[int, int]) -> None:
    with tenant(scene.tenant_id):
        holds.hold_lots(
            lot_ids=[scene.lots["M-400"]], kind=HoldKind.HELD, document="Q-1", reason="抽检", actor_id=None
        )
    assert read(scene, milk_task, "M-400").kind == VerdictKind.HELD


def test_the_scan_is_the_confirmation_and_counts_once(scene: Scene, milk_task: tuple[int, int]) -> None:
    before = scene.moves()
    assert take(scene, milk_task, "M-100").kind == VerdictKind.RIGHT
    assert scene.on_hand("C-01") == 3
    for _again in range(2):
        assert take(scene, milk_task, "M-100").kind == VerdictKind.RIGHT
    assert scene.on_hand("C-01") == 3
    assert scene.moves() == before + 1


def test_a_scan_for_another_wave_finds_nothing(scene: Scene, milk_task: tuple[int, int]) -> None:
    scene.order([("TEA-1", 1)])
    other = scene.release()
    verdict = take(scene, (other, milk_task[1]), "M-100")
    assert verdict.kind == VerdictKind.GONE
    assert take(scene, (milk_task[0], 1), "M-100").kind == VerdictKind.GONE


def test_after_shipping_there_is_nothing_to_scan(scene: Scene, milk_task: tuple[int, int]) -> None:
    scene.pick_all(milk_task[0])
    assert scene.ship(milk_task[0]) == 3
    assert take(scene, milk_task, "M-100").kind == VerdictKind.GONE
