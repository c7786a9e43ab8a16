"""Run as a module.

`fill`: an empty shop with goods and a member of staff.  `serve`: on a free port of loopback, which it prints.  `cancel NUMBER`: as the
dashboard would.
"""

import os
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import django
from django.core.management import call_command

# Code -> title, price, units.
GOODS = {"S": ("Teapot", "88.00", 500), "T": ("Cup", "12.50", 500)}


def fill() -> None:
    """Through oscar's own models, as its dashboard would."""
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Permission
    from oscar.core.loading import get_model

    call_command("migrate", verbosity=0)
    get_model("address", "Country").objects.create(
        iso_3166_1_a2="CN",
        iso_3166_1_a3="CHN",
        printable_name="China",
        name="China",
        is_shipping_country=True,
    )
    partner = get_model("partner", "Partner").objects.create(name="Own goods")
    kind = get_model("catalogue", "ProductClass").objects.create(name="Things")
    for code, (title, price, units) in GOODS.items():
        product = get_model("catalogue", "Product").objects.create(
            title=title, upc=f"69700000{ord(code):05}", product_class=kind, structure="standalone"
        )
        product.stockrecords.create(
            partner=partner, partner_sku=code, price=Decimal(price), num_in_stock=units, price_currency="CNY"
        )
    people: Any = get_user_model().objects
    staff = people.create_user("erp", "erp@example.com", os.environ["MALL_PASSWORD"], is_staff=True)
    rights = ("view_order", "change_order", "view_line")
    staff.user_permissions.set(
        Permission.objects.filter(content_type__app_label="order", codename__in=rights)
    )


def cancel(number: str) -> None:
    """What a member of staff does on the dashboard's page of the order."""
    from oscar.core.loading import get_class, get_model

    order = get_model("order", "Order").objects.get(number=number)
    get_class("order.processing", "EventHandler")().handle_order_status_change(
        order, "Cancelled", "by request"
    )


def serve() -> None:
    """Until it is ended."""
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    server = ThreadedWSGIServer(("127.0.0.1", 0), WSGIRequestHandler)
    server.daemon_threads = True
    server.set_app(get_wsgi_application())
    print(f"port {server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.campaigns.shop.mall.settings"
    django.setup()
    what, *rest = sys.argv[1:]
    known: dict[str, Callable[..., None]] = {"fill": fill, "serve": serve, "cancel": cancel}
    known[what](*rest)
