"""A file of goods: compared, shown, applied; applied again it changes nothing; what was overtaken is left alone."""

import io
from collections.abc import Sequence
from typing import Any

import pytest

from core import jobs
from core.errors import Invalid
from core.models import Job
from core.sheets.writing import stream_csv
from core.tenancy import tenant
from inventory.errors import UnknownDocument, WrongState
from inventory.models import (
    Bundle,
    CatalogueImport,
    CatalogueOutcome,
    CatalogueRow,
    CatalogueRowKind,
    CatalogueSubject,
    Category,
    Sku,
)
from inventory.queries.catalogue import find_bundles, list_next_skus, list_sku_values
from inventory.rules.goods_table import sku_columns, titles, write_cells
from inventory.rules.table_diff import RowKind
from inventory.services import catalogue, catalogue_import
from inventory.services.bundles import BundleInput, save_bundles
from inventory.services.catalogue import SkuInput, save_skus
from tests import builders as make

SKUS, BUNDLES = CatalogueSubject.SKUS, CatalogueSubject.BUNDLES
HEADER = ["商家编码", "名称", "条码", "重量(g)", "分类", "状态", "备注"]


def csv_file(*rows: Sequence[str], header: Sequence[str] = HEADER) -> io.BytesIO:
    return io.BytesIO(b"".join(stream_csv(header, iter([rows]))))


def take(file: io.BytesIO, subject: CatalogueSubject = SKUS) -> int:
    return catalogue_import.take_in(subject=subject, file=file, name="商品.csv", actor_id=None)


def kinds(import_id: int) -> dict[str, str]:
    return {
        row.code: CatalogueRowKind(row.kind).name for row in CatalogueRow.objects.filter(document=import_id)
    }


def apply(tenant_id: int, import_id: int) -> Job:
    with tenant(tenant_id):
        job_id = catalogue_import.start(import_id=import_id, actor_id=None)
        assert catalogue_import.start(import_id=import_id, actor_id=None) == job_id
    jobs.run(tenant_id, job_id)
    with tenant(tenant_id):
        return Job.objects.get(id=job_id)


def test_the_numbers_of_a_row_kind_are_the_rules() -> None:
    assert {kind.name: kind.value for kind in CatalogueRowKind} == {kind.name: kind.value for kind in RowKind}


def test_a_file_is_compared_applied_and_then_says_nothing_new(tenant_id: int) -> None:
    with tenant(tenant_id):
        save_skus(
            [SkuInput("OLD", "旧", 100, barcodes=["1"]), SkuInput("SAME", "同", 5), SkuInput("GO", "走")]
        )
    rows = [
        ("NEW", "新", "7 8*12", "300", "餐具/杯", "", "不读"),
        ("OLD", "旧旧", "2", "", "", "在用", ""),
        ("SAME", "同", "", "5", "", "", ""),
        ("GO", "", "", "", "", "已归档", ""),
        ("", "没编码", "", "", "", "", ""),
        ("BAD", "坏", "", "很重", "", "", ""),
    ]
    with tenant(tenant_id):
        import_id = take(csv_file(*rows))
        assert kinds(import_id) == {
            "NEW": "NEW", "OLD": "CHANGED", "SAME": "UNCHANGED", "GO": "ARCHIVED", "": "WRONG", "BAD": "WRONG",
        }  # fmt: skip
        changed = CatalogueRow.objects.get(document=import_id, code="OLD")
        assert changed.detail["changes"] == {"name": ["旧", "旧旧"], "barcodes": [[["1", 1]], [["2", 1]]]}
        assert CatalogueImport.objects.get(id=import_id).ignored == ["备注"]
        assert not Sku.objects.filter(code="NEW").exists(), "nothing is applied yet"
    job = apply(tenant_id, import_id)
    assert (job.status, job.rows_done, job.rows_failed) == ("DONE", 3, 0)
    with tenant(tenant_id):
        now = list_sku_values(["NEW", "OLD", "GO"])
        assert (now["NEW"]["barcodes"], now["NEW"]["category"]) == ([["7", 1], ["8", 12]], "餐具/杯")
        assert (now["OLD"]["name"], now["OLD"]["weight_g"], now["OLD"]["barcodes"]) == (
            "旧旧",
            100,
            [["2", 1]],
        )
        assert not now["GO"]["is_active"]
        again = take(csv_file(*rows))
        assert set(kinds(again).values()) == {"UNCHANGED", "WRONG"}
        with pytest.raises(WrongState):
            catalogue_import.start(import_id=again, actor_id=None)


def test_a_row_that_was_overtaken_is_left_alone_and_says_so(tenant_id: int) -> None:
    with tenant(tenant_id):
        save_skus([SkuInput("A", "甲", 100), SkuInput("B", "乙", 100), SkuInput("C", "丙", barcodes=["3"])])
        import_id = take(
            csv_file(
                ("A", "", "", "200", "", "", ""),
                ("B", "乙乙", "", "", "", "", ""),
                ("N", "新", "", "", "", "", ""),
                ("C", "", "3 4", "", "", "", ""),
            )
        )
        save_skus([SkuInput("A", "甲", 150), SkuInput("B", "乙", 150), SkuInput("N", "别人建的")])
        save_skus([SkuInput("D", "丁", barcodes=["4"])])
    job = apply(tenant_id, import_id)
    assert (job.status, job.rows_done, job.rows_failed) == ("DONE", 1, 3)
    with tenant(tenant_id):
        stale = CatalogueRow.objects.filter(document=import_id, outcome=CatalogueOutcome.STALE)
        told = {row.code: row.detail["overtaken"] for row in stale}
        assert told == {
            "A": {"fields": {"weight_g": 150}, "codes": []},
            "N": {"fields": {}, "codes": ["N"]},
            "C": {"fields": {}, "codes": ["4"]},
        }
        now = list_sku_values("AB")
        assert now["A"]["weight_g"] == 150
        assert (now["B"]["name"], now["B"]["weight_g"]) == ("乙乙", 150), (
            "its other fields are others' business"
        )


def test_barcodes_and_codes_of_others_are_named(tenant_id: int) -> None:
    with tenant(tenant_id):
        make.make_sku(code="A", barcodes=["1"])
        save_bundles([BundleInput("SET", "礼盒", [("A", 1)])])
        import_id = take(csv_file(("B", "乙", "1", "", "", "", ""), ("SET", "x", "", "", "", "", "")))
        wrong = CatalogueRow.objects.filter(document=import_id).order_by("row")
        assert [row.detail["wrong"] for row in wrong] == [
            [[2, "barcodes", "1", "BARCODE_TAKEN"]],
            [[3, "code", "SET", "CODE_TAKEN"]],
        ]


def test_what_goes_out_comes_in_unchanged(tenant_id: int) -> None:
    columns = sku_columns(2)
    with tenant(tenant_id):
        save_skus(
            [
                SkuInput(
                    "=A",
                    "-甲",
                    100,
                    (1, 2, 3),
                    barcodes=["1", ("2", 6)],
                    cost_minor=1005,
                    shelf_life_months=18,
                ),
                SkuInput("0012", "乙", parcel_rule=4, case_quantity=6, tracking=2, lot_order=1),
            ]
        )
        catalogue.archive_skus(sku_ids=[make.make_sku(code="OLD")], actor_id=None)
        rows = [write_cells(values, columns, 2, is_english=False) for values in list_next_skus()]
        import_id = take(csv_file(*rows, header=titles(columns, is_english=False)))
        assert kinds(import_id) == {"0012": "UNCHANGED", "=A": "UNCHANGED", "OLD": "UNCHANGED"}


def test_bundles_come_by_file_too(tenant_id: int) -> None:
    header = ["组合编码", "名称", "一套多箱", "状态", "商家编码", "件数"]
    with tenant(tenant_id):
        make.make_sku(code="A")
        make.make_sku(code="B")
        catalogue.archive_skus(sku_ids=[make.make_sku(code="X")], actor_id=None)
        save_bundles([BundleInput("OLD", "旧", [("A", 1)])])
        file = [
            ("SET", "礼盒", "是", "", "A", "2"), ("OLD", "", "", "已归档", "", ""), ("SET", "", "", "", "B", "1"),
            ("BAD", "x", "", "", "SET", "1"), ("BAD2", "x", "", "", "X", "1"), ("A", "x", "", "", "B", "1"),
        ]  # fmt: skip
        import_id = take(csv_file(*file, header=header), BUNDLES)
        assert kinds(import_id) == {
            "SET": "NEW", "OLD": "ARCHIVED", "BAD": "WRONG", "BAD2": "WRONG", "A": "WRONG",
        }  # fmt: skip
    job = apply(tenant_id, import_id)
    assert (job.rows_done, job.rows_failed) == (2, 0)
    with tenant(tenant_id):
        card = find_bundles(["SET"])["SET"]
        assert (card.is_cartons, card.values["parts"]) == (True, [["A", 2], ["B", 1]])
        assert not Bundle.objects.get(code="OLD").is_active
        assert set(kinds(take(csv_file(*file[:3], header=header), BUNDLES)).values()) == {"UNCHANGED"}


def test_many_rows_go_in_chunks_and_a_cut_job_goes_on(
    tenant_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue_import, "CHUNK", 40)
    with tenant(tenant_id):
        import_id = take(csv_file(*((f"N{n:03}", "名", f"69{n:05}", "", "甲", "", "") for n in range(100))))
        job_id = catalogue_import.start(import_id=import_id, actor_id=None)
    real, calls = catalogue.save_skus, []

    def cut(skus: Any, **kwargs: Any) -> dict[str, int]:
        calls.append(len(skus))
        if len(calls) == 2:
            real(skus)
            raise RuntimeError("killed")
        return real(skus, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(catalogue, "save_skus", cut)
        assert not jobs.run(tenant_id, job_id)
    with tenant(tenant_id):
        assert Sku.objects.count() == 40, "the second chunk left nothing"
        jobs.again(job_id)
    assert jobs.run(tenant_id, job_id)
    with tenant(tenant_id):
        assert (Sku.objects.count(), Category.objects.count()) == (100, 1)
        assert set(CatalogueRow.objects.values_list("outcome", flat=True)) == {CatalogueOutcome.DONE}


@pytest.mark.parametrize(("header", "code"), [(["名称"], "no_code_column"), (["<html>"], "is_html")])
def test_a_file_without_codes_is_refused(tenant_id: int, header: list[str], code: str) -> None:
    with pytest.raises(Invalid) as refusal, tenant(tenant_id):
        take(csv_file(("x",), header=header))
    assert refusal.value.code == code


def test_costs_are_not_read_for_who_may_not_see_them(tenant_id: int) -> None:
    with tenant(tenant_id):
        import_id = catalogue_import.take_in(
            subject=SKUS,
            file=csv_file(("A", "甲", "3"), header=["商家编码", "名称", "成本"]),
            name="x.csv",
            actor_id=None,
            sees_costs=False,
        )
        assert CatalogueImport.objects.get(id=import_id).ignored == ["成本"]


def test_anothers_import_is_not_there(tenant_id: int, other_tenant_id: int) -> None:
    with tenant(other_tenant_id):
        import_id = take(csv_file(("A", "甲", "", "", "", "", "")))
    with pytest.raises(UnknownDocument), tenant(tenant_id):
        catalogue_import.start(import_id=import_id, actor_id=None)
