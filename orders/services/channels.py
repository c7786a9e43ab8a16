"""Channels: shops on platforms, and file drops."""

from dataclasses import dataclass

from core import db
from core.tenancy import current_tenant
from orders.models import Channel


@dataclass(frozen=True, slots=True)
class ChannelInput:
    """`handover`: warehouse.models.Handover.  `min_days`: shelf life a buyer must still have."""

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


def create_channel(channel: ChannelInput) -> int:
    """A new channel of the tenant in scope; returns its id.  Raises IntegrityError when the code is taken."""
    channel_id = db.new_id()
    db.insert(
        Channel,
        ["id", "code", "name", "platform", "facility", "currency", "needs_address", "is_o2o", "handover", "min_days", "ship_within_h"],
        [
            (
                channel_id, channel.code, channel.name, channel.platform, channel.facility_id, channel.currency, channel.needs_address,
                channel.is_o2o, channel.handover, channel.min_days, channel.ship_within_h,
            )
        ],
    )
    return channel_id


def find_channel_id(code: str) -> int | None:
    """The channel with this code, if there is one."""
    found = db.rows("SELECT id FROM orders_channel WHERE tenant_id = %s AND code = %s", current_tenant(), code)
    return found[0][0] if found else None
