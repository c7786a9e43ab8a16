"""Stock counts over REST.  A key counts as one person: it has one task of a count at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ValidationError

from core.api.authentication import caller
from core.api.filters import Filters, IdFilter, WordFilter
from core.api.pagination import BY_ID, Sort
from core.api.views import ApiView, CommandView, ListView, RetrieveView, get_row
from inventory.api import count_shapes as shapes
from inventory.api.shapes import Nothing
from inventory.models import Bin, CountStatus, CountTask, CountTaskStatus, Facility, StockCount
from inventory.queries import list_goods_by_code
from inventory.queries.counts import Progress, list_progress, list_tasks
from inventory.services import count_review, counting, counts
from inventory.services.counted_lots import CountLine
from inventory.services.counts import CountScope


class CountFilter(Filters):
    facility = IdFilter()
    status = WordFilter(CountStatus)


class _Counts(ApiView):
    scope_area = "stock"
    row_class = shapes.CountRow
    queryset = StockCount.objects.all()

    def fill(self, rows: Sequence[Any]) -> None:
        found = list_progress([row.id for row in rows])
        for row in rows:
            told = found.get(row.id, Progress())
            row.tasks, row.tasks_done = told.total, told.done
            row.tasks_disputed = told.of(CountTaskStatus.DISPUTED)


class Counts(_Counts, ListView):
    """Stock counts.  POST makes one; bins that another open count has are left out."""

    filterset_class = CountFilter
    sorts = {"-created_at": Sort("created_at", is_descending=True), **BY_ID}
    serializer_class = shapes.CountOrder
    answer_class = shapes.CountMade
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        asked = self.body(request)
        facility = Facility.objects.filter(code=asked["facility"]).first()
        if facility is None:
            raise ValidationError({"facility": [_("没有这个仓库。")]}, code="unknown")
        made = counts.create_count(
            facility_id=facility.id, scope=_scope(facility.id, asked), name=asked["name"], actor_id=None
        )
        return Response(shapes.CountMade(made).data)


class OneCount(_Counts, RetrieveView):
    """One count and how far it is."""


class CountTaskFilter(Filters):
    count = IdFilter()
    bin = IdFilter()
    status = WordFilter(CountTaskStatus)


class CountTasks(ListView):
    """Bins, or SKUs in bins, to be counted."""

    scope_area = "stock"
    row_class = shapes.CountTaskRow
    filterset_class = CountTaskFilter
    sorts = {"place": Sort("place", needs=("count",)), "id": Sort("id")}
    queryset = CountTask.objects.all()


class OneCountTask(RetrieveView):
    """One task."""

    scope_area = "stock"
    row_class = shapes.CountTaskRow
    queryset = CountTask.objects.all()


class NextTask(CommandView):
    """Take the next task of the walk, or the one at a bin; what the book says now is noted.  Again: the task already in hand."""

    scope_area = "stock"
    serializer_class = shapes.NextTaskOrder
    answer_class = shapes.TaskInHand
    queryset = StockCount.objects.none()

    def post(self, request: Request, pk: int) -> Response:
        row: Any = get_row(StockCount.objects.all(), pk)
        code = self.body(request)["bin"]
        bin_id = None
        if code:
            bin_id = (
                Bin.objects.filter(facility=row.facility_id, code=code).values_list("id", flat=True).first()
            )
            if bin_id is None:
                raise ValidationError({"bin": [_("这个仓库里没有这个货位。")]}, code="unknown")
        task = counting.claim_task(count_id=pk, actor_id=caller(request).key_id, bin_id=bin_id)
        found = None if task is None else CountTask.objects.get(id=task.id)
        return Response(shapes.TaskInHand({"task": found}).data)


class HandInTask(CommandView):
    """What was found.  Agreed, counted again, or for somebody to decide; the answer says nothing of the book."""

    scope_area = "stock"
    serializer_class = shapes.HandInOrder
    answer_class = shapes.HandInResult
    queryset = CountTask.objects.none()

    def post(self, request: Request, pk: int) -> Response:
        get_row(CountTask.objects.all(), pk)
        asked = self.body(request)
        done = counting.hand_in(
            task_id=pk,
            round_=asked["round"],
            lines=_lines(asked["lines"]),
            actor_id=caller(request).key_id,
        )
        return Response(shapes.HandInResult(done).data)


class GiveBackTask(CommandView):
    """Another one may take it."""

    scope_area = "stock"
    serializer_class = Nothing
    answer_class = shapes.CountTaskRow
    queryset = CountTask.objects.none()

    def post(self, request: Request, pk: int) -> Response:
        counting.give_back(task_id=pk, actor_id=caller(request).key_id)
        return Response(shapes.CountTaskRow(get_row(CountTask.objects.all(), pk)).data)


class CountResults(ListView):
    """Tasks with their numbers: per lot what the book said, what was counted round by round, what is or would be added to the book."""

    scope_area = "stock"
    row_class = shapes.CountResultRow
    filterset_class = CountTaskFilter
    sorts = {"place": Sort("place", needs=("count",)), "id": Sort("id")}
    queryset = CountTask.objects.all()

    def fill(self, rows: Sequence[Any]) -> None:
        found = {task.id: task for task in list_tasks([row.id for row in rows])}
        for row in rows:
            row.bin_code, row.lots = found[row.id].bin_code, found[row.id].lots


class _Review(CommandView):
    """What a reviewer says of some tasks of one count."""

    scope_area = "stock"
    serializer_class = shapes.TaskChoice
    answer_class = shapes.TasksChanged
    queryset = StockCount.objects.none()

    def decide(self, count_id: int, task_ids: Sequence[int]) -> int:
        """How many tasks changed."""
        raise NotImplementedError

    def post(self, request: Request, pk: int) -> Response:
        get_row(StockCount.objects.all(), pk)
        changed = self.decide(pk, self.body(request)["task_ids"])
        return Response(shapes.TasksChanged({"changed": changed}).data)


class AcceptTasks(_Review):
    """Take tasks as they are though their counts do not agree."""

    def decide(self, count_id: int, task_ids: Sequence[int]) -> int:
        return count_review.accept(count_id=count_id, task_ids=task_ids, actor_id=None)


class RecountTasks(_Review):
    """Send tasks back to the floor for another round."""

    def decide(self, count_id: int, task_ids: Sequence[int]) -> int:
        return count_review.ask_again(count_id=count_id, task_ids=task_ids, actor_id=None)


class PostCount(CommandView):
    """Book the differences as one adjustment and end the count.  A second time is refused as `wrong_state`."""

    scope_area = "stock"
    serializer_class = shapes.PostOrder
    answer_class = shapes.PostedCount
    queryset = StockCount.objects.none()

    def post(self, request: Request, pk: int) -> Response:
        get_row(StockCount.objects.all(), pk)
        leave_rest = self.body(request)["leave_rest"]
        done = count_review.post_count(count_id=pk, actor_id=None, leave_rest=leave_rest)
        return Response(shapes.PostedCount(done).data)


class CancelCount(_Counts, CommandView):
    """End a count without booking anything."""

    serializer_class = Nothing
    answer_class = shapes.CountRow

    def post(self, request: Request, pk: int) -> Response:
        counts.cancel_count(count_id=pk, actor_id=None)
        row = get_row(StockCount.objects.all(), pk)
        self.fill([row])
        return Response(shapes.CountRow(row).data)


def _scope(facility_id: int, asked: Mapping[str, Any]) -> CountScope:
    """Codes to ids.  Raises ValidationError that names the codes nobody knows."""
    bins = dict(
        Bin.objects.filter(facility=facility_id, code__in=asked["bins"]).values_list("code", "id")
        if asked["bins"]
        else ()
    )
    goods = list_goods_by_code(asked["skus"]) if asked["skus"] else {}
    errors = {
        name: [_("没有：%(codes)s") % {"codes": ", ".join(sorted(missing)[:10])}]
        for name, missing in (
            ("bins", set(asked["bins"]) - bins.keys()),
            ("skus", set(asked["skus"]) - goods.keys()),
        )
        if missing
    }
    if errors:
        raise ValidationError(errors, code="unknown")
    return CountScope(
        zones=asked["zones"],
        bin_ids=[bins[code] for code in asked["bins"]],
        sku_ids=[goods[code].id for code in asked["skus"]],
        days=asked["not_counted_for_days"],
        moved_only=asked["moved_only"],
        stocked_only=asked["stocked_only"],
    )


def _lines(lines: Sequence[Mapping[str, Any]]) -> list[CountLine]:
    goods = list_goods_by_code([line["sku"] for line in lines]) if lines else {}
    errors: list[dict[str, list[str]]] = [
        {} if line["sku"] in goods else {"sku": [_("没有这个商品。")]} for line in lines
    ]
    if any(errors):
        raise ValidationError({"lines": errors}, code="unknown")
    return [
        CountLine(
            goods[line["sku"]].id, line["lot"], line["quantity"], line["expires_on"], line["produced_on"]
        )
        for line in lines
    ]


urlpatterns = [
    path("counts/", Counts.as_view(), name="counts"),
    path("counts/<int:pk>/", OneCount.as_view(), name="count"),
    path("counts/<int:pk>/next/", NextTask.as_view(), name="count_next"),
    path("counts/<int:pk>/accept/", AcceptTasks.as_view(), name="count_accept"),
    path("counts/<int:pk>/recount/", RecountTasks.as_view(), name="count_recount"),
    path("counts/<int:pk>/post/", PostCount.as_view(), name="count_post"),
    path("counts/<int:pk>/cancel/", CancelCount.as_view(), name="count_cancel"),
    path("count-results/", CountResults.as_view(), name="count_results"),
    path("count-tasks/", CountTasks.as_view(), name="count_tasks"),
    path("count-tasks/<int:pk>/", OneCountTask.as_view(), name="count_task"),
    path("count-tasks/<int:pk>/hand-in/", HandInTask.as_view(), name="count_task_hand_in"),
    path("count-tasks/<int:pk>/give-back/", GiveBackTask.as_view(), name="count_task_give_back"),
]
