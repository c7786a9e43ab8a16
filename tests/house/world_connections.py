"""A row of everything about platforms, written straight into the tables."""

from datetime import UTC, datetime, timedelta

from django.db import models

from core import crypto, db
from core.tenancy import current_tenant
from orders.models import (
    Channel,
    ChannelOrder,
    Connection,
    ConnectionState,
    PullProblem,
    ShipBack,
    ShipBackState,
)
from warehouse.models import Parcel

Ids = dict[type[models.Model], int]
NOON = datetime(2026, 1, 1, 4, tzinfo=UTC)


def make_connections(ids: Ids) -> None:
    """A connection that waits, an order of its platform that could not be read, a parcel to tell."""
    tenant_id = current_tenant()
    for row in (
        Connection(
            channel_id=ids[Channel],
            state=ConnectionState.PAUSED,
            credentials=crypto.seal(
                tenant_id, "connection", '{"app_key": "1", "secret": "2", "session": "3"}'
            ),
            hints={"app_key": "1", "secret": "", "session": ""},
            pull_from=NOON,
            next_pull_at=NOON + timedelta(days=36_500),
        ),
        ShipBack(
            channel_id=ids[Channel],
            channel_order_id=ids[ChannelOrder],
            parcel_id=ids[Parcel],
            state=ShipBackState.UNSAID,
            code="NO_NUMBER",
        ),
    ):
        _keep(ids, row)
    raw = crypto.seal(tenant_id, "raw", "{}")
    _keep(ids, PullProblem(connection_id=ids[Connection], external_number="T9", words="status", raw=raw))


def _keep(ids: Ids, row: models.Model) -> None:
    row.pk = db.new_id()
    row.save(force_insert=True)
    ids[type(row)] = row.pk
