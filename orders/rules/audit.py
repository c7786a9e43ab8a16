"""Audit: why an order may not go on by itself. Every finding at once; none means that it passes.

Stock short, freight and margin are known later and are not found here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from orders.rules.remarks import Harmless
from orders.rules.values import Fact, Finding, Order, Sku

__all__ = [
    "ADDRESS_MISSING",
    "ADDRESS_UNKNOWN",
    "AMOUNT_MISMATCH",
    "AMOUNT_OVER_LIMIT",
    "BAD_LINE",
    "BUYER_REMARK",
    "CODES",
    "DUPLICATE_SUSPECTED",
    "SELLER_REMARK",
    "SKU_UNMAPPED",
    "STOPPING",
    "WEIGHT_UNKNOWN",
    "AuditContext",
    "AuditRules",
    "Finding",
    "audit",
    "repeated_receivers",
]

BAD_LINE = "BAD_LINE"
SKU_UNMAPPED = "SKU_UNMAPPED"
WEIGHT_UNKNOWN = "WEIGHT_UNKNOWN"
ADDRESS_MISSING = "ADDRESS_MISSING"
ADDRESS_UNKNOWN = "ADDRESS_UNKNOWN"
BUYER_REMARK = "BUYER_REMARK"
SELLER_REMARK = "SELLER_REMARK"
AMOUNT_MISMATCH = "AMOUNT_MISMATCH"
AMOUNT_OVER_LIMIT = "AMOUNT_OVER_LIMIT"
DUPLICATE_SUSPECTED = "DUPLICATE_SUSPECTED"

CODES = (
    BAD_LINE,
    SKU_UNMAPPED,
    WEIGHT_UNKNOWN,
    ADDRESS_MISSING,
    ADDRESS_UNKNOWN,
    BUYER_REMARK,
    SELLER_REMARK,
    AMOUNT_MISMATCH,
    AMOUNT_OVER_LIMIT,
    DUPLICATE_SUSPECTED,
)
"""Every code, in the order in which findings are listed."""

STOPPING = frozenset(CODES) - {DUPLICATE_SUSPECTED}
"""What stops an order unless the tenant says otherwise."""

Facts = tuple[tuple[str, Fact], ...]
_Found = tuple[str, Facts]
_NOTHING_HARMLESS = Harmless()


@dataclass(frozen=True, slots=True)
class AuditRules:
    """A tenant's audit rules. `off` are not looked for at all; `stops` hold the order, the others are only
    shown.  `harmless`: what buyers may write without anybody having to read it.
    """

    amount_limit_minor: int | None = None
    stops: frozenset[str] = STOPPING
    off: frozenset[str] = frozenset()
    harmless: Harmless = _NOTHING_HARMLESS


@dataclass(frozen=True, slots=True)
class AuditContext:
    """What the audit of a chunk of orders needs besides the orders.

    `seen_receivers`: keys of other recent orders, and of this chunk's repeated ones (`repeated_receivers`).
    `refused_rows`: order id -> numbers of source rows that could not be read.  `unplaced`: order id -> facts about an
    address that names no division for certain.
    """

    rules: AuditRules = field(default_factory=AuditRules)
    seen_receivers: AbstractSet[int] = frozenset()
    refused_rows: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    unplaced: Mapping[int, Facts] = field(default_factory=dict)


def audit(order: Order, skus: Mapping[int, Sku], context: AuditContext) -> tuple[Finding, ...]:
    """All findings of one order, at most one of each code, in the order of CODES.

    Law: what is found depends neither on other findings nor on the order of the lines.
    """
    rules = context.rules
    found: list[_Found] = []
    if order.id in context.refused_rows:
        found.append((BAD_LINE, (("rows", context.refused_rows[order.id]),)))
    lines_minor = 0
    for line in order.lines:
        lines_minor += line.unit_price_minor * line.quantity
        sku = skus.get(line.sku_id)
        if sku is None or sku.weight_g is None:
            found += _unknown_goods(order, skus)
            lines_minor = sum(line.unit_price_minor * line.quantity for line in order.lines)
            break
    if order.needs_address and not order.has_address:
        found.append((ADDRESS_MISSING, ()))
    if order.id in context.unplaced:
        found.append((ADDRESS_UNKNOWN, context.unplaced[order.id]))
    if order.remark or order.seller_remark:
        found += _remarks(order, rules.harmless)
    stated_minor = order.amount_minor
    computed_minor = lines_minor + order.rest_minor + order.charge_minor - order.discount_minor
    if computed_minor != stated_minor:
        found.append((AMOUNT_MISMATCH, (("stated_minor", stated_minor), ("computed_minor", computed_minor))))
    limit_minor = rules.amount_limit_minor
    if limit_minor is not None and stated_minor > limit_minor:
        found.append((AMOUNT_OVER_LIMIT, (("amount_minor", stated_minor), ("limit_minor", limit_minor))))
    key = order.receiver_key
    if key is not None and key in context.seen_receivers:
        found.append((DUPLICATE_SUSPECTED, (("receiver_key", key),)))
    if not found:
        return ()
    return tuple(Finding(code, facts, code in rules.stops) for code, facts in found if code not in rules.off)


def _unknown_goods(order: Order, skus: Mapping[int, Sku]) -> list[_Found]:
    unmapped = tuple(sorted(line.id for line in order.lines if line.sku_id not in skus))
    known = [skus[line.sku_id] for line in order.lines if line.sku_id in skus]
    unweighed = tuple(sorted({sku.id for sku in known if sku.weight_g is None}))
    found: list[_Found] = []
    if unmapped:
        found.append((SKU_UNMAPPED, (("lines", unmapped),)))
    if unweighed:
        found.append((WEIGHT_UNKNOWN, (("skus", unweighed),)))
    return found


def _remarks(order: Order, harmless: Harmless) -> list[_Found]:
    """What a buyer wrote may ask for nothing; what a seller wrote is always meant."""
    found: list[_Found] = []
    if not harmless.covers(order.remark):
        found.append((BUYER_REMARK, (("remark", order.remark),)))
    if order.seller_remark.strip():
        found.append((SELLER_REMARK, (("remark", order.seller_remark),)))
    return found


def repeated_receivers(orders: Iterable[Order]) -> frozenset[int]:
    """Receivers that more than one order of a chunk goes to; what the database cannot have seen yet."""
    counts = Counter(order.receiver_key for order in orders)
    return frozenset(key for key, count in counts.items() if key is not None and count > 1)
