"""Refusals that only the API knows: about the request itself, before any rule has seen it."""

from http import HTTPStatus

from core.errors import ERPError


class Malformed(ERPError):
    """The request cannot be read."""

    status = HTTPStatus.BAD_REQUEST
    code = "malformed"


class TooLarge(ERPError):
    """The body is larger than the API takes in one request."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "body_too_large"


class LengthRequired(ERPError):
    """The body does not say how long it is."""

    status = HTTPStatus.LENGTH_REQUIRED
    code = "length_required"


class NotAFile(ERPError):
    """The body is of a kind that this address does not take."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code = "unsupported_media_type"


class Busy(ERPError):
    """Somebody else holds what this request needs; the same request may succeed in `retry_after_s` seconds."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "busy"
    retry_after_s = 1


class InProgress(Busy):
    """The first request with this Idempotency-Key has not ended yet."""

    status = HTTPStatus.CONFLICT
    code = "idempotency_in_progress"
