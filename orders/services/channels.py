"""Channels: shops on platforms, and file drops."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import db
from core.services import accounts
from core.tenancy import current_tenant
from orders.errors import NoChannel
from orders.models import Channel


@dataclass(frozen=True, slots=True)
class ChannelInput:
    """`handover`: warehouse.models.Handover.  `min_days`: shelf life a buyer must still have.  `ready_now`: short orders send what is
    there; None: as the tenant says.
    """

    code: str
    name: str
    facility_id: int
    platform: str = "file"
    currency: str = "CNY"
    needs_address: bool = True
    is_o2o: bool = False
    handover: int = 0
    min_days: int = 0
    ship_within_h: int = 48
    ready_now: bool | None = None


def create_channel(channel: ChannelInput, *, actor_id: int | None = None) -> int:
    """A new channel of the tenant in scope; returns its id.  Raises IntegrityError when the code is taken."""
    channel_id = db.new_id()
    db.insert(
        Channel,
        [
            "id",
            "code",
            "name",
            "platform",
            "facility",
            "currency",
            "needs_address",
            "is_o2o",
            "handover",
            "min_days",
            "ship_within_h",
            "ready_now",
        ],
        [
            (
                channel_id,
                channel.code,
                channel.name,
                channel.platform,
                channel.facility_id,
                channel.currency,
                channel.needs_address,
                channel.is_o2o,
                channel.handover,
                channel.min_days,
                channel.ship_within_h,
                channel.ready_now,
            )
        ],
    )
    if actor_id is not None:
        accounts.record("create", "channel", channel_id, actor_id=actor_id, detail={"code": channel.code})
    return channel_id


def change_channel(channel_id: int, channel: ChannelInput, *, is_active: bool, actor_id: int | None) -> None:
    """Change a channel for the orders to come; those that are here keep the promise they came with.

    Code, platform and currency stay: orders were read by them.  Raises NoChannel.
    """
    done = db.execute(
        "UPDATE orders_channel SET name = %s, facility_id = %s, needs_address = %s, is_o2o = %s, handover = %s, min_days = %s,"
        " ship_within_h = %s, ready_now = %s, is_active = %s WHERE tenant_id = %s AND id = %s",
        channel.name,
        channel.facility_id,
        channel.needs_address,
        channel.is_o2o,
        channel.handover,
        channel.min_days,
        channel.ship_within_h,
        channel.ready_now,
        is_active,
        current_tenant(),
        channel_id,
    )
    if not done:
        raise NoChannel(_("没有这个店铺。"), channel_id=channel_id)
    accounts.record(
        "change",
        "channel",
        channel_id,
        actor_id=actor_id,
        detail={"name": channel.name, "facility_id": channel.facility_id, "is_active": is_active},
    )


def find_channel_id(code: str) -> int | None:
    """The channel with this code, if there is one."""
    found = db.rows(
        "SELECT id FROM orders_channel WHERE tenant_id = %s AND code = %s", current_tenant(), code
    )
    return found[0][0] if found else None
