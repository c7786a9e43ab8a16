"""The platforms' own ids of what was sold, as each of them says them."""

from typing import Any

import pytest

from orders.connectors import reading
from tests.orders.connectors.dialects import platform
from tests.orders.connectors.platform_server import Shop
from tests.orders.connectors.test_clients import add_orders, connector_at, pull


@pytest.mark.parametrize(("code", "said"), [
    ("tmall", ("9", "1")), ("pdd", ("9", "1")), ("douyin", ("9", "1")), ("jd", ("1", "")),
])  # fmt: skip
def test_every_line_that_is_pulled_says_its_ids(code: str, said: tuple[str, str]) -> None:
    shop = Shop()
    add_orders(shop, 2)
    with platform(shop, code) as url:
        found, _cursor = pull(connector_at(code, url))
    assert [(order.lines[0].item, order.lines[0].variant) for order in found.values()] == [said] * 2


@pytest.mark.parametrize(("data", "said"), [
    ({"num_iid": 600, "sku_id": "601"}, ("600", "601")), ({"num_iid": 600}, ("600", "")), ({"num_iid": 600, "sku_id": 0}, ("600", "")),
    ({"sku_id": "601"}, ("601", "")), ({}, ("", "")), ({"num_iid": None, "sku_id": ""}, ("", "")),
    ({"num_iid": "6" * 65, "sku_id": "601"}, ("601", "")), ({"num_iid": 0, "sku_id": "0"}, ("", "")),
])  # fmt: skip
def test_what_is_missing_or_too_long_is_none(data: dict[str, Any], said: tuple[str, str]) -> None:
    assert reading.ids(data, ("num_iid",), ("sku_id",)) == said
