"""Remarks that ask for nothing: a remark made only of phrases that a merchant calls harmless stops no order.

Anything beside those phrases stops it: what a person wrote is never interpreted.
"""

import unicodedata
from collections.abc import Iterable

__all__ = ["LONGEST_PHRASE", "MOST_PHRASES", "Harmless", "fold"]

MOST_PHRASES, LONGEST_PHRASE = 300, 40
_KEPT = frozenset("LNM")  # letters, digits and what belongs to them


def fold(text: str) -> str:
    """A remark without what says nothing: punctuation, blanks, pictures; one width, small letters."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join([c for c in plain if unicodedata.category(c)[0] in _KEPT and not _is_selector(c)])


def _is_selector(character: str) -> bool:
    """How a picture is drawn: variation selectors and the mark of a keycap."""
    return "\ufe00" <= character <= "\ufe0f" or character == "\u20e3"


class Harmless:
    """The phrases of one merchant.  Immutable; phrases that fold to nothing, are too long, or are too many are left out."""

    __slots__ = ("_longest", "_phrases")

    def __init__(self, phrases: Iterable[str] = ()) -> None:
        folded = [text for phrase in phrases if isinstance(phrase, str) and (text := fold(phrase))]
        self._phrases = frozenset([text for text in folded if len(text) <= LONGEST_PHRASE][:MOST_PHRASES])
        self._longest = max(map(len, self._phrases), default=0)

    def __bool__(self) -> bool:
        return bool(self._phrases)

    def covers(self, remark: str) -> bool:
        """Whether the folded remark is harmless phrases one after another and nothing else.  Law: every character of it lies in a
        phrase; without phrases nothing is covered but what folds to nothing beside blanks.
        """
        if not self._phrases:
            return not remark.strip()
        text = fold(remark)
        if not text:
            return True
        reached = [True] + [False] * len(text)
        for start in range(len(text)):
            if reached[start]:
                for end in range(start + 1, min(len(text), start + self._longest) + 1):
                    if text[start:end] in self._phrases:
                        reached[end] = True
        return reached[-1]
