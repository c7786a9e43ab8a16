"""Where a connector may connect to: a platform's own address, or a shop's that is not inside our network."""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from orders.connectors.errors import Refused, Unreachable


@dataclass(frozen=True, slots=True)
class Target:
    """A place to connect to.  `ip` is looked up once and connected to: a name cannot point elsewhere a moment later."""

    scheme: str
    host: str
    port: int
    path: str
    ip: str


def read_address(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port, path.  Raises Refused for anything but a plain http(s) address."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise Refused("bad_address", "not an address") from None
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.username
        or parts.query
        or parts.fragment
    ):
        raise Refused("bad_address", "not an address")
    return parts.scheme, parts.hostname, port, parts.path or "/"


def own_shop(url: str, *, loopback: bool = False) -> Target:
    """A shop's own address: https and public; with `loopback` also this machine (tests, a shop beside us).

    Raises Refused when it points into a private network, Unreachable when its name is unknown.
    """
    scheme, host, port, path = read_address(url)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable("unknown_host", "the name of the server is not known") from None
    ips = [ipaddress.ip_address(row[4][0]) for row in found]
    if not ips:
        raise Unreachable("unknown_host", "the name of the server is not known")
    if loopback and all(ip.is_loopback for ip in ips):
        return Target(scheme, host, port, path, str(ips[0]))
    if scheme != "https":
        raise Refused("not_https", "only https")
    if not all(ip.is_global and not ip.is_multicast for ip in ips):
        raise Refused("private_address", "inside a private network")
    return Target(scheme, host, port, path, str(ips[0]))


def platform(url: str) -> Target:
    """An address of our own table; its name is looked up when connecting."""
    scheme, host, port, path = read_address(url)
    return Target(scheme, host, port, path, "")
