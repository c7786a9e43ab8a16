"""Where orders go: the division that an address names, what a person said of it before, and what is asked when neither helps."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from core import db, live, options
from core.errors import Conflict, Invalid
from core.services import accounts
from core.tenancy import current_tenant
from orders import divisions
from orders import options as settings
from orders.errors import NoOrder
from orders.models import OrderStatus
from orders.rules.addresses import fold_region
from orders.rules.audit import Facts
from orders.rules.incoming import Receiver
from orders.services import again, reading
from orders.services.again import Again
from orders.services.fresh import Fresh
from orders.services.reading import ChannelFacts
from orders.services.receivers import keep, unseal

LONGEST_SHOWN, LONGEST_WRITTEN = 60, 200
LONGEST_PART, LONGEST_STREET = 60, 200


def place(channel: ChannelFacts, fresh: Iterable[Fresh]) -> dict[int, Facts]:
    """New orders whose address names no division for certain: those that a person answered before get the answer, the others are
    returned with what the desk needs to ask.  Nothing where the tenant does not want it; else one statement, when there are any.
    """
    if not channel.needs_address or not options.get(settings.ADDRESS_MUST_RESOLVE):
        return {}
    open_ = {f.head.id: f for f in fresh if not f.division_code and _is_asked(f.incoming.receiver)}
    found = _answer({id_: f.incoming.receiver for id_, f in open_.items() if f.incoming.receiver})
    for id_, code in found.codes.items():
        f, division = open_[id_], divisions.get_division(code)
        f.division_code, f.point_e6, f.head = code, division.point_e6, replace(f.head, division_code=code)
    return found.unplaced


def place_again(found: Again) -> dict[int, Facts]:
    """The same for orders that come back; what is known by now is written on them.  At most two statements."""
    if not options.get(settings.ADDRESS_MUST_RESOLVE):
        return {}
    tenant_id = current_tenant()
    receivers = {
        head.id: unseal(tenant_id, head.receiver)
        for group in found.groups.values()
        for head in (group.leader,)
        if not head.division_code
        and head.receiver is not None
        and found.channels[head.channel_id].needs_address
    }
    read = _answer({id_: to for id_, to in receivers.items() if _is_asked(to)})
    if read.codes:
        db.execute(
            "UPDATE orders_order o SET division_code = u.code FROM unnest(%s::bigint[], %s::text[]) u(id, code)"
            " WHERE o.tenant_id = %s AND o.id = u.id",
            db.array(list(read.codes)),
            db.array(list(read.codes.values())),
            tenant_id,
        )
    for id_, code in read.codes.items():
        found.heads[id_] = replace(found.heads[id_], division_code=code)
    return read.unplaced


@dataclass(frozen=True, slots=True)
class _Answer:
    codes: Mapping[int, str]
    unplaced: dict[int, Facts]


def _is_asked(to: Receiver | None) -> bool:
    """A street that lies nowhere can be asked about; a missing one is another finding, a hidden one the platform knows."""
    return to is not None and bool(to.street.strip()) and not to.is_masked


def _answer(receivers: Mapping[int, Receiver]) -> _Answer:
    if not receivers:
        return _Answer({}, {})
    keys = {id_: fold_region(to.province, to.city, to.district) for id_, to in receivers.items()}
    known = list_fixes({key for key in keys.values() if key})
    codes: dict[int, str] = {}
    unplaced: dict[int, Facts] = {}
    for id_, to in receivers.items():
        seen = divisions.look(to.province, to.city, to.district, to.street)
        code = known.get(keys[id_]) or seen.code
        if code:
            codes[id_] = code
            continue
        written = " ".join(filter(None, (part.strip() for part in (to.province, to.city, to.district))))
        suggested = tuple(map(int, seen.suggestions))
        unplaced[id_] = (
            ("key", keys[id_]),
            ("written", written[:LONGEST_SHOWN] if keys[id_] else ""),
            ("suggestions", suggested),
        )
    return _Answer(codes, unplaced)


def list_fixes(keys: Iterable[str]) -> dict[str, str]:
    """Written region -> division, where a person said it.  One statement, none without keys."""
    wanted = list(keys)
    if not wanted:
        return {}
    return dict(
        db.rows(
            "SELECT written, code FROM orders_addressfix WHERE tenant_id = %s AND written = ANY (%s::text[])",
            current_tenant(),
            db.array(wanted),
        )
    )


def remember(*, written: str, code: str, actor_id: int | None) -> None:
    """A region that nobody could read means this division from now on; a city: its districts do not matter here.

    Orders that stand still go on when they are released.  Raises Invalid for a division that is not in the list, or no region.
    """
    if not written or len(written) > LONGEST_WRITTEN:
        raise Invalid(_("没有写省市区的地址，要一张一张改。"), code="no_region", field="written")
    if not divisions.gazetteer().name(code) or code.endswith("0000"):
        raise Invalid(_("没有这个地方，换一个。"), code="no_division", field="code")
    tenant_id = current_tenant()
    db.execute(
        "INSERT INTO orders_addressfix (tenant_id, id, written, code, fixed_by) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (tenant_id, written) DO UPDATE SET code = excluded.code, fixed_by = excluded.fixed_by,"
        " fixed_at = clock_timestamp()",
        tenant_id,
        db.new_id(),
        written,
        code,
        actor_id,
    )
    accounts.record("fix_address", "order", None, actor_id=actor_id, detail={"written": written, "to": code})


@dataclass(frozen=True, slots=True)
class NewAddress:
    """A receiver's words as a person puts them right; an empty street, name or phone stays what it was."""

    province: str
    city: str
    district: str
    street: str = ""
    name: str = ""
    phone: str = ""


def edit_receiver(*, order_id: int, address: NewAddress, actor_id: int | None) -> str:
    """Write a stopped order's receiver anew, sealed; returns the division, or nothing where it still names none for certain.

    The trail says which fields changed, not what they hold.  Locks the order.  Raises NoOrder, Conflict for an order that does not stand
    still, travels with others, sends a part of it or whose receiver the platform hides, Invalid for what does not fit.
    """
    _check(address)
    group = next(iter(again.lock_groups([order_id]).values()), None)
    if group is None:
        raise NoOrder(_("没有这张单，或者不归您管。"), order_id=order_id)
    if group.leader.status != OrderStatus.STOPPED or len(group.heads) > 1 or group.leader.receiver is None:
        raise Conflict(_("停着的、没合单的单才能改地址。"), code="not_stopped", order_id=order_id)
    tenant_id = current_tenant()
    if reading.list_on_the_way([order_id]):
        raise Conflict(_("有一部分正在先发，先收回来再改地址。"), code="goes_in_part", order_id=order_id)
    old = unseal(tenant_id, group.leader.receiver)
    if old.is_masked:
        raise Conflict(_("收件人是平台藏起来的，在店铺里改，再推一次。"), code="is_masked", order_id=order_id)
    new = replace(
        old,
        province=address.province.strip(),
        city=address.city.strip(),
        district=address.district.strip(),
        street=address.street.strip() or old.street,
        name=address.name.strip() or old.name,
        phone=address.phone.strip() or old.phone,
    )
    changed = [name for name in Receiver.__dataclass_fields__ if getattr(new, name) != getattr(old, name)]
    place_ = divisions.find_division(new.province, new.city, new.district, new.street)
    kept, code = keep(tenant_id, new), place_.code if place_ else ""
    db.execute(
        "UPDATE orders_order SET receiver = %s, receiver_mask = %s, receiver_key = %s, division_code = %s, version = version + 1"
        " WHERE tenant_id = %s AND id = %s",
        kept.sealed,
        kept.mask,
        kept.key,
        code,
        tenant_id,
        order_id,
    )
    accounts.record("edit_receiver", "order", order_id, actor_id=actor_id, detail={"changed": changed})
    live.push(tenant_id, "order", [order_id])
    return code


def _check(address: NewAddress) -> None:
    fields: Sequence[tuple[str, str, int]] = (
        ("province", address.province, LONGEST_PART),
        ("city", address.city, LONGEST_PART),
        ("district", address.district, LONGEST_PART),
        ("street", address.street, LONGEST_STREET),
        ("name", address.name, LONGEST_PART),
        ("phone", address.phone, LONGEST_PART),
    )
    for name, text, most in fields:
        if len(text) > most or "\0" in text:
            raise Invalid(_("太长了，最多 %(n)d 个字。") % {"n": most}, code="too_long", field=name)
