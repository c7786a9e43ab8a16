"""HTTP to a platform: one try, bounded in time and size, no redirect; what goes wrong is one of our types.

Trying again is not decided here: only the caller knows what a repeated call would do.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

import certifi
import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
)

from orders.connectors.addresses import Target
from orders.connectors.errors import Throttled, Unauthorized, Unreachable, Untrue

# Its debug lines have whole addresses, and some platforms want tokens in them.
logging.getLogger("urllib3").setLevel(logging.WARNING)

CONNECT_S = 5.0
READ_S = 10.0  # of silence
WHOLE_S = 30.0  # of one answer, however it drips
MOST_BYTES = 16 << 20
CHUNK = 64 << 10
THROTTLED_S = 5.0  # where the platform does not say how long


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes


class Transport(Protocol):
    """One call.  Raises Throttled, Unauthorized, Unreachable, Untrue; every other status is an answer."""

    def post(
        self,
        path: str = "",
        *,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json_body: str | None = None,
        authorization: str = "",
    ) -> Answer: ...

    def get(
        self, path: str, *, query: Mapping[str, str] | None = None, authorization: str = ""
    ) -> Answer: ...


class Http:
    """Calls of one shop, not closer together than `per_second` allows."""

    def __init__(
        self, target: Target, *, per_second: float = 5.0, read_s: float = READ_S, whole_s: float = WHOLE_S
    ) -> None:
        self.target, self.gap_s, self.whole_s = target, 1.0 / per_second, whole_s
        self.next_at = 0.0
        timeout = urllib3.Timeout(connect=CONNECT_S, read=read_s)
        host = target.ip or target.host
        self.pool: urllib3.HTTPConnectionPool
        if target.scheme == "https":
            self.pool = urllib3.HTTPSConnectionPool(
                host,
                target.port,
                timeout=timeout,
                retries=False,
                maxsize=1,
                cert_reqs="CERT_REQUIRED",
                ca_certs=certifi.where(),
                server_hostname=target.host,
                assert_hostname=target.host,
            )
        else:
            self.pool = urllib3.HTTPConnectionPool(
                host, target.port, timeout=timeout, retries=False, maxsize=1
            )

    def post(
        self,
        path: str = "",
        *,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json_body: str | None = None,
        authorization: str = "",
    ) -> Answer:
        """POST a form or JSON."""
        headers = self._headers(authorization)
        if json_body is None:
            body = urlencode(form or {}).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded;charset=utf-8"
        else:
            body = json_body.encode()
            headers["Content-Type"] = "application/json;charset=utf-8"
        return self._ask("POST", self._url(path, query), body, headers)

    def get(self, path: str, *, query: Mapping[str, str] | None = None, authorization: str = "") -> Answer:
        """GET, for platforms that are read so."""
        return self._ask("GET", self._url(path, query), None, self._headers(authorization))

    def _ask(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        self._wait_for_turn()
        status, retry_after, data = self._send(method, url, body, headers)
        _refuse_status(status, retry_after)
        return Answer(status, data)

    def _url(self, path: str, query: Mapping[str, str] | None) -> str:
        """A path that does not begin with a slash is below the target's own."""
        whole = path if path.startswith("/") else self.target.path.rstrip("/") + "/" + path
        return (whole if path else self.target.path) + (f"?{urlencode(query)}" if query else "")

    def _headers(self, authorization: str) -> dict[str, str]:
        found = {"Host": self._host(), "Accept": "application/json", "User-Agent": "catfish-erp"}
        return found | ({"Authorization": authorization} if authorization else {})

    def _host(self) -> str:
        default = 443 if self.target.scheme == "https" else 80
        return self.target.host if self.target.port == default else f"{self.target.host}:{self.target.port}"

    def _wait_for_turn(self) -> None:
        now = time.monotonic()
        if now < self.next_at:
            time.sleep(self.next_at - now)
        self.next_at = max(now, self.next_at) + self.gap_s

    def _send(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, str, bytes]:
        try:
            response = self.pool.urlopen(
                method, url, body=body, headers=dict(headers), redirect=False, preload_content=False
            )
            try:
                data = self._read(response)
            except BaseException:
                response.close()
                raise
            response.release_conn()
            return response.status, response.headers.get("Retry-After", ""), data
        except (ConnectTimeoutError, NewConnectionError, NameResolutionError):
            raise Unreachable("no_connection", "the server does not answer") from None
        except SSLError:
            raise Unreachable("bad_certificate", "the server cannot prove who it is") from None
        except (HTTPError, OSError) as problem:
            name = type(problem).__name__
            raise Unreachable("broken_off", f"the answer broke off ({name})", may_have_worked=True) from None

    def _read(self, response: urllib3.BaseHTTPResponse) -> bytes:
        """The body, while there is time and room.  read1 returns what is there, so that a drip is noticed."""
        until, found = time.monotonic() + self.whole_s, bytearray()
        while chunk := response.read1(CHUNK):
            found += chunk
            if len(found) > MOST_BYTES:
                raise Untrue("too_large", "the answer is too large")
            if time.monotonic() > until:
                raise Unreachable("too_slow", "the answer takes too long", may_have_worked=True)
        return bytes(found)


def _refuse_status(status: int, retry_after: str) -> None:
    if status == 429:
        raise Throttled(
            float(retry_after) if retry_after.isdigit() else THROTTLED_S, "http_429", "too many calls"
        )
    if status in (401, 403):
        raise Unauthorized(f"http_{status}", "not allowed")
    if status >= 500:
        raise Unreachable(f"http_{status}", "the server is in trouble", may_have_worked=True)
    if 300 <= status < 400:
        raise Unreachable(f"http_{status}", "the address has moved")
