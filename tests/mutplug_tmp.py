import os
def pytest_collection_finish(session):
    m=open("/tmp/mut/which").read().strip()
    if m=="relay":
        from core import relay; relay._first_time=lambda h,e: True
    if m=="lease":
        from core import jobs; from core.core_dummy import x
    if m=="crypto":
        from core import crypto; crypto._bound=lambda v,t,p: b""
    if m=="rank":
        from core import db; from core.tenancy import current_scope; db._descend=lambda r: current_scope()
    if m=="carts":
        from warehouse.services import waves; from core import db; from core.db import Rank; from inventory.models import Bin
        waves._claim_carts=lambda f,w: [r[0] for r in db.claim(Rank.WAVE, Bin, "id", waves.FREE_CARTS, f, order="sequence, id", limit=w)]
    if m=="late":
        from orders import handlers; handlers.BROKEN="SELECT DISTINCT ref FROM warehouse_parcel WHERE tenant_id = %s AND id = ANY (%s::bigint[])"
    if m=="tries":
        from orders.services import pipeline; pipeline.TRIES=1
    if m=="prove":
        from orders.services import planning; from inventory.services import promises
        def prove(plan):
            for f in sorted(plan.demands): promises.commit_plan(f, plan.demands[f], plan.promised[f])
        planning.prove=prove
    if m=="own":
        from core import db; from contextlib import nullcontext; db.own_rows=nullcontext
    if m=="sp":
        from core import db; from django.db import transaction; db.savepoint=transaction.atomic
    if m=="finish":
        from core import jobs
        real=jobs.db.execute
        jobs.db.execute=lambda sql,*p: real(sql.replace(" AND status = 'RUNNING'",""),*p)
    if m=="held":
        from inventory.services import handling; handling.held_balances=lambda ids: set()
    if m=="opts":
        from core import options; options.deepcopy=lambda v: v
    if m=="fk":
        from core import db; db.forget_ids=lambda: None; 
