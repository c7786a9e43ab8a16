"""New orders on their way in: as they came, as the rules see them, and as they will be stored."""

import json
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta

from core import clock, crypto, db
from core.tenancy import current_tenant
from inventory.queries.catalogue import BundleCard, find_bundles
from inventory.rules.bundles import Part
from orders import divisions
from orders.models import ChannelState, LineKind, Order, OrderLine, OrderStatus
from orders.rules.expanding import Piece, expand_lines
from orders.rules.gifts import Gift, GiftOrder
from orders.rules.incoming import IncomingOrder
from orders.rules.values import Line, Sku
from orders.rules.values import Order as OrderValue
from orders.services import gifting, reading
from orders.services.floors import Floors, read_floors
from orders.services.gifting import Gifts, Rules
from orders.services.reading import ChannelFacts, Head
from orders.services.receivers import KeptReceiver, keep

BUYER = "buyer"


@dataclass(frozen=True, slots=True)
class Extra:
    """What only few lines have: what they cost where that is not quantity × price, the bundle they were sold in, that they are a gift."""

    kind: int = 0
    amount_minor: int | None = None
    bundle_id: int | None = None
    bundle_group: int | None = None
    gift_rule_id: int | None = None


@dataclass(slots=True)
class Fresh:
    """One new order.  `codes` and `rows` (of its file): beside the lines of `value`; `extras`: by line, where a line has any."""

    incoming: IncomingOrder
    kept: KeptReceiver | None
    value: OrderValue
    head: Head
    codes: tuple[str, ...]
    rows: tuple[int | None, ...]
    extras: Mapping[int, Extra]
    point_e6: tuple[int, int] | None
    division_code: str
    buyer_key: int | None
    decided: dict[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Goods:
    """What the codes of a chunk mean.  `bundles`: code -> bundle, `worth`: code of a part -> minor units each, where known; `unknown`:
    codes that are nobody's.
    """

    by_code: Mapping[str, int]
    skus: dict[int, Sku]
    bundles: Mapping[str, BundleCard]
    worth: Mapping[str, int]
    unknown: AbstractSet[str] = frozenset()


def read_goods(incoming: Sequence[IncomingOrder]) -> Goods:
    """One statement for codes of SKUs; more for barcodes, bundles and their parts, when there are any."""
    codes = {line.code for order in incoming for line in order.lines}
    by_code, skus = reading.find_skus_by_code(codes)
    missing = codes - by_code.keys()
    bundles = find_bundles(missing) if missing else {}
    if not bundles:
        return Goods(by_code, skus, {}, {}, missing)
    parts, worth = {}, {}
    for card in bundles.values():
        parts.update({part.code: part.sku_id for part in card.parts})
    found = reading.get_skus(parts.values())
    costs = reading.list_costs(parts.values())
    for code, sku_id in parts.items():
        if sku_id in costs:
            worth[code] = costs[sku_id]
    return Goods({**by_code, **parts}, {**skus, **found}, bundles, worth, missing - bundles.keys())


def read(
    channel: ChannelFacts, incoming: Sequence[IncomingOrder], goods: Goods, rules: Rules
) -> tuple[list[Fresh], Gifts]:
    """Orders as the rules see them, their ids new, and the gifts that they got; the gifts' SKUs are added to `goods`."""
    tenant_id = current_tenant()
    kept = [keep(tenant_id, order.receiver) if order.receiver else None for order in incoming]
    ids = db.new_ids(len(incoming))
    pieces = [_pieces(order, goods) for order in incoming]
    gifts = gifting.decide(channel, rules, _gift_orders(channel, ids, incoming, goods) if rules else ())
    missing = gifts.sku_ids() - goods.skus.keys()
    if missing:
        goods.skus.update(reading.get_skus(missing))
    floors = read_floors([channel], goods.skus, (k.key for k in kept if k))
    extra = sum(len(found) for found in gifts.by_order.values())
    line_ids = iter(db.new_ids(sum(len(p or o.lines) for p, o in zip(pieces, incoming, strict=True)) + extra))
    fresh = [
        _fresh(
            id_,
            channel,
            order,
            known,
            floors,
            *_lines(order, found, goods, line_ids, gifts.by_order.get(id_, ())),
        )
        for id_, order, known, found in zip(ids, incoming, kept, pieces, strict=True)
    ]
    return fresh, gifts


def _gift_orders(
    channel: ChannelFacts, ids: Sequence[int], incoming: Sequence[IncomingOrder], goods: Goods
) -> list[GiftOrder]:
    """What is paid and waits to be shipped; a bundle counts as the units of its parts."""
    found = []
    for id_, order in zip(ids, incoming, strict=True):
        if order.state != ChannelState.PAID:
            continue
        units: list[tuple[int, int]] = []
        for line in order.lines:
            card = goods.bundles.get(line.code)
            if card is None:
                units.append((goods.by_code.get(line.code, 0), line.quantity))
            else:
                units += [(part.sku_id, part.quantity * line.quantity) for part in card.parts]
        buyer = _buyer_key(channel.id, order.buyer)
        money = (order.placed_at, order.amount_minor, channel.currency)
        found.append(GiftOrder(id_, channel.id, buyer, *money, tuple(units)))
    return found


def _pieces(order: IncomingOrder, goods: Goods) -> list[Piece] | None:
    """None for an order without bundles, which is nearly every one."""
    if not goods.bundles or not any(line.code in goods.bundles for line in order.lines):
        return None
    wanted = {
        line.code: [Part(part.code, part.quantity) for part in goods.bundles[line.code].parts]
        for line in order.lines
        if line.code in goods.bundles
    }
    said = [(line.code, line.quantity, line.unit_price_minor) for line in order.lines]
    return expand_lines(said, wanted, goods.worth)


_Read = tuple[tuple[Line, ...], tuple[str, ...], tuple[int | None, ...], Mapping[int, Extra], int]


def _lines(
    order: IncomingOrder,
    pieces: Sequence[Piece] | None,
    goods: Goods,
    line_ids: Iterator[int],
    gifts: Sequence[Gift],
) -> _Read:
    """Lines, codes, rows of the file, extras by line, and what the lines cost beyond quantity × price."""
    by_code, given = goods.by_code, order.lines
    if pieces is None:
        lines = tuple(
            [Line(next(line_ids), by_code.get(x.code, 0), x.quantity, x.unit_price_minor) for x in given]
        )
        codes, rows = tuple([x.code for x in given]), tuple([x.source_row for x in given])
        if not gifts:
            return lines, codes, rows, {}, 0
        return _with_gifts((lines, codes, rows, {}, 0), gifts, line_ids)
    made, rest = [], 0
    extras: dict[int, Extra] = {}
    groups: dict[int, int] = {}
    for piece in pieces:
        id_ = next(line_ids)
        group = groups.setdefault(piece.place, id_) if piece.bundle else 0
        made.append(Line(id_, by_code.get(piece.code, 0), piece.quantity, piece.unit_price_minor, group))
        if piece.amount_minor is not None:
            extras[id_] = Extra(0, piece.amount_minor, goods.bundles[piece.bundle].id, group)
            rest += piece.amount_minor - piece.quantity * piece.unit_price_minor
    found_rows = tuple([given[piece.place].source_row for piece in pieces])
    read_ = tuple(made), tuple([piece.code for piece in pieces]), found_rows, extras, rest
    return _with_gifts(read_, gifts, line_ids) if gifts else read_


def _with_gifts(read_: _Read, gifts: Sequence[Gift], line_ids: Iterator[int]) -> _Read:
    """A line for each gift, behind what was bought."""
    lines, codes, rows, extras, rest = read_
    more = tuple([Line(next(line_ids), gift.sku_id, gift.units, 0) for gift in gifts])
    said = {
        line.id: Extra(LineKind.GIFT, None, None, None, gift.rule_id)
        for line, gift in zip(more, gifts, strict=True)
    }
    blank = len(gifts)
    return lines + more, (*codes, *[""] * blank), (*rows, *[None] * blank), {**extras, **said}, rest


def _fresh(
    id_: int,
    channel: ChannelFacts,
    order: IncomingOrder,
    kept: KeptReceiver | None,
    floors: Floors,
    lines: tuple[Line, ...],
    codes: tuple[str, ...],
    rows: tuple[int | None, ...],
    extras: Mapping[int, Extra],
    rest_minor: int,
) -> Fresh:
    since = order.placed_at if order.wait_until is None else max(order.placed_at, order.wait_until)
    ship_by = since + timedelta(hours=channel.ship_within_h)
    to = order.receiver
    place = divisions.find_division(to.province, to.city, to.district, to.street) if to else None
    key, sealed = (kept.key, kept.sealed) if kept else (None, None)
    min_expires_on, lower = floors.of(channel, key, clock.day_of(ship_by), lines)
    said = (order.remark, order.seller_remark, order.amount_minor, order.charge_minor, order.discount_minor)
    has_address = bool(to and to.street)
    needs = (has_address, channel.needs_address)
    value = OrderValue(id_, key, *said, min_expires_on, ship_by, *needs, lines, lower, rest_minor)
    return Fresh(
        incoming=order,
        kept=kept,
        value=value,
        head=Head(
            id_,
            0,
            order.external_number,
            channel.id,
            channel.facility_id,
            key,
            sealed,
            *said,
            min_expires_on,
            0,
            ship_by,
            None,
            order.wait_until,
            place.code if place else "",
            order.cod_minor,
        ),
        codes=codes,
        rows=rows,
        extras=extras,
        point_e6=place.point_e6 if place else None,
        division_code=place.code if place else "",
        buyer_key=_buyer_key(channel.id, order.buyer),
    )


def _buyer_key(channel_id: int, buyer: str) -> int | None:
    """The same account in the same shop; what the platform calls it is nobody's business here."""
    if not buyer:
        return None
    return crypto.fingerprint(current_tenant(), f"{BUYER}\x00{channel_id}\x00{buyer}")


_ORDER_COLUMNS = [
    "id", "number", "channel", "facility", "status", "receiver_key", "receiver", "receiver_mask",
    "receiver_token", "buyer_key", "division_code", "remark", "seller_remark", "currency", "amount_minor",
    "charge_minor", "discount_minor", "cod_minor", "min_expires_on", "ship_by", "placed_at", "wait_until",
    "decided",
]  # fmt: skip
_LINE_COLUMNS = [
    "id", "order", "sku", "external_code", "quantity", "unit_price_minor", "source_row",
    "kind", "amount_minor", "bundle", "bundle_group", "gift_rule_id",
]  # fmt: skip
_ID_COLUMNS = ("external_item", "external_variant")


def _order_row(f: Fresh, currency: str, status: OrderStatus) -> tuple[object, ...]:
    h, o, mask = f.head, f.incoming, f.kept.mask if f.kept else ""
    where = (h.id, h.number, h.channel_id, h.facility_id, int(status))
    who = (h.receiver_key, h.receiver, mask, o.receiver_token, f.buyer_key)
    what = (f.division_code, h.remark, h.seller_remark)
    money = (currency, h.amount_minor, h.charge_minor, h.discount_minor, o.cod_minor)
    why = json.dumps(f.decided) if f.decided else None
    return (*where, *who, *what, *money, h.min_expires_on, h.ship_by, o.placed_at, o.wait_until, why)


def write(
    channel: ChannelFacts,
    fresh: Sequence[Fresh],
    status: Mapping[int, OrderStatus],
    ids: Mapping[int, tuple[str, str]],
) -> None:
    """Orders and their lines, one statement each.  `ids`: the platform's own, of lines without a SKU; their columns cost nobody else."""
    db.insert_behind(
        Order,
        _ORDER_COLUMNS,
        [_order_row(f, channel.currency, status[f.head.id]) for f in fresh],
    )
    db.insert_behind(
        OrderLine,
        [*_LINE_COLUMNS, *(_ID_COLUMNS if ids else ())],
        [
            (
                line.id,
                f.head.id,
                line.sku_id or None,
                "" if line.sku_id else code,
                line.quantity,
                line.unit_price_minor,
                row,
                *(_extra(f.extras[line.id]) if line.id in f.extras else NOTHING),
                *(ids.get(line.id, NO_IDS) if ids else ()),
            )
            for f in fresh
            for line, code, row in zip(f.value.lines, f.codes, f.rows, strict=True)
        ],
    )


def _extra(extra: Extra) -> tuple[int, int | None, int | None, int | None, int | None]:
    return extra.kind, extra.amount_minor, extra.bundle_id, extra.bundle_group, extra.gift_rule_id


NOTHING = (0, None, None, None, None)
NO_IDS = ("", "")
