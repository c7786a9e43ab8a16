"""A sealed value opens for its tenant, its purpose, unchanged; and for nobody and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import crypto
from core.crypto import SealBroken

TENANT, OTHER = 10_001, 10_002


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 2**53))
def test_what_was_sealed_opens_again(text: str, tenant_id: int) -> None:
    assert crypto.unseal(tenant_id, "raw", crypto.seal(tenant_id, "raw", text)) == text


@pytest.mark.parametrize("size", [0, 1, crypto.PACK_OVER_BYTES, crypto.PACK_OVER_BYTES + 1, 100_000])
def test_short_and_long_texts(size: int) -> None:
    text = "鲶"[: size and 1] + "x" * max(0, size - 3)
    sealed = crypto.seal(TENANT, "raw", text)
    assert crypto.unseal(TENANT, "raw", memoryview(sealed)) == text  # type: ignore[arg-type]  # as the driver gives it
    assert len(sealed) < 2_100


def test_two_seals_of_one_text_differ() -> None:
    assert crypto.seal(TENANT, "raw", "a") != crypto.seal(TENANT, "raw", "a")


@pytest.mark.parametrize("text", ["李雷 13800002046", "长" * 5_000])
def test_another_tenant_or_purpose_cannot_open_it(text: str) -> None:
    sealed = crypto.seal(TENANT, "receiver", text)
    for tenant_id, purpose in ((OTHER, "receiver"), (TENANT, "raw"), (TENANT, ""), (TENANT, "receiver2")):
        with pytest.raises(SealBroken):
            crypto.unseal(tenant_id, purpose, sealed)


@pytest.mark.parametrize("text", ["李雷", "长文" * 4_000])
def test_a_changed_byte_anywhere_breaks_the_seal(text: str) -> None:
    sealed = crypto.seal(TENANT, "receiver", text)
    for place in range(len(sealed)):
        for change in (0x01, 0x03, 0x80):
            bad = bytearray(sealed)
            bad[place] ^= change
            with pytest.raises(SealBroken):
                crypto.unseal(TENANT, "receiver", bytes(bad))


def test_a_value_cut_off_or_grown_breaks_the_seal() -> None:
    sealed = crypto.seal(TENANT, "receiver", "李雷")
    for bad in (*(sealed[:end] for end in range(len(sealed))), sealed + b"\x00"):
        with pytest.raises(SealBroken):
            crypto.unseal(TENANT, "receiver", bad)


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = crypto.seal(TENANT, "raw", "0" * 100_000)
    monkeypatch.setattr(crypto, "MAX_OPENED_BYTES", 50_000)
    with pytest.raises(SealBroken):
        crypto.unseal(TENANT, "raw", sealed)


def test_a_fingerprint_is_equal_for_equals_of_one_tenant_only() -> None:
    assert crypto.fingerprint(TENANT, "13800002046") == crypto.fingerprint(TENANT, "13800002046")
    assert crypto.fingerprint(TENANT, "13800002046") != crypto.fingerprint(OTHER, "13800002046")
    assert crypto.fingerprint(TENANT, "13800002046") != crypto.fingerprint(TENANT, "13800002047")
    assert -(2**63) <= crypto.fingerprint(TENANT, "") < 2**63


def test_the_key_is_the_sites(settings: object) -> None:
    sealed = crypto.seal(TENANT, "raw", "a")
    settings.ERP_FIELD_KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="  # type: ignore[attr-defined]
    crypto._key.cache_clear()
    crypto._cipher.cache_clear()
    try:
        with pytest.raises(SealBroken):
            crypto.unseal(TENANT, "raw", sealed)
    finally:
        crypto._key.cache_clear()
        crypto._cipher.cache_clear()
