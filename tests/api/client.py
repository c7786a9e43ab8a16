"""A caller of the API, as an integrator writes one."""

import json
from typing import Any

from django.test import Client

from tests.builders import unique


class Api:
    """Speaks JSON with one key.  A new Idempotency-Key for each write, unless the test names one."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.client = Client(raise_request_exception=False)

    def get(self, path: str, **parameters: str | int) -> Any:
        return self.client.get(f"/api/v1/{path}", parameters, headers=self._headers())

    def post(self, path: str, body: object = None, *, key: str | None = None) -> Any:
        data = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
        headers = self._headers() | {"Idempotency-Key": key or unique("key-")}
        return self.client.post(f"/api/v1/{path}", data, content_type="application/json", headers=headers)

    def all(self, path: str, **parameters: str | int) -> list[dict[str, Any]]:
        """Every row of a list, page by page."""
        rows: list[dict[str, Any]] = []
        while True:
            answer = self.get(path, **parameters)
            assert answer.status_code == 200, answer.content.decode()
            rows += answer.json()["items"]
            if answer.json()["next"] is None:
                return rows
            parameters["cursor"] = answer.json()["next"]

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}
