"""Where orders go: read by the machine, asked of a person once, remembered; one order's receiver put right by hand."""

import pytest

from core import options
from core.errors import Conflict, Invalid
from core.models import AuditEntry
from core.tenancy import tenant
from orders import options as settings
from orders.models import AddressFix, Finding, Order, OrderStatus
from orders.rules import audit
from orders.rules.addresses import fold_region
from orders.rules.incoming import IncomingOrder, Receiver
from orders.services import desk, placing
from orders.services.placing import NewAddress
from orders.services.receivers import unseal
from tests.builders import incoming
from tests.orders.views.scene import KETTLE, Desk, make_desk

ODD = ("浙江省", "杭州市", "高新区")


@pytest.fixture
def shop(tenant_id: int) -> Desk:
    with tenant(tenant_id):
        options.put(settings.ADDRESS_MUST_RESOLVE, True)
    return make_desk(tenant_id)


def to(
    province: str, city: str, district: str, street: str = "江南大道 1 号", *, masked: bool = False
) -> Receiver:
    return Receiver("王敏", "13800001111", province, city, district, street, masked)


def order(number: str, receiver: Receiver, remark: str = "") -> IncomingOrder:
    return incoming((KETTLE, 1), number=number, to=receiver, remark=remark)


def open_codes(order_id: int) -> set[str]:
    found = Finding.objects.filter(order=order_id, cleared_at__isnull=True, stops=True)
    return set(found.values_list("code", flat=True))


def test_other_ways_to_write_an_address_stop_nothing(shop: Desk) -> None:
    ids = shop.take(
        order("A1", to("浙江", "杭州", "西湖")),
        order("A2", to("", "", "", "浙江省杭州市西湖区文三路1号")),
        order("A3", to("广东省", "东莞市", "虎门镇")),
        order("A4", to("浙江省", "杭州市", "****", masked=True)),
    )
    with tenant(shop.tenant_id):
        codes = dict(Order.objects.values_list("id", "division_code"))
    assert [codes[id_] for id_ in ids] == ["330106", "330106", "441900", ""]
    assert {shop.status(id_) for id_ in ids} == {OrderStatus.FULFILLING}


def test_nobody_is_asked_where_the_tenant_does_not_want_it(tenant_id: int) -> None:
    shop = make_desk(tenant_id)
    (id_,) = shop.take(order("B1", to(*ODD)))
    assert shop.status(id_) == OrderStatus.FULFILLING


def test_what_nobody_can_read_stops_with_suggestions(shop: Desk) -> None:
    (id_,) = shop.take(order("C1", to("浙江省", "杭洲市", "西湖区")))
    with tenant(shop.tenant_id):
        finding = Finding.objects.get(order=id_, code=audit.ADDRESS_UNKNOWN)
    assert finding.stops
    assert finding.detail["written"] == "浙江省 杭洲市 西湖区"
    assert finding.detail["suggestions"][0] == 330106
    assert "江南大道" not in str(finding.detail)


def test_one_answer_is_for_all_and_for_the_next_time(shop: Desk) -> None:
    ids = shop.take(
        order("D1", to(*ODD)), order("D2", to(*ODD)), order("D3", to("浙江省", "杭州市", "经开区"))
    )
    assert {shop.status(id_) for id_ in ids} == {OrderStatus.STOPPED}
    with tenant(shop.tenant_id):
        placing.remember(written=fold_region(*ODD), code="330108", actor_id=None)
        done = desk.release(order_ids=ids, actor_id=None, waived=())
        assert set(done.order_ids) == set(ids[:2])
        assert open_codes(ids[2]) == {audit.ADDRESS_UNKNOWN}
        assert set(Order.objects.filter(id__in=ids[:2]).values_list("division_code", flat=True)) == {"330108"}
    (later,) = shop.take(order("D4", to("浙江省", " 杭州市", "高新區")))
    assert shop.status(later) == OrderStatus.FULFILLING
    with tenant(shop.tenant_id):
        placing.remember(written=fold_region(*ODD), code="330100", actor_id=None)
        assert AddressFix.objects.get().code == "330100"


def test_an_answer_about_a_place_waives_no_remark(shop: Desk) -> None:
    (id_,) = shop.take(order("E1", to(*ODD), remark="要白色的"))
    with tenant(shop.tenant_id):
        placing.remember(written=fold_region(*ODD), code="330108", actor_id=None)
        done = desk.release(order_ids=[id_], actor_id=None, waived=())
        assert (done.order_ids, done.stopped) == ((), (id_,))
        assert open_codes(id_) == {audit.BUYER_REMARK}
        assert Order.objects.get(id=id_).division_code == "330108"
        assert desk.release(order_ids=[id_], actor_id=None, waived=[audit.BUYER_REMARK]).order_ids == (id_,)


@pytest.mark.parametrize(
    ("written", "code"), [("", "330106"), ("x" * 201, "330106"), ("a|b|c", "330199"), ("a|b|c", "330000")]
)
def test_what_cannot_be_remembered_is_refused(shop: Desk, written: str, code: str) -> None:
    with tenant(shop.tenant_id), pytest.raises(Invalid):
        placing.remember(written=written, code=code, actor_id=None)


def test_a_receiver_is_put_right_sealed_and_with_a_trail(shop: Desk) -> None:
    (id_,) = shop.take(order("F1", to("", "", "", "老地方 3 号")))
    with tenant(shop.tenant_id):
        new = NewAddress("浙江省", "杭州市", "西湖区", "文三路 9 号")
        assert placing.edit_receiver(order_id=id_, address=new, actor_id=None) == "330106"
        assert desk.release(order_ids=[id_], actor_id=None, waived=()).order_ids == (id_,)
        row = Order.objects.get(id=id_)
        stored = unseal(shop.tenant_id, bytes(row.receiver or b""))
        entry = AuditEntry.objects.get(action="edit_receiver")
    assert (stored.street, stored.name, stored.phone) == ("文三路 9 号", "王敏", "13800001111")
    assert "西湖区" in row.receiver_mask
    assert "文三路" not in row.receiver_mask
    assert sorted(entry.detail["changed"]) == ["city", "district", "province", "street"]
    assert "文三路" not in str(entry.detail)


def test_what_goes_or_is_hidden_is_not_changed(shop: Desk) -> None:
    gone, hidden = shop.take(
        order("G1", to("浙江省", "杭州市", "西湖区")),
        order("G2", to("浙江省", "杭州市", "西湖区", masked=True), remark="要白色的"),
    )
    for id_ in (gone, hidden):
        with tenant(shop.tenant_id), pytest.raises(Conflict):
            placing.edit_receiver(
                order_id=id_, address=NewAddress("浙江省", "杭州市", "上城区"), actor_id=None
            )
