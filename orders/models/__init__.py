"""Tables of orders."""

from orders.models.addresses import AddressFix
from orders.models.after_sales import (
    FollowKind,
    FollowUp,
    LotProof,
    Refund,
    RefundBooking,
    RefundLine,
    RefundState,
    Return,
    ReturnItem,
    ReturnState,
)
from orders.models.channels import Channel, ChannelOrder, ChannelOrderVersion, ChannelState
from orders.models.connections import (
    Connection,
    ConnectionState,
    PullProblem,
    RefundBack,
    ShipBack,
    ShipBackState,
)
from orders.models.imports import Import, ImportProblem, Mapping
from orders.models.invoices import InvoiceContent, InvoiceRequest, InvoiceState
from orders.models.orders import Finding, LineKind, Order, OrderLine, OrderStatus
from orders.models.rules import AuditRule, Blocked, FacilityPlan, GiftGiven, GiftRule
from orders.models.stock_out import LevelState, Listing, StockLevel, StockOut, StockStrategy
from orders.models.unmasking import Unmasking, UnmaskReason, UnmaskSource
from orders.models.verdicts import MergeVerdict

__all__ = [
    "AddressFix",
    "AuditRule",
    "Blocked",
    "Channel",
    "ChannelOrder",
    "ChannelOrderVersion",
    "ChannelState",
    "Connection",
    "ConnectionState",
    "FacilityPlan",
    "Finding",
    "FollowKind",
    "FollowUp",
    "GiftGiven",
    "GiftRule",
    "Import",
    "ImportProblem",
    "InvoiceContent",
    "InvoiceRequest",
    "InvoiceState",
    "LevelState",
    "LineKind",
    "Listing",
    "LotProof",
    "Mapping",
    "MergeVerdict",
    "Order",
    "OrderLine",
    "OrderStatus",
    "PullProblem",
    "Refund",
    "RefundBack",
    "RefundBooking",
    "RefundLine",
    "RefundState",
    "Return",
    "ReturnItem",
    "ReturnState",
    "ShipBack",
    "ShipBackState",
    "StockLevel",
    "StockOut",
    "StockStrategy",
    "UnmaskReason",
    "UnmaskSource",
    "Unmasking",
]
