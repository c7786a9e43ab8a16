"""Makes the demo's merchants: people, places, goods, stock, shops, and a first hour of orders.

Run again, it makes what is missing.  That is also orders for the stores, once nothing is being offered: an offer lives for minutes.
"""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings

from core import clock, options
from core.accounts import Role
from core.services import accounts
from core.services.tenants import create_tenant, find_tenant_id
from core.tenancy import tenant
from inventory.models import BinKind, Facility, FacilityKind, MoveKind
from inventory.services.catalogue import BinInput, create_bins, create_facility, save_skus
from inventory.services.receiving import ReceiptInput, receive
from o2o.models import Dispatch, DispatchStatus
from o2o.options import ROUNDS
from orders.demo import export
from orders.demo.goods import (
    APPLIANCES,
    CITY,
    MILK,
    NAMES,
    PASSWORD,
    PEOPLE,
    PLACES,
    REMARKS,
    STORES,
    Good,
    Person,
    Shop,
)
from orders.demo.stockroom import stock_appliances, stock_milk
from orders.options import ADDRESS_MUST_RESOLVE
from orders.rules.incoming import IncomingLine, IncomingOrder, Receiver
from orders.services import pipeline
from orders.services.channels import ChannelInput, create_channel, find_channel_id
from warehouse.models import Handover
from warehouse.services import waves

HOME = "qingyan"  # the merchant that the main demo job works for
MAIN_CHANNEL = "tmall"
CITY_CHANNEL = "city"
MILK_CHANNEL = "jd"
EXPORT_ORDERS = 1_000
FIRST_ORDERS = 160
CITY_ORDERS = 6
LONGEST_AGO, JUST_NOW = 2_800, 15  # minutes since an order was placed
O2O_ROUNDS = [
    {"stores": 2, "radius_m": None, "seconds": 900},
    {"stores": 3, "radius_m": None, "seconds": 900},
]


def seed() -> list[str]:
    """Make what is not there yet; returns the sign-in lines to print."""
    if find_tenant_id(HOME) is None:
        _appliances(create_tenant(name="青砚家电", slug=HOME))
    _offers(find_tenant_id(HOME) or 0)
    if find_tenant_id("mutian") is None:
        _milk(create_tenant(name="牧甜奶粉", slug="mutian"))
    if find_tenant_id("northgate") is None:
        _wholesale(create_tenant(name="北门礼品", slug="northgate", timezone="Europe/London", currency="GBP"))
    _people()
    stock_appliances(find_tenant_id(HOME) or 0, MAIN_CHANNEL, CITY_CHANNEL)
    stock_milk(find_tenant_id("mutian") or 0, MILK_CHANNEL)
    make_export()
    width = max(len(person.username) for person in PEOPLE)
    return [
        f"{person.username:<{width}}  {PASSWORD}   {person.role.label} {person.name}" for person in PEOPLE
    ]


def make_export() -> Path:
    """The generated order file; its content never changes, so importing it again is a repeat."""
    path = Path(settings.ERP_FILES) / "demo" / "订单导出.csv"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        export.write(path, EXPORT_ORDERS, datetime(2026, 11, 11, tzinfo=UTC))
    return path


def _people() -> None:
    tenants = [t for slug in (HOME, "mutian", "northgate") if (t := find_tenant_id(slug)) is not None]
    for person in PEOPLE:
        user_id = accounts.find_user_id(person.username)
        if user_id is None:
            user_id = accounts.create_user(username=person.username, name=person.name, password=PASSWORD)
        joined = {card.tenant_id for card in accounts.list_memberships(user_id)}
        for tenant_id in tenants if person.role != Role.STORE else tenants[:1]:
            if tenant_id not in joined:
                with tenant(tenant_id):
                    accounts.join(user_id=user_id, role=person.role, facility_ids=_facilities_of(person))


def _facilities_of(person: Person) -> Sequence[int]:
    if person.role != Role.STORE:
        return ()
    return list(Facility.objects.filter(code=STORES[0].code).values_list("id", flat=True))


def _warehouse(code: str, name: str, point_e6: tuple[int, int] | None, aisles: str) -> tuple[int, list[int]]:
    facility_id = create_facility(code=code, name=name, point_e6=point_e6)
    places = [
        f"{aisle}-{rack:02}-{level}" for aisle in aisles for rack in range(1, 13) for level in range(1, 5)
    ]
    picks = create_bins(
        facility_id, [BinInput(place, BinKind.PICK, i, place[0]) for i, place in enumerate(places, 1)]
    )
    carts = [BinInput(f"CART-{i:02}", BinKind.TOTE, i) for i in range(1, 31)]
    others = [
        BinInput("RECV-1", BinKind.RECEIVING),
        BinInput("PACK-1", BinKind.PACKING),
        BinInput("QC-1", BinKind.QUARANTINE),
        BinInput("BAD-1", BinKind.DAMAGED),
    ]
    create_bins(facility_id, [*carts, *others])
    return facility_id, picks


def _stock(
    facility_id: int, bins: Sequence[int], goods: Sequence[Good], skus: dict[str, int], share: int = 1
) -> None:
    """Opening stock: two lots a SKU, or three that expire one after the other."""
    today, lines = clock.today(), []
    for i, good in enumerate(goods):
        units = good.units // share
        if good.expires:
            for k, (days, part) in enumerate(((260, 4), (410, 3), (600, 2))):
                produced = today + timedelta(days=days - (good.sku.shelf_life_days or 730))
                lot = f"{good.sku.code.split('-')[-1]}{produced:%y%m%d}{'ABC'[k]}"
                lines.append(
                    ReceiptInput(
                        skus[good.sku.code],
                        lot,
                        bins[(3 * i + k) % len(bins)],
                        units // part,
                        today + timedelta(days=days),
                        produced,
                        f"SUP-{k + 1}",
                    )
                )
        else:
            lines += [
                ReceiptInput(
                    skus[good.sku.code], f"{good.sku.code}-{lot}", bins[(3 * i + k) % len(bins)], units // 2
                )
                for k, lot in enumerate(("2609", "2610"))
            ]
    receive(
        facility_id=facility_id,
        reference=f"OPENING-{facility_id}",
        lines=lines,
        kind=MoveKind.OPENING,
        supplier="期初",
    )


def _appliances(tenant_id: int) -> None:
    with tenant(tenant_id):
        skus = save_skus([good.sku for good in APPLIANCES])
        hub, bins = _warehouse("HZ", "杭州仓", (30_310_000, 120_020_000), "ABC")
        _stock(hub, bins, APPLIANCES, skus)
        options.put(ROUNDS, O2O_ROUNDS)
        options.put(ADDRESS_MUST_RESOLVE, True)
        for shop in STORES:
            _store(shop, skus)
        channel = create_channel(ChannelInput(MAIN_CHANNEL, "天猫旗舰店", hub, "tmall"))
        create_channel(ChannelInput(CITY_CHANNEL, "同城小店", hub, "own", is_o2o=True, ship_within_h=4))
        now = clock.now()
    pipeline.push(
        tenant_id=tenant_id,
        channel_id=channel,
        incoming=_first_hour(APPLIANCES, FIRST_ORDERS, now, "26112", PLACES),
    )
    with tenant(tenant_id):
        waves.release(facility_id=hub, limit=18, size=18)


def _offers(tenant_id: int) -> None:
    """Orders placed just now, around the corner from a store, while no store is being asked."""
    with tenant(tenant_id):
        channel_id = find_channel_id(CITY_CHANNEL)
        now = clock.now()
        if Dispatch.objects.filter(status=DispatchStatus.OFFERING, deadline__gt=now).exists():
            return
    if channel_id is not None:
        prefix = f"QS{now:%d%H%M}"
        fresh = _first_hour(APPLIANCES[3:], CITY_ORDERS, now, prefix, CITY, JUST_NOW)
        pipeline.push(tenant_id=tenant_id, channel_id=channel_id, incoming=fresh)


def _store(shop: Shop, skus: dict[str, int]) -> None:
    facility_id = create_facility(
        code=shop.code, name=shop.name, kind=FacilityKind.STORE, point_e6=shop.point_e6
    )
    shelves = create_bins(facility_id, [BinInput(f"S-{i:02}", BinKind.PICK, i) for i in range(1, 13)])
    create_bins(facility_id, [BinInput(f"BAG-{i:02}", BinKind.TOTE, i) for i in range(1, 11)])
    _stock(facility_id, shelves, APPLIANCES, skus, share=200)


def _milk(tenant_id: int) -> None:
    with tenant(tenant_id):
        skus = save_skus([good.sku for good in MILK])
        hub, bins = _warehouse("HD", "邯郸仓", (36_612_000, 114_490_000), "A")
        _stock(hub, bins, MILK, skus)
        channel = create_channel(ChannelInput(MILK_CHANNEL, "京东自营店", hub, "jd", min_days=180))
        now = clock.now()
    pipeline.push(tenant_id=tenant_id, channel_id=channel, incoming=_first_hour(MILK, 60, now, "JD", PLACES))


def _wholesale(tenant_id: int) -> None:
    with tenant(tenant_id):
        hub, _bins = _warehouse("DOCK", "北门仓", None, "AB")
        create_channel(
            ChannelInput(
                "wholesale",
                "批发（月台交接）",
                hub,
                "file",
                currency="GBP",
                needs_address=False,
                handover=int(Handover.DOCK),
            )
        )


def _first_hour(
    goods: Sequence[Good],
    count: int,
    now: datetime,
    prefix: str,
    places: Sequence[tuple[str, str, str, str]],
    minutes: int = LONGEST_AGO,
) -> list[IncomingOrder]:
    """Orders placed in the last `minutes`, the same ones for the same prefix."""
    rng, made = random.Random(prefix), []  # noqa: S311  invented orders
    for i in range(count):
        province, city, district, street = rng.choice(places)
        picked = [
            (good, rng.choice((1, 1, 2, 3))) for good in rng.sample(goods, min(len(goods), rng.randint(1, 3)))
        ]
        lines = tuple(
            IncomingLine(good.sku.code if rng.random() > 0.02 else good.sku.code + "X", n, good.price_minor)
            for good, n in picked
        )
        amount = sum(line.quantity * line.unit_price_minor for line in lines)
        number = f"{prefix}{str(1402081837 + i * 7919)[len(prefix) - 15 :]}"
        person = Receiver(
            rng.choice(NAMES),
            f"138{rng.randrange(10**8):08}",
            province,
            city,
            district,
            street.format(n=rng.randrange(1, 900)),
        )
        if rng.random() < 0.02:
            person = Receiver(person.name, person.phone, province, city, "", "")
        remark = rng.choice(REMARKS) if rng.random() < 0.07 else ""
        placed = now - timedelta(minutes=rng.randrange(1, minutes))
        made.append(
            IncomingOrder(number, placed, amount, lines, f'{{"tid": "{number}"}}', person, remark=remark)
        )
    return made
