"""Lines of papers as people type or scan them: codes to ids, each mistake at its field."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django import forms
from django.utils.translation import gettext as _

from inventory import queries
from inventory.queries import BinCard, GoodsCard
from inventory.queries.places import LotInBin, list_lots_in_bins


@dataclass(frozen=True, slots=True)
class Books:
    """What the lines' codes stand for at this facility, and which lots lie in those bins."""

    goods: Mapping[str, GoodsCard]
    bins: Mapping[str, BinCard]
    lots: Mapping[tuple[int, int], Sequence[LotInBin]]  # (bin, SKU)


def read_books(facility_id: int, goods: Iterable[str], bins: Iterable[str]) -> Books:
    """Three statements."""
    cards = queries.list_goods_by_code(goods)
    places = queries.list_bins_by_code(facility_id, bins)
    lots: defaultdict[tuple[int, int], list[LotInBin]] = defaultdict(list)
    for row in list_lots_in_bins([card.id for card in places.values()], [card.id for card in cards.values()]):
        lots[row.bin_id, row.sku_id].append(row)
    return Books(cards, places, lots)


def text_of(line: forms.Form, name: str) -> str:
    return str(line.cleaned_data.get(name) or "").strip()


def find_goods(line: forms.Form, books: Books) -> GoodsCard | None:
    text = text_of(line, "goods")
    card = books.goods.get(text)
    if card is None and "goods" not in line.errors:
        line.add_error("goods", _("没有这个编码或条码。") if text else _("要填编码或条码。"))
    return card


def find_bin(line: forms.Form, name: str, books: Books) -> BinCard | None:
    text = text_of(line, name)
    card = books.bins.get(text)
    if card is None and name not in line.errors:
        line.add_error(name, _("这个仓库没有这个货位。") if text else _("要填货位。"))
    return card


def find_lot(line: forms.Form, books: Books, place: BinCard, goods: GoodsCard) -> LotInBin | None:
    """The lot of these goods that is taken out of this bin; when nothing is said, the only one there."""
    there = books.lots.get((place.id, goods.id), ())
    text = text_of(line, "lot")
    if not there:
        line.add_error("lot", _("%(bin)s 里没有 %(goods)s。") % {"bin": place.code, "goods": goods.code})
    elif text:
        found = next((row for row in there if row.lot_code == text), None)
        if found is None:
            codes = "、".join(row.lot_code for row in there[:5])
            line.add_error("lot", _("%(bin)s 里的批次是 %(lots)s。") % {"bin": place.code, "lots": codes})
        return found
    elif len(there) > 1:
        codes = "、".join(row.lot_code for row in there[:5])
        line.add_error("lot", _("这里有几批：%(lots)s。写明哪一批。") % {"lots": codes})
    else:
        return there[0]
    return None
