"""An order file handed in over the API: taken once, whole or not at all, and what came of it can be read."""

import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.test import Client
from pytest_django import Settings

from core import db, jobs
from core.models import AuditEntry, IdempotentRequest, Job, StoredFile
from core.models.jobs import JobStatus
from core.tenancy import tenant
from orders.importing.settings import Options
from orders.models import Channel, Import
from orders.services import import_files, imports
from tests.api.client import Api
from tests.builders import make_token, unique
from tests.orders.importing.files import COLUMNS, HEADER, csv_text, line
from tests.orders.importing.world import Shop, make_shop

ROWS = [line("A"), line("B", quantity=4), line("C", price="=cmd|x"), line("D", quantity=-1)]
STRANGE = ("甲", "乙", "丙", "丁", "戊")


@pytest.fixture(autouse=True)
def _settings(settings: Settings, tmp_path: Path) -> None:
    settings.ERP_FILES = tmp_path


@pytest.fixture
def shop(tenant_id: int) -> Shop:
    return make_shop(tenant_id)


@pytest.fixture
def code(shop: Shop) -> str:
    with tenant(shop.tenant_id):
        return str(Channel.objects.get(id=shop.channel_id).code)


@pytest.fixture
def small(settings: Settings) -> Iterator[int]:
    settings.ERP_UPLOAD_MAX = 2 << 20
    yield settings.ERP_UPLOAD_MAX


def text(*rows: list[str]) -> bytes:
    return csv_text(rows or ROWS).encode()


def send(api: Api, code: str, data: bytes, *, kind: str = "text/csv", key: str = "", **more: str) -> Any:
    """The file as the body itself."""
    headers = {"Authorization": f"Bearer {api.token}", **({"Idempotency-Key": key} if key else {})}
    query = "&".join(f"{name}={value}" for name, value in {"channel": code, **more}.items() if value)
    return api.client.post(f"/api/v1/imports/?{query}", data, content_type=kind, headers=headers)


def send_form(api: Api, code: str, data: bytes, *, field: str = "file", name: str = "订单.csv") -> Any:
    """The file as curl -F sends it."""
    headers = {"Authorization": f"Bearer {api.token}"}
    file = SimpleUploadedFile(name, data)
    return api.client.post(f"/api/v1/imports/?channel={code}", {field: file}, headers=headers)


def problem(answer: Any) -> tuple[int, str]:
    assert answer["Content-Type"] == "application/problem+json", answer.content.decode()
    return answer.status_code, answer.json()["code"]


def kept(tenant_id: int, folder: Path) -> tuple[int, int, int, list[str]]:
    """(imports, files, jobs, what lies on the disk)"""
    with tenant(tenant_id):
        rows = Import.objects.count(), StoredFile.objects.count(), Job.objects.count()
    return *rows, sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_file_is_taken_and_its_result_can_be_read(api: Api, shop: Shop, code: str) -> None:
    answer = send(api, code, text(), name="订单.csv")
    assert answer.status_code == 202, answer.content.decode()
    taken = answer.json()
    assert (taken["status"], taken["is_new"], taken["name"]) == ("QUEUED", True, "订单.csv")
    assert answer["Location"] == f"/api/v1/imports/{taken['id']}/"
    assert taken["job"] == f"/api/v1/jobs/{taken['job_id']}/"
    assert jobs.run(shop.tenant_id, taken["job_id"])

    seen = api.get(f"imports/{taken['id']}/").json()
    assert (seen["status"], seen["rows_total"], seen["rows_done"], seen["orders"]) == ("DONE", 4, 4, 2)
    assert (seen["input_units"], seen["problem_rows"], seen["problem_units"]) == (6, 2, 1)
    assert seen["sha256"] == taken["sha256"]
    assert api.all("imports/") == [seen]
    assert api.get(seen["job"].removeprefix("/api/v1/")).json()["status"] == "DONE"

    path = seen["problem_list"].removeprefix("/api/v1/")
    rows = api.all(path, limit=1)
    assert [(row["row_number"], row["column"], row["code"]) for row in rows] == [
        (4, "单价", "PRICE_UNREADABLE"),
        (5, "数量", "NOT_POSITIVE"),
    ]
    assert rows[0]["reason"] == "单价不是数。"
    headers = {"Authorization": f"Bearer {api.token}", "Accept-Language": "en"}
    english = api.client.get(f"/api/v1/{path}", headers=headers).json()["items"]
    assert english[0]["reason"] == "Price is not a number."


def test_a_file_that_fits_no_memory_block_arrives_whole(api: Api, shop: Shop, code: str) -> None:
    rows = [line(f"N{number}") for number in range(90_000)]
    data = text(*rows)
    assert len(data) > 3 << 20
    for answer in (send(api, code, data), send_form(api, code, data)):
        assert answer.json()["size"] == len(data)


@pytest.mark.parametrize("kind", ["application/octet-stream", "application/gzip", "text/plain"])
def test_gbk_is_read_as_it_is(api: Api, shop: Shop, code: str, kind: str) -> None:
    data = csv_text([line("单一")]).encode("gb18030")
    taken = send(api, code, data, kind=kind).json()
    assert jobs.run(shop.tenant_id, taken["job_id"])
    assert api.get(f"imports/{taken['id']}/").json()["orders"] == 1


def test_a_workbook_is_read(api: Api, shop: Shop, code: str) -> None:
    data = io.BytesIO()
    book = xlsxwriter.Workbook(data)
    sheet = book.add_worksheet()
    for number, row in enumerate((HEADER, line("A"), line("B", quantity=2))):
        sheet.write_row(number, 0, row)
    book.close()
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    taken = send(api, code, data.getvalue(), kind=kind).json()
    assert jobs.run(shop.tenant_id, taken["job_id"])
    seen = api.get(f"imports/{taken['id']}/").json()
    assert (seen["orders"], seen["input_units"], seen["problem_rows"]) == (2, 3, 0)


def test_a_form_says_the_name(api: Api, code: str) -> None:
    answer = send_form(api, code, text())
    assert (answer.status_code, answer.json()["name"]) == (202, "订单.csv")


def test_the_same_file_again_changes_nothing(api: Api, shop: Shop, code: str, tmp_path: Path) -> None:
    first = send(api, code, text(), name="a.csv").json()
    before = kept(shop.tenant_id, tmp_path)
    second = send_form(api, code, text())
    assert second.status_code == 200
    assert second.json() == first | {"is_new": False}
    assert jobs.run(shop.tenant_id, first["job_id"])
    third = send(api, code, text())
    assert (third.status_code, third.json()["status"], third.json()["id"]) == (200, "DONE", first["id"])
    assert kept(shop.tenant_id, tmp_path) == before
    assert before[:3] == (1, 1, 1)
    assert before[3] == [first["sha256"]]
    with tenant(shop.tenant_id):
        assert AuditEntry.objects.filter(action="import.started").count() == 1


@pytest.mark.parametrize(("status", "again"), [("FAILED", 202), ("CANCELLED", 200)])
def test_what_failed_is_tried_again_what_was_cancelled_is_not(
    api: Api, shop: Shop, code: str, status: str, again: int
) -> None:
    first = send(api, code, text()).json()
    with tenant(shop.tenant_id):
        ended = "UPDATE core_job SET status = %s, finished_at = clock_timestamp() WHERE tenant_id = %s AND id = %s"
        db.execute(ended, JobStatus[status].value, shop.tenant_id, first["job_id"])
    answer = send(api, code, text())
    assert (answer.status_code, answer.json()["job_id"]) == (again, first["job_id"])


@pytest.mark.parametrize("with_key", [False, True])
def test_the_same_file_sent_at_once_is_one_import(
    api: Api, shop: Shop, code: str, tmp_path: Path, *, with_key: bool
) -> None:
    answers: list[Any] = []
    gate = threading.Barrier(4, timeout=20)

    def deliver() -> None:
        gate.wait()
        answers.append(send(Api(api.token), code, text(), key="k1" if with_key else ""))
        connections.close_all()

    threads = [threading.Thread(target=deliver, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if with_key:
        assert [answer.status_code for answer in answers] == [202] * 4, [a.content for a in answers]
        assert len({answer.content for answer in answers}) == 1
    else:
        assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 202]
    assert len({answer.json()["job_id"] for answer in answers}) == 1
    assert kept(shop.tenant_id, tmp_path) == (1, 1, 1, [answers[0].json()["sha256"]])


def test_a_key_is_for_the_file_and_not_for_its_envelope(api: Api, code: str) -> None:
    first = send(api, code, text(), key="k1")
    second = send(api, code, text(), key="k1", kind="application/octet-stream")
    assert second.content == first.content
    assert second["Idempotency-Replayed"] == "true"
    assert problem(send(api, code, text(line("Z")), key="k1")) == (409, "idempotency_conflict")
    assert len(api.all("imports/")) == 1
    assert problem(send(api, code, text(line("Z")), key="a" * 121)) == (400, "idempotency_key_malformed")


def test_an_unknown_heading_is_kept_for_the_page(api: Api, shop: Shop, code: str) -> None:
    data = csv_text([line("A")], STRANGE).encode()
    answer = send(api, code, data, key="k1")
    assert problem(answer) == (422, "import_columns_missing")
    fields = answer.json()["fields"]
    assert fields["header"] == list(STRANGE)
    assert fields["missing"] == ["number", "placed_at", "code", "quantity", "unit_price"]
    assert fields["page"] == f"http://testserver/imports/{fields['import_id']}/"
    assert fields["page"] in answer.json()["detail"]
    row = api.get(f"imports/{fields['import_id']}/").json()
    assert (row["status"], row["job_id"], row["job"]) == ("UNMAPPED", None, None)
    with tenant(shop.tenant_id):
        assert not IdempotentRequest.objects.exists()

    chosen = {
        "columns": {str(target): index for target, index in COLUMNS.items()},
        "chosen": Options().stored(),
    }
    imports.save_mapping(tenant_id=shop.tenant_id, import_id=fields["import_id"], name="老系统", **chosen)
    assert send(api, code, csv_text([line("B")], STRANGE).encode()).status_code == 202
    assert send(api, code, data, key="k1").status_code == 202


def test_a_channel_that_is_not_there_is_404(
    api: Api, stranger: Api, shop: Shop, code: str, tmp_path: Path
) -> None:
    for caller, name in ((stranger, code), (api, "NOPE"), (api, "%00"), (api, "x" * 500)):
        assert problem(send(caller, name, text())) == (404, "channel_not_found")
    with tenant(shop.tenant_id):
        Channel.objects.filter(id=shop.channel_id).update(is_active=False)
    assert problem(send(api, code, text())) == (404, "channel_not_found")
    assert problem(send(api, "", text())) == (422, "channel_required")
    assert problem(send(api, code, text(), chanel="x")) == (422, "unknown_parameter")
    assert kept(shop.tenant_id, tmp_path) == (0, 0, 0, [])


def test_a_stranger_sees_no_import(api: Api, stranger: Api, code: str) -> None:
    taken = send(api, code, text()).json()
    for path in (f"imports/{taken['id']}/", f"imports/{taken['id']}/problems/"):
        assert api.get(path).status_code == 200
        assert problem(stranger.get(path)) == (404, "not_found")
    assert stranger.all("imports/") == []


@pytest.mark.parametrize(
    ("data", "code_"),
    [
        (b"", "file_empty"),
        (b"\n\n", "no_header"),
        (b"<html><table></table></html>", "is_html"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 99, "old_xls"),
        (b"\x1f\x8b\x08broken", "bad_gzip"),
        (b"PK\x03\x04broken", None),
        (b"\xff\x00\xff" * 9, "bad_encoding"),
    ],
)
def test_what_cannot_be_read_leaves_nothing(
    api: Api, shop: Shop, code: str, tmp_path: Path, data: bytes, code_: str | None
) -> None:
    for answer in (send(api, code, data), send_form(api, code, data)):
        status, said = problem(answer)
        assert status == 422
        assert code_ is None or said == code_
    assert kept(shop.tenant_id, tmp_path) == (0, 0, 0, [])


def test_too_large_is_413_before_it_is_read(
    api: Api, shop: Shop, code: str, small: int, tmp_path: Path
) -> None:
    data = text() + b" " * small
    for answer in (send(api, code, data), send_form(api, code, data)):
        assert problem(answer) == (413, "file_too_large")
        assert answer.json()["fields"]["limit"] == small
    assert kept(shop.tenant_id, tmp_path) == (0, 0, 0, [])


def test_a_body_that_is_no_file_says_how_to_send_one(api: Api, code: str) -> None:
    for kind in ("application/json", "application/x-www-form-urlencoded"):
        answer = send(api, code, text(), kind=kind)
        assert problem(answer) == (415, "unsupported_media_type")
        assert "multipart/form-data" in answer.json()["detail"]
    assert problem(send_form(api, code, text(), field="orders")) == (400, "file_missing")
    assert problem(send(api, code, b"--x\r\n", kind="multipart/form-data")) == (400, "malformed")


def test_half_a_file_is_not_taken_for_a_whole_one(api: Api, shop: Shop, code: str, tmp_path: Path) -> None:
    headers = {"Authorization": f"Bearer {api.token}"}
    form = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n' + text()
    for kind, data in (("text/csv", text()), ("multipart/form-data; boundary=x", form)):
        answer = Client().generic(
            "POST",
            f"/api/v1/imports/?channel={code}",
            b"",
            headers=headers,
            CONTENT_TYPE=kind,
            CONTENT_LENGTH=str(len(data) + 9),
            **{"wsgi.input": io.BytesIO(data)},  # type: ignore[arg-type]
        )
        assert problem(answer) == (400, "malformed")
    answer = Client().generic(
        "POST", f"/api/v1/imports/?channel={code}", b"", "text/csv",
        headers=headers | {"Transfer-Encoding": "chunked"}, CONTENT_LENGTH="",
    )  # fmt: skip
    assert problem(answer) == (411, "length_required")
    assert kept(shop.tenant_id, tmp_path) == (0, 0, 0, [])


def test_reading_and_writing_are_scopes_of_their_own(shop: Shop, code: str, tmp_path: Path) -> None:
    with tenant(shop.tenant_id):
        reader, writer = Api(make_token("orders:read")), Api(make_token("orders:write"))
    assert problem(send(reader, code, text())) == (403, "permission_denied")
    assert problem(send(Api(f"{reader.token}x"), code, text())) == (401, "key_wrong")
    assert problem(send(Api("nonsense"), code, text())) == (401, "key_missing")
    assert kept(shop.tenant_id, tmp_path) == (0, 0, 0, [])
    taken = send(writer, code, text())
    assert taken.status_code == 202
    assert reader.get(f"imports/{taken.json()['id']}/").status_code == 200
    assert problem(writer.get("imports/")) == (403, "permission_denied")


def test_no_transaction_is_open_while_the_bytes_come(
    api: Api, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_while: list[bool] = []

    def watched(**given: Any) -> Any:
        open_while.append(connection.in_atomic_block)
        return import_files.receive(**given)

    monkeypatch.setattr("orders.api_imports.receive", watched)
    assert send(api, code, text(line(unique("T")))).status_code == 202
    assert open_while == [False]


def test_the_schema_says_how_to_send_a_file(database: object) -> None:
    document = yaml.safe_load(Client().get("/api/v1/schema/").content)
    post = document["paths"]["/api/v1/imports/"]["post"]
    bodies = post["requestBody"]["content"]
    assert bodies["multipart/form-data"]["schema"]["properties"]["file"]["format"] == "binary"
    assert bodies["application/octet-stream"]["schema"]["format"] == "binary"
    assert bodies["text/csv"]["examples"]
    for status in ("200", "202"):
        assert "Location" in post["responses"][status]["headers"]
        assert post["responses"][status]["content"]["application/json"]["examples"]
    assert {"404", "411", "413", "415", "422"} <= set(post["responses"])
