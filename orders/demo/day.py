"""A day of an invented shop: as many orders as asked for, with the dirt of real ones, the same for the same seed.

Of 100 orders 3 have a code that the shop does not know, 2 a bad address, 5 a remark, 1 is refunded, 30 hold big items.  Part of the
dirt a machine can decide: barcodes in the place of codes, addresses written in another way, thanks.  What only a person knows about the
rest is in `MEANT` and `WHERE`; what nobody in the shop can know (`ASKED_OF_BUYER`, a missing street) waits for the buyer.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core import clock, options, relay
from core.services.tenants import create_tenant, find_tenant_id
from core.tenancy import tenant
from inventory.models import BinKind, MoveKind
from inventory.services.bundles import BundleInput, save_bundles
from inventory.services.catalogue import BinInput, create_bins, create_facility, save_skus
from inventory.services.receiving import ReceiptInput, receive
from orders import options as settings
from orders.demo.goods import APPLIANCES, NAMES, PLACES, Good, N, sku
from orders.models import Channel, ChannelState, OrderStatus
from orders.models import Order as OrderRow
from orders.rules.incoming import IncomingLine, IncomingOrder, Receiver
from orders.services import pipeline, refunds
from orders.services.channels import ChannelInput, create_channel
from orders.services.refunds import RefundInput

SEED = 20261212
CHANNEL = "tmall"
HOURS = 24
BINS = 80
STOCK_PER_ORDER = 3  # units of every SKU; more than any of them is sold
BIG, UNMAPPED, ADDRESS, REMARK, REFUND = 0.30, 0.03, 0.02, 0.05, 0.01
RETURNING, BUNDLED, COD, RARE = 0.08, 0.06, 0.03, 0.004

LIMITED = Good(sku("QY-LTD", "限量杯 十二生肖", 350, (90, 90, 220), N, "6970001000998", unit="个"), 12900, 0)
SETS = (
    ("QY-SET-CLEAN", "K7 清洁套装", (("QY-K7", 1), ("QY-K7-F", 2), ("QY-K7-S", 1)), False),
    ("QY-SET-YOG", "酸奶机和菌粉", (("QY-Y1", 1), ("QY-YEAST", 2)), False),
)
BARCODES = {good.sku.code: str(barcode) for good in APPLIANCES for barcode in good.sku.barcodes or ()}
SET_PRICES = {"QY-SET-CLEAN": 159900, "QY-SET-YOG": 14900}

MEANT = {
    "QYK7F": "QY-K7-F", "QYK7": "QY-K7", "QYCUP": "QY-CUP", "QY_P8": "QY-P8", "QYD3": "QY-D3", "QYA5": "QY-A5",
    "QY-A5-双12": "QY-A5", "QYM2": "QY-M2", "QYF6": "QY-F6", "QY-D3-白": "QY-D3", "QYY1": "QY-Y1", "QYRO3": "QY-RO3",
    "QY-YEAST10": "QY-YEAST", "QY-C2-26": "QY-C2", "QYK7S": "QY-K7-S", "QY-M2-W": "QY-M2",
}  # fmt: skip
"""Codes that the shop's pages have and nobody entered: what they are."""

WHERE = {
    ("江苏省", "苏州市", "工业园区"): "320500",
    ("浙江省", "杭州市", ""): "330100",
    ("四川省", "成都市", "高新区"): "510100",
    ("浙江省", "杭洲市", "西湖区"): "330106",
    ("安徽省", "合肥市", "高新区"): "340100",
    ("浙江省", "杭州市", "江干区"): "330102",
    ("福建省", "泉州市", "台商投资区"): "350500",
    ("河北省", "保定市", ""): "130600",
    ("浙江省", "杭州市", "西糊区"): "330106",
    ("湖北省", "武汉市", "光谷"): "420100",
}
"""Regions that name no district: where they are; a city, where the parcel finds its way without a district."""

OTHER_WAYS = (
    ("浙江", "杭州", "西湖", "文三路 {n} 号"),
    ("", "", "", "浙江省杭州市西湖区文三路{n}号"),
    ("浙江省", "杭州市", "", "余杭区文一西路 {n} 号"),
    ("廣東省", "佛山市", "順德區", "大良街道 {n} 號"),
    ("上海", "上海市", "浦东新区 ", "张杨路 {n} 弄"),
    ("浙江省", "杭州市", "下城区", "体育场路 {n} 号"),
    ("上海市", "上海市", "南汇区", "惠南镇 {n} 号"),
    ("北京", "朝阳区", "三环到四环之间", "建国路 {n} 号"),
    ("广东省", "东莞市", "虎门镇", "连升路 {n} 号"),
    ("湖北省", "省直辖县级行政区划", "天门市", "人民大道 {n} 号"),
)
THANKS = (
    "谢谢", "谢谢！", "尽快发货，谢谢老板", "麻烦快点，急用", "包装好一点", "好评！！", "老板，尽快发货😊",
    "辛苦了", "麻烦包装好一点，谢谢", "请尽快发货", "轻拿轻放，谢谢",
)  # fmt: skip
WISHES = (
    "请不要放快递柜", "送人的，别放价格单", "周末送，工作日没人", "放门口就行", "放门卫", "送货前打电话",
    "发顺丰", "要开发票", "别按门铃，孩子在睡", "送到二楼",
)  # fmt: skip
ENDS = ("", "！", "，谢谢", "。")
ASKED_OF_BUYER = ("能换成黑色吗", "先别发，等我电话", "地址写错了，联系我")


@dataclass(frozen=True, slots=True)
class Day:
    """`closed`: numbers of orders that the platform closes later; `refunded`: of those whose buyers ask for all their money back."""

    orders: Sequence[IncomingOrder]
    closed: Sequence[str]
    refunded: Sequence[str]


@dataclass(frozen=True, slots=True)
class DayShop:
    """The merchant of such a day."""

    tenant_id: int
    facility_id: int
    channel_id: int


@dataclass(frozen=True, slots=True)
class DayResult:
    """What became of the orders without anybody: those that go, those that the machine cancelled, those that stand still."""

    orders: int
    going: int
    cancelled: int
    stopped: int

    @property
    def untouched_percent(self) -> float:
        return round(100 * (self.going + self.cancelled) / max(1, self.orders), 2)


def make_day(orders: int, end: datetime, seed: int = SEED) -> Day:
    """The orders of the `HOURS` before `end`."""
    rng = random.Random(seed)  # noqa: S311  invented orders, the same every time
    made: list[IncomingOrder] = []
    people: list[Receiver] = []
    for number in range(orders):
        to = rng.choice(people) if people and rng.random() < RETURNING else _receiver(rng)
        if rng.random() < ADDRESS:
            to = _bad_address(rng, to)
        else:
            people.append(to)
        lines = _lines(rng)
        amount = sum(line.quantity * line.unit_price_minor for line in lines)
        name = f"{seed % 1_000_000:06}{408_000_000 + number * 37}"
        remark = _remark(rng) if rng.random() < REMARK else ""
        placed = end - timedelta(hours=HOURS) * (1 - (number + 1) / (orders + 1))
        raw = json.dumps({"tid": name, "remark": remark}, ensure_ascii=False)
        cod = amount if rng.random() < COD else 0
        made.append(IncomingOrder(name, placed, amount, lines, raw, to, remark=remark, cod_minor=cod))
    back = [order.external_number for order in made if rng.random() < REFUND]
    return Day(made, back[::2], back[1::2])


def _receiver(rng: random.Random) -> Receiver:
    province, city, district, street = rng.choice(PLACES)
    phone = f"13{rng.randrange(10**9):09}"
    return Receiver(
        rng.choice(NAMES), phone, province, city, district, street.format(n=rng.randrange(1, 900))
    )


def _bad_address(rng: random.Random, to: Receiver) -> Receiver:
    """Of 20: 9 that a machine can read, 9 that a person can, 2 that only the buyer can tell."""
    luck, n = rng.random(), rng.randrange(1, 900)
    if luck < 0.45:
        province, city, district, street = rng.choice(OTHER_WAYS)
        return replace(to, province=province, city=city, district=district, street=street.format(n=n))
    if luck < 0.90:
        regions = list(WHERE)
        province, city, district = rng.choices(regions, [1 / (i + 1) for i in range(len(regions))])[0]
        return replace(to, province=province, city=city, district=district, street=f"幸福路 {n} 号")
    if luck < 0.98:
        return replace(to, street="")
    return replace(to, province="", city="", district="", street=f"老地方 {n}")


def _remark(rng: random.Random) -> str:
    luck = rng.random()
    if luck < 0.55:
        return rng.choice(THANKS)
    if luck < 0.90:
        return rng.choice(WISHES) + rng.choice(ENDS)
    if luck < 0.97:
        return f"{rng.randint(1, 28)} 号 {rng.randint(8, 20)} 点以后送，{rng.randint(1, 30)} 幢"
    return rng.choice(ASKED_OF_BUYER)


def _lines(rng: random.Random) -> tuple[IncomingLine, ...]:
    if rng.random() < BIG:
        counts = (rng.choice((1, 1, 2, 3)), rng.randint(1, 7), 1)
        picked = list(zip(APPLIANCES[:3], counts, strict=True))[: rng.randint(1, 3)]
    else:
        picked = [
            (good, rng.choice((1, 1, 1, 2, 3))) for good in rng.sample(APPLIANCES[3:], rng.randint(1, 3))
        ]
    lines = [IncomingLine(good.sku.code, n, good.price_minor) for good, n in picked]
    if rng.random() < BUNDLED:
        code = rng.choice([code for code, *_rest in SETS])
        lines.append(IncomingLine(code, 1, SET_PRICES[code]))
    if rng.random() < RARE:
        lines.append(IncomingLine(LIMITED.sku.code, 1, LIMITED.price_minor))
    if rng.random() < UNMAPPED:
        good, n = picked[-1]
        lines[len(picked) - 1] = IncomingLine(_odd_code(rng, good), n, good.price_minor)
    return tuple(lines)


def _odd_code(rng: random.Random, good: Good) -> str:
    """One time in six the barcode, which the catalogue knows; else a code that it does not."""
    known = [code for code, meant in MEANT.items() if meant == good.sku.code]
    return BARCODES[good.sku.code] if not known or rng.random() < 1 / 6 else rng.choice(known)


def open_shop(slug: str, orders: int) -> DayShop:
    """A merchant with the goods of such a day in stock, all but the limited one, of which there is half."""
    tenant_id = find_tenant_id(slug)
    if tenant_id is not None:
        with tenant(tenant_id):
            channel_id, hub = Channel.objects.values_list("id", "facility_id").get(code=CHANNEL)
        return DayShop(tenant_id, hub, channel_id)
    tenant_id = create_tenant(name="青砚家电大促", slug=slug)
    with tenant(tenant_id):
        goods = (*APPLIANCES, LIMITED)
        skus = save_skus([good.sku for good in goods])
        save_bundles([BundleInput(*bundle) for bundle in SETS])
        hub = create_facility(code="HZ", name="杭州仓", point_e6=(30_310_000, 120_020_000))
        bins = create_bins(hub, [BinInput(f"A-{n:03}", BinKind.PICK, n) for n in range(1, BINS + 1)])
        units = {good.sku.code: orders * STOCK_PER_ORDER + 20 for good in APPLIANCES}
        units[LIMITED.sku.code] = max(1, int(orders * RARE / 2))
        days = timedelta(days=400)
        lots = [
            ReceiptInput(
                skus[good.sku.code],
                f"{good.sku.code}-2612",
                bins[place],
                units[good.sku.code],
                clock.today() + days if good.expires else None,
            )
            for place, good in enumerate(goods)
        ]
        receive(facility_id=hub, reference="OPENING-DAY", lines=lots, kind=MoveKind.OPENING, supplier="期初")
        channel = create_channel(ChannelInput(CHANNEL, "天猫旗舰店", hub, "tmall"))
        options.put(settings.ADDRESS_MUST_RESOLVE, True)
        options.put(settings.REFUND_AGREES, True)
    return DayShop(tenant_id, hub, channel)


def run_day(shop: DayShop, day: Day) -> DayResult:
    """The orders come in, then what their platform and buyers think better of; nobody at the desk yet."""
    done = pipeline.push(tenant_id=shop.tenant_id, channel_id=shop.channel_id, incoming=day.orders)
    closed = set(day.closed)
    later = [
        replace(order, state=int(ChannelState.CLOSED), raw=order.raw[:-1] + ', "state": "TRADE_CLOSED"}')
        for order in day.orders
        if order.external_number in closed
    ]
    if later:
        pipeline.push(tenant_id=shop.tenant_id, channel_id=shop.channel_id, incoming=later)
    known, amounts = done.order_ids or {}, {o.external_number: o.amount_minor for o in day.orders}
    asked = [
        RefundInput(known[name], f"R{name}", amounts[name], is_whole=True, reason="不想要了")
        for name in day.refunded
    ]
    if asked:
        with tenant(shop.tenant_id):
            refunds.ask(refunds=asked)
    relay.deliver(shop.tenant_id)
    return count(shop, list(known.values()))


def count(shop: DayShop, order_ids: Sequence[int]) -> DayResult:
    """Where these orders stand now."""
    with tenant(shop.tenant_id):
        found = OrderRow.objects.filter(id__in=order_ids).values_list("status", flat=True)
        statuses = list(found)
    stopped = statuses.count(OrderStatus.STOPPED)
    cancelled = statuses.count(OrderStatus.CANCELLED)
    return DayResult(len(statuses), len(statuses) - stopped - cancelled, cancelled, stopped)
