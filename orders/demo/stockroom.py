"""What the keepers of the demo's stock have in hand: goods in groups, bundles, suppliers, papers, holds, rules, a digest.

Every step makes what is missing and leaves what is there; each is a transaction of its own, as if a person had done it.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from core import clock, options
from core.services import accounts
from core.tenancy import tenant
from inventory.models import (
    Adjustment,
    AdjustmentReason,
    Balance,
    Bin,
    BinKind,
    Bundle,
    Facility,
    Hold,
    HoldKind,
    Lot,
    MoveKind,
    Product,
    PurchaseOrder,
    ShelfLifeRule,
    Sku,
    StockCount,
    StockDigest,
    Supplier,
    Transfer,
)
from inventory.options import APPROVAL_UNITS
from inventory.services import counting
from inventory.services.adjusting import AdjustmentLineInput, adjust
from inventory.services.bundles import BundleInput, save_bundles
from inventory.services.catalogue import BinInput, create_bins, find_sku_ids, save_skus
from inventory.services.counted_lots import CountLine
from inventory.services.counts import CountScope, create_count
from inventory.services.digests import local_now, write_digest
from inventory.services.holds import PlaceToHold, hold_lots, hold_places
from inventory.services.products import ProductInput, ensure_categories, save_products
from inventory.services.purchasing import PurchaseInput, PurchaseLineInput, create_purchases
from inventory.services.receiving import ReceiptInput, receive
from inventory.services.safety import SafetyInput, save_safety
from inventory.services.shelf_life import RuleInput, save_rules
from inventory.services.suppliers import SupplierInput, save_suppliers
from inventory.services.transfer_moves import send_transfer
from inventory.services.transfers import TransferInput, TransferLineInput, create_transfers
from orders.demo.goods import APPLIANCES, MILK, Good
from orders.demo.shelf_goods import (
    BUNDLES,
    CONSUMED,
    MILK_LOTS,
    PRODUCTS,
    PURCHASES,
    SAFETY,
    SHELF,
    SHELF_LOTS,
    SUPPLIERS,
)
from orders.services.channels import find_channel_id

COST_PERCENT = 45  # of the price
SECOND_PERSON_OVER = 50  # units
DAY = timedelta(days=1)
COUNTED_BINS = ("C-11-1", "C-11-2", "C-11-3", "C-11-4", "C-12-1", "C-12-2", "C-12-3")
MISSING = {("C-11-2", "D2609"): 4}  # units that the counter does not find
DATED = ("QY-DESC",)  # of what came from suppliers
COUNTED = 4  # tasks handed in so far


def stock_appliances(tenant_id: int, main_channel: str, city_channel: str) -> None:
    """The stock work of the appliance merchant."""
    with tenant(tenant_id):
        _catalogue()
    with tenant(tenant_id):
        _shelf("HZ", "OPENING-SHELF", SHELF_LOTS)
    with tenant(tenant_id):
        _rules({main_channel: 60, city_channel: 20}, ["QY-BEAN", "QY-SOY", "QY-DESC"])
        _suppliers_and_safety()
    _purchases(tenant_id)
    with tenant(tenant_id):
        drafts = _transfers()
    with tenant(tenant_id):
        if drafts:
            send_transfer(transfer_id=drafts[0], actor_id=accounts.find_user_id("warehouse"))
    with tenant(tenant_id):
        _holds()
    _count(tenant_id)
    with tenant(tenant_id):
        _adjustments()
    with tenant(tenant_id):
        _digest()


def stock_milk(tenant_id: int, channel: str) -> None:
    """The stock work of the milk powder merchant: groups, a rule for rice, lots near their end."""
    with tenant(tenant_id):
        if not Product.objects.exists():
            products = save_products([ProductInput("MT-F", "婴幼儿配方奶粉", "牧甜")])
            paths = ensure_categories(["奶粉", "辅食"])
            save_skus(
                [
                    replace(
                        good.sku,
                        product_id=products["MT-F"] if good.sku.code.startswith("MT-F") else None,
                        category_id=paths["奶粉" if good.sku.code.startswith("MT-F") else "辅食"],
                        cost_minor=_cost(good),
                    )
                    for good in MILK
                ]
            )
    with tenant(tenant_id):
        _shelf("HD", "OPENING-SHELF", MILK_LOTS)
    with tenant(tenant_id):
        _rules({channel: 120}, ["MT-RICE"])
    with tenant(tenant_id):
        _digest()


def _cost(good: Good) -> int:
    return good.price_minor * COST_PERCENT // 100


def _catalogue() -> None:
    if not Product.objects.exists():
        products = save_products([ProductInput(code, name, "青砚") for code, name, _path, _skus in PRODUCTS])
        paths = ensure_categories({path for _code, _name, path, _skus in PRODUCTS} | {CONSUMED})
        group = {
            sku: (products[code], paths[path], spec)
            for code, _name, path, skus in PRODUCTS
            for sku, spec in skus.items()
        }
        use = products["P-USE"], paths[f"{CONSUMED}/食品"], ""
        save_skus(
            [
                replace(
                    good.sku,
                    product_id=group.get(good.sku.code, use)[0],
                    category_id=group.get(good.sku.code, use)[1],
                    spec=group.get(good.sku.code, use)[2],
                    cost_minor=_cost(good),
                )
                for good in (*APPLIANCES, *SHELF)
            ]
        )
    if not Bundle.objects.exists():
        save_bundles([BundleInput(*bundle) for bundle in BUNDLES])
    if not Bin.objects.filter(kind=BinKind.STORAGE).exists():
        create_bins(
            _facilities()["HZ"], [BinInput(f"D-{i:02}", BinKind.STORAGE, 1000 + i, "D") for i in range(1, 9)]
        )


def _facilities() -> dict[str, int]:
    return dict(Facility.objects.values_list("code", "id"))


def _bins(facility_id: int, codes: Sequence[str]) -> dict[str, int]:
    return dict(Bin.objects.filter(facility=facility_id, code__in=codes).values_list("code", "id"))


def _shelf(place: str, reference: str, lots: Sequence[tuple[str, str, str, int, int | None, int]]) -> None:
    """Lots that came one by one over the last years: a receipt is of one day, and the same one again changes nothing."""
    facility_id, today = _facilities()[place], clock.today()
    skus = find_sku_ids([sku for sku, *_rest in lots])
    bins = _bins(facility_id, [lot[2] for lot in lots])
    for sku, lot, bin_code, units, left, ago in lots:
        expires_on = None if left is None else today + left * DAY
        receive(
            facility_id=facility_id,
            reference=f"{reference}-{lot}",
            lines=[ReceiptInput(skus[sku], lot, bins[bin_code], units, expires_on)],
            kind=MoveKind.OPENING,
            supplier="期初",
            received_on=today - ago * DAY,
        )


def _rules(days: dict[str, int], codes: Sequence[str]) -> None:
    """What still has to last when it leaves, by channel; cheap clearance is allowed to be short in none of them."""
    if ShelfLifeRule.objects.filter(sku__isnull=False).exists():
        return
    skus = find_sku_ids(codes)
    rules = [
        RuleInput(minimum, sku_id=skus[code], channel_ref=find_channel_id(channel))
        for channel, minimum in days.items()
        for code in codes
    ]
    save_rules(rules=rules, actor_id=accounts.find_user_id("operator"))


def _suppliers_and_safety() -> None:
    if Supplier.objects.exists():
        return
    operator, places = accounts.find_user_id("operator"), _facilities()
    save_suppliers([SupplierInput(*supplier) for supplier in SUPPLIERS], actor_id=operator)
    skus = find_sku_ids([sku for _place, sku, _least, _full in SAFETY])
    rows = [SafetyInput(places[place], skus[sku], least, full) for place, sku, least, full in SAFETY]
    save_safety(rows=rows, actor_id=operator)


def _purchases(tenant_id: int) -> None:
    """Open, late, partly received, all received and a draft."""
    with tenant(tenant_id):
        if PurchaseOrder.objects.exists():
            return
        operator, hub, today = accounts.find_user_id("operator"), _facilities()["HZ"], clock.today()
        suppliers = dict(Supplier.objects.values_list("code", "id"))
        skus = find_sku_ids([sku for *_head, lines in PURCHASES for sku, _units, _came in lines])
        costs = dict(Sku.objects.values_list("id", "cost_minor"))
        door = _bins(hub, ["RECV-1"])["RECV-1"]
        orders = {
            is_open: [
                PurchaseInput(
                    suppliers[supplier],
                    hub,
                    tuple(PurchaseLineInput(skus[sku], n, costs[skus[sku]]) for sku, n, _came in lines),
                    today + days * DAY,
                    note,
                )
                for supplier, days, opened, note, lines in PURCHASES
                if opened == is_open
            ]
            for is_open in (True, False)
        }
        ids = create_purchases(purchases=orders[True], actor_id=operator, is_open=True)
        create_purchases(purchases=orders[False], actor_id=operator)
    came = [lines for _supplier, _days, opened, _note, lines in PURCHASES if opened]
    for i, (purchase_id, lines) in enumerate(zip(ids, came, strict=True), 1):
        there = [
            ReceiptInput(
                skus[sku], f"{today:%y%m}{sku[-2:]}", door, n, today + 700 * DAY if sku in DATED else None
            )
            for sku, _ordered, n in lines
            if n
        ]
        if there:
            with tenant(tenant_id):
                receive(
                    facility_id=hub,
                    reference=f"DN-{today:%y%m%d}-{i:02}",
                    lines=there,
                    purchase_id=purchase_id,
                    actor_id=accounts.find_user_id("warehouse"),
                )


def _transfers() -> list[int]:
    """Two drafts, the first of which is to go; none if there are papers already."""
    if Transfer.objects.exists():
        return []
    places = _facilities()
    skus = find_sku_ids(["QY-P8", "QY-CUP", "QY-D3", "QY-M2"])
    wanted = (("WY", "补文一店", ("QY-P8", 20), ("QY-CUP", 48)), ("HL", "", ("QY-D3", 30), ("QY-M2", 24)))
    return create_transfers(
        transfers=[
            TransferInput(
                places["HZ"],
                places[to],
                tuple(TransferLineInput(skus[sku], units) for sku, units in lines),
                note,
            )
            for to, note, *lines in wanted
        ],
        actor_id=accounts.find_user_id("operator"),
    )


def _holds() -> None:
    if Hold.objects.exists():
        return
    quality, hub = accounts.find_user_id("quality"), _facilities()["HZ"]
    lots = dict(Lot.objects.filter(code__in=["B2607", "S2609"]).values_list("code", "id"))
    hold_lots(
        lot_ids=[lots["B2607"]],
        kind=HoldKind.QUARANTINE,
        document="QC-0142",
        reason="抽检水分",
        actor_id=quality,
    )
    hold_lots(
        lot_ids=[lots["B2607"]], kind=HoldKind.HELD, document="客诉 8831", reason="袋子漏气", actor_id=quality
    )
    hold_places(
        places=[PlaceToHold(hub, _bins(hub, ["C-12-2"])["C-12-2"], lots["S2609"])],
        kind=HoldKind.HELD,
        document="漏水",
        reason="货架上方漏水，等晾干",
        actor_id=accounts.find_user_id("warehouse"),
    )


def _count(tenant_id: int) -> None:
    """A count that is half done; one of its bins has less than the book says."""
    with tenant(tenant_id):
        if StockCount.objects.exists():
            return
        hub, keeper = _facilities()["HZ"], accounts.find_user_id("warehouse")
        bins = _bins(hub, COUNTED_BINS)
        count = create_count(
            facility_id=hub, scope=CountScope(bin_ids=list(bins.values())), name="C 区月盘", actor_id=keeper
        )
    codes = {id_: code for code, id_ in bins.items()}
    for _task in range(COUNTED if keeper else 0):
        with tenant(tenant_id):
            task = counting.claim_task(count_id=count.count_id, actor_id=keeper or 0)
        if task is None:
            return
        with tenant(tenant_id):
            there = Balance.objects.filter(bin=task.bin_id, on_hand__gt=0).values_list(
                "sku_id", "lot__code", "lot__expires_on", "on_hand"
            )
            found = [
                CountLine(sku, lot, units - MISSING.get((codes[task.bin_id], lot), 0), expires_on)
                for sku, lot, expires_on, units in there
            ]
            counting.hand_in(task_id=task.id, round_=task.round, lines=found, actor_id=keeper or 0)


def _adjustments() -> None:
    """One small enough for one person, and one that waits for a second."""
    if Adjustment.objects.exists():
        return
    if not options.get(APPROVAL_UNITS):
        options.put(APPROVAL_UNITS, SECOND_PERSON_OVER)
    hub, keeper = _facilities()["HZ"], accounts.find_user_id("warehouse")
    for lot, units, reason, note in (
        ("Z2608", 6, AdjustmentReason.DAMAGED, "叉车压坏"),
        ("Z2509", 180, AdjustmentReason.DAMAGED, "受潮发霉，整托报损"),
    ):
        bin_id, lot_id = Balance.objects.values_list("bin_id", "lot_id").get(facility=hub, lot__code=lot)
        adjust(
            facility_id=hub,
            reason=reason,
            lines=[AdjustmentLineInput(bin_id, lot_id, -units)],
            note=note,
            actor_id=keeper,
        )


def _digest() -> None:
    now = local_now()
    if not StockDigest.objects.filter(day=now.date()).exists():
        write_digest(now)
