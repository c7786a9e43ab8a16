"""Two merchants with a row of everything, for tests that try to reach from one into the other.

An address argument is filled from here: `pk` by the model of its view, any other name by ARGUMENTS.  A new name, or a view over a
model that no builder makes, fails the test until its row is added below.
"""

from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import models

from core import db
from core.accounts import Role
from core.models import ApiKey, AuditEntry, IdempotentRequest, Job, Membership, StoredFile
from core.models.jobs import JobStatus
from core.tenancy import TenantRow, tenant
from inventory.models import (
    Allocation,
    Balance,
    Bin,
    BinKind,
    Facility,
    Hold,
    Lot,
    Move,
    Receipt,
    Sku,
)
from o2o.models import Dispatch, Offer
from orders.models import (
    Channel,
    ChannelOrder,
    ChannelOrderVersion,
    Finding,
    Import,
    ImportProblem,
    Mapping,
    Order,
    OrderLine,
    OrderStatus,
    Unmasking,
)
from orders.services import pipeline
from tests import builders as make
from tests.house import world_after_sales, world_connections, world_rules, world_stock, world_stock_out
from warehouse.models import Parcel, ParcelLine, ParcelStatus, Wave
from warehouse.services import floor, waves

ARGUMENTS: dict[str, type[models.Model]] = {
    **world_stock.ARGUMENTS,
    **world_rules.ARGUMENTS,
    **world_after_sales.ARGUMENTS,
    "allocation_id": Allocation,
    "balance_id": Balance,
    "bin_id": Bin,
    "channel_id": Channel,
    "dispatch_id": Dispatch,
    "facility_id": Facility,
    "finding_id": Finding,
    "hold_id": Hold,
    "import_id": Import,
    "job_id": Job,
    "line_id": OrderLine,
    "lot_id": Lot,
    "mapping_id": Mapping,
    "offer_id": Offer,
    "order_id": Order,
    "parcel_id": Parcel,
    "problem_id": ImportProblem,
    "receipt_id": Receipt,
    "sku_id": Sku,
    "store_id": Facility,
    "wave_id": Wave,
}


# Addresses under a prefix that mean a particular row by a name: the page of a store is not the page of a warehouse.
PARTICULAR = {("o2o/store/", "facility_id"): "store", ("o2o/", "store_id"): "store"}


@dataclass
class World:
    """One merchant: a member who may do everything, a key, an id for each model, and particular rows by name."""

    tenant_id: int
    user_id: int = 0
    token: str = ""
    ids: dict[type[models.Model], int] = field(default_factory=dict)
    particular: dict[str, int] = field(default_factory=dict)

    def id_of(self, model: type[models.Model]) -> int:
        if model not in self.ids:
            raise LookupError(
                f"{model._meta.label} has no row in tests/house/world.py: make one with a builder"
            )
        return self.ids[model]

    def argument(self, name: str, view: Any, route: str = "") -> int:
        """The value of an address argument; LookupError says what to add."""
        for (prefix, argument), row in PARTICULAR.items():
            if name == argument and route.startswith(prefix):
                return self.particular[row]
        if name == "pk":
            view_class = getattr(view, "cls", None) or getattr(view, "view_class", None)
            if view_class is None or view_class.queryset is None:
                raise LookupError(f"{view} has no queryset: name its argument after what it is, as in lot_id")
            return self.id_of(view_class.queryset.model)
        if name not in ARGUMENTS:
            raise LookupError(
                f"the address argument {name} is not in ARGUMENTS of tests/house/world.py: add its model"
            )
        return self.id_of(ARGUMENTS[name])

    def digests(self) -> dict[str, str]:
        """A digest of all rows of each tenant table, in one statement; equal before and after means nothing was touched."""
        digest = "SELECT '{0}', count(*) || ' ' || md5(coalesce(string_agg(t::text, ',' ORDER BY id), '')) FROM {0} t"
        with tenant(self.tenant_id):
            return dict(
                db.rows(" UNION ALL ".join(digest.format(model._meta.db_table) for model in tenant_models()))
            )


def tenant_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if issubclass(model, TenantRow)]


def make_world(tenant_id: int) -> World:
    """One row of everything; orders went through the pipeline as far as each state asks for."""
    world = World(tenant_id)
    for step in (
        _people,
        _places_and_goods,
        _orders,
        _release,
        _pick,
        _ship,
        _release_more,
        _dispatches,
        _papers,
        _refund,
        _return,
        _rest,
    ):
        with tenant(tenant_id):  # one transaction each, as in real life: a lock's rank never goes back
            step(world)
    return world


def _people(world: World) -> None:
    world.user_id = make.make_member(Role.OWNER)
    world.token = make.make_token()
    world.ids[ApiKey] = int(world.token.split("_")[2])
    world.ids[Membership] = _first(Membership)


def _places_and_goods(world: World) -> None:
    ids = world.ids
    ids[Facility] = make.make_facility(code="WH")
    ids[Bin] = make.make_bin(ids[Facility], code="A-1")
    for _ in range(4):
        make.make_bin(ids[Facility], BinKind.TOTE)
    ids[Sku] = make.make_sku(code="S", barcodes=[f"69{world.tenant_id:011}"])
    ids[Lot] = make.make_stock(ids[Bin], ids[Sku], 50, lot="L1", reference="R-1")
    ids[Balance] = make.balance_of(ids[Bin], ids[Lot])
    ids[Receipt], ids[Move] = _first(Receipt), _first(Move)
    held_sku = make.make_sku(code="H")
    held = make.make_stock(ids[Bin], held_sku, 5, lot="L-held")
    ids[Hold] = make.make_hold(held, held_sku)
    ids[Channel] = make.make_channel(ids[Facility], code="SHOP")
    ids[Job] = make.make_job(status=JobStatus.DONE)


def _orders(world: World) -> None:
    ids = world.ids
    batch = [make.incoming(("S", 2), number=f"T{number}") for number in range(4)]
    batch += [make.incoming(("NOPE", 1), number="T-stopped"), make.incoming(("S", 1), number="T-open")]
    done = pipeline.process(channel_id=ids[Channel], incoming=batch)
    ids[Order] = dict(done.order_ids or {})["T-stopped"]
    ids[OrderLine] = _first(OrderLine, order=ids[Order])
    ids[Finding] = _first(Finding, order=ids[Order])
    ids[ChannelOrder] = _first(ChannelOrder, order=ids[Order])


def _release(world: World) -> None:
    world.ids[Wave] = waves.release(facility_id=world.ids[Facility], limit=2).wave_ids[0]


def _pick(world: World) -> None:
    floor.confirm_picks(wave_ids=[world.ids[Wave]])


def _ship(world: World) -> None:
    floor.ship(wave_ids=[world.ids[Wave]])


def _release_more(world: World) -> None:
    released = waves.release(facility_id=world.ids[Facility], limit=2)
    world.ids[Wave], world.ids[Parcel] = released.wave_ids[0], released.parcel_ids[0]
    world.ids[Allocation] = _first(Allocation, owner_ref=world.ids[Parcel])
    world.ids[ParcelLine] = _first(ParcelLine, parcel=world.ids[Parcel])


def _dispatches(world: World) -> None:
    ids = world.ids
    order_id = make.make_order(ids[Channel], ids[Facility], status=OrderStatus.DISPATCHING)
    make.make_channel_order(ids[Channel], order_id)
    parcel_id = make.make_parcel(ids[Facility], order_id, status=ParcelStatus.WAITING)
    make.make_parcel_line(parcel_id, ids[Sku], make.make_order_line(order_id, ids[Sku]))
    ids[Dispatch] = make.make_dispatch(order_id, ids[Facility])
    world.particular["store"] = make.make_store(code="ST")
    ids[Offer] = make.make_offer(ids[Dispatch], world.particular["store"])


def _papers(world: World) -> None:
    world_stock.make_papers(world.ids)
    world_rules.make_rules(world.ids)
    world_connections.make_connections(world.ids)
    world_stock_out.make_stock_out(world.ids)


def _refund(world: World) -> None:
    world_after_sales.make_invoice(world.ids)
    world_after_sales.make_refund(world.ids)


def _return(world: World) -> None:
    world_after_sales.make_return(world.ids)


def _rest(world: World) -> None:
    ids = world.ids
    ids[Import] = make.make_import(ids[Channel])
    ids[ImportProblem] = make.make_import_problem(ids[Import])
    ids[Mapping] = make.make_mapping()
    ids[StoredFile] = make.make_file()
    ids[AuditEntry] = make.make_audit_entry()
    ids[ChannelOrderVersion] = make.make_channel_order_version(ids[ChannelOrder])
    ids[IdempotentRequest] = make.make_idempotent_request(ids[ApiKey])
    ids[Unmasking] = make.make_unmasking(ids[Order], world.user_id)


def _first(model: type[models.Model], **where: int) -> int:
    return int(model._default_manager.filter(**where).order_by("id").values_list("pk", flat=True)[0])
