"""The worked day of docs/rules/unmasking.md goes through the real service: a wrong number on the page fails here."""

from core.accounts import Role
from core.errors import ERPError
from core.tenancy import tenant
from orders.models import Unmasking
from orders.services import pipeline, unmasking
from orders.services.unmasking import Gap, Viewer
from tests import builders as make
from tests import laws
from tests.docs.rules.test_pages import PAGES, table

PAGE = "unmasking.md"


def test_the_worked_day(tenant_id: int) -> None:
    rows = table(PAGE, "who", "asks for")
    with tenant(tenant_id):
        facility_id = make.make_facility()
        make.make_stock(make.make_bin(facility_id), make.make_sku(code="S"), 10)
        channel_id = make.make_channel(facility_id)
        people = {row["who"]: make.make_member(Role.OPERATOR) for row in rows}
        unmasking.set_policy(limit=3, roles=["OPERATOR"], actor_id=None)
    batch = [make.incoming(("S", 1), number=f"P{n}") for n in range(1, 5)]
    ids = pipeline.push(tenant_id=tenant_id, channel_id=channel_id, incoming=batch).order_ids or {}
    for row in rows:
        viewer = Viewer(people[row["who"]])
        try:
            with tenant(tenant_id):
                wanted = [ids[f"P{n}"] for n in row["asks for"].split()]
                done = unmasking.unmask(viewer=viewer, order_ids=wanted, reason="RISK")
            shown = " ".join(one.number.removeprefix("P") for one in done.orders if one.receiver)
        except ERPError as refused:
            assert refused.code == "unmask_limit"
            shown = "limit"
        with tenant(tenant_id):
            left, count = unmasking.allowance_of(viewer).left, Unmasking.objects.count()
        assert (shown, left, count) == (row["shown"], int(row["left"]), int(row["rows"])), row
    assert laws.broken(tenant_id, "orders.unmasked") == []


def test_the_page_names_every_gap_and_no_other() -> None:
    assert {row["gap"] for row in table(PAGE, "the receiver")} == {"", *(gap.value for gap in Gap)}
    assert "50" in (PAGES / PAGE).read_text(encoding="utf-8")
