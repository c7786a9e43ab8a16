"""Who listens to which fact, and which function does which job.  The one table that knows every floor."""

from collections.abc import Mapping

from core.clockwork import Sweep
from core.jobs import JobFunction
from core.relay import Handler
from o2o import handlers as o2o
from o2o import sweep as rounds
from orders import handlers as orders
from orders.services import fulfil, imports
from orders.services.import_run import run_import

HANDLERS: Mapping[str, tuple[Handler, ...]] = {
    "ParcelsShipped": (orders.on_parcels_shipped,),
    "PromisesBroken": (orders.on_promises_broken,),
    "DispatchesWon": (orders.on_dispatches_won, o2o.on_dispatches_won),
    "DispatchesFellBack": (orders.on_dispatches_fell_back,),
}

JOBS: Mapping[str, JobFunction] = {
    imports.JOB: run_import,
    fulfil.KIND: fulfil.run,
}

SWEEPS: Mapping[str, Sweep] = {
    "o2o.rounds": Sweep(rounds.deadlines, rounds.advance),
}
