"""A small dose of kills; the full one is the campaign "rounds"."""

from tests.chaos.rounds_storm import storm


def test_no_dispatch_is_stuck_or_ends_twice_whoever_is_killed() -> None:
    done = storm(tenants=2, orders=40, kills=20)
    assert done.unfinished == 0, done
    assert done.told_wrong == [], done
    assert done.broken == [], done
    assert sum(done.ended.values()) == done.dispatches == 80
    assert done.ended.get("WON", 0) > 0
    assert done.ended.get("FALLBACK", 0) > 0
