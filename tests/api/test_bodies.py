"""Bodies that are not what they should be get a clear 4xx, and nothing is half done."""

import json

import pytest

from core.models import IdempotentRequest
from core.tenancy import tenant
from inventory.models import Sku
from tests.api.client import Api

SOUND = {"skus": [{"code": "A", "name": "甲"}]}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "invalid"),
        (b"{", 400, "json_broken"),
        (b"\xff\xfe{}", 400, "not_utf8"),
        (b"[" * 100_000, 400, "json_too_deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400, "json_too_deep"),
        (b'{"skus": NaN}', 400, "not_a_number"),
        (b'{"skus": -Infinity}', 400, "not_a_number"),
        (b'{"skus": [], "skus": []}', 400, "duplicate_name"),
        (b'{"skus": [{"code": "A\\u0000"}]}', 400, "bad_character"),
        (b'{"skus": [{"code": "\\ud800"}]}', 400, "bad_character"),
        (b'{"skus": [{"weight_g": 1000000000000000000000000000000}]}', 400, "number_too_large"),
        (b'{"skus": [{"weight_g": 1e400}]}', 400, "number_too_large"),
        (b'{"skus": [{"weight_g": ' + b"9" * 5_000 + b"}]}", 400, "number_too_large"),
        (b'"' + b'\\"' * 50_000, 400, "json_broken"),
        (b"[]", 422, "invalid"),
        (b"null", 422, "invalid"),
        (b'{"skus": {}}', 422, "invalid"),
        (b'{"skus": [1]}', 422, "invalid"),
    ],
)
def test_a_bad_body_is_refused_and_leaves_nothing(
    api: Api, tenant_id: int, body: bytes, status: int, code: str
) -> None:
    answer = api.post("skus/", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"
    with tenant(tenant_id):
        assert not Sku.objects.exists()
        assert not IdempotentRequest.objects.exists()


def test_64_mib_are_refused_without_reading_them(api: Api) -> None:
    answer = api.post("skus/", b" " * (64 << 20))
    assert answer.status_code == 413
    assert answer.json()["code"] == "body_too_large"


def test_every_wrong_place_is_named(api: Api, tenant_id: int) -> None:
    skus = [
        {"code": "A", "name": "甲"},
        {"code": "B", "name": "乙", "weight_g": 0, "barcodes": ["1", "\u202e2"]},
        {"name": "丙", "weight_g": "12", "min_remaining_days": -1, "parcel_rule": "FLAT"},
    ]
    answer = api.post("skus/", {"skus": skus})
    assert answer.status_code == 422
    problem = answer.json()
    places = {(error["pointer"], error["code"]) for error in problem["errors"]}
    assert places == {
        ("#/skus/1/weight_g", "min_value"),
        ("#/skus/1/barcodes/1", "tricks"),
        ("#/skus/2/code", "required"),
        ("#/skus/2/weight_g", "invalid"),
        ("#/skus/2/min_remaining_days", "min_value"),
        ("#/skus/2/parcel_rule", "invalid_choice"),
    }
    assert problem["error_count"] == 6
    with tenant(tenant_id):
        assert not Sku.objects.exists()


def test_a_body_that_is_not_json_is_415(api: Api) -> None:
    headers = {"Authorization": f"Bearer {api.token}", "Idempotency-Key": "k"}
    answer = api.client.post("/api/v1/skus/", b"a=1", content_type="text/csv", headers=headers)
    assert answer.status_code == 415
    assert answer.json()["code"] == "unsupported_media_type"


def test_a_byte_order_mark_and_chinese_are_fine(api: Api) -> None:
    assert (
        api.post("skus/", b"\xef\xbb\xbf" + json.dumps(SOUND, ensure_ascii=False).encode()).status_code == 200
    )


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("skus/", {"limit": "0"}),
        ("skus/", {"limit": "501"}),
        ("skus/", {"limit": "١٢"}),
        ("skus/", {"limit": "9" * 400}),
        ("skus/", {"sort": "name"}),
        ("skus/", {"cursor": "x"}),
        ("skus/", {"cursor": "x" * 5_000}),
        ("skus/", {"code": "A\0"}),
        ("skus/", {"is_active": "perhaps"}),
        ("skus/", {"nmae": "A"}),
        ("lots/", {"sku": "abc"}),
        ("lots/", {"sku": "1e30"}),
        ("lots/", {"sku": "9" * 400}),
        ("lots/", {"sku": "-1"}),
        ("bins/", {"kind": "SHELF"}),
        ("orders/", {"status": "3"}),
        ("orders/", {"sort": "ship_by"}),
    ],
)
def test_a_bad_parameter_is_refused(api: Api, path: str, parameters: dict[str, str]) -> None:
    answer = api.get(path, **parameters)
    assert answer.status_code in {400, 422}, answer.content.decode()
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("pk", ["9007199254740992", "9223372036854775808", "9" * 400, "0"])
def test_an_id_that_cannot_be_is_404(api: Api, pk: str) -> None:
    for path in ("skus", "lots", "orders", "parcels", "dispatches", "imports", "jobs"):
        answer = api.get(f"{path}/{pk}/")
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"
