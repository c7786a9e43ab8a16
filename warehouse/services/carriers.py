"""Carriers and what they ask: saved many at once, what is refused is named, every change is in the audit trail."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from core import db
from core.db import Rank
from core.errors import Invalid, NotFound
from core.services import accounts
from core.tenancy import current_tenant
from warehouse.models import Carrier, CarrierPrice

MOST_G, MOST_MM, MOST_MM3, MOST_MINOR, MOST_PRICES = 10_000_000, 100_000, 10**15, 10**12, 5_000
SHIPPING_CLASS_LENGTH = 20


class NoCarrier(NotFound):
    code = "carrier_not_found"


class BadCarrier(Invalid):
    """`field` and, in a batch, `place` (from 0) say where."""

    code = "bad_carrier"


@dataclass(frozen=True, slots=True)
class PriceInput:
    """One row of a price table: so much up to `first_g`, so much for each step begun; `region` "" is everywhere."""

    region: str = ""
    is_served: bool = True
    first_g: int = 1_000
    first_minor: int = 0
    step_g: int = 1_000
    step_minor: int = 0
    cod_minor: int = 0


@dataclass(frozen=True, slots=True)
class CarrierInput:
    """A carrier; `id`: the one to change, None for a new one.  Limits None: no limit.  `prices` None: the table stays as it is."""

    code: str
    name: str
    weight_g: int | None = None
    volume_mm3: int | None = None
    longest_mm: int | None = None
    takes_cod: bool = False
    shipping_classes: Sequence[str] = ()
    priority: int = 0
    is_active: bool = True
    prices: Sequence[PriceInput] | None = field(default=None)
    id: int | None = None


def save_carriers(*, carriers: Sequence[CarrierInput], actor_id: int | None) -> tuple[int, ...]:
    """Make or change carriers with their price tables; their ids, in the order given.  For the parcels to come.

    Locks the carriers that are changed.  Raises BadCarrier for a code that is taken and for numbers that cannot be, NoCarrier.
    """
    for place, one in enumerate(carriers):
        _check(one, place)
    ids = _ids(carriers)
    db.execute(
        "INSERT INTO warehouse_carrier (tenant_id, id, code, name, weight_g, volume_mm3, longest_mm, takes_cod, shipping_classes, priority,"
        " is_active) SELECT %s, u.id, u.code, u.name, u.weight, u.volume, u.longest, u.cod, u.classes::jsonb, u.priority, u.is_active"
        " FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::int[], %s::bigint[], %s::int[], %s::boolean[], %s::text[], %s::smallint[],"
        " %s::boolean[]) u(id, code, name, weight, volume, longest, cod, classes, priority, is_active)"
        " ON CONFLICT (tenant_id, id) DO UPDATE SET code = excluded.code, name = excluded.name, weight_g = excluded.weight_g,"
        " volume_mm3 = excluded.volume_mm3, longest_mm = excluded.longest_mm, takes_cod = excluded.takes_cod,"
        " shipping_classes = excluded.shipping_classes, priority = excluded.priority, is_active = excluded.is_active",
        current_tenant(),
        db.array(ids),
        *[
            db.array([getattr(one, name) for one in carriers])
            for name in ("code", "name", "weight_g", "volume_mm3", "longest_mm", "takes_cod")
        ],
        db.array([json.dumps(list(one.shipping_classes), ensure_ascii=False) for one in carriers]),
        db.array([one.priority for one in carriers]),
        db.array([one.is_active for one in carriers]),
    )
    tables = {id_: one.prices for id_, one in zip(ids, carriers, strict=True) if one.prices is not None}
    _replace_prices(tables)
    saved: Mapping[int, Mapping[str, Any]] = {
        id_: asdict(one) for id_, one in zip(ids, carriers, strict=True)
    }
    accounts.record_each("save", "carrier", saved, actor_id=actor_id)
    return tuple(ids)


def _ids(carriers: Sequence[CarrierInput]) -> list[int]:
    """Two statements: lock what is changed, look for codes that others have."""
    codes = [one.code for one in carriers]
    wanted = [one.id for one in carriers if one.id is not None]
    if len(set(codes)) < len(codes) or len(set(wanted)) < len(wanted):
        raise BadCarrier(_("同一家快递写了两次。"), field="code")
    known = {
        row[0] for row in db.lock(Rank.DOCUMENT, Carrier, "id", "id = ANY (%s::bigint[])", db.array(wanted))
    }
    if known != set(wanted):
        raise NoCarrier(_("没有这家快递。"), ids=sorted(set(wanted) - known))
    taken = set(Carrier.objects.filter(code__in=codes).exclude(id__in=wanted).values_list("code", flat=True))
    for place, code in enumerate(codes):
        if code in taken:
            text = _("代号“%(code)s”已经有快递用了。") % {"code": code}
            raise BadCarrier(text, field="code", place=place)
    fresh = iter(db.new_ids(len(carriers) - len(wanted)))
    return [next(fresh) if one.id is None else one.id for one in carriers]


def _replace_prices(tables: Mapping[int, Sequence[PriceInput]]) -> None:
    if not tables:
        return
    db.execute(
        "DELETE FROM warehouse_carrierprice WHERE tenant_id = %s AND carrier_id = ANY (%s::bigint[])",
        current_tenant(),
        db.array(list(tables)),
    )
    flat = [(carrier_id, price) for carrier_id, prices in tables.items() for price in prices]
    names = ("region", "is_served", "first_g", "first_minor", "step_g", "step_minor", "cod_minor")
    db.insert(
        CarrierPrice,
        ["id", "carrier", *names],
        [
            (id_, carrier_id, *(getattr(price, name) for name in names))
            for id_, (carrier_id, price) in zip(db.new_ids(len(flat)), flat, strict=True)
        ],
    )


def _check(one: CarrierInput, place: int) -> None:
    def refuse(text: str, name: str) -> None:
        raise BadCarrier(text, field=name, place=place)

    if not one.code.strip() or len(one.code) > 32:
        refuse(_("快递要有代号，最多 32 个字。"), "code")
    if not one.name.strip() or len(one.name) > 60:
        refuse(_("快递要有名字，最多 60 个字。"), "name")
    for name, most in (("weight_g", MOST_G), ("volume_mm3", MOST_MM3), ("longest_mm", MOST_MM)):
        value = getattr(one, name)
        if value is not None and not 0 < value <= most:
            refuse(_("包裹的限要大于 0；不限就空着。"), name)
    if not abs(one.priority) <= 1_000:
        refuse(_("优先级在 −1,000 到 1,000 之间。"), "priority")
    if any(not text.strip() or len(text) > SHIPPING_CLASS_LENGTH for text in one.shipping_classes):
        refuse(_("运输类别最多 %(n)d 个字。") % {"n": SHIPPING_CLASS_LENGTH}, "shipping_classes")
    prices = one.prices or ()
    regions = [price.region for price in prices]
    if len(prices) > MOST_PRICES:
        refuse(_("价格最多 %(n)d 行。") % {"n": MOST_PRICES}, "prices")
    for row, price in enumerate(prices, 1):
        _check_price(price, row, regions, place)


def _check_price(price: PriceInput, row: int, regions: Sequence[str], place: int) -> None:
    code = price.region
    if code and not (code.isascii() and code.isdigit() and len(code) in (2, 4, 6)):
        text = _("第 %(row)d 行的地区要写行政区划代码的前 2、4 或 6 位数字，空着是全国。") % {"row": row}
        raise BadCarrier(text, field="region", place=place, row=row)
    if regions.count(code) > 1:
        text = _("第 %(row)d 行的地区写了两次。") % {"row": row}
        raise BadCarrier(text, field="region", place=place, row=row)
    if not 0 < price.first_g <= MOST_G or not 0 < price.step_g <= MOST_G:
        raise BadCarrier(
            _("第 %(row)d 行的重量要大于 0。") % {"row": row}, field="weight", place=place, row=row
        )
    amounts = (price.first_minor, price.step_minor, price.cod_minor)
    if not all(0 <= amount <= MOST_MINOR for amount in amounts):
        raise BadCarrier(_("第 %(row)d 行的价格不对。") % {"row": row}, field="price", place=place, row=row)
