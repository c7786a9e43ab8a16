"""Leave a neighbour that does not answer alone for a while: what it would do is found by the clock anyway."""

import time


class Circuit:
    """Closed: calls go through.  After `trip()` it stays open for `pause_s` seconds of this process, and callers skip the call."""

    def __init__(self, pause_s: float = 5.0) -> None:
        self.pause_s = pause_s
        self.until = 0.0

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self.until

    def trip(self) -> None:
        self.until = time.monotonic() + self.pause_s
