"""The pages: upload, columns, start, problems by row, download."""

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from core import jobs
from core.accounts import Role
from core.models import User
from core.tenancy import tenant
from orders.models import Import
from orders.views.imports import harmless
from tests.builders import make_member
from tests.orders.importing.files import csv_text, line
from tests.orders.importing.world import Shop, make_shop

COLUMNS = {
    "column_0": "number",
    "column_1": "placed_at",
    "column_2": "code",
    "column_3": "quantity",
    "column_4": "unit_price",
}
OPTIONS = {
    "date_order": "ymd", "decimals": "2", "bad_line": "stop", "not_goods": "POST\nDOT", "no_code": "-",
    "weight_g": "200", "length_mm": "100", "width_mm": "80", "height_mm": "50", "shelf_life_days": "",
}  # fmt: skip
ROWS = [line("A"), line("B", price="=cmd|x", quantity=4), line("C", quantity=-1)]


@pytest.fixture(autouse=True)
def _settings(settings: Settings, tmp_path: Path) -> None:
    settings.ERP_FILES = tmp_path


@pytest.fixture
def shop(tenant_id: int) -> Shop:
    return make_shop(tenant_id)


def member(shop: Shop, role: Role = Role.OPERATOR) -> Client:
    with tenant(shop.tenant_id):
        user_id = make_member(role)
    client = Client()
    client.force_login(User.objects.get(id=user_id), backend="core.web.auth.AccountBackend")
    session = client.session
    session["tenant_id"] = shop.tenant_id
    session.save()
    return client


def upload(client: Client, shop: Shop, text: str = "", channel: str = "") -> str:
    file = SimpleUploadedFile("订单.csv", (text or csv_text(ROWS)).encode("gb18030"))
    answer = client.post("/imports/new/", {"channel": channel or str(shop.channel_id), "file": file})
    assert answer.status_code == 302, answer.content.decode()[-2000:]
    return str(answer["Location"])


def run(shop: Shop, url: str) -> None:
    with tenant(shop.tenant_id):
        job_id = Import.objects.get(id=int(url.strip("/").split("/")[-1])).job_id
    assert job_id is not None
    assert jobs.run(shop.tenant_id, job_id)


def test_from_upload_to_the_problem_list(shop: Shop) -> None:
    client = member(shop)
    assert "还没有导过文件" in client.get("/imports/").content.decode()
    url = upload(client, shop)
    page = client.get(url).content.decode()
    assert page.count("<select") == len(COLUMNS) + 2
    assert "GBK" in page
    answer = client.post(f"{url}start/", COLUMNS | OPTIONS | {"mapping_name": "老系统"})
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    assert "排着队" in client.get(url).content.decode()
    run(shop, url)
    page = client.get(url).content.decode()
    assert "对上了，差 0" in page
    assert "=cmd|x" in page
    assert "模板：老系统" not in page  # what was decided for this file comes first
    assert "=cmd|x" in client.get(f"{url}problems/?code=PRICE_UNREADABLE").content.decode()
    assert "没有这样的行" in client.get(f"{url}problems/?code=NO_CODE").content.decode()
    assert client.get(f"{url}stopped/").status_code == 200
    assert client.get(f"{url}live/").status_code == 200
    assert "订单.csv" in client.get("/imports/").content.decode()


def test_a_repeat_says_that_nothing_changed(shop: Shop) -> None:
    client = member(shop)
    url = upload(client, shop)
    for _ in range(2):
        client.post(f"{url}start/", COLUMNS | OPTIONS)
        run(shop, url)
    assert "什么都没有变" in client.get(url).content.decode()
    again = upload(client, shop)
    assert again == f"{url}?again=1"
    assert "导过，这就是那一次" in client.get(again).content.decode()


def test_the_download_is_harmless_to_a_spreadsheet(shop: Shop) -> None:
    client = member(shop)
    url = upload(client, shop)
    client.post(f"{url}start/", COLUMNS | OPTIONS)
    run(shop, url)
    answer = client.get(f"{url}problems.csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    assert "'=cmd|x" in text
    assert len(text.splitlines()) == 3
    assert [harmless(cell) for cell in ("@x", "-1", "\tx", "x", "1")] == ["'@x", "'-1", "'\tx", "x", "1"]


def test_a_file_that_cannot_be_read_says_why(shop: Shop) -> None:
    client = member(shop)
    file = SimpleUploadedFile("orders.xls", b"<html><table></table></html>")
    answer = client.post("/imports/new/", {"channel": str(shop.channel_id), "file": file})
    assert answer.status_code == 422
    assert "网页" in answer.content.decode()


def test_an_encoding_nobody_can_know_is_asked_and_then_taken(shop: Shop) -> None:
    client, raw = member(shop), csv_text(ROWS).encode("utf-16-le")
    form = {"channel": str(shop.channel_id), "file": SimpleUploadedFile("orders.csv", raw)}
    page = client.post("/imports/new/", form).content.decode()
    assert "UTF-16 LE" in page
    assert "订单号,下单时间" in page
    form |= {"file": SimpleUploadedFile("orders.csv", raw), "encoding": "utf-16-le"}
    answer = client.post("/imports/new/", form)
    assert answer.status_code == 302
    assert "UTF-16 LE" in client.get(str(answer["Location"])).content.decode()


def test_wrong_columns_and_options_come_back_with_words(shop: Shop) -> None:
    client = member(shop)
    url = upload(client, shop)
    for wrong, words in (
        ({"column_0": ""}, "还有列没对上"),
        ({"column_0": "code"}, "对了两列"),
        ({"column_0": "shoe"}, "对列的值不对"),
        ({"decimals": "9"}, "看红字"),
    ):
        answer = client.post(f"{url}start/", COLUMNS | OPTIONS | wrong)
        assert answer.status_code == 422
        assert words in answer.content.decode()


def test_only_operators_and_owners_come_in(shop: Shop, other_tenant_id: int) -> None:
    url = upload(member(shop, Role.OWNER), shop)
    assert member(shop, Role.WAREHOUSE).get("/imports/").status_code == 403
    stranger = member(make_shop(other_tenant_id))
    for place in ("", "live/", "problems/", "stopped/", "problems.csv"):
        assert stranger.get(f"{url}{place}").status_code == 404
    assert stranger.post(f"{url}start/", COLUMNS | OPTIONS).status_code == 404
    file = SimpleUploadedFile("orders.csv", csv_text(ROWS).encode())
    assert stranger.post("/imports/new/", {"channel": str(shop.channel_id), "file": file}).status_code == 422


def test_a_known_layout_finds_its_channel(shop: Shop) -> None:
    text = (
        "invoice,ts,customer,country,sku,qty,unit_price,key_src\n536365,2010-12-01 08:26,1,UK,QY-1,6,2.55,o\n"
    )
    client = member(shop)
    page = client.get(upload(client, shop, text, "auto")).content.decode()
    assert "批发（月台交接）" in page
    assert "Online Retail" in page
