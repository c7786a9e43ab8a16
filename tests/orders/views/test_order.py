"""One order: its reasons, its parcels to be, its money and its story."""

import re

import pytest

from core.accounts import Role
from core.tenancy import tenant
from orders.models import Finding
from orders.queries import CODES
from orders.services import desk as desk_service
from orders.wording import WORDS
from tests import builders
from tests.builders import incoming
from tests.orders.views.scene import FILTER, KETTLE, RARE, VACUUM, Desk, make_desk


@pytest.fixture
def desk(tenant_id: int) -> Desk:
    return make_desk(tenant_id)


def panel(desk: Desk, order_id: int, *, path: str = "panel/") -> str:
    answer = desk.client(Role.OPERATOR).get(f"/orders/{order_id}/{path}")
    assert answer.status_code == 200
    plain = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return re.sub(r"\s+", " ", plain)


def test_a_stopped_order_tells_why_and_what_it_would_become(desk: Desk) -> None:
    (order,) = desk.take(incoming((VACUUM, 3), (FILTER, 7), remark="周三以后送"))
    told = panel(desk, order)
    assert "买家留言：周三以后送" in told
    assert "放行后分成 3 个" in told
    assert "大件一件一包，小件随它走" in told
    assert "8.06 kg" in told
    assert "要 3 可用 1,000" in told
    assert "对上了，差 0" in told
    assert "放行这一单" in told


def test_the_columns_of_the_page_hold_every_unit(desk: Desk) -> None:
    (order,) = desk.take(incoming((VACUUM, 2), (KETTLE, 3), remark="慢点"))
    answer = desk.client(Role.OPERATOR).get(f"/orders/{order}/").content.decode()
    boxes = re.findall(r'class="pcl [^"]*is-plan"', answer)
    units = [int(n) for n in re.findall(r"data-fixed><p>[^<]+</p><b>×(\d+)", answer)]
    assert len(boxes) == 2
    assert sum(units) == 5


def test_goods_that_nobody_knows_are_named_and_left_out(desk: Desk) -> None:
    (order,) = desk.take(incoming((KETTLE, 1), ("QY-NEW", 4)))
    told = panel(desk, order)
    assert "商品里没有编码 QY-NEW" in told
    assert "认出的货分成 1 个，还有 1 行没配上" in told


def test_what_is_short_is_counted(desk: Desk) -> None:
    (order,) = desk.take(incoming((RARE, 5)))
    told = panel(desk, order)
    assert "限量杯 差 3 件：要 5，停下时可用 2" in told
    assert "可用 2" in told


def test_money_that_does_not_close_says_by_how_much(desk: Desk) -> None:
    (order,) = desk.take(incoming((KETTLE, 2)))
    with tenant(desk.tenant_id):
        odd = builders.make_order(desk.channel_id, desk.facility_id, amount_minor=2_500)
        builders.make_order_line(odd, desk.skus[KETTLE], 2)
        builders.make_channel_order(desk.channel_id, odd)
        builders.make_finding(odd, code="AMOUNT_MISMATCH")
    assert "对不上，差 5.00" in panel(desk, odd)
    assert "对上了，差 0" in panel(desk, order)


def test_the_story_names_who_looked(desk: Desk) -> None:
    (order,) = desk.take(incoming((VACUUM, 2), remark="慢点"))
    with tenant(desk.tenant_id):
        actor = builders.make_member(Role.OPERATOR)
        desk_service.release(order_ids=[order], actor_id=actor)
    told = panel(desk, order)
    assert "王芳看过 买家留言" in told
    assert "分成 2 个包裹，占好库存" in told
    assert told.index("分成 2 个包裹") < told.index("审单停下") < told.index("天猫旗舰店第 1 版")
    assert "放行这一单" not in told
    assert "占 2 余 998" in told


@pytest.mark.parametrize("code", CODES)
def test_every_finding_has_words(desk: Desk, code: str) -> None:
    assert code in WORDS
    with tenant(desk.tenant_id):
        order = builders.make_order(desk.channel_id, desk.facility_id)
        builders.make_order_line(order, desk.skus[KETTLE])
        builders.make_finding(order, code=code)
    assert str(WORDS[code].label)[:2] in panel(desk, order) + panel(desk, order, path="")


def test_a_finding_nobody_knows_yet_still_shows(desk: Desk) -> None:
    with tenant(desk.tenant_id):
        order = builders.make_order(desk.channel_id, desk.facility_id)
        builders.make_finding(order, code="TOMORROWS")
        assert Finding.objects.filter(order=order).exists()
    assert "没见过的原因" in panel(desk, order)
