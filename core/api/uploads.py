"""POST of a file, as the body itself or as the field `file` of a form: to the disk, in bounded memory, before the transaction.

A slow sender must not hold a transaction open, and a stranger must not fill the disk.  So the middleware first lets key, scope and
address be proved in a short transaction, then takes the bytes with none open, and then runs the view as any other.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Protocol

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from core.api import idempotency
from core.api.authentication import ApiKeyAuthentication, HasScope
from core.api.errors import LengthRequired, Malformed, NotAFile, TooLarge
from core.api.views import ApiView
from core.errors import ERPError
from core.tenancy import tenant

FIELD = "file"
FORM = "multipart/form-data"
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
RAW = ("application/octet-stream", "text/csv", WORKBOOK, "application/gzip", "text/plain")
ENVELOPE = 1 << 16  # bytes that a form may add around its file
_LANDED = "_landed_file"


class Stream(Protocol):
    """Where the bytes come from."""

    def read(self, size: int = ..., /) -> bytes: ...


class Landed(Protocol):
    """A file on the disk that nobody has kept yet."""

    @property
    def sha256(self) -> str: ...

    def drop(self) -> None: ...


class FileView(ApiView):
    """Base of endpoints whose POST is a file.  It says who may send (`admit`) and where the bytes go (`land`)."""

    most_bytes: ClassVar[str]  # the setting that bounds one file

    @classmethod
    def admit(cls, request: Request) -> None:
        """Refuse before any byte is read, in a short transaction of the tenant."""

    @classmethod
    def land(cls, stream: Stream, tenant_id: int) -> Landed:
        """Write the stream to the disk, outside of any transaction."""
        raise NotImplementedError

    def landed(self, request: Request) -> tuple[Any, str]:
        """What arrived, and the name its form gave it.  Raises what refused it."""
        found = getattr(request._request, _LANDED)  # noqa: SLF001  as in ApiView
        if isinstance(found, Exception):
            raise found
        return found[0], found[1]

    def _claim(self, request: Request) -> None:
        """Not yet: what makes two requests the same is the content of the file (`claim_for`)."""
        idempotency.key_of(request)

    def claim_for(self, request: Request, landed: Landed) -> None:
        """Take the Idempotency-Key, if there is one, for this file: its bytes count, not the form around them."""
        self._take_key(request, landed.sha256.encode())


@contextmanager
def receiving(request: HttpRequest, view: Any, tenant_id: int) -> Iterator[None]:
    """Around the view's transaction: for the POST of a FileView the file is there when it opens, and is dropped when it is over."""
    view_class = getattr(view, "cls", None)
    if request.method != "POST" or view_class is None or not issubclass(view_class, FileView):
        yield
        return
    try:
        found: tuple[Landed, str] | Exception = _receive(request, view_class, tenant_id)
    except (ERPError, APIException) as refusal:
        found = refusal  # the view raises it, so that it is answered like every other
    setattr(request, _LANDED, found)
    try:
        yield
    finally:
        if isinstance(found, tuple):
            found[0].drop()


def _receive(request: HttpRequest, view_class: type[FileView], tenant_id: int) -> tuple[Landed, str]:
    with tenant(tenant_id):
        asked = Request(request, authenticators=[ApiKeyAuthentication()])
        if not HasScope().has_permission(asked, view_class):
            raise Malformed("no scope")  # never seen: the view refuses before it asks for the file
        view_class.admit(asked)
    most: int = getattr(settings, view_class.most_bytes)
    length = _length(request, most)
    try:
        stream, name = _stream(request, length, most)
        landed = view_class.land(stream, tenant_id)
    except (UnreadablePostError, MultiPartParserError, TooManyFieldsSent, TooManyFilesSent):
        raise Malformed(_("请求没有收完。")) from None
    except RequestDataTooBig:
        raise TooLarge(_("请求太大，请分批。")) from None
    if _is_half(request, length):
        landed.drop()
        raise Malformed(_("请求没有收完。"))
    return landed, name


def _is_half(request: HttpRequest, length: int) -> bool:
    """Whether the sender went away: half a file looks like a whole one.  Django keeps the count to itself."""
    return bool(getattr(request._stream, "_pos", length) < length)  # noqa: SLF001


def _length(request: HttpRequest, most: int) -> int:
    """The length of the body, as its sender says.  Raises LengthRequired, TooLarge."""
    text = request.META.get("CONTENT_LENGTH") or ""
    if not text and request.headers.get("Transfer-Encoding"):
        raise LengthRequired(_("请求要带 Content-Length，不收分块传输。"))
    length = int(text) if text.isascii() and text.isdigit() else 0
    if length > most + (ENVELOPE if request.content_type == FORM else 0):
        raise _too_large(most)
    return length


def _too_large(most: int) -> TooLarge:
    return TooLarge(
        _("文件超过 %(n)s MB，分成几个再传。") % {"n": most >> 20}, code="file_too_large", limit=most
    )


def _stream(request: HttpRequest, length: int, most: int) -> tuple[Stream, str]:
    if request.content_type == FORM:
        file = request.FILES.get(FIELD)
        if _is_half(request, length):
            raise Malformed(_("请求没有收完。"))
        if file is None:
            raise Malformed(
                _("表单里没有文件，它的字段要叫 %(name)s。") % {"name": FIELD}, code="file_missing"
            )
        if (file.size or 0) > most:
            raise _too_large(most)
        return file, file.name or ""
    if request.content_type in RAW or not length:  # without a body there is no kind of it either
        return request, ""
    raise NotAFile(
        _("请求要么是 %(form)s 里的字段 %(name)s，要么是文件本身，带 Content-Type: %(raw)s。")
        % {"form": FORM, "name": FIELD, "raw": RAW[0]},
        known=[FORM, *RAW],
    )
