"""The morning's digest: once a day, mailed to those who look after stock, each about his own facilities."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core import mail

from core import clock, db, options, relay
from core.accounts import Role
from core.services import accounts
from core.tenancy import tenant
from inventory import tasks
from inventory.models import StockDigest
from inventory.options import DIGEST_HOUR
from inventory.queries.digests import read_digest
from inventory.services import digests
from tests import builders as make
from tests.conftest import fresh_tenant
from tests.warehouse.people import sign_in

MORNING = datetime(2026, 6, 1, 8, 3)  # noqa: DTZ001  the wall clock at the tenant's place


def member(role: Role, *facility_ids: int, language: str = "zh-hans") -> str:
    address = f"{make.unique('p')}-{db.new_id()}@example.com"
    user_id = accounts.create_user(username=address, name="王芳", password=make.PASSWORD)
    db.execute("UPDATE core_user SET language = %s WHERE id = %s", language, user_id)
    accounts.join(user_id=user_id, role=role, facility_ids=facility_ids)
    return address


def expire(facility_id: int, lot: str) -> None:
    make.make_stock(
        make.make_bin(facility_id), make.make_sku(), 4, lot=lot, expires_on=clock.today() - timedelta(3)
    )


def write(tenant_id: int, now: datetime = MORNING) -> int | None:
    with tenant(tenant_id):
        return digests.write_if_due(now)


def test_once_a_day_and_not_before_its_hour(tenant_id: int) -> None:
    with tenant(tenant_id):
        expire(make.make_facility(), "L")
    assert write(tenant_id, MORNING.replace(hour=7)) is None
    assert write(tenant_id) is not None
    assert write(tenant_id, MORNING.replace(hour=23)) is None
    assert write(tenant_id, MORNING + timedelta(1)) is not None
    with tenant(tenant_id):
        assert sorted(StockDigest.objects.values_list("day", flat=True)) == [
            date(2026, 6, 1),
            date(2026, 6, 2),
        ]
        options.put(DIGEST_HOUR, 6)
        assert digests.write_if_due(MORNING.replace(day=3, hour=6)) is not None


def test_written_again_it_says_the_newer_and_mails_once(tenant_id: int) -> None:
    with tenant(tenant_id):
        facility = make.make_facility()
        expire(facility, "L1")
        member(Role.OWNER)
        first = digests.write_digest(MORNING)
    with tenant(tenant_id):
        expire(facility, "L2")
        assert digests.write_digest(MORNING) == first
    relay.deliver(tenant_id)
    relay.deliver(tenant_id)
    assert len(mail.outbox) == 1
    assert "L2" in mail.outbox[0].body
    with tenant(tenant_id):
        (part,) = read_digest(StockDigest.objects.get().content, None)
        assert (part.kind, part.count, part.units) == ("EXPIRED", 2, 8)


def test_who_is_written_to(tenant_id: int) -> None:
    with tenant(tenant_id):
        here, there = make.make_facility(name="杭州仓"), make.make_facility(name="宁波仓")
        expire(here, "L-HERE")
        expire(there, "L-THERE")
        owner, english = member(Role.OWNER), member(Role.QUALITY, language="en")
        bound = member(Role.WAREHOUSE, there)
        member(Role.OPERATOR)
        member(Role.WAREHOUSE, make.make_facility(name="空仓"))
        make.make_member(Role.OWNER)  # an account whose name is no address
        named = make.make_member(Role.OWNER)
        accounts.set_email(user_id=named, email="boss@example.com")
        digests.write_digest(MORNING)
    relay.deliver(tenant_id)
    sent = {letter.to[0]: letter for letter in mail.outbox}
    assert set(sent) == {owner, english, bound, "boss@example.com"}
    assert "06-01 库存提醒：过期 2" in sent[owner].subject
    assert "杭州仓" in sent[owner].body and "L-HERE" in sent[owner].body
    assert "L-HERE" not in sent[bound].body and "L-THERE" in sent[bound].body
    assert "Expired 2" in sent[english].subject


def test_nothing_to_say_is_kept_and_not_sent(tenant_id: int) -> None:
    with tenant(tenant_id):
        member(Role.OWNER)
        digests.write_digest(MORNING)
    relay.deliver(tenant_id)
    assert mail.outbox == []
    with tenant(tenant_id):
        assert StockDigest.objects.get().content == {"parts": []}


def test_a_mail_server_that_refuses_stops_nobody_else(
    tenant_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inventory import mailing

    tried: list[str] = []

    def refuse(subject: str, text: str, sender: None, to: list[str]) -> None:
        tried.extend(to)
        raise ConnectionRefusedError

    monkeypatch.setattr(mailing, "send_mail", refuse)
    with tenant(tenant_id):
        expire(make.make_facility(), "L")
        wanted = {member(Role.OWNER), member(Role.QUALITY)}
        digests.write_digest(MORNING)
    relay.deliver(tenant_id)
    assert set(tried) == wanted


def test_one_failing_tenant_does_not_stop_the_others(tenant_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    later = fresh_tenant()
    seen: list[int] = []

    def write_or_fail(now: datetime) -> None:
        from core.tenancy import current_tenant

        seen.append(current_tenant())
        if current_tenant() == tenant_id:
            raise RuntimeError("this one fails")

    monkeypatch.setattr(digests, "write_if_due", write_or_fail)
    tasks.write_due_digests()
    assert {tenant_id, later} <= set(seen)


def test_past_mornings_have_their_pages(tenant_id: int) -> None:
    with tenant(tenant_id):
        here, there = make.make_facility(name="杭州仓"), make.make_facility(name="宁波仓")
        expire(here, "L-HERE")
        expire(there, "L-THERE")
        digest_id = digests.write_digest(MORNING)
    keeper: Any = sign_in(tenant_id, Role.WAREHOUSE, [there])
    assert "2026-06-01" in keeper.get("/stock/digests/").content.decode()
    page = keeper.get(f"/stock/digests/{digest_id}/").content.decode()
    assert "L-THERE" in page and "L-HERE" not in page
