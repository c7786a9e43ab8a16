"""core.db.insert and array: what is written is what is read, whatever is in it."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from django.db import models
from hypothesis import given
from hypothesis import strategies as st

from core import db
from core.models import Job, Outbox
from core.models.jobs import JobStatus
from core.tenancy import NoTenant, tenant
from inventory.models import HoldKind
from orders.models import ChannelOrder, Order
from tests import builders as make
from tests.conftest import fresh_tenant

# What PostgreSQL's text can hold: no NUL, no lone surrogates.
texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12)
nasty = st.sampled_from(
    ["", " ", "NULL", "null", '"', "\\", '\\"', "{}", "{a,b}", ",", "\n", "\r\n\t", "'", "%s", "%%", "$1", "滤芯🐟", "\u202e", "é"]
)  # fmt: skip
instants = st.datetimes(timezones=st.just(UTC)).filter(lambda at: 1 < at.toordinal() < date.max.toordinal())
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
KINDS: list[tuple[str, st.SearchStrategy[Any]]] = [
    ("text", texts | nasty),
    ("bigint", st.integers(-(2**63), 2**63 - 1)),
    ("smallint", st.integers(-(2**15), 2**15 - 1)),
    ("boolean", st.booleans()),
    ("date", st.dates()),
    ("timestamptz", instants),
    ("numeric", st.decimals(allow_nan=False, allow_infinity=False, places=4)),
]


@pytest.mark.parametrize(("kind", "values"), KINDS, ids=[kind for kind, _ in KINDS])
@pytest.mark.parametrize("has_nulls", [False, True])
def test_an_array_keeps_every_element(kind: str, values: st.SearchStrategy[Any], has_nulls: bool) -> None:
    elements = st.none() | values if has_nulls else values

    @given(st.lists(elements, max_size=6))
    def keeps(items: list[Any]) -> None:
        found = db.rows(
            f"SELECT v FROM unnest(%s::{kind}[]) WITH ORDINALITY u(v, place) ORDER BY place", db.array(items)
        )
        assert [row[0] for row in found] == items

    keeps()


def test_array_of_odd_kinds() -> None:
    east = datetime(2025, 6, 1, 8, tzinfo=timezone(timedelta(hours=8)))
    cases: list[tuple[str, list[Any], list[Any]]] = [
        ("bigint", [], []),
        ("text", [JobStatus.QUEUED, HoldKind.RECALL], ["QUEUED", "RECALL"]),
        ("smallint", [db.Rank.STOCK, None], [60, None]),
        ("timestamptz", [east, None], [datetime(2025, 6, 1, tzinfo=UTC), None]),
        ("numeric", [Decimal("1E+3"), 7], [Decimal(1000), Decimal(7)]),
        ("date", [date.max, date.min], [date.max, date.min]),
    ]
    for kind, items, wanted in cases:
        found = db.rows(
            f"SELECT v FROM unnest(%s::{kind}[]) WITH ORDINALITY u(v, place) ORDER BY place", db.array(items)
        )
        assert [row[0] for row in found] == wanted, kind


def test_array_takes_any_iterable_once() -> None:
    assert db.array(n * n for n in range(4)) == "{0,1,4,9}"
    assert db.array({}.keys()) == "{}"


def test_a_nul_is_refused_and_never_cuts_a_text_short() -> None:
    with pytest.raises(ValueError, match="NUL"):
        db.rows("SELECT unnest(%s::text[])", db.array(["a\x00b"]))


@pytest.fixture(scope="module")
def shop(database: object) -> tuple[int, int, int]:
    """(tenant, channel, facility) for rows that need them."""
    tenant_id = fresh_tenant()
    with tenant(tenant_id):
        facility = make.make_facility()
        return tenant_id, make.make_channel(facility), facility


def test_insert_keeps_text_json_bytes_dates_and_nulls(shop: tuple[int, int, int]) -> None:
    tenant_id, channel, facility = shop
    row = st.tuples(texts | nasty, texts | nasty, st.none() | st.binary(max_size=40), st.dates(), instants)

    @given(st.lists(row, min_size=1, max_size=4), JSONS)
    def keeps(rows: list[tuple[str, str, bytes | None, date, datetime]], payload: Any) -> None:
        ids = list(db.new_ids(len(rows)))
        names = [
            "id",
            "number",
            "channel",
            "facility",
            "status",
            "remark",
            "receiver",
            "receiver_key",
            "currency",
        ]
        names += ["amount_minor", "min_expires_on", "ship_by", "placed_at"]
        with tenant(tenant_id):
            values = [
                (id_, text, channel, facility, 1, remark, blob, None, "CNY", 2**62, day, at, at)
                for id_, (text, remark, blob, day, at) in zip(ids, rows, strict=True)
            ]
            db.insert(Order, names, values)
            db.insert(Outbox, ["id", "topic", "payload"], [(ids[0], "Said", json.dumps({"v": payload}))])
            found = {order.id: order for order in Order.objects.filter(id__in=ids)}
            said = Outbox.objects.get(id=ids[0])
        assert said.payload == {"v": payload}
        for id_, (text, remark, blob, day, at) in zip(ids, rows, strict=True):
            order = found[id_]
            assert (order.number, order.remark) == (text, remark)
            assert (None if order.receiver is None else bytes(order.receiver)) == blob
            assert (order.min_expires_on, order.ship_by, order.receiver_key) == (day, at, None)
            assert order.amount_minor == 2**62

    keeps()


def test_insert_speaks_of_foreign_keys_by_their_field(shop: tuple[int, int, int]) -> None:
    tenant_id, channel, facility = shop
    with tenant(tenant_id):
        order = make.make_order(channel, facility)
        first, second = db.new_ids(2)
        names = ["id", "channel", "external_number", "order", "content_hash", "raw", "import_ref"]
        db.insert(
            ChannelOrder,
            names,
            [(first, channel, "A", order, -5, b"\x00\xff'\\", None), (second, channel, "B", None, 1, b"", 7)],
        )
        kept = {c.external_number: c for c in ChannelOrder.objects.filter(id__in=[first, second])}
    assert (kept["A"].order_id, bytes(kept["A"].raw), kept["A"].import_ref) == (order, b"\x00\xff'\\", None)
    assert (kept["B"].order_id, bytes(kept["B"].raw), kept["B"].import_ref) == (None, b"", 7)


def test_insert_of_nothing_is_no_statement() -> None:
    db.insert(Job, ["id"], [])  # not even a tenant is needed


def test_insert_needs_a_tenant_and_rows_of_one_length(tenant_id: int) -> None:
    with pytest.raises(NoTenant):
        db.insert(Outbox, ["id", "topic", "payload"], [(1, "Said", "{}")])
    with tenant(tenant_id), pytest.raises(ValueError, match=r"shorter|longer"):
        db.insert(Outbox, ["id", "topic", "payload"], [(1, "Said", "{}"), (2, "Said")])


def test_insert_is_one_statement_however_many_rows(tenant_id: int) -> None:
    class Count:
        statements = 0

        def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            self.statements += 1
            return execute(sql, params, many, context)

    from django.db import connection

    count, ids = Count(), db.new_ids(3_000)
    with tenant(tenant_id):
        with connection.execute_wrapper(count):
            db.insert(Outbox, ["id", "topic", "payload"], [(id_, "Said", "{}") for id_ in ids])
        assert count.statements == 1
        assert Outbox.objects.count() == 3_000


def test_every_column_of_every_table_has_a_kind_insert_can_write() -> None:
    from django.apps import apps

    from core.tenancy import TenantRow

    known = {
        "text",
        "bigint",
        "integer",
        "smallint",
        "boolean",
        "date",
        "time",
        "timestamp with time zone",
        "jsonb",
        "bytea",
    }
    for model in apps.get_models():
        if issubclass(model, TenantRow):
            fields: list[models.Field[Any, Any]] = list(model._meta.local_concrete_fields)
            assert {db._kind(field) for field in fields} <= known, model
