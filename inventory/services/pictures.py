"""Pictures of SKUs: what was handed in is looked at, and only what we made of it is kept."""

import io

from django.db.models import Max
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from core import db
from core.db import Rank
from core.errors import Invalid
from core.services import accounts
from core.services.files import Readable, keep, land
from core.tenancy import current_tenant
from inventory.errors import UnknownGoods, WrongState
from inventory.models import Picture, Sku

FORMATS = ("JPEG", "PNG", "WEBP")
BYTES_MOST = 10 << 20
SIDE_MOST = 12_000  # pixels of one side, asked of the header
PIXELS_MOST = 40_000_000  # of the whole picture: 120 MB decoded
LARGE, SMALL = 1_600, 160  # the longest side that is kept
PER_SKU = 8


def add_picture(*, sku_id: int, file: Readable, name: str, actor_id: int | None) -> int:
    """Keep a picture of a SKU and its small copy, as JPEG without what the camera wrote into it; the picture's id.

    Size and format are read from the header, before anything is decoded.  Locks the SKU.  Raises UnknownGoods, Invalid `bad_picture` or
    `too_large`, WrongState `too_many_pictures`.
    """
    data = file.read(BYTES_MOST + 1)
    if len(data) > BYTES_MOST:
        raise Invalid(_("图片超过 %(n)d MB，缩小再传。") % {"n": BYTES_MOST >> 20}, code="too_large")
    picture = _decode(data)
    if not db.lock(Rank.DOCUMENT, Sku, "id", "id = %s", sku_id):
        raise UnknownGoods(_("没有这个商品。"), sku_id=sku_id)
    mine = Picture.objects.filter(sku=sku_id)
    if mine.count() >= PER_SKU:
        raise WrongState(_("一个商品最多 %(n)d 张图，先删一张。") % {"n": PER_SKU}, code="too_many_pictures")
    last = mine.aggregate(last=Max("sequence"))["last"]
    file_ids = [_store(_encode(picture, side), name, actor_id) for side in (LARGE, SMALL)]
    picture_id = db.new_id()
    row = (picture_id, sku_id, *file_ids, 0 if last is None else last + 1)
    db.insert(Picture, ["id", "sku", "file", "thumbnail", "sequence"], [row])
    accounts.record("picture.added", "sku", sku_id, actor_id=actor_id, detail={"picture_id": picture_id})
    return picture_id


def remove_picture(*, picture_id: int, actor_id: int | None) -> int:
    """Take a picture away; the SKU it was of.  The bytes stay on the disk.  Raises UnknownGoods."""
    found = db.rows(
        "DELETE FROM inventory_picture WHERE tenant_id = %s AND id = %s RETURNING sku_id",
        current_tenant(),
        picture_id,
    )
    if not found:
        raise UnknownGoods(_("没有这张图。"), code="picture_not_found", picture_id=picture_id)
    sku_id = int(found[0][0])
    accounts.record("picture.removed", "sku", sku_id, actor_id=actor_id, detail={"picture_id": picture_id})
    return sku_id


def _decode(data: bytes) -> Image.Image:
    try:
        opened = Image.open(io.BytesIO(data), formats=FORMATS)  # reads the header only
        width, height = opened.size
        if max(width, height) > SIDE_MOST or width * height > PIXELS_MOST:
            raise Invalid(
                _("图片有 %(width)d × %(height)d 个像素，太大了，缩小再传。")
                % {"width": width, "height": height},
                code="bad_picture",
            )
        upright = ImageOps.exif_transpose(opened)
        with_alpha = upright.convert("RGBA")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as broken:
        raise Invalid(_("这不是 JPEG、PNG 或 WebP 图片，或者坏了。"), code="bad_picture") from broken
    flat = Image.new("RGB", with_alpha.size, "white")
    flat.paste(with_alpha, mask=with_alpha)
    return flat


def _encode(picture: Image.Image, side: int) -> bytes:
    copy = picture.copy()
    copy.thumbnail((side, side))
    made = io.BytesIO()
    copy.save(made, "JPEG", quality=85, optimize=True)
    return made.getvalue()


def _store(data: bytes, name: str, actor_id: int | None) -> int:
    landed = land(io.BytesIO(data), tenant_id=current_tenant(), most=len(data))
    try:
        return keep(landed, name=name, actor_id=actor_id)
    finally:
        landed.drop()
