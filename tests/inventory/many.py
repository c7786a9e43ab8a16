"""Many balances at once, written straight into the tables: for tests and benchmarks that ask what size costs."""

from dataclasses import dataclass
from datetime import timedelta

from core import clock, db
from inventory.models import Balance, Bin, BinKind, Hold, Lot, Move, MoveKind, Promise, SafetyStock, Sku
from inventory.queries import ANCHOR
from tests import builders as make

PER_SKU = 20  # balances: four bins of each of five lots
LOTS = 5
CHUNK = 20_000


@dataclass(frozen=True)
class Many:
    """What was loaded."""

    facilities: list[int]
    skus: list[int]
    bins: list[int]
    lots: list[int]


def load(balances: int) -> Many:
    """So many balances at two facilities, each with its opening move; of every twenty lots one is past its day, one near it, one held.

    A SKU has as many lots, bins and moves in a large merchant as in a small one: what grows is how many there are.
    """
    count = balances // PER_SKU
    facilities = [make.make_facility(name=name) for name in ("一仓", "二仓")]
    skus = list(db.new_ids(count))
    db.insert(Sku, ["id", "code", "name"], [(id_, f"S{n:06}", f"商品 {n}") for n, id_ in enumerate(skus)])
    bins = list(db.new_ids(max(4, count)))
    kinds = [BinKind.PICK] * 8 + [BinKind.STORAGE, BinKind.TOTE]
    rows = [
        (id_, facilities[n % 2], f"B{n:06}", f"Z{n % 20:02}", int(kinds[n % 10]), n)
        for n, id_ in enumerate(bins)
    ]
    db.insert(Bin, ["id", "facility", "code", "zone", "kind", "sequence"], rows)
    lots = list(db.new_ids(count * LOTS))
    today = clock.today()
    ends = [today + timedelta(_days_left(n)) for n in range(len(lots))]
    values = [
        (id_, skus[n // LOTS], f"L{n:06}", ends[n], today - timedelta(n % 300)) for n, id_ in enumerate(lots)
    ]
    db.insert(Lot, ["id", "sku", "code", "expires_on", "received_on"], values)
    holds = [(db.new_id(), "HELD", lots[n], skus[n // LOTS], "D", "抽检") for n in range(7, len(lots), 200)]
    db.insert(Hold, ["id", "kind", "lot", "sku", "document", "reason"], holds)
    _balances(facilities, skus, bins, lots)
    promises = [
        (db.new_id(), facility, sku, ANCHOR, n % 3) for facility in facilities for n, sku in enumerate(skus)
    ]
    db.insert(Promise, ["id", "facility", "sku", "min_expires_on", "quantity"], promises)
    safety = [(db.new_id(), facilities[0], sku, 40, 80) for sku in skus[::10]]
    db.insert(SafetyStock, ["id", "facility", "sku", "minimum", "target"], safety)
    return Many(facilities, skus, bins, lots)


def _days_left(n: int) -> int:
    if n % 20 == 0:
        return -1 - n // 20 % 60
    return 1 + n // 20 % 60 if n % 20 == 1 else 100 + n * 17 % 700


def _balances(facilities: list[int], skus: list[int], bins: list[int], lots: list[int]) -> None:
    names = ["id", "facility", "bin", "sku", "lot", "on_hand", "seq"]
    moved = ["id", "kind", "quantity", "to_balance", "to_seq", "to_after", "document_id"]
    count = len(skus) * PER_SKU
    document = db.new_id()
    for start in range(0, count, CHUNK):
        numbers = range(start, min(count, start + CHUNK))
        ids = db.new_ids(len(numbers))
        rows, moves = [], []
        for id_, n in zip(ids, numbers, strict=True):
            at = (n // PER_SKU * 7 + n % 4 * 3) % len(bins)
            units = 1 + n % 30
            rows.append((id_, facilities[at % 2], bins[at], skus[n // PER_SKU], lots[n // 4], units, 1))
            moves.append((db.new_id(), int(MoveKind.OPENING), units, id_, 1, units, document))
        db.insert(Balance, names, rows)
        db.insert(Move, moved, moves)
