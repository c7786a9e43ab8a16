"""A warehouse with dated lots, carts and orders on their way; everything through the real services."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from core import clock, db
from core.tenancy import tenant
from inventory.models import BinKind
from inventory.services import catalogue
from inventory.services.catalogue import BinInput, SkuInput
from inventory.services.receiving import ReceiptInput, receive
from orders.services import pipeline
from tests import builders
from warehouse.services import floor, waves

MILK_BARCODE, TEA_BARCODE = "6970000012348", "6970000012379"


@dataclass
class Scene:
    """One merchant's warehouse.  `lots`: code -> id; `bins`: code -> id; `orders`: number -> id."""

    tenant_id: int
    warehouse: int = 0
    milk: int = 0
    tea: int = 0
    channel: int = 0
    today: date = date.min
    bins: dict[str, int] = field(default_factory=dict)
    lots: dict[str, int] = field(default_factory=dict)
    orders: dict[str, int] = field(default_factory=dict)

    def day(self, after: int) -> date:
        return self.today + timedelta(days=after)

    def order(self, *baskets: Sequence[tuple[str, int]]) -> list[int]:
        """Orders of (SKU code, quantity), carried to planned parcels; their ids."""
        batch = [
            builders.incoming(*basket, number=builders.unique(f"T{self.tenant_id}-")) for basket in baskets
        ]
        done = pipeline.push(tenant_id=self.tenant_id, channel_id=self.channel, incoming=batch)
        assert done.stopped == 0
        self.orders |= dict(done.order_ids or {})
        return [self.orders[one.external_number] for one in batch]

    def release(self, parcels: int = 50) -> int:
        """A wave; its id."""
        with tenant(self.tenant_id):
            return waves.release(facility_id=self.warehouse, limit=parcels).wave_ids[0]

    def pick_all(self, wave_id: int) -> None:
        with tenant(self.tenant_id):
            floor.confirm_picks(wave_ids=[wave_id])

    def ship(self, wave_id: int) -> int:
        with tenant(self.tenant_id):
            return floor.ship(wave_ids=[wave_id]).units

    def allocations(self) -> list[tuple[int, str, str, int, int]]:
        """(allocation, lot, bin, quantity, parcel) in the order of the walk."""
        with tenant(self.tenant_id):
            found = db.rows(
                "SELECT a.id, l.code, n.code, a.quantity, a.owner_ref FROM inventory_allocation a"
                " JOIN inventory_balance b ON b.tenant_id = a.tenant_id AND b.id = a.balance_id"
                " JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id"
                " JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id"
                " WHERE a.tenant_id = %s ORDER BY n.sequence, n.id, a.id",
                self.tenant_id,
            )
        return [(row[0], row[1], row[2], row[3], row[4]) for row in found]

    def on_hand(self, bin_code: str) -> int:
        with tenant(self.tenant_id):
            found = db.rows(
                "SELECT coalesce(sum(on_hand), 0)::int FROM inventory_balance WHERE tenant_id = %s AND bin_id = %s",
                self.tenant_id,
                self.bins[bin_code],
            )
        return int(found[0][0])

    def moves(self) -> int:
        with tenant(self.tenant_id):
            return int(
                db.rows("SELECT count(*) FROM inventory_move WHERE tenant_id = %s", self.tenant_id)[0][0]
            )


def make_scene(tenant_id: int) -> Scene:
    """Milk powder: 10 that expire in 100 days, 40 in 400 (two bins), 5 expired, 6 at receiving; tea that never expires, 50."""
    scene = Scene(tenant_id)
    with tenant(tenant_id):
        scene.today = clock.today()
        scene.warehouse = builders.make_facility(code="HZ", name="杭州仓")
        codes = [
            ("A-01", BinKind.PICK),
            ("A-02", BinKind.PICK),
            ("A-03", BinKind.PICK),
            ("B-01", BinKind.STORAGE),
        ]
        codes += [
            ("R-01", BinKind.RECEIVING),
            ("Q-01", BinKind.QUARANTINE),
            ("C-01", BinKind.TOTE),
            ("C-02", BinKind.TOTE),
        ]
        made = catalogue.create_bins(
            scene.warehouse, [BinInput(code, kind, at) for at, (code, kind) in enumerate(codes)]
        )
        scene.bins = dict(zip([code for code, _kind in codes], made, strict=True))
        skus = catalogue.save_skus(
            [
                SkuInput(
                    "MILK-800",
                    "奶粉 800 g",
                    900,
                    (100, 100, 150),
                    shelf_life_days=700,
                    unit="罐",
                    barcodes=(MILK_BARCODE,),
                ),
                SkuInput("TEA-1", "红茶", 200, (50, 50, 100), unit="盒", barcodes=(TEA_BARCODE,)),
            ]
        )
        scene.milk, scene.tea = skus["MILK-800"], skus["TEA-1"]
        scene.channel = builders.make_channel(scene.warehouse, code="TM")
        lines = [
            ReceiptInput(scene.milk, "M-OLD", scene.bins["A-01"], 5, scene.day(-5)),
            ReceiptInput(scene.milk, "M-100", scene.bins["A-01"], 10, scene.day(100), supplier_lot="SUP-7"),
            ReceiptInput(scene.milk, "M-400", scene.bins["A-02"], 15, scene.day(400)),
            ReceiptInput(scene.milk, "M-400", scene.bins["B-01"], 25, scene.day(400)),
            ReceiptInput(scene.milk, "M-NEW", scene.bins["R-01"], 6, scene.day(600)),
            ReceiptInput(scene.tea, "T-1", scene.bins["A-03"], 50),
        ]
        receive(facility_id=scene.warehouse, reference="R-1187", supplier="清溪乳业", lines=lines)
        scene.lots = dict(db.rows("SELECT code, id FROM inventory_lot WHERE tenant_id = %s", tenant_id))
    return scene


def make_clerk_store(scene: Scene) -> int:
    """A second facility with stock of its own, for people who are bound to one."""
    with tenant(scene.tenant_id):
        store = builders.make_store(code="S-01")
        shelf = builders.make_bin(store, code="S-A")
        builders.make_stock(shelf, scene.milk, 3, lot="M-S", expires_on=scene.day(300))
    return store
