"""Tables of orders."""

from orders.models.channels import Channel, ChannelOrder, ChannelOrderVersion, ChannelState
from orders.models.imports import Import, ImportProblem, Mapping
from orders.models.orders import Finding, Order, OrderLine, OrderStatus

__all__ = [
    "Channel",
    "ChannelOrder",
    "ChannelOrderVersion",
    "ChannelState",
    "Finding",
    "Import",
    "ImportProblem",
    "Mapping",
    "Order",
    "OrderLine",
    "OrderStatus",
]
