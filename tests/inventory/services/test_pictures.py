"""Pictures: only what we made ourselves is kept; bombs are refused by their header."""

import io
import struct
import zlib

import pytest
from PIL import Image

from core.errors import Invalid
from core.services.files import path_of
from core.tenancy import tenant
from inventory.errors import UnknownGoods, WrongState
from inventory.models import Picture
from inventory.services import pictures
from inventory.services.pictures import add_picture, remove_picture
from tests import builders as make


def drawn(kind: str = "PNG", size: tuple[int, int] = (400, 200), mode: str = "RGBA") -> io.BytesIO:
    data = io.BytesIO()
    Image.new(mode, size, "red").save(data, kind)
    data.seek(0)
    return data


def bomb(width: int, height: int) -> io.BytesIO:
    """A PNG of a few bytes whose header says that it is huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + body)


def add(sku_id: int, file: io.BytesIO) -> int:
    return add_picture(sku_id=sku_id, file=file, name="照片.png", actor_id=None)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_made_anew_with_its_small_copy(tenant_id: int, kind: str) -> None:
    with tenant(tenant_id):
        picture_id = add(make.make_sku(), drawn(kind, (2_000, 1_000), "RGB"))
        row = Picture.objects.get(id=picture_id)
        for file_id, size in ((row.file_id, (1_600, 800)), (row.thumbnail_id, (160, 80))):
            with Image.open(path_of(file_id)) as kept:
                assert (kept.format, kept.size) == ("JPEG", size)


def test_what_the_camera_wrote_is_gone_and_it_stands_upright(tenant_id: int) -> None:
    data, exif = io.BytesIO(), Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a secret camera"  # turned, maker
    Image.new("RGB", (40, 20)).save(data, "JPEG", exif=exif)
    data.seek(0)
    with tenant(tenant_id):
        row = Picture.objects.get(id=add(make.make_sku(), data))
        with Image.open(path_of(row.file_id)) as kept:
            assert kept.size == (20, 40)
            assert not kept.getexif()


@pytest.mark.parametrize(
    "file",
    [bomb(30_000, 30_000), bomb(30_000, 1), bomb(9_000, 9_000), io.BytesIO(b"<svg/>"), io.BytesIO(b""), drawn("GIF", mode="P"),
     io.BytesIO(drawn().getvalue()[:60])],
    ids=["30000", "long", "81 MP", "svg", "empty", "gif", "cut"],
)  # fmt: skip
def test_what_is_no_picture_or_too_large_is_refused(tenant_id: int, file: io.BytesIO) -> None:
    file.seek(0)
    with pytest.raises(Invalid) as refusal, tenant(tenant_id):
        add(make.make_sku(), file)
    assert refusal.value.code == "bad_picture"


def test_too_many_bytes_and_too_many_pictures(tenant_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "PER_SKU", 2)
    with tenant(tenant_id):
        sku_id = make.make_sku()
        first, second = add(sku_id, drawn()), add(sku_id, drawn())
        assert list(Picture.objects.order_by("sequence").values_list("id", flat=True)) == [first, second]
        with pytest.raises(WrongState):
            add(sku_id, drawn())
        assert remove_picture(picture_id=first, actor_id=None) == sku_id
        with pytest.raises(UnknownGoods):
            remove_picture(picture_id=first, actor_id=None)
        with pytest.raises(UnknownGoods):
            add(7, drawn())
        monkeypatch.setattr(pictures, "BYTES_MOST", 100)
        with pytest.raises(Invalid):
            add(sku_id, drawn())
