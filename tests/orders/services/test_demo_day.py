"""The demo's busy day: the same for the same seed, with the dirt it says, most of it decided by the machine."""

import json
from collections import Counter
from datetime import UTC, datetime
from io import StringIO
from uuid import uuid4

from django.core.management import call_command

from core.tenancy import tenant
from orders.demo.day import ASKED_OF_BUYER, LIMITED, MEANT, make_day, open_shop, run_day
from orders.models import Finding, Order, OrderStatus
from orders.rules import audit
from orders.services.planning import STOCK_SHORT

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_a_day_is_the_same_for_the_same_seed() -> None:
    day, again, other = make_day(300, NOW), make_day(300, NOW), make_day(300, NOW, seed=7)
    assert day == again
    assert day != other


def test_a_day_has_the_dirt_that_it_says() -> None:
    day = make_day(10_000, NOW)
    codes = [[line.code for line in order.lines] for order in day.orders]
    share = {
        "big": sum(any(code.startswith("QY-K7") for code in order) for order in codes),
        "odd": sum(any(code in MEANT or code.isdigit() for code in order) for order in codes),
        "remark": sum(bool(order.remark) for order in day.orders),
        "refund": len(day.closed) + len(day.refunded),
    }
    assert {name: round(n / 100) for name, n in share.items()} == {
        "big": 30,
        "odd": 3,
        "remark": 5,
        "refund": 1,
    }


def test_most_of_a_day_needs_nobody() -> None:
    shop = open_shop(f"day-{uuid4().hex[:10]}", 600)
    day = make_day(600, NOW)
    done = run_day(shop, day)
    assert done.orders == 600
    assert done.untouched_percent >= 90
    assert done.cancelled >= len(day.closed)
    with tenant(shop.tenant_id):
        stopped = Order.objects.filter(status=OrderStatus.STOPPED).values("id")
        found = Counter(
            Finding.objects.filter(order__in=stopped, stops=True, cleared_at__isnull=True).values_list(
                "code", flat=True
            )
        )
    known = {
        audit.SKU_UNMAPPED,
        audit.ADDRESS_UNKNOWN,
        audit.ADDRESS_MISSING,
        audit.BUYER_REMARK,
        STOCK_SHORT,
    }
    assert set(found) <= known, found
    assert LIMITED.units == 0
    assert ASKED_OF_BUYER


def test_the_command_says_what_became_of_the_day_and_may_run_twice() -> None:
    said = []
    for _run in range(2):
        out = StringIO()
        call_command("demo_day", orders=80, stdout=out)
        said.append(json.loads(out.getvalue().splitlines()[-1]))
    assert said[0]["orders"] == said[1]["orders"] == 80
    assert said[0]["stopped"] == said[1]["stopped"]
    assert said[0]["untouched_percent"] >= 85
