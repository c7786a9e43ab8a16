"""The worked tables in docs/rules are run: a wrong number on a page fails here."""

import re
from datetime import date
from pathlib import Path

from inventory.rules.bundles import Part, Wanted, expand
from inventory.rules.expiry import NEVER, expires_on, first_acceptable_expiry, is_expired, last_sellable_day
from inventory.rules.fefo import Shelf, Want, allocate
from inventory.rules.promise import Demand, Promised, Reserved, Supply, available, plan_promises, settle
from inventory.rules.shelf_life import Buyer, Goods, ShelfLifeRule, min_days
from o2o.rules.rounds import Point, RoundRule, StepKind, Store, distance_m, next_step
from orders import divisions
from orders.rules.audit import CODES, STOPPING, AuditContext, AuditRules, audit
from orders.rules.audit_rules import CONDITIONS, Extra, Rule, check_conditions, compile_rules
from orders.rules.splitting import NO_LIMIT, split
from orders.rules.values import CarrierLimit, Line, Order, ParcelRule, Sku
from traceability.rules.equation import LotEquation

PAGES = Path(__file__).resolve().parents[3] / "docs" / "rules"
Row = dict[str, str]


def table(page: str, *first_columns: str) -> list[Row]:
    """The rows of the table on a page whose header begins with these columns."""
    lines = iter((PAGES / page).read_text(encoding="utf-8").splitlines())
    for line in lines:
        header = cells(line)
        if tuple(header[: len(first_columns)]) == first_columns:
            next(lines)
            rows = []
            for row in lines:
                if not row.startswith("|"):
                    break
                rows.append(dict(zip(header, cells(row), strict=True)))
            return rows
    raise LookupError(f"{page} has no table {first_columns}")


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]


def day(text: str) -> date:
    return NEVER if text == "never" else date.fromisoformat(text)


def yes(text: str) -> bool:
    return {"yes": True, "no": False}[text]


def e6(text: str) -> int:
    return round(float(text) * 1_000_000)


def test_expiry_around_the_expiry_day() -> None:
    for row in table("expiry.md", "expires on", "expiry day sells"):
        expiry, sells = day(row["expires on"]), yes(row["expiry day sells"])
        assert last_sellable_day(expiry, expiry_day_sells=sells) == day(row["last sellable day"])
        assert is_expired(expiry, day(row["on"]), expiry_day_sells=sells) == yes(row["expired"])


def test_expiry_minimum_of_a_demand() -> None:
    for row in table("expiry.md", "ships on"):
        first = first_acceptable_expiry(
            day(row["ships on"]),
            expiry_day_sells=yes(row["expiry day sells"]),
            min_days=int(row["days wanted"]),
        )
        assert first == day(row["minimum expiry"])


def test_expiry_shelf_life() -> None:
    for row in table("expiry.md", "produced on"):
        number, unit = row["shelf life"].split()
        counts = yes(row["production day counts"])
        last = expires_on(day(row["produced on"]), **{unit: int(number)}, production_day_counts=counts)
        assert last == day(row["expires on"])


def test_bundles_become_their_parts() -> None:
    bundles: dict[str, list[Part]] = {}
    for row in table("bundles.md", "bundle"):
        bundles.setdefault(row["bundle"], []).append(Part(row["part"], int(row["units in one"])))
    rows = table("bundles.md", "line")
    found = expand([Wanted(row["code"], int(row["quantity"])) for row in rows], bundles)
    for row in rows:
        mine = [f"{one.quantity} of {one.code}" for one in found if one.line == int(row["line"])]
        assert ", ".join(mine) == row["becomes"]
    assert sum(one.quantity for one in found if one.code == "CUP") == 9


def test_promise_what_can_be_promised_and_who_is_served() -> None:
    supplies = [
        Supply(7, day(r["lot expires on"]), int(r["units"])) for r in table("promise.md", "lot expires on")
    ]
    promised = [
        Promised(7, day(row["promised with minimum"]), int(row["units"]))
        for row in table("promise.md", "promised with minimum")
    ]
    for row in table("promise.md", "d"):
        d = day(row["d"])
        sellable = sum(supply.units for supply in supplies if supply.expires_on >= d)
        taken = sum(promise.units for promise in promised if promise.min_expires_on >= d)
        assert (sellable, taken) == (int(row["S(d)"]), int(row["P(d)"]))
        assert sellable - taken == int(row["S(d) − P(d)"])
        assert available(supplies, promised, d) == int(row["can be promised for minimum d"])
    rows = table("promise.md", "order")
    demands = [Demand(int(r["order"]), day(r["minimum"]), ((7, int(r["wants"])),)) for r in rows]
    plan = plan_promises(demands, supplies, promised)
    answers = dict.fromkeys(plan.granted, "granted")
    answers |= {miss.key: f"short, {miss.available} available" for miss in plan.short}
    assert answers == {int(row["order"]): row["answer"] for row in rows}


def test_promise_who_gives_way() -> None:
    rows = table("promise.md", "reservation")
    reserved = [
        Reserved(
            int(row["reservation"]),
            int(row["reservation"]),
            7,
            day(row["minimum"]),
            int(row["units"]),
            int(row["priority"]),
            day(row["ship by"]),
        )
        for row in rows
    ]
    left = [Supply(7, date(2026, 3, 31), 5), Supply(7, date(2026, 6, 30), 6)]
    broken = settle(reserved, left).reservations
    answers = ["gives way" if row.id in broken else "stays" for row in reserved]
    assert answers == [row["answer"] for row in rows]


def test_fefo() -> None:
    shelves = [
        Shelf(
            int(row["shelf"]),
            7,
            int(row["shelf"]),
            day(row["expires on"]),
            day(row["received on"]),
            int(row["sequence"]),
            int(row["units"]),
        )
        for row in table("fefo.md", "shelf")
    ]
    rows = table("fefo.md", "want")
    wants = [Want(int(r["want"]), 1, 7, day(r["minimum"]), int(r["units"])) for r in rows]
    plan = allocate(wants, shelves)
    for row in rows:
        key = int(row["want"])
        takes = [f"{take.quantity} of shelf {take.balance_id}" for take in plan.takes if take.key == key]
        assert (", ".join(takes), plan.short.get(key, 0)) == (row["takes"], int(row["short"]))


def test_shelf_life() -> None:
    numbers: dict[str, int] = {}

    def ref(name: str) -> int | None:
        return numbers.setdefault(name, len(numbers) + 1) if name else None

    rules = [
        ShelfLifeRule(
            int(row["rule"]),
            int(row["days"]),
            yes(row["replaces"]),
            ref(row["SKU"]),
            row["category"] or None,
            ref(row["channel"]),
            ref(row["customer"]),
        )
        for row in table("shelf_life.md", "rule")
    ]
    for row in table("shelf_life.md", "goods"):
        goods = Goods(ref(row["goods"]) or 0, row["category"], int(row["own days"]))
        buyer = Buyer(ref(row["channel"]), ref(row["customer"]), int(row["channel's days"]))
        assert min_days(goods, buyer, rules) == int(row["must last"]), row


def counted(text: str) -> list[tuple[str, int]]:
    """`3 vacuum, 1 stand`, also with `+`, as (name, units)."""
    parts = [part.split() for part in re.split(r"[,+]", text)]
    return [(name, int(units)) for units, name in parts]


def test_splitting() -> None:
    names: dict[str, int] = {}
    skus: dict[int, Sku] = {}
    for ident, row in enumerate(table("splitting.md", "goods"), start=1):
        weight_g = None if row["weight g"] == "unknown" else int(row["weight g"])
        case = int(row["case of"]) if row["case of"] else None
        names[row["goods"]] = ident
        skus[ident] = Sku(ident, weight_g, 10, 10, 10, ParcelRule[row["parcel rule"]], case, row["class"])
    name_of = {ident: name for name, ident in names.items()}
    for row in table("splitting.md", "order"):
        lines = [Line(i, names[name], units, 0) for i, (name, units) in enumerate(counted(row["order"]))]
        limit = CarrierLimit(int(row["limit g"]), None, None) if row["limit g"] else NO_LIMIT
        plan = split(lines, skus, limit)
        parcels = [
            " + ".join(f"{item.quantity} {name_of[item.sku_id]}" for item in parcel.items)
            for parcel in plan.parcels
        ]
        assert "; ".join(parcels) == row["parcels"]
        assert ", ".join(finding.code for finding in plan.findings) == row["finding"]


def test_audit_findings() -> None:
    rows = table("audit.md", "finding")
    assert tuple(row["finding"] for row in rows) == CODES
    assert {row["finding"] for row in rows if yes(row["stops by default"])} == STOPPING


def test_audit_addresses() -> None:
    for row in table("audit.md", "province"):
        written = (row["province"], row["city"], row["district"], row["street"])
        assert divisions.look(*written).code == row["it is"]


def test_audit_amounts() -> None:
    skus = {1: Sku(1, 1, 1, 1, 1, ParcelRule.NORMAL, None, "")}
    context = AuditContext(AuditRules(amount_limit_minor=50_000))
    for row in table("audit.md", "lines"):
        pairs = [part.split(" × ") for part in row["lines"].split(", ")]
        lines = [Line(i, 1, int(units), int(price)) for i, (units, price) in enumerate(pairs)]
        money = int(row["stated"]), int(row["charges"]), int(row["discount"])
        order = Order(
            1, None, "", "", *money, NEVER, NEVER, has_address=True, needs_address=True, lines=lines
        )
        assert ", ".join(finding.code for finding in audit(order, skus, context)) == row["findings"]


def test_audit_rules_of_a_tenant() -> None:
    assert [row["condition"].strip("`") for row in table("audit.md", "condition")] == list(CONDITIONS)
    lines = [Line(1, 1, 2, 100), Line(2, 2, 1, 100)]
    for row in table("audit.md", "rule"):
        said: dict[str, object] = {"currency": "CNY"}
        for part in row["rule"].split(", "):
            name, _space, value = part.partition(" ")
            first, _dash, last = value.partition("-")
            said[name] = {"from": int(first), "to": int(last)} if last else int(value)
        assert check_conditions(said) == ()
        money = int(row["paid"]), int(row["charges"]), int(row["discount"])
        order = Order(
            1, None, "", "", *money, NEVER, NEVER, has_address=True, needs_address=True, lines=lines
        )
        extra = Extra(1, "CNY", "", int(row["placed"]), cost_minor=600)
        assert bool(compile_rules([Rule(1, "r", said)])(order, extra)) is yes(row["found"]), row


def test_rounds() -> None:
    here = Point(31_230_416, 121_473_701)
    rules = [RoundRule(2, None, 60), RoundRule(3, 5_000, 90)]
    rows = table("rounds.md", "store")
    stores = [
        Store(
            int(row["store"]),
            e6(row["latitude"]),
            e6(row["longitude"]),
            yes(row["open"]),
            yes(row["stock"]),
            int(row["capacity left"]),
        )
        for row in rows
    ]
    metres = [distance_m(here.lat_e6, here.lng_e6, store.lat_e6, store.lng_e6) for store in stores]
    assert metres == [int(row["metres"]) for row in rows]
    asked: dict[int, str] = {}
    step = next_step(0, rules, here, stores, asked.keys())
    while step.kind == StepKind.OFFER:
        asked |= {offer.facility_id: str(step.round_number) for offer in step.offers}
        step = next_step(step.round_number, rules, here, stores, asked.keys())
    assert [asked.get(int(row["store"]), "") for row in rows] == [row["asked in round"] for row in rows]


def test_equation() -> None:
    rows = {row["term"]: row for row in table("equation.md", "term")}
    terms = list(rows)[:11]
    for lot in ("lot A", "lot B", "lot C"):
        equation = LotEquation(**{term: int(rows[term][lot]) for term in terms})
        assert equation.inflow == int(rows["inflow"][lot])
        assert equation.outflow == int(rows["outflow"][lot])
        assert equation.difference == int(rows["difference"][lot])
        assert equation.closes == yes(rows["closes"][lot])
