"""The worked tables in docs/rules/counting.md are run."""

import re

from inventory.rules.counting import Finding, Reading, decide, next_step
from tests.docs.rules.test_pages import table

_ROUND = re.compile(r"(\d+) of (\d+)(?:, (\d+) out)?(?:, (\d+) in)?")


def reading(text: str) -> Reading:
    found = _ROUND.fullmatch(text)
    assert found, text
    counted, book, out, in_ = (int(group or 0) for group in found.groups())
    return Reading(book, book + in_ - out, counted, in_, out)


def test_one_lot_round_by_round() -> None:
    for row in table("counting.md", "lot", "round 1"):
        rounds = [reading(row[f"round {n}"]) for n in (1, 2, 3) if row[f"round {n}"]]
        verdict = decide(rounds)
        told = verdict.finding.value, verdict.difference
        assert told == (row["finding"], int(row["difference"].replace("−", "-"))), row["lot"]


def test_what_becomes_of_the_bin() -> None:
    for row in table("counting.md", "findings"):
        findings = [Finding(word) for word in row["findings"].split(", ") if word != "none"]
        assert next_step(findings, int(row["rounds"])).value == row["the bin"]
