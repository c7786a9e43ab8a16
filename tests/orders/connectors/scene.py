"""A shop that is connected to the platform of these tests, with goods to sell."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core import db
from core.tenancy import tenant
from orders.models import Channel, Connection
from orders.services import connections, pulling
from orders.services.connections import ConnectionInput
from tests import builders as make
from tests.orders.connectors.platform_server import SECRET, SESSION

CREDENTIALS = {"app_key": "12345678", "secret": SECRET, "session": SESSION}


@dataclass(frozen=True)
class Scene:
    tenant_id: int
    facility_id: int
    bin_id: int
    channel_id: int
    connection_id: int
    address: str

    def connection(self) -> Connection:
        with tenant(self.tenant_id):
            return Connection.objects.get(id=self.connection_id)

    def set(self, assignments: str) -> None:
        """Move the connection's clocks."""
        with tenant(self.tenant_id):
            db.execute(
                f"UPDATE orders_connection SET {assignments} WHERE tenant_id = %s AND id = %s",
                self.tenant_id,
                self.connection_id,
            )

    def pull(self) -> None:
        """Its turn has come: pulled to the end."""
        self.set("next_pull_at = clock_timestamp(), quiet_until = NULL")
        while pulling.run(self.tenant_id, self.connection_id):
            pass


def make_scene(
    tenant_id: int,
    platform: str,
    address: str,
    *,
    facility_id: int | None = None,
    credentials: Mapping[str, str] = CREDENTIALS,
) -> Scene:
    with tenant(tenant_id):
        if facility_id is None:
            facility_id = make.make_facility()
            bin_id = make.make_bin(facility_id)
            for code in ("S", "T"):
                make.make_stock(bin_id, make.make_sku(code=code), 10_000)
        else:
            bin_id = 0
        channel_id = make.make_channel(facility_id, code=make.unique("c"), name="旗舰店")
        Channel.objects.filter(id=channel_id).update(platform=platform)
    with tenant(tenant_id):
        connection = ConnectionInput(
            channel_id,
            credentials,
            {"": "44"},
            pull_from=datetime.now(UTC) - timedelta(hours=3),
            address=address,
        )
        connection_id = connections.save(connection=connection, actor_id=None)
    return Scene(tenant_id, facility_id, bin_id, channel_id, connection_id, address)
