"""Options: typed, each tenant's own, one read a transaction."""

from typing import Any

import pytest
from django.db import connection

from core import options
from core.errors import Invalid
from core.options import Option
from core.tenancy import tenant
from inventory.options import EXPIRY_DAY_SELLS
from o2o.options import ROUNDS as O2O_ROUNDS
from orders.options import REMARK_STOPS

FLAG: Option[bool] = Option("test.flag", True, "开关")
NUMBER: Option[int] = Option("test.number", 7, "数")
WORD: Option[str] = Option("test.word", "常温", "字")
ROUNDS: Option[list[Any]] = Option("test.rounds", [{"stores": 3}], "轮次")
ALL: list[Option[Any]] = [FLAG, NUMBER, WORD, ROUNDS]


@pytest.mark.parametrize(
    ("option", "value"),
    [(FLAG, False), (NUMBER, -3), (WORD, '"鲶鱼\n\\"'), (ROUNDS, [])],
    ids=lambda part: getattr(part, "name", ""),
)
def test_a_value_is_kept_with_its_type(
    tenant_id: int, other_tenant_id: int, option: Option[Any], value: Any
) -> None:
    with tenant(tenant_id):
        assert options.get(option) == option.default
        options.put(option, value)
        assert options.get(option) == value
    with tenant(tenant_id):
        assert options.get(option) == value
        assert type(options.get(option)) is type(option.default)
        options.put(option, option.default)
    with tenant(tenant_id):
        assert options.get(option) == option.default
    with tenant(other_tenant_id):
        assert options.get(option) == option.default


@pytest.mark.parametrize("option", ALL, ids=lambda option: option.name)
def test_a_value_of_another_type_is_refused(tenant_id: int, option: Option[Any]) -> None:
    with tenant(tenant_id):
        wrong: Any
        for wrong in (1, True, "1", [], {}, None, 1.5):
            if type(wrong) is not type(option.default):
                with pytest.raises(Invalid) as refusal:
                    options.put(option, wrong)
                assert refusal.value.code == "option_type"
        assert options.get(option) == option.default


def test_a_list_that_a_caller_changes_is_the_callers_own(tenant_id: int, other_tenant_id: int) -> None:
    with tenant(tenant_id):
        options.get(ROUNDS).append("mine")
        options.get(ROUNDS)[0]["stores"] = 99
        assert options.get(ROUNDS) == [{"stores": 3}]
        options.put(ROUNDS, [{"stores": 5}])
        options.get(ROUNDS)[0]["stores"] = 99
        assert options.get(ROUNDS) == [{"stores": 5}]
    with tenant(other_tenant_id):
        assert options.get(ROUNDS) == [{"stores": 3}]


def test_all_options_are_one_read_a_transaction(tenant_id: int) -> None:
    statements: list[str] = []

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append(sql)
        return execute(sql, params, many, context)

    with tenant(tenant_id), connection.execute_wrapper(count):
        for option in ALL * 5:
            options.get(option)
    assert len(statements) == 1


def test_an_option_is_declared_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        options.declare(EXPIRY_DAY_SELLS.name, True, "又一次")


def test_the_declared_defaults_can_be_stored(tenant_id: int) -> None:
    assert {EXPIRY_DAY_SELLS.name, REMARK_STOPS.name, O2O_ROUNDS.name} <= options.declared().keys()
    with tenant(tenant_id):
        for option in options.declared().values():
            options.put(option, option.default)
            assert options.get(option) == option.default
