"""Who can sign in to the demo is told in both READMEs, and nobody else."""

import re

import pytest

from core.accounts import Role
from orders.demo.goods import PASSWORD, PEOPLE
from tests.house.source import ROOT


@pytest.mark.parametrize("page", ["README.md", "README.zh.md"])
def test_the_table_of_sign_ins_is_true(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\w+)` \| `([\w-]+)` \|", text, re.MULTILINE)
    assert told == [(person.username, PASSWORD) for person in PEOPLE]


def test_every_role_has_somebody() -> None:
    assert {person.role for person in PEOPLE} == set(Role)
