"""script/test --campaign rounds: hundreds of kills while thousands of rounds run."""

import pytest

from tests.chaos.rounds_storm import storm

pytestmark = pytest.mark.campaign


@pytest.mark.usefixtures("database")
def test_three_hundred_kills() -> None:
    done = storm(tenants=6, orders=300, kills=300, limit_s=600)
    print(f"\n{done}")
    assert done.unfinished == 0
    assert done.told_wrong == []
    assert done.broken == []
    assert sum(done.ended.values()) == done.dispatches
