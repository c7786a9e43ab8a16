"""Every platform that has a connector: what it is called, where it is, which credentials it wants.

A new one is a class that keeps `interface.Connector` and a line here.  A shop with an address of its own (an open-source mall beside its
REST API) sets `has_own_address`; its connector gets a transport to that address.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from orders.connectors import addresses, douyin, jd, oscar, pdd, taobao
from orders.connectors.errors import Refused
from orders.connectors.interface import Capabilities, Connector
from orders.connectors.transport import Http, Transport

Make = Callable[[Transport, Mapping[str, str], Callable[[], datetime]], Connector]


@dataclass(frozen=True, slots=True)
class Platform:
    """`address` is the platform's own; `fields`: its credentials by name, those of `secrets` are never shown again."""

    code: str
    address: str
    fields: tuple[str, ...]
    secrets: tuple[str, ...]
    capabilities: Capabilities
    make: Make
    has_own_address: bool = False


def _taobao(http: Transport, given: Mapping[str, str], now: Callable[[], datetime]) -> Connector:
    return taobao.Taobao(
        http, app_key=given["app_key"], secret=given["secret"], session=given["session"], now=now
    )


def _jd(http: Transport, given: Mapping[str, str], now: Callable[[], datetime]) -> Connector:
    return jd.Jd(http, app_key=given["app_key"], secret=given["secret"], session=given["session"], now=now)


def _pdd(http: Transport, given: Mapping[str, str], now: Callable[[], datetime]) -> Connector:
    return pdd.Pdd(http, app_key=given["app_key"], secret=given["secret"], session=given["session"], now=now)


def _douyin(http: Transport, given: Mapping[str, str], now: Callable[[], datetime]) -> Connector:
    return douyin.Douyin(
        http, app_key=given["app_key"], secret=given["secret"], session=given["session"], now=now
    )


def _oscar(http: Transport, given: Mapping[str, str], now: Callable[[], datetime]) -> Connector:
    return oscar.Oscar(http, user=given["user"], password=given["password"])


KEYED = ("app_key", "secret", "session")
SECRET = ("secret", "session")

PLATFORMS: Mapping[str, Platform] = {
    found.code: found
    for found in (
        Platform("tmall", "https://eco.taobao.com/router/rest", KEYED, SECRET, taobao.CAPABILITIES, _taobao),
        Platform("jd", "https://api.jd.com/routerjson", KEYED, SECRET, jd.CAPABILITIES, _jd),
        Platform("pdd", "https://gw-api.pinduoduo.com/api/router", KEYED, SECRET, pdd.CAPABILITIES, _pdd),
        Platform("douyin", "https://openapi-fxg.jinritemai.com", KEYED, SECRET, douyin.CAPABILITIES, _douyin),
        Platform(
            "own", "", ("user", "password"), ("password",), oscar.CAPABILITIES, _oscar, has_own_address=True
        ),
    )
}


def can_say_refunds(code: str) -> bool:
    """Whether this platform can be told what was decided about a refund."""
    found = PLATFORMS.get(code)
    return found is not None and found.capabilities.refunds


def connect(
    code: str,
    credentials: Mapping[str, str],
    now: Callable[[], datetime],
    *,
    own_address: str = "",
    loopback: bool = False,
) -> Connector:
    """A connector for one run.  `own_address` counts only where the platform has none, or with `loopback` (tests).

    Raises Refused for an unknown platform, a missing credential or an address that may not be connected to.
    """
    found = PLATFORMS.get(code)
    if found is None:
        raise Refused("no_connector", "this platform has no connector")
    missing = [name for name in found.fields if not credentials.get(name)]
    if missing:
        raise Refused("no_credentials", f"missing: {', '.join(missing)}")
    if own_address and (found.has_own_address or loopback):
        target = addresses.own_shop(own_address, loopback=loopback)
    elif found.address:
        target = addresses.platform(found.address)
    else:
        raise Refused("bad_address", "the shop's address is missing")
    return found.make(Http(target, per_second=found.capabilities.per_second), credentials, now)
