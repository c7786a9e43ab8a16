"""The demo's own order export: a day of an invented shop, the same every time, with the dirt of real ones."""

import csv
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from orders.demo.goods import APPLIANCES, NAMES, PLACES, REMARKS

HEADER = (
    "订单编号",
    "付款时间",
    "商家编码",
    "数量",
    "单价",
    "收件人",
    "手机",
    "省",
    "市",
    "区",
    "详细地址",
    "买家留言",
)
SEED = 20261111


def write(path: Path, orders: int, day: datetime) -> None:
    """An export of `orders` orders paid from `day` on: 30 % big items, 5 % remarks, 3 % unknown codes, 2 % without an address, and a few
    rows that no import may take.  Written whole or not at all."""
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        out.writerow(HEADER)
        for row in rows(orders, day):
            out.writerow(row)
    part.replace(path)


def rows(orders: int, day: datetime) -> Iterator[tuple[object, ...]]:
    """The rows, an order's lines together."""
    rng = random.Random(SEED)  # noqa: S311  invented orders, the same every time
    for number in range(orders):
        paid = day + timedelta(seconds=80 * number)
        head = (f"{paid:%y%m%d}{408_000_000 + number * 37}", f"{paid:%Y-%m-%d %H:%M:%S}")
        province, city, district, street = rng.choice(PLACES)
        address = (province, city, district, street.format(n=rng.randrange(1, 900)))
        if rng.random() < 0.02:
            address = (province, city, "", "")
        who = (rng.choice(NAMES), f"13{rng.randrange(10**9):09}")
        remark = rng.choice(REMARKS) if rng.random() < 0.05 else ""
        for code, quantity, price in _lines(rng):
            yield (*head, code, quantity, price, *who, *address, remark)


def _lines(rng: random.Random) -> list[tuple[str, object, str]]:
    if rng.random() < 0.30:
        picked = [
            (APPLIANCES[0], rng.choice((1, 1, 2, 3))),
            (APPLIANCES[1], rng.randint(1, 7)),
            (APPLIANCES[2], 1),
        ]
        picked = picked[: rng.randint(1, 3)]
    else:
        picked = [
            (good, rng.choice((1, 1, 1, 2, 3))) for good in rng.sample(APPLIANCES[3:], rng.randint(1, 3))
        ]
    lines: list[tuple[str, object, str]] = [
        (g.sku.code, n, f"{g.price_minor // 100}.{g.price_minor % 100:02}") for g, n in picked
    ]
    luck = rng.random()
    if luck < 0.03:
        lines[-1] = (lines[-1][0].replace("-", ""), *lines[-1][1:])  # a code that lost its hyphen
    elif luck < 0.035:
        lines[-1] = (lines[-1][0], 0, lines[-1][2])
    elif luck < 0.04:
        lines[-1] = (*lines[-1][:2], "1O9.00")  # the letter O
    elif luck < 0.045:
        lines[-1] = (*lines[-1][:2], "0.00")
    return lines
