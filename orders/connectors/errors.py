"""What can go wrong between us and a platform, as types: each asks for something else to be done."""


class PlatformError(Exception):
    """`code` is short and stable; `words` are the platform's own, or ours; never a credential or an address with one."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(f"{code}: {words}")
        self.code, self.words = code[:64], words.replace("\x00", "")[:500]


class Throttled(PlatformError):
    """Too many calls: nothing is wrong, ask again after `retry_after_s`."""

    def __init__(self, retry_after_s: float, code: str = "throttled", words: str = "") -> None:
        super().__init__(code, words)
        self.retry_after_s = retry_after_s


class Unauthorized(PlatformError):
    """The credentials are refused: asking again changes nothing, a person must look."""


class Refused(PlatformError):
    """The platform understood this one thing and said no."""


class Unreachable(PlatformError):
    """No answer, or none that was whole.  `may_have_worked`: what was asked for may have happened all the same."""

    def __init__(self, code: str, words: str, *, may_have_worked: bool = False) -> None:
        super().__init__(code, words)
        self.may_have_worked = may_have_worked


class Untrue(PlatformError):
    """The answer contradicts itself (pages that do not add up, no JSON): nothing of it counts, ask again later."""
