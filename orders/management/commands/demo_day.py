"""manage.py demo_day: a day of an invented shop with the dirt of real ones, taken as far as a machine can."""

import json
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core import clock
from core.accounts import Role
from core.services import accounts
from core.tenancy import tenant
from orders.demo.day import SEED, make_day, open_shop, run_day

SLUG = "qingyan-day"
OPERATOR = "operator"


class Command(BaseCommand):
    help = "Makes the merchant of a busy day and takes its orders.  The last line is one JSON object."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--orders", type=int, default=10_000)
        parser.add_argument("--seed", type=int, default=SEED)

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        shop = open_shop(SLUG, options["orders"])
        with tenant(shop.tenant_id):
            now = clock.now()
            person = accounts.find_user_id(OPERATOR)
            known = {card.tenant_id for card in accounts.list_memberships(person)} if person else set()
            if person and shop.tenant_id not in known:
                accounts.join(user_id=person, role=Role.OPERATOR)
        done = run_day(shop, make_day(options["orders"], now, options["seed"]))
        self.stdout.write(
            json.dumps(
                {
                    "merchant": SLUG,
                    "orders": done.orders,
                    "going": done.going,
                    "cancelled_by_machine": done.cancelled,
                    "stopped": done.stopped,
                    "untouched_percent": done.untouched_percent,
                    "seconds": round(time.monotonic() - began, 1),
                }
            )
        )
