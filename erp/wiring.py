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
from orders.documents import list_returns
from orders.services import fulfil, imports, in_part, refund_back, refunds, ship_back, stock_out
from orders.services.import_run import run_import
from warehouse import handlers as warehouse
from warehouse.documents import list_handlings

HANDLERS: Mapping[str, tuple[Handler, ...]] = {
    "ParcelsShipped": (orders.on_parcels_shipped, ship_back.on_parcels_shipped),
    "OrdersTaken": (orders.on_orders_ready, stock_out.on_orders_taken),
    "OrdersReleased": (orders.on_orders_ready, stock_out.on_stock_moved),
    "ChannelOrdersClosed": (refunds.on_channel_orders_closed,),
    "RefundsAgreed": (refund_back.on_refunds_decided,),
    "RefundsDone": (refund_back.on_refunds_decided,),
    "RefundsRefused": (stock_out.on_stock_moved, refund_back.on_refunds_decided),
    "ParcelsNumbered": (ship_back.on_parcels_numbered,),
    "PromisesBroken": (orders.on_promises_broken, stock_out.on_stock_moved),
    "AllocationsBroken": (orders.on_allocations_broken, orders.on_promises_broken, stock_out.on_stock_moved),
    "PickedUnitsLost": (warehouse.on_picked_units_lost,),
    "GoodsListed": (stock_out.on_goods_listed,),
    "LotsHeld": (inventory.on_lots_held, stock_out.on_stock_moved),
    "LotsShortened": (inventory.on_lots_shortened, stock_out.on_stock_moved),
    "BinsStoppedSelling": (inventory.on_bins_stopped_selling, stock_out.on_stock_moved),
    "PlacesHeld": (inventory.on_places_held, stock_out.on_stock_moved),
    "StockDigestWritten": (inventory.on_stock_digest_written,),
    "DispatchesWon": (orders.on_dispatches_won, o2o.on_dispatches_won, stock_out.on_stock_moved),
    "DispatchesFellBack": (orders.on_dispatches_fell_back, stock_out.on_stock_moved),
    **dict.fromkeys(
        (
            "GoodsReceived",
            "HoldsCleared",
            "ParcelsCancelled",
            "ReturnsInspected",
            "StockAdjusted",
            "TransferArrived",
            "TransferCancelled",
        ),
        (stock_out.on_stock_moved, in_part.on_goods_came),
    ),
    **dict.fromkeys(
        ("OrdersParted", "OrdersStopped", "RefundsAsked", "TransferSent"),
        (stock_out.on_stock_moved,),
    ),
}

JOBS: Mapping[str, JobFunction] = {
    imports.JOB: run_import,
    fulfil.KIND: fulfil.run,
    catalogue_import.JOB: catalogue_import.run_import,
}

SWEEPS: Mapping[str, Sweep] = {
    "o2o.rounds": Sweep(rounds.deadlines, rounds.advance),
    "orders.stock_out": Sweep(stock_out.deadlines, stock_out.advance),
}

SHORTAGES: Sequence[Source] = (shortages.list_short,)

DOCUMENTS: tuple[Resolver, ...] = (list_papers, list_handlings, list_returns)
