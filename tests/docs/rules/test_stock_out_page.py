"""The worked table in docs/rules/stock_out.md is run."""

from orders.rules.stock_out import Seller, Strategy, levels
from tests.docs.rules.test_pages import table


def strategy(words: list[str]) -> Strategy:
    said = {name: int(number) for name, number in zip(words[::2], words[1::2], strict=True)}
    return Strategy(said.get("share", 100), said.get("fixed"), said.get("keep", 0))


def test_who_says_what() -> None:
    rows = table("stock_out.md", "channels")
    assert len(rows) == 9
    for row in rows:
        channels = [part.split() for part in row["channels"].split(";")]
        sellers = [Seller(n, {1: 100}, strategy(words[1:])) for n, words in enumerate(channels)]
        found = [str(level.units) for level in levels(sellers, {1: 10})]
        assert found == [text for text in (row["A says"], row["B says"]) if text], row
