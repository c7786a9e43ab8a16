"""Receivers: sealed for the label, masked for the screens, hashed for "same person"."""

import json
import unicodedata
from dataclasses import dataclass, fields

from core import crypto
from orders.rules.incoming import Receiver

PURPOSE = "receiver"
FIELDS = tuple(field.name for field in fields(Receiver))
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
KEPT_PHONE_DIGITS = 4


@dataclass(frozen=True, slots=True)
class KeptReceiver:
    """What an order keeps of its receiver.  `key` is None where a mask proves nothing."""

    sealed: bytes
    mask: str
    key: int | None


def keep(tenant_id: int, receiver: Receiver) -> KeptReceiver:
    """Seal, mask and fingerprint one receiver.  Only a full, unmasked one gets a key: two masks are never the same person."""
    text = _encode({name: getattr(receiver, name) for name in FIELDS})
    return KeptReceiver(
        crypto.seal(tenant_id, PURPOSE, text),
        mask(receiver),
        None if receiver.is_masked else crypto.fingerprint(tenant_id, _folded(receiver)),
    )


def unseal(tenant_id: int, sealed: bytes) -> Receiver:
    """The receiver in clear.  Callers show it only by permission, with a reason, and record that they did."""
    return Receiver(**json.loads(crypto.unseal(tenant_id, PURPOSE, sealed)))


def mask(receiver: Receiver) -> str:
    """Surname, last digits of the phone, city and district: enough to tell two orders apart on a screen, not enough to find the door."""
    name = (
        receiver.name
        if receiver.is_masked
        else receiver.name[:1] + "*" * min(2, max(1, len(receiver.name) - 1))
    )
    phone = receiver.phone if receiver.is_masked else "****" + receiver.phone[-KEPT_PHONE_DIGITS:]
    place = " ".join(part for part in (receiver.province, receiver.city, receiver.district) if part)
    return " ".join(part for part in (name, phone, place) if part)[:120]


def _folded(receiver: Receiver) -> str:
    to = receiver
    text = f"{to.name}\x00{to.phone}\x00{to.province}\x00{to.city}\x00{to.district}\x00{to.street}"
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()
