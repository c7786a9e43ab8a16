"""What a connector does.  One instance is one shop, for one run; it keeps no state that outlives it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from orders.connectors.errors import PlatformError
from orders.rules.incoming import IncomingOrder, Receiver
from orders.rules.ship_back import Carries, PlatformLine


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a platform can be asked, and how often.  `per_second`: calls of one shop that it bears."""

    carries: Carries
    stock: bool = False
    refunds: bool = False
    decrypt: bool = False
    merge_verdict: bool = False
    per_second: float = 5.0


@dataclass(frozen=True, slots=True)
class Window:
    """What to pull: up to `now`, counting as settled only what is older than `overlap`; `first` where there is no cursor yet."""

    now: datetime
    first: datetime
    overlap: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Unread:
    """An order of the platform that could not be read.  It waits for a person, the others go on."""

    external_number: str
    words: str
    raw: str


@dataclass(frozen=True, slots=True)
class Page:
    """Orders to store, and in the same transaction the cursor to go on from; None leaves the cursor where it is."""

    orders: tuple[IncomingOrder, ...]
    unread: tuple[Unread, ...] = ()
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Shipment:
    """One tracking number of one order.  `lines` empty: the whole order; `others`: numbers of the same order that were said before."""

    key: int
    external_number: str
    number: str
    company: str
    lines: tuple[tuple[str, int], ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StockLevel:
    """Units of an item that the platform may sell from now on: a level, not a change."""

    key: int
    item: str
    sku: str
    units: int


@dataclass(frozen=True, slots=True)
class RefundState:
    """A decision on a refund that the buyer asked for; `refund`: the platform's id of it."""

    key: int
    refund: str
    is_agreed: bool
    words: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one thing that was said.  `problem` None: the platform has it."""

    key: int
    problem: PlatformError | None = None


@dataclass(frozen=True, slots=True)
class Hidden:
    """An order beside the platform's id of its hidden receiver."""

    external_number: str
    token: str


class Connector(Protocol):
    """Every method may raise a PlatformError.  What says many things yields an outcome for each as it is known; after one that concerns
    the shop and not the thing (Throttled, Unauthorized, Unreachable) it stops, and the rest were not tried.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    def check(self) -> str:
        """The shop's name as the platform knows it: proves that the credentials work."""

    def pull(self, cursor: str, window: Window) -> Iterator[Page]:
        """What changed since the cursor ("" is the beginning of the window).  Any page may come twice; none is left out."""

    def platform_lines(self, raw: str) -> tuple[PlatformLine, ...]:
        """The lines of a raw order in its own order: the line with `source_row` n is number n of them, counted from 1."""

    def push_shipments(self, shipments: Sequence[Shipment]) -> Iterator[Outcome]: ...

    def push_stock(self, levels: Sequence[StockLevel]) -> Iterator[Outcome]: ...

    def push_refund_state(self, refunds: Sequence[RefundState]) -> Iterator[Outcome]: ...

    def ask_merge(self, orders: Sequence[Hidden]) -> tuple[tuple[str, ...], ...]:
        """The platform's verdict: groups of order numbers with one receiver.  An order that is in none is merged with nothing."""

    def decrypt(self, orders: Sequence[Hidden]) -> Mapping[str, Receiver]:
        """Receivers in plain, by order number; those the platform keeps to itself are missing."""


SHOP_WIDE = ("Throttled", "Unauthorized", "Unreachable")


def is_shop_wide(problem: PlatformError | None) -> bool:
    """Whether there is no point in going on with the others now."""
    return type(problem).__name__ in SHOP_WIDE
