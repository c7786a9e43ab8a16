"""How platforms sign their calls.  Pure; each with the example of its own documentation in the tests."""

import hashlib
import hmac
from collections.abc import Collection, Mapping

MD5, HMAC, HMAC_SHA256 = "md5", "hmac", "hmac-sha256"


def joined(params: Mapping[str, str], leave_out: Collection[str] = ("sign",)) -> str:
    """Names and values by name in ASCII order, nothing between them."""
    return "".join(
        f"{name}{value}" for name, value in sorted(params.items()) if name not in leave_out and value != ""
    )


def top(params: Mapping[str, str], secret: str, method: str = HMAC_SHA256) -> str:
    """Taobao TOP: `md5` wraps the text in the secret, the two HMACs are keyed with it; upper-case hexadecimal."""
    text = joined(params)
    if method == MD5:
        return _md5(f"{secret}{text}{secret}").upper()
    digest = {HMAC: hashlib.md5, HMAC_SHA256: hashlib.sha256}[method]
    return hmac.new(secret.encode(), text.encode(), digest).hexdigest().upper()


def pdd(params: Mapping[str, str], secret: str) -> str:
    """Pinduoduo: MD5 of all parameters between the secret twice, upper case."""
    return _md5(f"{secret}{joined(params)}{secret}").upper()


def jd(params: Mapping[str, str], secret: str) -> str:
    """JD: the same, where `format` and `sign_method` do not take part."""
    return _md5(f"{secret}{joined(params, ('sign', 'format', 'sign_method'))}{secret}").upper()


DOUYIN_SIGNED = ("app_key", "method", "param_json", "timestamp", "v")


def douyin(params: Mapping[str, str], secret: str, method: str = HMAC_SHA256) -> str:
    """Douyin: five parameters between the secret twice; lower case; the HMAC is keyed with the secret as well."""
    text = f"{secret}{''.join(f'{name}{params[name]}' for name in DOUYIN_SIGNED)}{secret}"
    if method == MD5:
        return _md5(text)
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
