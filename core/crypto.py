"""Field encryption and keyed hashes, a key per tenant derived from one master key.

Sealed value: version byte (1 plain, 2 zlib), 12 byte nonce, AES-256-GCM of the text; bound to the version, to the tenant and to a
purpose, so that a value moved to another row's column or another tenant does not open.
Fingerprints are keyed BLAKE2b as a signed bigint: equal for
equal input of one tenant, useless to anybody else.
"""

import base64
import hashlib
import os
import zlib
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

PLAIN, PACKED = b"\x01", b"\x02"
PACK_OVER_BYTES = 2_000  # below, starting the compressor costs more than the bytes it saves
NONCE_BYTES = 12
SHORTEST_BYTES = 1 + NONCE_BYTES + 16  # version, nonce, tag
MAX_OPENED_BYTES = 64 << 20


class SealBroken(ValueError):
    """A sealed value was changed, moved, or sealed with another key."""


@lru_cache(maxsize=4096)
def _key(tenant_id: int, use: bytes) -> bytes:
    master = base64.b64decode(settings.ERP_FIELD_KEY)
    return HKDF(hashes.SHA256(), 32, salt=b"catfish-erp", info=use + b":%d" % tenant_id).derive(master)


@lru_cache(maxsize=1024)
def _cipher(tenant_id: int) -> AESGCM:
    return AESGCM(_key(tenant_id, b"seal"))


def seal(tenant_id: int, purpose: str, text: str) -> bytes:
    """Encrypt `text` for one tenant and one purpose ("receiver", "raw"…)."""
    nonce, data = os.urandom(NONCE_BYTES), text.encode()
    packed = len(data) > PACK_OVER_BYTES
    version = PACKED if packed else PLAIN
    body = _cipher(tenant_id).encrypt(
        nonce, zlib.compress(data, 1) if packed else data, _bound(version, tenant_id, purpose)
    )
    return version + nonce + body


def unseal(tenant_id: int, purpose: str, sealed: bytes) -> str:
    """The text again.  Raises SealBroken when anything about it is not as it was sealed."""
    blob = bytes(sealed)
    if blob[:1] not in (PLAIN, PACKED):
        raise SealBroken("unknown version of a sealed value")
    if len(blob) < SHORTEST_BYTES:
        raise SealBroken("a sealed value was cut off")
    nonce, body = blob[1 : 1 + NONCE_BYTES], blob[1 + NONCE_BYTES :]
    try:
        data = _cipher(tenant_id).decrypt(nonce, body, _bound(blob[:1], tenant_id, purpose))
    except InvalidTag as broken:
        raise SealBroken("a sealed value was changed or moved") from broken
    if blob[:1] == PLAIN:
        return data.decode()
    opened = zlib.decompressobj()
    text = opened.decompress(data, MAX_OPENED_BYTES)
    if opened.unconsumed_tail:
        raise SealBroken("a sealed value is larger than it may be")
    return text.decode()


def fingerprint(tenant_id: int, text: str) -> int:
    """A signed 64 bit keyed hash: for "same receiver" and exact search over encrypted data."""
    digest = hashlib.blake2b(text.encode(), key=_key(tenant_id, b"hash"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _bound(version: bytes, tenant_id: int, purpose: str) -> bytes:
    return f"{version[0]}:{tenant_id}:{purpose}".encode()
