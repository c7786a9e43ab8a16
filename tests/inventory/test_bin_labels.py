"""Labels: one for each bin, as many pages as they need, every code on them in letters."""

import re

import pytest
from reportlab.pdfbase import pdfmetrics

from inventory.bin_labels import LAYOUTS, BinLabel, draw_labels


def labels(*codes: str) -> list[BinLabel]:
    return [BinLabel(code, "常温", "上海仓") for code in codes]


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b(?!s)", pdf))


def shown(pdf: bytes) -> list[str]:
    """What is drawn as text, in order.  Chinese stands in the file as UTF-16; letters as the numbers of their embedded shapes, which
    reportlab gives out in the order of their codes below 128."""
    found = []
    for raw in re.findall(rb"\((?:[^()\\]|\\.)*\) Tj", pdf, re.DOTALL):
        text = re.sub(rb"\\([0-7]{3})", lambda m: bytes([int(m[1], 8)]), raw[1:-4])
        text = re.sub(rb"\\(.)", rb"\1", text, flags=re.DOTALL)
        try:
            found.append(text.decode("ascii") if b"\0" not in text else text.decode("utf-16-be"))
        except UnicodeDecodeError:
            found.append(text.decode("utf-16-be"))
    return found


@pytest.mark.parametrize(
    ("layout", "count", "expected"),
    [("a4-24", 24, 1), ("a4-24", 25, 2), ("a4-14", 15, 2), ("a4-8", 17, 3), ("roll-100x50", 3, 3), ("roll-60x40", 2, 2)],
)  # fmt: skip
def test_as_many_pages_as_they_need(layout: str, count: int, expected: int) -> None:
    pdf = draw_labels(labels(*(f"A-{n:03}" for n in range(count))), LAYOUTS[layout])
    assert pdf.startswith(b"%PDF-")
    assert pages(pdf) == expected


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_code_is_there_in_letters_with_its_place(layout: str) -> None:
    codes = ["A-01-1", "B-12-4", "收货区"]
    pdf = draw_labels(labels(*codes), LAYOUTS[layout], is_compressed=False)
    texts = shown(pdf)
    assert [text for text in texts if text in codes] == codes
    assert texts.count("上海仓 · 常温") == 3


@pytest.mark.parametrize("layout", LAYOUTS.values())
def test_labels_lie_on_their_page(layout: object) -> None:
    assert isinstance(layout, type(next(iter(LAYOUTS.values()))))
    assert layout.margin[0] + layout.columns * layout.label[0] <= layout.page[0] + 1
    assert layout.margin[1] + layout.rows * layout.label[1] <= layout.page[1] + 1


def test_a_code_is_never_wider_than_its_box() -> None:
    draw_labels(labels("A"), LAYOUTS["a4-24"])
    assert pdfmetrics.stringWidth("A-01-1", "VeraBd", 10) > pdfmetrics.stringWidth("A-01", "VeraBd", 10) > 0
