"""Lists by cursor: every row once, in order, forwards and back, whatever ties and unknowns there are."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpRequest, QueryDict
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import db
from core.errors import Invalid
from core.models import Job
from core.tenancy import tenant
from core.web.tables import Cursor, Page, Sort, decode, encode, list_page

SORTS = {
    "kind": Sort("kind"),
    "done": Sort("rows_done", is_descending=True),
    "total": Sort("rows_total", is_nullable=True),
    "created": Sort("created_at", is_descending=True),
}
START = datetime(2026, 11, 22, tzinfo=UTC)


def get(query: str) -> HttpRequest:
    request = RequestFactory().get("/")
    request.GET = QueryDict(query.lstrip("?"))
    return request


def page_of(query: str, size: int, total: int | None = None) -> Page[Job]:
    return list_page(get(query), Job.objects.all(), sorts=SORTS, default="created", size=size, total=total)


def make_jobs(rows: list[tuple[str, int, int | None]]) -> None:
    ids = db.new_ids(len(rows))
    for at, (id_, (kind, done, total)) in enumerate(zip(ids, rows, strict=True)):
        when = START + timedelta(seconds=at // 2)
        Job.objects.create(id=id_, kind=kind, title="x", rows_done=done, rows_total=total, created_at=when)


def walk(query: str, size: int, way: Callable[[Page[Job]], str]) -> tuple[list[list[int]], str]:
    pages, here = [], query
    while True:
        page = page_of(here, size)
        pages.append([job.id for job in page.rows])
        if not way(page):
            return pages, here
        here = way(page)


ROWS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.none() | st.integers(0, 3)),
    min_size=1,
    max_size=14,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=ROWS, sort=st.sampled_from([s for name in SORTS for s in (name, f"-{name}")]), size=st.integers(1, 5)
)
def test_every_row_once_there_and_back(
    fresh: Callable[[], int], rows: list[tuple[str, int, int | None]], sort: str, size: int
) -> None:
    with tenant(fresh()):
        make_jobs(rows)
        spec = SORTS[sort.lstrip("-")]
        flip = sort.startswith("-")

        def key(job: Job) -> tuple[Any, ...]:
            return (getattr(job, spec.column), job.id)

        known = [job for job in Job.objects.all() if getattr(job, spec.column) is not None]
        unknown = [job for job in Job.objects.all() if getattr(job, spec.column) is None]
        wanted = sorted(known, key=key, reverse=flip) + sorted(unknown, key=lambda job: job.id, reverse=flip)

        there, last = walk(f"?sort={sort}", size, lambda page: page.next)
        assert [id_ for page in there for id_ in page] == [job.id for job in wanted]
        back, _first = walk(last, size, lambda page: page.previous)
        assert [id_ for page in reversed(back) for id_ in page] == [job.id for job in wanted]


def test_a_page_is_one_statement(tenant_id: int) -> None:
    with tenant(tenant_id):
        make_jobs([("a", 1, None)] * 5)
        with CaptureQueriesContext(connection) as made:
            page = page_of("", 2, total=5)
        assert len(made) == 1
        assert page.total == 5
        assert page.is_first
        assert page.next.startswith("?after=")


def test_the_address_keeps_the_filters(tenant_id: int) -> None:
    with tenant(tenant_id):
        make_jobs([("a", n, None) for n in range(5)])
        page = page_of("?q=K7&sort=done&after=" + encode(Cursor(2, 1)), 1)
    assert "q=K7" in page.next
    assert "sort=done" in page.next
    assert page.next.count("after=") == 1
    assert "before=" in page.previous


@pytest.mark.parametrize("sort", ["", "nothing", "--done", "id; DROP TABLE core_job", "tenant_id"])
def test_a_sort_that_is_not_offered_is_the_default(tenant_id: int, sort: str) -> None:
    with tenant(tenant_id):
        assert page_of(f"?sort={sort}", 2).sort == "created"


WRONG = [
    "x",
    "!!!",
    "e30",
    "W10",
    "WzEsMl0x",
    encode(Cursor("a", 1))[:-2],
    "A" * 5000,
    encode(Cursor(1, -1)),
    "WzEuNSwxXQ",
    "W3RydWUsMV0",
]


@pytest.mark.parametrize(
    "text",
    [
        *WRONG,
        encode(Cursor("2026-11-22", 1)),
        encode(Cursor("nonsense", 1)),
        encode(Cursor("2026-99-99T00:00:00Z", 1)),
        encode(Cursor("0001-01-01T00:00:00+23:59", 1)),
        encode(Cursor("9999-12-31T23:59:59-23:59", 1)),
    ],
)
def test_a_cursor_that_is_not_ours_is_refused(tenant_id: int, text: str) -> None:
    with tenant(tenant_id), pytest.raises(Invalid):
        page_of(f"?after={text}", 2)


def test_an_instant_far_from_its_zone_still_has_a_place(tenant_id: int) -> None:
    """PostgreSQL knows zones up to 16 hours; the instant is told to it in UTC."""
    with tenant(tenant_id):
        assert page_of(f"?after={encode(Cursor('2026-11-22T00:00:00+23:59', 1))}", 2).rows == []


@pytest.mark.parametrize(
    "cursor", [Cursor(10**30, 1), Cursor("a\0b", 1), Cursor("\ud800", 1), Cursor(1, 1 << 60)]
)
def test_a_cursor_that_no_column_holds_is_refused(cursor: Cursor) -> None:
    with pytest.raises(Invalid):
        decode(encode(cursor))


@pytest.mark.parametrize(("sort", "value"), [("done", "text"), ("created", 7), ("total", "1.5")])
def test_a_cursor_of_another_sort_is_refused(tenant_id: int, sort: str, value: str | int) -> None:
    with tenant(tenant_id), pytest.raises(Invalid):
        page_of(f"?sort={sort}&after={encode(Cursor(value, 1))}", 2)


def test_a_cursor_comes_back_as_it_was() -> None:
    for cursor in (Cursor(None, 5), Cursor(-3, 7), Cursor("名", (1 << 53) - 1)):
        assert decode(encode(cursor)) == cursor
