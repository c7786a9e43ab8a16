"""Who listens to which fact, which function does which job, and who knows which document.  The one table that knows every floor."""

from collections.abc import Mapping, Sequence

from core.clockwork import Sweep
from core.documents import Resolver
from core.jobs import JobFunction
from core.relay import Handler
from inventory import handlers as inventory
from inventory.documents import list_papers
from inventory.services import catalogue_import
from inventory.shortages import Source
from o2o import handlers as o2o
from o2o import sweep as rounds
from orders import handlers as orders
from orders import shortages
from orders.services import fulfil, imports
from orders.services.import_run import run_import
from warehouse import handlers as warehouse
from warehouse.documents import list_handlings

HANDLERS: Mapping[str, tuple[Handler, ...]] = {
    "ParcelsShipped": (orders.on_parcels_shipped,),
    "PromisesBroken": (orders.on_promises_broken,),
    "AllocationsBroken": (orders.on_allocations_broken, orders.on_promises_broken),
    "PickedUnitsLost": (warehouse.on_picked_units_lost,),
    "LotsHeld": (inventory.on_lots_held,),
    "LotsShortened": (inventory.on_lots_held,),
    "PlacesHeld": (inventory.on_places_held,),
    "StockDigestWritten": (inventory.on_stock_digest_written,),
    "DispatchesWon": (orders.on_dispatches_won, o2o.on_dispatches_won),
    "DispatchesFellBack": (orders.on_dispatches_fell_back,),
}

JOBS: Mapping[str, JobFunction] = {
    imports.JOB: run_import,
    fulfil.KIND: fulfil.run,
    catalogue_import.JOB: catalogue_import.run_import,
}

SWEEPS: Mapping[str, Sweep] = {
    "o2o.rounds": Sweep(rounds.deadlines, rounds.advance),
}

SHORTAGES: Sequence[Source] = (shortages.list_short,)

DOCUMENTS: tuple[Resolver, ...] = (list_papers, list_handlings)
