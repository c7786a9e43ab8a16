"""Connections of channels to their platforms: made, changed, stopped.  Credentials go in sealed and come out only towards the platform."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.conf import settings
from django.db import connections as databases
from django.db import transaction
from django.utils.translation import gettext as _

from core import crypto, db, live, outbox
from core.db import Rank
from core.errors import Invalid
from core.lease import Lease
from core.services import accounts
from core.tenancy import current_tenant
from orders.connectors import registry
from orders.connectors.interface import Connector
from orders.errors import NoChannel, NoConnection
from orders.models import Channel, Connection, ConnectionState, ShipBack, ShipBackState

PURPOSE = "connection"
HINT = 4  # characters of a secret that are shown
HINT_FROM = 12  # shorter ones show none
TABLE = Connection._meta.db_table
PULLING = Lease(Connection)
SAYING = Lease(Connection, holder="say_token", until="say_lease_until")
REFUNDING = Lease(Connection, holder="refund_token", until="refund_lease_until")
LIVE = "connection"
NO_COMPANY = "NO_COMPANY"  # why a parcel was not said: its carrier has no name on the platform


@dataclass(frozen=True, slots=True)
class ConnectionInput:
    """What a person says of a connection.  `credentials` that are empty stay as they are; `companies`: our carrier's code -> theirs, ""
    is every other; `pull_from` None keeps it.
    """

    channel_id: int
    credentials: Mapping[str, str] = field(default_factory=dict)
    companies: Mapping[str, str] = field(default_factory=dict)
    pull_every_s: int = 120
    pull_from: datetime | None = None
    address: str = ""


def save(*, connection: ConnectionInput, actor_id: int | None) -> int:
    """Make or change the connection of a channel, and pull at once; returns its id.

    A changed `pull_from` starts over from there, which changes nothing in orders that are known.  Locks the channel.  Raises NoChannel,
    Invalid `no_connector`, Invalid `no_credentials`.
    """
    given = connection
    platform = _lock_channel(given.channel_id)
    found = db.lock(
        Rank.JOB, Connection, "id, credentials, pull_from, cursor", "channel_id = %s", given.channel_id
    )
    tenant_id = current_tenant()
    old = json.loads(crypto.unseal(tenant_id, PURPOSE, found[0][1])) if found else {}
    said = {name: given.credentials.get(name, "").strip() for name in platform.fields}
    new = {name: said[name] or old.get(name, "") for name in platform.fields}
    if missing := [name for name, value in new.items() if not value]:
        raise Invalid(_("授权没填全。"), code="no_credentials", missing=missing)
    first = given.pull_from or (found[0][2] if found else datetime.now(UTC))
    cursor = found[0][3] if found and first == found[0][2] else ""
    sealed = crypto.seal(tenant_id, PURPOSE, json.dumps(new)) if new != old else bytes(found[0][1])
    connection_id = int(found[0][0]) if found else db.new_id()
    _write(connection_id, given, sealed, _hints(new, platform.secrets), first, cursor, is_rekeyed=new != old)
    accounts.record(
        "change" if found else "create",
        "connection",
        connection_id,
        actor_id=actor_id,
        detail={
            "channel_id": given.channel_id,
            "credentials": new != old,
            "pull_every_s": given.pull_every_s,
        },
    )
    _nudge_pull(connection_id)
    return connection_id


def _lock_channel(channel_id: int) -> registry.Platform:
    found = db.lock(Rank.JOB, Channel, "platform", "id = %s", channel_id)
    if not found:
        raise NoChannel(_("没有这个店铺。"), channel_id=channel_id)
    platform = registry.PLATFORMS.get(found[0][0])
    if platform is None:
        raise Invalid(_("这个平台还不能直接连，用文件或接口。"), code="no_connector", platform=found[0][0])
    return platform


def _write(
    connection_id: int,
    given: ConnectionInput,
    sealed: bytes,
    hints: Mapping[str, str],
    first: datetime,
    cursor: str,
    *,
    is_rekeyed: bool,
) -> None:
    db.execute(
        f"INSERT INTO {TABLE} AS c (tenant_id, id, channel_id, address, credentials, hints, companies, pull_every_s, pull_from, cursor)"
        " VALUES (%s, %s, %s, %s, decode(%s, 'base64'), %s::jsonb, %s::jsonb, %s, %s, %s)"
        " ON CONFLICT (tenant_id, channel_id) DO UPDATE SET address = excluded.address, credentials = excluded.credentials,"
        " hints = excluded.hints, companies = excluded.companies, pull_every_s = excluded.pull_every_s,"
        " pull_from = excluded.pull_from, cursor = excluded.cursor,"
        " credentials_set_at = CASE WHEN %s THEN clock_timestamp() ELSE c.credentials_set_at END,"
        " shop_name = CASE WHEN %s THEN '' ELSE c.shop_name END",
        current_tenant(),
        connection_id,
        given.channel_id,
        given.address.strip(),
        db.base64(sealed),
        json.dumps(dict(hints)),
        json.dumps(dict(given.companies), ensure_ascii=False),
        given.pull_every_s,
        first,
        cursor,
        is_rekeyed,
        is_rekeyed,
    )
    _go_on(connection_id)
    _say_again(connection_id, given.channel_id)


def _say_again(connection_id: int, channel_id: int) -> None:
    """Parcels whose carrier had no name on the platform may have one now."""
    done = db.execute(
        f"UPDATE {ShipBack._meta.db_table} SET state = %s, next_at = clock_timestamp(), code = '' WHERE tenant_id = %s AND channel_id = %s"
        " AND state = %s AND code = %s",
        ShipBackState.WAITING.value,
        current_tenant(),
        channel_id,
        ShipBackState.UNSAID.value,
        NO_COMPANY,
    )
    if done:
        _set(connection_id, "next_say_at = clock_timestamp()")


def _hints(given: Mapping[str, str], secrets: Sequence[str]) -> dict[str, str]:
    """What may be shown: the end of each, and nothing of a short secret."""
    return {
        name: value[-HINT:] if name not in secrets or len(value) >= HINT_FROM else ""
        for name, value in given.items()
    }


def pause(*, connection_id: int, actor_id: int | None) -> None:
    """Nothing is pulled or said until somebody goes on.  Raises NoConnection."""
    _set(connection_id, "state = %s", ConnectionState.PAUSED.value)
    accounts.record("pause", "connection", connection_id, actor_id=actor_id)


def pull_now(*, connection_id: int, actor_id: int | None) -> None:
    """Go on at once, whatever went wrong before: the test of a connection, and the way out of a pause.  Raises NoConnection."""
    _go_on(connection_id)
    accounts.record("pull", "connection", connection_id, actor_id=actor_id)
    _nudge_pull(connection_id)


def _go_on(connection_id: int) -> None:
    _set(
        connection_id,
        "state = %s, next_pull_at = clock_timestamp(), quiet_until = NULL, failures = 0, say_failures = 0, refund_failures = 0,"
        " error_code = '', error_words = ''",
        ConnectionState.ACTIVE.value,
    )


def _set(connection_id: int, assignments: str, *params: object) -> None:
    done = db.execute(
        f"UPDATE {TABLE} SET {assignments} WHERE tenant_id = %s AND id = %s",
        *params,
        current_tenant(),
        connection_id,
    )
    if not done:
        raise NoConnection(_("这个店铺还没有连平台。"), connection_id=connection_id)
    live.push(current_tenant(), LIVE, [connection_id])


def _nudge_pull(connection_id: int) -> None:
    tenant_id = current_tenant()
    transaction.on_commit(lambda: outbox.nudge("orders.tasks.pull", tenant_id, connection_id))


def open_connector(tenant_id: int, platform: str, credentials: bytes, address: str) -> Connector:
    """A connector with the sealed credentials, outside of any transaction.  Raises PlatformError."""
    given = json.loads(crypto.unseal(tenant_id, PURPOSE, credentials))
    return registry.connect(
        platform,
        given,
        lambda: datetime.now(UTC),
        own_address=address,
        loopback=settings.ERP_CONNECTOR_LOOPBACK,
    )


PULL_DUE = f"""
    SELECT tenant_id, id FROM {TABLE} t WHERE state = 1 AND next_pull_at <= clock_timestamp()
    AND (quiet_until IS NULL OR quiet_until < clock_timestamp()) AND {PULLING.is_free} ORDER BY next_pull_at LIMIT %s
"""
SAY_DUE = f"""
    SELECT tenant_id, id FROM {TABLE} t WHERE state = 1 AND next_say_at <= clock_timestamp()
    AND (quiet_until IS NULL OR quiet_until < clock_timestamp()) AND {SAYING.is_free} ORDER BY next_say_at LIMIT %s
"""
REFUND_DUE = f"""
    SELECT tenant_id, id FROM {TABLE} t WHERE state = 1 AND next_refund_at <= clock_timestamp()
    AND (quiet_until IS NULL OR quiet_until < clock_timestamp()) AND {REFUNDING.is_free} ORDER BY next_refund_at LIMIT %s
"""

ACTIVE = f"""
    SELECT tenant_id, id FROM {TABLE} WHERE state = 1 AND (quiet_until IS NULL OR quiet_until < clock_timestamp()) ORDER BY id LIMIT %s
"""


def list_due(statement: str, most: int) -> list[tuple[int, int]]:
    """(tenant, connection) that wait, the longest first (a plain read as sys)."""
    with databases["sys"].cursor() as cursor:
        cursor.execute(statement, [most])
        return cursor.fetchall()  # type: ignore[no-any-return]
