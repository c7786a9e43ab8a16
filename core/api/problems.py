"""Every refusal of the API as an RFC 9457 problem, and nothing half done behind it."""

import logging
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.signals import got_request_exception
from django.db import DataError, IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response

from core.api.errors import Busy
from core.errors import ERPError, Invalid

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
MOST_ERRORS = 100  # per answer; the count of all is in `error_count`
UNIQUE_VIOLATION = "23505"
WAITED_TOO_LONG = {"55P03", "40P01", "40001"}  # lock_timeout, deadlock, serialization
# What a sender can mend: a number, text or day that no column holds.  The rest of class 22 (a division by zero) is ours.
NOT_STORABLE = {"22001", "22003", "22007", "22008", "22021", "22P02", "22P05"}


def handle(exc: Exception, context: Mapping[str, Any]) -> Response:
    """DRF's exception handler: undoes the transaction and says what to do, in the caller's language.

    A defect (an exception nobody foresaw) is logged and signalled as Django does, and answers 500 without its text.
    """
    if connection.in_atomic_block:
        transaction.set_rollback(True)
    if isinstance(exc, ERPError):
        return of_refusal(exc)
    if isinstance(exc, exceptions.APIException):
        return _of_drf(exc)
    if isinstance(exc, Http404):
        return problem(HTTPStatus.NOT_FOUND, "not_found", _("没有这个地址，或不属于这个商家。"))
    if isinstance(exc, PermissionDenied):
        return problem(HTTPStatus.FORBIDDEN, "forbidden", _("没有权限。"))
    if (of_database := _of_database(exc)) is not None:
        return of_database
    log.error("api defect", exc_info=exc)
    got_request_exception.send(sender=handle, request=getattr(context.get("request"), "_request", None))
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "defect", _("我们这边出错了，已记录。数据没有改动。"))


def problem(
    status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
) -> Response:
    """One problem document.  `code` is stable and for programs, `detail` for people."""
    body = {
        "type": f"urn:catfish-erp:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "code": code,
        "detail": detail,
        **members,
    }
    return Response(body, status=int(status), headers=dict(headers or {}), content_type=CONTENT_TYPE)


def of_refusal(exc: ERPError) -> Response:
    """A typed refusal as a problem.  Says nothing about the transaction: `handle` undoes it, a view that returns this keeps it."""
    headers = {"Retry-After": str(exc.retry_after_s)} if isinstance(exc, Busy) else {}
    return problem(exc.status, exc.code, exc.message, headers=headers, fields=_plain(exc.fields))


def _of_drf(exc: exceptions.APIException) -> Response:
    headers: dict[str, str] = {}
    if header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    if isinstance(exc, exceptions.ValidationError):
        errors = list(_places(exc.detail, ""))
        detail = _("有 %(n)d 处不对，什么都没有写入。") % {"n": len(errors)}
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return problem(status, "invalid", detail, errors=errors[:MOST_ERRORS], error_count=len(errors))
    code = exc.get_codes()
    return problem(
        exc.status_code, code if isinstance(code, str) else "invalid", str(exc.detail), headers=headers
    )


def not_storable(exc: DataError) -> Invalid | None:
    """The refusal of a value that passed every check before the database's own; None when the fault is not the sender's."""
    if getattr(exc.__cause__, "pgcode", None) not in NOT_STORABLE:
        return None
    log.warning("a value that no column holds", exc_info=exc)
    return Invalid(
        _("有个数太大，或者文字里有不能保存的字符。改一下再提交，什么都没有写入。"), code="value_not_storable"
    )


def _of_database(exc: Exception) -> Response | None:
    state = getattr(exc.__cause__, "pgcode", None)
    if isinstance(exc, DataError):
        refusal = not_storable(exc)
        return None if refusal is None else of_refusal(refusal)
    if isinstance(exc, OperationalError | InterfaceError):
        if state in WAITED_TOO_LONG:
            return of_refusal(Busy(_("同一批数据正在被别人改，请稍后原样重试。什么都没有写入。")))
        log.error("database away", exc_info=exc)
        return of_refusal(Busy(_("数据库暂时连不上，请稍后原样重试。"), code="unavailable"))
    if isinstance(exc, IntegrityError) and state == UNIQUE_VIOLATION:
        log.warning("lost a race", exc_info=exc)
        return problem(
            HTTPStatus.CONFLICT, "conflict", _("别人刚写入了同样的编号，请查看后重试。什么都没有写入。")
        )
    return None


def _places(detail: Any, pointer: str) -> Iterator[dict[str, str]]:
    """DRF's nested errors as a flat list, each with the JSON pointer of its place."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from _places(
                inner, pointer if name == "non_field_errors" else f"{pointer}/{_escaped(name)}"
            )
    elif isinstance(detail, list | tuple):
        for index, inner in enumerate(detail):
            # A list of texts is what is wrong with this place; a list of mappings is about its elements.
            yield from _places(inner, f"{pointer}/{index}" if isinstance(inner, Mapping | list) else pointer)
    elif detail is not None:
        yield {
            "pointer": f"#{pointer}",
            "code": str(getattr(detail, "code", "invalid")),
            "detail": str(detail),
        }


def _escaped(name: object) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    known = (str, int, bool, list, tuple, dict, type(None))
    return {name: value if isinstance(value, known) else str(value) for name, value in fields.items()}
