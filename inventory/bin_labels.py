"""Bin labels as PDF: Code 128, QR and the code in letters that can be read from a fork-lift.

Letters are embedded, so that a code is as wide on every machine as it was measured here; Chinese is set in STSong-Light, which whoever
shows the PDF brings along.  A code that Code 128 cannot say, or not
in bars wide enough to be read, has its QR code only.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from reportlab.graphics.barcode.code128 import Code128
from reportlab.graphics.barcode.qrencoder import QR8bitByte, QRCode, QRErrorCorrectLevel
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

MOST = 1_000
LATIN, CHINESE = "VeraBd", "STSong-Light"
BAR_LEAST = 0.19 * mm  # what a 203 dpi printer and a hand scanner still manage
BAR_MOST = 0.5 * mm
QUIET = 10  # modules of white at each end of the bars
MASK = (
    2  # of the eight, all of which every reader knows; to look for the prettiest would take most of the time
)
_A4 = (210 * mm, 297 * mm)


@dataclass(frozen=True, slots=True)
class BinLabel:
    """What stands on one label."""

    code: str
    zone: str
    facility: str


@dataclass(frozen=True, slots=True)
class Layout:
    """A sheet of labels, or a roll (one label a page).  Points; `margin` is left and top of the first label."""

    page: tuple[float, float]
    label: tuple[float, float]
    columns: int
    rows: int
    margin: tuple[float, float]


LAYOUTS: Mapping[str, Layout] = {
    "a4-24": Layout(_A4, (70 * mm, 37 * mm), 3, 8, (0, 0.5 * mm)),
    "a4-14": Layout(_A4, (99 * mm, 38 * mm), 2, 7, (6 * mm, 15.5 * mm)),
    "a4-8": Layout(_A4, (105 * mm, 74 * mm), 2, 4, (0, 0.5 * mm)),
    "roll-100x50": Layout((100 * mm, 50 * mm), (100 * mm, 50 * mm), 1, 1, (0, 0)),
    "roll-60x40": Layout((60 * mm, 40 * mm), (60 * mm, 40 * mm), 1, 1, (0, 0)),
}


def draw_labels(labels: Sequence[BinLabel], layout: Layout, *, is_compressed: bool = True) -> bytes:
    """The PDF, one label after the other by rows.  At least one label."""
    _register()
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=layout.page, pageCompression=int(is_compressed))
    canvas.setTitle(f"{labels[0].code} – {labels[-1].code}")
    a_page = layout.columns * layout.rows
    for number, label in enumerate(labels):
        place = number % a_page
        if number and not place:
            canvas.showPage()
        row, column = divmod(place, layout.columns)
        x = layout.margin[0] + column * layout.label[0]
        y = layout.page[1] - layout.margin[1] - (row + 1) * layout.label[1]
        _draw(canvas, label, x, y, layout.label)
    canvas.save()
    return out.getvalue()


@cache
def _register() -> None:
    pdfmetrics.registerFont(TTFont(LATIN, f"{LATIN}.ttf"))  # comes with reportlab
    pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))


def _draw(canvas: Canvas, label: BinLabel, x: float, y: float, size: tuple[float, float]) -> None:
    """QR at the left over the whole height; at the right the code, the bars, the place in small."""
    width, height = size
    pad = 3 * mm
    side = min(height - 2 * pad, width * 0.36)
    _qr(canvas, label.code, x + pad, y + (height - side) / 2, side)
    left = x + pad + side + 2.5 * mm
    room = x + width - pad - left
    small = max(7.0, height * 0.085)
    bars = height * 0.26
    has_bars = _bars(canvas, label.code, left, y + pad + small + 1.5 * mm, room, bars)
    bottom = y + pad + small + 1.5 * mm + (bars + 1.5 * mm if has_bars else 0)
    _text(canvas, label.code, left, bottom, room, y + height - pad - bottom)
    place = " · ".join(part for part in (label.facility, label.zone) if part)
    _text(canvas, place, left, y + pad, room, small * 1.2)


def _text(canvas: Canvas, text: str, x: float, y: float, width: float, height: float) -> None:
    """As large as the box lets it be, standing on the box's floor."""
    font = LATIN if text.isascii() else CHINESE
    unit = pdfmetrics.stringWidth(text, font, 1) or 1
    size = min(height / 1.2, width / unit)
    canvas.setFont(font, size)
    canvas.drawString(x, y + size * 0.22, text)


def _bars(canvas: Canvas, text: str, x: float, y: float, width: float, height: float) -> bool:
    """Whether there is a Code 128: its bars must be wide enough to be read."""
    if not text.isascii():
        return False
    modules = Code128(text, barWidth=1, quiet=0).width
    bar = min(BAR_MOST, width / (modules + 2 * QUIET))
    if bar < BAR_LEAST:
        return False
    Code128(text, barWidth=bar, barHeight=height, quiet=0).drawOn(canvas, x + QUIET * bar, y)
    return True


def _qr(canvas: Canvas, text: str, x: float, y: float, side: float) -> None:
    """Dark modules as runs in one path: a widget a module would take a second a sheet."""
    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(
        QR8bitByte(text)
    )  # as UTF-8: its own choice would write Chinese as kanji, which not every scanner reads
    code.version = code.calculate_version()
    code.makeImpl(False, MASK)
    count = code.getModuleCount()
    module = side / count
    path = canvas.beginPath()
    for row in range(count):
        for is_dark, run in groupby(range(count), key=lambda column, row=row: code.isDark(row, column)):  # type: ignore[misc]
            columns = list(run)
            if is_dark:
                path.rect(
                    x + columns[0] * module, y + (count - 1 - row) * module, len(columns) * module, module
                )
    canvas.drawPath(path, fill=1, stroke=0)
