"""People for the tests of pages."""

from dataclasses import dataclass

PASSWORD = "catfish-in-the-mud-7"


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in."""

    id: int
    username: str
