"""What a morning had to say, as it was written then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from inventory.errors import UnknownPlace
from inventory.models import StockDigest


@dataclass(frozen=True, slots=True)
class DigestRow:
    """One warning as it was that morning; see inventory.queries.warnings.StockWarning."""

    sku_id: int
    sku_code: str
    sku_name: str
    unit: str
    lot_code: str
    units: int
    days: int | None
    minimum: int | None


@dataclass(frozen=True, slots=True)
class DigestPart:
    """The warnings of one kind at one facility: how many, how many units, the first rows."""

    facility_id: int
    kind: str
    count: int
    units: int
    rows: Sequence[DigestRow]

    @property
    def left_out(self) -> int:
        return self.count - len(self.rows)


def read_digest(content: Mapping[str, Any], facility_ids: Sequence[int] | None) -> list[DigestPart]:
    """The parts of a digest that concern these facilities (None: all), facility by facility."""
    return [
        DigestPart(
            part["facility_id"], part["kind"], part["count"], part["units"],
            [DigestRow(**row) for row in part["rows"]],
        )
        for part in content.get("parts", ())
        if facility_ids is None or part["facility_id"] in facility_ids
    ]  # fmt: skip


def get_digest(digest_id: int) -> StockDigest:
    """Raises UnknownPlace, also for another tenant's."""
    found = StockDigest.objects.filter(id=digest_id).first()
    if found is None:
        raise UnknownPlace(_("没有这一天的库存提醒。"), code="digest_not_found", digest_id=digest_id)
    return found
