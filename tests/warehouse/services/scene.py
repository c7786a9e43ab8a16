"""A warehouse with one SKU in two lots, carts, and planned parcels whose promises are true."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from core import db
from core.models import Outbox
from inventory.models import BinKind
from inventory.rules.promise import Demand
from inventory.services import promises
from tests import builders as make
from tests.inventory.services.stock import DAY, SHIP_BY
from warehouse.models import Parcel, Wave
from warehouse.services import parcels
from warehouse.services.parcels import LineInput, ParcelInput


@dataclass
class Floor:
    """`soon` expires before `late`; 20 units each."""

    carts: int = 3
    units: int = 20
    facility: int = field(init=False)
    sku: int = field(init=False)
    bin: int = field(init=False)
    soon: int = field(init=False)
    late: int = field(init=False)
    totes: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.facility, self.sku = make.make_facility(), make.make_sku()
        self.bin = make.make_bin(self.facility)
        self.totes = make.make_bins(self.facility, self.carts, BinKind.TOTE)
        self.soon = make.make_stock(self.bin, self.sku, self.units, expires_on=date(2098, 1, 1))
        self.late = make.make_stock(self.bin, self.sku, self.units, expires_on=date(2099, 1, 1))

    def parcels(self, count: int, units: int = 1, *, first_day: int = 0) -> list[int]:
        """Planned parcels, each with the promise behind it; the first is due first."""
        demands = [Demand(key, DAY, ((self.sku, units),)) for key in range(count)]
        plan = promises.plan(self.facility, demands, locked=True)
        assert not plan.short
        promises.add_counters(self.facility, plan.added)
        refs = db.new_ids(count)
        wanted = [
            ParcelInput(
                ref,
                (LineInput(self.sku, ref, units),),
                500,
                "",
                DAY,
                0,
                SHIP_BY + timedelta(first_day + place),
            )
            for place, ref in enumerate(refs)
        ]
        return list(parcels.plan(facility_id=self.facility, parcels=wanted, waiting=[False] * count))


def facts(topic: str) -> list[dict[str, list[int]]]:
    """What was said, oldest first."""
    return list(Outbox.objects.filter(topic=topic).order_by("at", "id").values_list("payload", flat=True))


def wave() -> Wave:
    """The only one."""
    return Wave.objects.get()


def nothing_claimed() -> bool:
    return not db.rows("SELECT 1 FROM inventory_reservation UNION ALL SELECT 1 FROM inventory_allocation")


def statuses(parcel_ids: list[int]) -> list[int]:
    found = dict(Parcel.objects.filter(id__in=parcel_ids).values_list("id", "status"))
    return [found[id_] for id_ in parcel_ids]


def moves(kind: int) -> tuple[int, int]:
    """(rows, units) of the ledger of one kind."""
    sql = "SELECT count(*)::int, coalesce(sum(quantity), 0)::int FROM inventory_move WHERE kind = %s"
    return db.rows(sql, kind)[0]
