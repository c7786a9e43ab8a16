"""Saying many things one by one: an outcome for each, and an end when the shop itself cannot be talked to."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol, TypeVar

from orders.connectors.errors import PlatformError, Refused
from orders.connectors.interface import Outcome, is_shop_wide


class Keyed(Protocol):
    @property
    def key(self) -> int: ...


T = TypeVar("T", bound=Keyed)


def each(things: Sequence[T], say: Callable[[T], None]) -> Iterator[Outcome]:
    """One outcome a thing, until one concerns the whole shop."""
    for thing in things:
        problem = attempt(partial(say, thing))
        yield Outcome(thing.key, problem)
        if is_shop_wide(problem):
            return


def attempt(say: Callable[[], None]) -> PlatformError | None:
    """What went wrong, as a value."""
    try:
        say()
    except PlatformError as problem:
        return problem
    return None


def refuse_all(things: Sequence[T]) -> Iterator[Outcome]:
    """For what a platform cannot be told; asking `capabilities` first is better."""
    for thing in things:
        yield Outcome(thing.key, Refused("not_carried", "this platform takes none of these"))
