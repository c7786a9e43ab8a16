"""The OpenAPI document is sound and public; its page obeys the strict CSP."""

import re

import yaml
from django.core.management import call_command
from django.test import Client
from drf_spectacular.validation import validate_schema

from tests.house.rules import inline_code


def test_the_schema_validates_without_a_warning(capsys: object) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")


def test_the_schema_is_public_and_says_what_each_write_needs(database: object) -> None:
    answer = Client().get("/api/v1/schema/")
    assert answer.status_code == 200
    document = yaml.safe_load(answer.content)
    validate_schema(document)  # type: ignore[no-untyped-call]
    push = document["paths"]["/api/v1/orders/"]["post"]
    assert any(
        parameter["name"] == "Idempotency-Key" and parameter["required"] for parameter in push["parameters"]
    )
    assert "application/problem+json" in push["responses"]["422"]["content"]
    assert push["security"] == [{"ApiKey": []}]


def test_the_page_of_the_schema_has_no_inline_code(database: object) -> None:
    answer = Client().get("/api/v1/docs/")
    assert answer.status_code == 200
    page = answer.content.decode()
    assert not inline_code(page)
    assert "unsafe" not in answer["Content-Security-Policy"]
    (script,) = [
        source
        for source in re.findall(r'src="([^"]+)"', page)
        if "script" in source and "static" not in source
    ]
    code = Client().get(script.replace("&amp;", "&"))
    assert code.status_code == 200
    assert code["Content-Type"].startswith("application/javascript")
    assert "/api/v1/schema/" in code.content.decode().replace("\\u002D", "-")
