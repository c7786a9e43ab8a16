"""Mail about stock: put together inside the tenant's transaction, sent after it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from core.accounts import Role
from core.models import Membership, Tenant, User
from core.tenancy import current_tenant
from inventory.access import facility_scope
from inventory.queries import list_facilities
from inventory.queries.digests import DigestPart, read_digest
from inventory.queries.warnings import WarningKind
from inventory.wording import WARNINGS

log = logging.getLogger(__name__)
DIGEST_ROLES = (Role.OWNER, Role.QUALITY, Role.WAREHOUSE)


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail to one person."""

    to: str
    subject: str
    text: str


def mail_digest(day: date, content: Mapping[str, object]) -> None:
    """Mail a digest to its readers, each about his own facilities and in his language, after the commit.

    A person is written to at the address that he gave, else at his account's name if that is one.  A mail that cannot be handed over is
    an error in the log, not a reason to write to the others again.
    """
    letters = list_letters(day, content)
    transaction.on_commit(lambda: _send(letters))


def list_letters(day: date, content: Mapping[str, object]) -> list[Letter]:
    """Who is written to, and what; nothing to whom nothing concerns.  Four statements."""
    members = list(Membership.objects.filter(role__in=DIGEST_ROLES, is_active=True).order_by("id"))
    people = {
        user.pk: user
        for user in User.objects.filter(id__in=[member.user_id for member in members], is_active=True)
    }
    company = Tenant.objects.get(id=current_tenant()).name
    names = {card.id: card.name for card in list_facilities(None)}
    letters = []
    for member in members:
        user = people.get(member.user_id)
        parts = read_digest(content, facility_scope(member))
        if user is not None and parts and (address := _address_of(user)):
            with translation.override(user.language):
                letters.append(Letter(address, _subject(company, day, parts), _text(parts, names)))
    return letters


def _address_of(user: User) -> str:
    return user.email or (user.username if _is_address(user.username) else "")


def _is_address(name: str) -> bool:
    try:
        validate_email(name)
    except ValidationError:
        return False
    return True


def _subject(company: str, day: date, parts: Sequence[DigestPart]) -> str:
    sums = dict.fromkeys(WarningKind, 0)
    for part in parts:
        sums[WarningKind(part.kind)] += part.count
    told = [f"{WARNINGS[kind].label} {count}" for kind, count in sums.items() if count]
    line = _("%(company)s %(day)s 库存提醒：") % {"company": company, "day": f"{day:%m-%d}"}
    return (line + _("、").join(told)).replace("\n", " ")


def _text(parts: Sequence[DigestPart], names: Mapping[int, str]) -> str:
    lines = []
    for part in parts:
        label = WARNINGS[WarningKind(part.kind)].label
        head = _("%(place)s · %(kind)s：%(n)d 条，%(units)d 件")
        place = names.get(part.facility_id, "")
        lines += ["", head % {"place": place, "kind": label, "n": part.count, "units": part.units}]
        lines += [
            "  "
            + " ".join(filter(None, [row.sku_code, row.sku_name, row.lot_code, f"{row.units} {row.unit}"]))
            for row in part.rows
        ]
        if part.left_out:
            lines.append("  " + _("还有 %(n)d 条") % {"n": part.left_out})
    return "\n".join([*lines[1:], "", _("全部的在“库存 → 提醒”里。")])


def _send(letters: Sequence[Letter]) -> None:
    for letter in letters:
        try:
            send_mail(letter.subject, letter.text, None, [letter.to])
        except OSError:  # what smtplib raises too: the mail server is away or refuses
            log.exception("mail not sent")
