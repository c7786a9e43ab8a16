"""Refusals as typed errors with a stable code.  Services raise them; one handler for the API and one for the web show them."""

from http import HTTPStatus
from typing import Any


class ERPError(Exception):
    """A refusal in the user's words.  `code` is stable and machine readable; `fields` name what was wrong, typed."""

    status: HTTPStatus = HTTPStatus.BAD_REQUEST
    code: str = "error"

    def __init__(self, message: str, *, code: str | None = None, **fields: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.fields = fields


class Invalid(ERPError):
    """The request cannot be understood or breaks a rule that its sender can mend."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "invalid"


class Forbidden(ERPError):
    """The person or key may not do this."""

    status = HTTPStatus.FORBIDDEN
    code = "forbidden"


class NotFound(ERPError):
    """It is not there, or it belongs to somebody else: both look the same."""

    status = HTTPStatus.NOT_FOUND
    code = "not_found"


class Conflict(ERPError):
    """The state changed meanwhile, or the same key was used for something else."""

    status = HTTPStatus.CONFLICT
    code = "conflict"
