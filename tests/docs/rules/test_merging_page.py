"""The worked table of docs/rules/merging.md."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from orders.rules.merging import MergeCandidate, MergeRules, TokenKind, Verdict, group
from tests.docs.rules.test_pages import Row, table

NOON = datetime(2026, 11, 11, 12, 0, tzinfo=UTC)


def candidates(row: Row) -> list[MergeCandidate]:
    found, minutes = [], [0, *(int(cell) for cell in re.findall(r"\d+", row["minutes"]))]
    for id_, minute in enumerate(minutes, start=1):
        words = row[f"order {id_}"].split()
        one = MergeCandidate(id_, 1, "douyin", 1, NOON + timedelta(minutes=minute), None, True, "CNY")
        if words[0] == "key":
            one = replace(one, receiver_key=int(words[1]), is_masked=False)
        elif words[0] == "token":
            one = replace(one, token=words[1], token_kind=TokenKind.ADDRESS)
        elif words[0] in {"oaid", "moved"}:
            one = replace(one, token=f"oaid {id_}", token_kind=TokenKind.BOUND)
        found.append(one)
    return found


def answers(text: str, orders: list[MergeCandidate]) -> list[Verdict]:
    """Each answer was asked about the orders that it names; "and" joins groups of one answer."""
    found = []
    for number, said in enumerate(text.split(", then ") if text else []):
        groups = tuple(tuple(int(id_) for id_ in one.split("+")) for one in said.split(" and "))
        asked = tuple(order.pair for order in orders if any(order.id in one for one in groups))
        found.append(Verdict(number, "douyin", asked, groups))
    return found


def test_who_travels_with_whom() -> None:
    rows = table("merging.md", "order 1", "order 2")
    assert len(rows) > 10
    for row in rows:
        orders = candidates(row)
        told = answers(row["answered"], orders)
        now = [
            replace(order, address_version=1) if row[f"order {order.id}"] == "moved" else order
            for order in orders
        ]
        found = ", ".join(
            f"{'+'.join(map(str, one.order_ids))} by {one.proof.kind.name}"
            for one in group(now, MergeRules(window_min=60), told)
        )
        assert found == row["groups"], row
