"""Stopped orders that wait for the same answer: one code, one region, one remark.  Each read is a constant number of statements."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core import db
from core.tenancy import current_tenant
from orders.queries import COUNT_MOST, list_stamps
from orders.rules import audit
from orders.rules.remarks import fold

GROUPS_MOST = 200  # on a page
NUMBERS_SHOWN = 3

# (tenant, codes, all facilities?, facilities, most): stopped orders with an open finding of one of these codes, the most urgent first
_WAITING = """
    SELECT o.id FROM orders_order o WHERE o.tenant_id = %s AND o.status = 1 AND o.id IN (
        SELECT f.order_id FROM orders_finding f WHERE f.tenant_id = o.tenant_id AND f.code = ANY (%s::text[])
        AND f.stops AND f.cleared_at IS NULL)
    AND (%s OR o.facility_id = ANY (%s::bigint[])) ORDER BY o.ship_by, o.id LIMIT %s
"""

_BY_CODE = f"""
    SELECT l.external_code, array_agg(DISTINCT l.order_id) FROM orders_orderline l
    WHERE l.tenant_id = %s AND l.sku_id IS NULL AND l.order_id = ANY (ARRAY({_WAITING})::bigint[])
    GROUP BY 1 ORDER BY count(DISTINCT l.order_id) DESC, 1 LIMIT %s
"""

_BY_REGION = f"""
    SELECT f.detail->>'key', min(f.detail->>'written'), mode() WITHIN GROUP (ORDER BY f.detail->>'suggestions'),
        array_agg(f.order_id ORDER BY f.order_id), (array_agg(o.number ORDER BY f.order_id))[1:%s]
    FROM orders_finding f JOIN orders_order o ON o.tenant_id = f.tenant_id AND o.id = f.order_id
    WHERE f.tenant_id = %s AND f.code = %s AND f.cleared_at IS NULL AND f.order_id = ANY (ARRAY({_WAITING})::bigint[])
    GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT %s
"""

_REMARKS = f"""
    SELECT o.id, o.number, o.remark, o.seller_remark FROM orders_order o
    WHERE o.tenant_id = %s AND o.id = ANY (ARRAY({_WAITING})::bigint[]) ORDER BY o.ship_by, o.id
"""


@dataclass(frozen=True, slots=True)
class CodeGroup:
    """Orders that wait for the meaning of one code."""

    code: str
    order_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RegionGroup:
    """Orders whose receivers wrote the same region.  `key` is empty for those who wrote none: they are put right one by one."""

    key: str
    written: str
    suggestions: tuple[str, ...]
    order_ids: tuple[int, ...]
    numbers: tuple[str, ...]

    @property
    def first(self) -> Sequence[tuple[int, str]]:
        return list(zip(self.order_ids, self.numbers, strict=False))


@dataclass(frozen=True, slots=True)
class RemarkGroup:
    """Orders with equal words, apart from punctuation and blanks.  `stamp`: what all of them were when they were looked at."""

    key: str
    remark: str
    seller_remark: str
    number: str
    stamps: Mapping[int, str]
    stamp: str


def _waiting(codes: Sequence[str], facility_ids: Sequence[int] | None) -> tuple[object, ...]:
    return current_tenant(), db.array(codes), facility_ids is None, db.array(facility_ids or ()), COUNT_MOST


def list_code_groups(facility_ids: Sequence[int] | None) -> list[CodeGroup]:
    """Codes that stop orders, those that stop most first."""
    found = db.rows(_BY_CODE, current_tenant(), *_waiting([audit.SKU_UNMAPPED], facility_ids), GROUPS_MOST)
    return [CodeGroup(code, tuple(ids)) for code, ids in found]


def list_region_groups(facility_ids: Sequence[int] | None) -> list[RegionGroup]:
    """Regions that nobody could read, those that stop most first."""
    found = db.rows(
        _BY_REGION,
        NUMBERS_SHOWN,
        current_tenant(),
        audit.ADDRESS_UNKNOWN,
        *_waiting([audit.ADDRESS_UNKNOWN], facility_ids),
        GROUPS_MOST,
    )
    return [
        RegionGroup(
            key or "",
            written or "",
            tuple(f"{int(code):06}" for code in json.loads(suggestions or "[]")),
            tuple(ids),
            tuple(numbers),
        )
        for key, written, suggestions, ids, numbers in found
    ]


def list_remark_groups(facility_ids: Sequence[int] | None) -> list[RemarkGroup]:
    """Words that stop orders, those that stop most first, then the most urgent.  Two statements."""
    rows = db.rows(
        _REMARKS,
        current_tenant(),
        *_waiting([audit.BUYER_REMARK, audit.SELLER_REMARK], facility_ids),
    )
    groups: dict[tuple[str, str], list[tuple[int, str, str, str]]] = defaultdict(list)
    for row in rows:
        groups[fold(row[2]), fold(row[3])].append(row)
    stamps = list_stamps([row[0] for row in rows]) if rows else {}
    found = [_remark_group(said, members, stamps) for said, members in groups.items()]
    return sorted(found, key=lambda group: -len(group.stamps))


def _remark_group(
    said: tuple[str, str], members: Sequence[tuple[int, str, str, str]], stamps: Mapping[int, str]
) -> RemarkGroup:
    _id, number, remark, seller_remark = members[0]
    own = {row[0]: stamps.get(row[0], "") for row in members}
    parts = [f"{id_}:{stamp}" for id_, stamp in sorted(own.items())]
    return RemarkGroup(_digest(*said), remark, seller_remark, number, own, _digest(*parts))


def _digest(*parts: str) -> str:
    """Short enough for a form; nobody gains by making two alike."""
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=9).hexdigest()
