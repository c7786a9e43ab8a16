"""Pictures of SKUs: shown, added, taken away."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.accounts import Role
from core.errors import Invalid
from core.services.files import path_of
from core.web.access import needs_role
from core.web.parts import Toast
from core.web.toasts import say
from inventory import queries
from inventory.errors import UnknownGoods
from inventory.models import Picture
from inventory.services import pictures

MAY_EDIT = (Role.OPERATOR, Role.WAREHOUSE)


@require_GET
def picture(request: HttpRequest, picture_id: int) -> HttpResponse:
    return _answer(picture_id, "file_id")


@require_GET
def thumbnail(request: HttpRequest, picture_id: int) -> HttpResponse:
    return _answer(picture_id, "thumbnail_id")


def _answer(picture_id: int, column: str) -> HttpResponse:
    """Our own JPEG, which never changes under its address; for this person's browser only, and for looking at only."""
    file_id = Picture.objects.filter(id=picture_id).values_list(column, flat=True).first()
    if file_id is None:
        raise UnknownGoods(_("没有这张图。"), code="picture_not_found", picture_id=picture_id)
    answer = HttpResponse(
        path_of(file_id).read_bytes(), content_type="image/jpeg"
    )  # some hundred kB, by our own hand
    answer["Cache-Control"] = "private, max-age=31536000, immutable"
    answer["Content-Disposition"] = "inline"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@require_POST
@needs_role(*MAY_EDIT)
def add_picture(request: HttpRequest, sku_id: int) -> HttpResponse:
    goods = queries.get_sku(sku_id)
    file = request.FILES.get("picture")
    if file is None:
        raise Invalid(_("先选一张图。"), code="no_picture")
    pictures.add_picture(sku_id=sku_id, file=file, name=file.name or "", actor_id=request.user.pk)
    say(request, Toast(_("%(code)s 的图存好了。") % {"code": goods.code}))
    return redirect("inventory:edit_sku", sku_id)


@require_POST
@needs_role(*MAY_EDIT)
def remove_picture(request: HttpRequest, picture_id: int) -> HttpResponse:
    sku_id = pictures.remove_picture(picture_id=picture_id, actor_id=request.user.pk)
    say(request, Toast(_("图去掉了。")))
    return redirect("inventory:edit_sku", sku_id)
