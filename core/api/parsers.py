"""JSON bodies that cannot hurt: bounded in size and depth, every number fits its column, every text fits the database."""

import json
import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import IO, Any, NoReturn

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.parsers import BaseParser

from core.api.errors import Malformed, TooLarge

MAX_DEPTH = 24
BIGINT = 1 << 63
_MAX_DIGITS = 19

# Strings are skipped as a whole; an unclosed one ends the scan, so that no byte is looked at twice.
_BRACKET = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


class BoundedJSONParser(BaseParser):
    """application/json, read whole within settings.DATA_UPLOAD_MAX_MEMORY_SIZE.  Raises Malformed or TooLarge, never anything else."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        data = stream.read(limit + 1)
        if len(data) > limit:
            raise TooLarge(_("请求太大，最多 %(mb)d MB，请分批。") % {"mb": limit >> 20}, limit=limit)
        return parse(data)


def parse(data: bytes) -> Any:
    """The value of a JSON text.  Decimals for numbers with a point; raises Malformed for anything else than sound JSON."""
    _refuse_depth(data)
    try:
        text = data.removeprefix(BOM_UTF8).decode()
        value = json.loads(
            text, parse_int=_int, parse_float=_decimal, parse_constant=_constant, object_pairs_hook=_object
        )
    except UnicodeDecodeError as error:
        raise Malformed(_("请求不是 UTF-8 编码。"), code="not_utf8", byte=error.start) from None
    except json.JSONDecodeError as error:
        raise Malformed(
            _("JSON 读不懂：第 %(line)d 行第 %(column)d 个字符。")
            % {"line": error.lineno, "column": error.colno},
            code="json_broken",
            line=error.lineno,
            column=error.colno,
        ) from None
    except RecursionError:
        _too_deep()
    if b"\\u" in data:  # only an escape can spell what UTF-8 cannot
        _refuse_texts(value)
    return value


def _refuse_depth(data: bytes) -> None:
    """Before the parser recurses: a body may be a million brackets."""
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return
    depth = 0
    for match in _BRACKET.finditer(data):
        first = data[match.start()]
        if first in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                _too_deep()
        elif first in b"]}":
            depth -= 1


def _too_deep() -> NoReturn:
    raise Malformed(_("JSON 嵌套超过 %(n)d 层。") % {"n": MAX_DEPTH}, code="json_too_deep", limit=MAX_DEPTH)


def _int(text: str) -> int:
    value = int(text) if len(text) <= _MAX_DIGITS + 1 else BIGINT
    if not -BIGINT <= value < BIGINT:
        raise Malformed(_("数字太大：%(number)s") % {"number": text[:40]}, code="number_too_large")
    return value


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("Infinity")
    if not value.is_finite() or (value and abs(value.adjusted()) >= _MAX_DIGITS) or len(text) > 60:
        raise Malformed(_("数字太大：%(number)s") % {"number": text[:40]}, code="number_too_large")
    return value


def _constant(name: str) -> NoReturn:
    raise Malformed(_("JSON 里不能有 %(name)s。") % {"name": name}, code="not_a_number")


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        counts = Counter(name for name, _value in pairs)
        twice = counts.most_common(1)[0][0]
        raise Malformed(_("同一个名字出现两次：%(name)s") % {"name": twice[:80]}, code="duplicate_name")
    return found


def _refuse_texts(value: Any) -> None:
    """NUL and half a surrogate pair are JSON, but no text of PostgreSQL's."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            if "\0" in item or any("\ud800" <= char <= "\udfff" for char in item):
                raise Malformed(_("文字里有不能保存的字符（NUL 或半个字符）。"), code="bad_character")
        elif isinstance(item, dict):
            stack.extend(item.keys())
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
