"""Files as they really come: encodings, quotes, renamed formats, bombs."""

import gzip
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from core.sheets.reading import Broken, FileRefused, inspect, open_table
from tests.orders.importing.files import AT, HEADER, csv_text, line, write


def rows_of(path: Path) -> list[list[str]]:
    return list(open_table(inspect(path)).rows)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_every_encoding_that_merchants_send(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "orders.csv", [line("1", "青砚-杯"), line("2", "咖啡机")], encoding=encoding)
    table = open_table(inspect(path))
    assert table.header == HEADER
    assert [row[2] for row in table.rows] == ["青砚-杯", "咖啡机"]


def test_one_wrong_byte_at_the_end_decides_the_encoding_of_all_of_it(tmp_path: Path) -> None:
    text = csv_text([line(str(n), "咖啡") for n in range(20_000)])
    path = tmp_path / "orders.csv"
    path.write_bytes(text.encode() + b"\xff\xff\xff\n")
    with pytest.raises(FileRefused) as refused:
        inspect(path)
    assert refused.value.code == "bad_encoding"


def test_lines_may_end_in_any_way(tmp_path: Path) -> None:
    for end in ("\n", "\r\n", "\r"):
        path = tmp_path / "orders.csv"
        path.write_bytes(csv_text([line("1"), line("2")]).replace("\n", end).encode())
        assert [row[0] for row in rows_of(path)] == ["1", "2"]


@pytest.mark.parametrize("mark", [",", "\t", ";"])
def test_delimiters(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "orders.txt"
    path.write_text("\n".join(mark.join(row) for row in [HEADER, line("1"), line("2")]))
    assert rows_of(path) == [line("1"), line("2")]


def test_a_cell_with_line_breaks_is_one_row(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", [line("1", "a\nb\nc"), line("2")])
    assert [row[2] for row in rows_of(path)] == ["a\nb\nc", "QY-1"]


def test_an_unclosed_quote_costs_its_own_row_only(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    good = [",".join(line(str(n))) for n in range(300)]
    good[100] = f'100,{AT},"QY-1,1,9.90'
    path.write_text("\n".join([",".join(HEADER), *good]))
    rows = rows_of(path)
    assert len(rows) == 300
    assert [n for n, row in enumerate(rows) if isinstance(row, Broken)] == [100]
    assert rows[100][0] == "100"
    assert rows[299] == line("299")


def test_an_unclosed_quote_does_not_pair_with_a_later_one(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    text = [f'1,{AT},"QY-1,1,9.90', f"2,{AT},QY-2,1,9.90", f'3,{AT},"QY-3",1,9.90', f"4,{AT},QY-4,1,9.90"]
    path.write_text("\n".join([",".join(HEADER), *text]))
    rows = rows_of(path)
    assert [isinstance(row, Broken) for row in rows] == [True, False, False, False]
    assert [row[2] for row in rows[1:]] == ["QY-2", "QY-3", "QY-4"]


def test_an_unclosed_quote_in_the_last_row(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("\n".join([",".join(HEADER), ",".join(line("1")), f'2,{AT},"QY']))
    rows = rows_of(path)
    assert [isinstance(row, Broken) for row in rows] == [False, True]


def test_quotes_inside_cells_are_text(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("\n".join([",".join(HEADER), f'1,{AT},5" pipe,1,9.90', ",".join(line("2"))]))
    assert [row[2] for row in rows_of(path)] == ['5" pipe', "QY-1"]


def test_a_cell_beyond_all_measure_is_broken_and_the_next_row_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", [line("1", "x" * 200_000), line("2")])
    rows = rows_of(path)
    assert isinstance(rows[0], Broken)
    assert rows[1] == line("2")


def test_gzip_is_read_as_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress(csv_text([line("1"), line("2")]).encode()))
    assert len(rows_of(path)) == 2


REFUSED = {
    "is_html": b"<html><table><tr><td>1</td></tr></table></html>",
    "old_xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100),
    "file_empty": b"",
    "no_header": b"\n\n , ,\n",
    "bad_encoding": b"a,b\n\xff\xff\xfe\xff\xff\n",
    "nul_in_header": "订单号,数量\n1,2\n".encode("utf-16-le"),
    "line_too_long": b"a,b\n" + b"x" * (3 << 20),
    "bad_gzip": gzip.compress(b"a,b\n1,2\n" * 1000)[:-12],
    "bad_xlsx": b"PK\x03\x04" + bytes(200),
}


@pytest.mark.parametrize("code", REFUSED)
def test_what_cannot_be_read_says_so(tmp_path: Path, code: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(REFUSED[code])
    with pytest.raises(FileRefused) as refused:
        rows_of(path)
    assert refused.value.code == code
    assert len(refused.value.message) > 3


def test_a_gzip_bomb_is_refused_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.sheets.reading.MAX_UNPACKED", 4 << 20)
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" * (3 << 20)))
    with pytest.raises(FileRefused, match="GB"):
        inspect(path)


def workbook(path: Path, rows: list[list[object]]) -> Path:
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            sheet.write(number, column, value)
    book.close()
    return path


def test_a_workbook(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "orders.xlsx", [["", ""], ["订单号", "数量"], ["000123", 3], [6917420088125531, 0.1 + 0.2]]
    )
    table = open_table(inspect(path))
    assert (table.header, table.header_row) == (("订单号", "数量"), 2)
    assert list(table.rows) == [["000123", "3"], ["6.91742008812553E+15", "0.3"]]


def test_one_far_cell_cannot_make_the_reader_reserve_a_sheet(tmp_path: Path) -> None:
    path = tmp_path / "orders.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    sheet.write(0, 0, "订单号")
    sheet.write(1_048_575, 16_383, "x")
    book.close()
    with pytest.raises(FileRefused) as refused:
        inspect(path)
    assert refused.value.code == "too_large"


SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'


def with_sheet(path: Path, data: str) -> Path:
    """A workbook whose rows are exactly these bytes."""
    honest = workbook(path.with_name("honest.xlsx"), [["订单号"]])
    with zipfile.ZipFile(honest) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, SHEET.format(data) if name.endswith("sheet1.xml") else source.read(name))
    return path


SPREAD = [
    "<row>" + "<c><v>1</v></c>" * 2_000 + "</row>" + "<row><c/></row>" * 20_000,
    '<row r="1">' + "<c/>" * 2_000 + "</row>" + "<row/>" * 20_000,
    '<x:row><x:c r="ZZ1"/></x:row>' + "<x:row/>" * 20_000,
    "<row>" + "<c s=\" r='1'\"/>" * 2_000 + "</row>" + "<row><c/></row>" * 20_000,
    "<row>" + '<c s=">" r="ZZ1"/>' + "</row>" + '<row r="20000"/>',
    '<row r="1"><c r="A1"/></row><row\tr = \'1048576\'><c\nr="XFD1048576"/></row>',
]


@pytest.mark.parametrize("data", SPREAD, ids=range(len(SPREAD)))
def test_cells_that_say_no_place_or_say_it_in_an_odd_way_are_counted(tmp_path: Path, data: str) -> None:
    with pytest.raises(FileRefused) as refused:
        inspect(with_sheet(tmp_path / "orders.xlsx", data))
    assert refused.value.code == "too_large"


def test_a_sheet_whose_cells_say_no_place_is_read(tmp_path: Path) -> None:
    row = "<row><c><v>1</v></c><c><v>2</v></c></row>"
    assert rows_of(with_sheet(tmp_path / "orders.xlsx", row * 9_000)) == [["1", "2"]] * 8_999


def test_a_zip_bomb_is_measured_and_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.sheets.workbook.MAX_UNPACKED", 4 << 20)
    path = tmp_path / "orders.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (16 << 20))
    raw = path.read_bytes()
    real = (16 << 20).to_bytes(4, "little")
    path.write_bytes(raw.replace(real, (100).to_bytes(4, "little")))
    with pytest.raises(FileRefused) as refused:
        inspect(path)
    assert refused.value.code == "too_large"


def test_a_zip_that_is_no_workbook(tmp_path: Path) -> None:
    path = tmp_path / "orders.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("orders.csv", "a,b\n")
    with pytest.raises(FileRefused) as refused:
        inspect(path)
    assert refused.value.code == "is_zip"


PAGE = """<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head>
<meta http-equiv="Content-Type" content="text/html; charset=gb2312"><style>td {mso-number-format:"@"}</style></head>
<body><table><tr><td>只有一格</td></tr></table><table border=1>
<tr><th>订单号</th><th colspan=2>下单时间</th></tr>
<tr><td>2026&amp;1<td>第一行<br>第二行</td><td>x</td></tr>
<tr><td>2</td><td></td><td>y</td></tr>
</table><table><tr><td>别的</td><td>表</td></tr></table></body></html>"""


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_a_page_that_calls_itself_xls_is_read_by_its_cells(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "orders.xls"
    path.write_bytes(PAGE.encode(encoding))
    table = open_table(inspect(path))
    assert table.header == ("订单号", "下单时间")
    assert list(table.rows) == [["2026&1", "第一行\n第二行", "x"], ["2", "", "y"]]


def test_text_that_calls_itself_xls_is_read_as_text(tmp_path: Path) -> None:
    path = tmp_path / "orders.xls"
    path.write_bytes("\t".join(HEADER).encode("gb18030") + b"\n1\t2\t3\t4\t5\n")
    assert rows_of(path) == [["1", "2", "3", "4", "5"]]


def test_an_encoding_that_is_not_certain_is_asked_with_what_it_would_say(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes("注文番号ｱ,数ｱ\n1,2\n".encode("cp932"))
    with pytest.raises(FileRefused) as refused:
        inspect(path)
    readings = {one["encoding"]: one["line"] for one in refused.value.fields["choices"]}
    assert readings["cp932"] == "注文番号ｱ,数ｱ"
    assert list(open_table(inspect(path, "cp932")).rows) == [["1", "2"]]


def test_what_a_person_says_of_the_encoding_is_proved_too(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(b"a,b\n\xff\xff\xfe\xff\xff\n")
    with pytest.raises(FileRefused) as refused:
        inspect(path, "big5hkscs")
    assert refused.value.code == "bad_encoding"


def test_utf_16_without_its_mark_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes("订单号,数量\n1,2\n".encode("utf-16-le"))
    with pytest.raises(FileRefused) as refused:
        inspect(path)
    assert {"encoding": "utf-16-le", "line": "订单号,数量"} in refused.value.fields["choices"]
    assert list(open_table(inspect(path, "utf-16-le")).rows) == [["1", "2"]]


def test_a_workbook_that_lies_about_its_size_is_read_to_its_end(tmp_path: Path) -> None:
    honest, path = (
        workbook(
            tmp_path / "a.xlsx", [["订单号", *"abcdefgh"], *(list[object]([str(n)] * 9) for n in range(30))]
        ),
        tmp_path / "b.xlsx",
    )
    with zipfile.ZipFile(honest) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name.endswith("sheet1.xml"):
                assert b'<dimension ref="A1:I31"/>' in data
                data = data.replace(b'<dimension ref="A1:I31"/>', b'<dimension ref="A1:A9035"/>')
            target.writestr(name, data)
    rows = rows_of(path)
    assert (len(rows), rows[29]) == (30, ["29"] * 9)


def test_formulas_of_a_workbook_are_never_calculated(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(str(tmp_path / "orders.xlsx"))
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["订单号", "备注"])
    sheet.write_string(1, 0, "=1+1")
    sheet.write_formula(1, 1, '=WEBSERVICE("http://x")', value="")
    book.close()
    assert rows_of(tmp_path / "orders.xlsx") == [["=1+1", ""]]


@pytest.mark.parametrize("size", [64, 200, 1_000])
def test_where_blocks_end_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    path = tmp_path / "orders.csv"
    cells = ["x", 'a "b" c', "two\nlines", "", "1,2", "y" * 30]
    path.write_text(csv_text([line(str(n), cells[n % 6]) for n in range(200)]).replace("77,", '77,"', 1))
    expected = rows_of(path)
    monkeypatch.setattr("core.sheets.reading.BLOCK", size)
    monkeypatch.setattr("core.sheets.reading.PIECE", 3)
    assert rows_of(path) == expected
