"""How long to leave something alone that keeps failing."""

FIRST_S, MOST_S = 30.0, 1_800.0


def pause_s(failures: int, *, spread: float, first_s: float = FIRST_S, most_s: float = MOST_S) -> float:
    """Doubling from `first_s` to `most_s`; `spread` from 0 to 1 puts those that failed together a quarter apart either way.

    Law: never shorter after more failures with the same spread, never above 1.25 × most_s.
    """
    doubled: float = min(most_s, first_s * 2.0 ** min(max(failures - 1, 0), 30))
    return doubled * (0.75 + 0.5 * spread)
