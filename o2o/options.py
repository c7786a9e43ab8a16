"""What a tenant decides about the stores' rounds."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from core import options
from core.errors import Invalid
from o2o.rules.rounds import RoundRule

LONGEST_ROUND_S = 24 * 3600
MOST_ROUNDS = 20

ROUNDS = options.declare(
    "o2o.rounds",
    [{"stores": 3, "radius_m": None, "seconds": 60}, {"stores": 5, "radius_m": None, "seconds": 60}],
    "抢单轮次",
)


def round_rules(value: Sequence[Mapping[str, Any]]) -> tuple[RoundRule, ...]:
    """The rounds of an option's value or of a dispatch's snapshot.

    Raises Invalid when one cannot be meant: no seconds, more than a day, a count or radius below 1.
    """
    if not value or len(value) > MOST_ROUNDS:
        raise Invalid(_("轮次要有 1 到 %(most)d 轮。") % {"most": MOST_ROUNDS}, code="rounds_invalid")
    return tuple(_rule(number, each) for number, each in enumerate(value, 1))


def _rule(number: int, each: Mapping[str, Any]) -> RoundRule:
    stores, radius_m, seconds = each.get("stores"), each.get("radius_m"), each.get("seconds")
    if not _is_count(seconds, LONGEST_ROUND_S) or not (
        (stores is None or _is_count(stores, 10_000))
        and (radius_m is None or _is_count(radius_m, 20_000_000))
    ):
        raise Invalid(
            _("第 %(n)d 轮写得不对：家数、半径要大于 0，时长在 1 秒到 1 天之间。") % {"n": number},
            code="rounds_invalid",
            round=number,
        )
    return RoundRule(stores, radius_m, int(seconds))  # type: ignore[arg-type]


def _is_count(value: object, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= most
