"""Rows of the table of bundles: compared with what is there, and applied."""

from collections.abc import Mapping, Sequence
from typing import Any

from core import db
from core.db import Rank
from inventory.models import Bundle
from inventory.queries.catalogue import find_bundles, list_codes_in_use, list_sku_values
from inventory.rules.goods_table import bundle_mistakes
from inventory.rules.table_diff import Entry, Mistake, Values, Wrong
from inventory.services import bundles
from inventory.services.bundles import BundleInput
from inventory.services.sku_rows import Change, Overtaken

DEFAULTS: Values = {"name": "", "is_cartons": False, "is_active": True, "parts": []}


def compare(entries: Sequence[Entry]) -> tuple[dict[str, Values], dict[int, list[Wrong]]]:
    """As sku_rows.compare.  Three statements."""
    now = {code: card.values for code, card in find_bundles([entry.code for entry in entries]).items()}
    skus = _parts_there([entry.values for entry in entries])
    taken, _bundles = list_codes_in_use([entry.code for entry in entries])
    told: dict[int, list[Wrong]] = {}
    for entry in entries:
        if not entry.code:
            continue
        here = now.get(entry.code)
        wrong = bundle_mistakes(entry, here)
        if entry.code in taken:
            wrong.append(Wrong(entry.row, "code", entry.code, Mistake.CODE_TAKEN))
        wrong += [
            Wrong(entry.row, "part", code, mistake) for code, mistake in _bad_parts(entry.values, here, skus)
        ]
        if wrong:
            told[entry.row] = wrong
    return now, told


def _parts_there(said: Sequence[Mapping[str, Any]]) -> dict[str, bool]:
    """SKU code → is it active, for the parts that are a SKU."""
    codes = {code for values in said for code, _units in values.get("parts", ())}
    return {code: values["is_active"] for code, values in list_sku_values(codes).items()}


def _bad_parts(
    said: Mapping[str, Any], here: Values | None, skus: Mapping[str, bool]
) -> list[tuple[str, Mistake]]:
    before = {code for code, _units in (here or {}).get("parts", ())}
    found = []
    for code, _units in said.get("parts", ()):
        if code not in skus:
            found.append((code, Mistake.PART_UNKNOWN))
        elif not skus[code] and code not in before:
            found.append((code, Mistake.PART_ARCHIVED))
    return found


def apply(rows: Sequence[Change], *, actor_id: int | None) -> dict[int, Overtaken]:
    """As sku_rows.apply.  Locks the bundles that are there."""
    codes = [row.code for row in rows]
    db.lock(Rank.DOCUMENT, Bundle, "id", "code = ANY (%s::text[])", db.array(sorted(codes)))
    now = {code: card.values for code, card in find_bundles(codes).items()}
    taken, _bundles = list_codes_in_use(codes)
    skus = _parts_there([row.said for row in rows])
    stale = {}
    for row in rows:
        here = now.get(row.code)
        bad = [code for code, _mistake in _bad_parts(row.said, here, skus)]
        bad += [row.code] * (row.code in taken or row.is_new == (here is not None))
        moved = {name: (here or {}).get(name) for name, (old, _new) in row.changes.items()}
        moved = {
            name: value for name, value in moved.items() if not row.is_new and value != row.changes[name][0]
        }
        if bad or moved:
            stale[row.row] = Overtaken(moved, bad)
    good = [row for row in rows if row.row not in stale]
    merged = {row.code: {**(now.get(row.code) or DEFAULTS), **row.said} for row in good}
    ids = bundles.save_bundles(
        [
            BundleInput(code, v["name"], [(part, units) for part, units in v["parts"]], v["is_cartons"])
            for code, v in merged.items()
        ]
    )
    gone = [ids[row.code] for row in good if row.said.get("is_active") is False]
    back = [ids[row.code] for row in good if row.said.get("is_active") is True and not row.is_new]
    if gone:
        bundles.archive_bundles(bundle_ids=gone, actor_id=actor_id)
    if back:
        bundles.restore_bundles(bundle_ids=back, actor_id=actor_id)
    return stale
