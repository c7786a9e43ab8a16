"""What the parts in templates/parts/ are fed with: frozen values, so that a view decides and a template
only shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.functional import Promise

Text = str | Promise  # a word, or one that is translated when it is shown


class Hue(StrEnum):
    """One hue, one state; never shown without an icon and a word."""

    WAIT = "wait"  # its turn has not come
    LIVE = "live"  # happening now
    DONE = "done"  # finished, right, balanced
    WARN = "warn"  # worth a look; goes on without anybody
    STOP = "stop"  # stopped, wrong, late; will not move alone
    HOLD = "hold"  # there, but must not move


HUE_ICONS = {
    Hue.WAIT: "clock-pause",
    Hue.LIVE: "progress",
    Hue.DONE: "circle-check",
    Hue.WARN: "alert-triangle",
    Hue.STOP: "octagon-minus",
    Hue.HOLD: "snowflake",
}


@dataclass(frozen=True, slots=True)
class State:
    """A status badge: hue, word of at most six characters, icon (the hue's own when empty)."""

    hue: str
    word: Text
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column head.  `sort` names one of the list's allowed sorts; `is_number` aligns right; `is_hidden`
    is for readers only.
    """

    label: Text
    sort: str = ""
    is_number: bool = False
    is_hidden: bool = False
    css: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """A button that posts.  `key` is its letter; `confirm` is asked first and only for what cannot be taken
    back.
    """

    label: Text
    url: str
    key: str = ""
    icon: str = ""
    is_primary: bool = False
    confirm: Text = ""
    confirm_yes: Text = ""


@dataclass(frozen=True, slots=True)
class Queue:
    """One line of a queue list; `count` 0 stays in its place, grey; None: nobody counts it; `is_more`: counting stopped there."""

    label: Text
    url: str
    count: int | None
    hue: str = ""
    icon: str = "list"
    late: int = 0
    is_current: bool = False
    key: str = ""
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class QueueGroup:
    """Queues under one heading."""

    label: Text
    queues: Sequence[Queue]


@dataclass(frozen=True, slots=True)
class Term:
    """One number of an equation; `op` stands before it, `url` leads to what it is made of."""

    label: Text
    value: int
    op: str = ""
    hue: str = ""
    unit: Text = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Equation:
    """A sum that closes or says by how much it does not.  `difference` 0 is closed; `rows_url` shows the
    rows that disagree.
    """

    terms: Sequence[Term]
    difference: int
    closed_word: Text = ""
    rows_url: str = ""
    has_bar: bool = False

    @property
    def segments(self) -> list[tuple[str, int]]:
        """The coloured terms, for a bar below."""
        return [(term.hue, term.value) for term in self.terms if term.hue]


@dataclass(frozen=True, slots=True)
class Fact:
    """One entry of a story, in the past tense, with its reason in small."""

    at: datetime
    text: Text
    why: Text = ""
    hue: str = "done"


@dataclass(frozen=True, slots=True)
class Fix:
    """A fix that is offered: the button's words name it."""

    label: Text
    url: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One row of a problem list: where, the value as it came, what to do, the fixes offered."""

    row: int | None
    column: Text
    value: str
    advice: Text
    fixes: Sequence[Fix] = ()
    id: str = ""
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a stepper: DONE, ON (at most one) or to come."""

    label: Text
    state: str = ""


@dataclass(frozen=True, slots=True)
class FilterTag:
    """A filter in force and the address of the list without it."""

    label: Text
    url: str


@dataclass(frozen=True, slots=True)
class Toast:
    """One sentence and at most one way back: `undo_url` is posted, `link` is opened.  Errors (stop) stay
    until closed.
    """

    text: str
    kind: str = "done"
    undo_url: str = ""
    undo_label: str = ""
    link: str = ""
    link_label: str = ""
