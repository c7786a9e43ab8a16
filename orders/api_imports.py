"""Order files over REST: handing one in, what came of it, its problems by row."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.db.models import Count, Sum
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import IdField
from core.api.pagination import BY_ID, Sort, page_ids
from core.api.problems import of_refusal
from core.api.uploads import FIELD, FORM, RAW, FileView, Stream
from core.api.views import ApiView, ListView, RetrieveView, get_row
from core.errors import Invalid, NotFound
from core.models.jobs import JobStatus
from core.tenancy import current_tenant
from orders.importing.advice import TARGETS, advice
from orders.importing.layouts import Part
from orders.models import Channel, Import, ImportProblem
from orders.services import imports
from orders.services.import_files import Received, receive
from orders.services.imports import HandedIn

UNMAPPED = "UNMAPPED"
STATES = (UNMAPPED, *(status.value for status in JobStatus))
_ORDERS = ("created", "unchanged", "changed")


class CountsField(serializers.DictField):
    """Numbers by name; what else the import keeps for itself stays there."""

    child = serializers.IntegerField()

    def to_representation(self, value: Any) -> dict[str, int]:
        return {name: number for name, number in value.items() if type(number) is int}


class ImportRow(serializers.Serializer[Any]):
    """One order file.  While `status` is QUEUED or RUNNING the numbers grow; with DONE they are final."""

    id = IdField()
    channel_id = IdField()
    name = serializers.CharField(source="file.name")
    size = serializers.IntegerField(source="file.size", help_text="bytes")
    sha256 = serializers.CharField()
    status = serializers.SerializerMethodField(help_text="UNMAPPED: a person maps its columns first")
    error = serializers.SerializerMethodField(help_text="why it is FAILED")
    job_id = IdField(allow_null=True)
    job = serializers.SerializerMethodField(help_text="address of the job")
    problem_list = serializers.SerializerMethodField(help_text="address of the rows that were not taken")
    rows_total = serializers.IntegerField()
    rows_done = serializers.SerializerMethodField(help_text="rows looked at so far")
    input_units = serializers.IntegerField(help_text="units in the whole file")
    orders = serializers.SerializerMethodField(help_text="orders in the rows looked at so far")
    problem_rows = serializers.IntegerField(help_text="rows that were not taken")
    problem_units = serializers.IntegerField(help_text="units in these rows")
    counts = CountsField()
    created_at = serializers.DateTimeField()

    @extend_schema_field(serializers.ChoiceField(choices=STATES))
    def get_status(self, row: Import) -> str:
        return UNMAPPED if row.job is None else str(row.job.status)

    def get_error(self, row: Import) -> str:
        return "" if row.job is None else str(row.job.error)

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_job(self, row: Import) -> str | None:
        return None if row.job_id is None else reverse("api:job", args=[row.job_id])

    def get_problem_list(self, row: Import) -> str:
        return reverse("api:import_problems", args=[row.id])

    def get_rows_done(self, row: Import) -> int:
        return 0 if row.job is None else row.job.rows_done + row.job.rows_failed

    def get_orders(self, row: Import) -> int:
        return sum(int(row.counts.get(name, 0)) for name in _ORDERS)


class ImportTaken(ImportRow):
    """The file as it was taken.  `is_new` false: it was here before, and nothing changed."""

    is_new = serializers.BooleanField()


class ImportProblemRow(serializers.Serializer[Any]):
    """One row that was not taken.  `row_number` as a spreadsheet counts: the heading is 1."""

    id = IdField()
    row_number = serializers.IntegerField()
    column = serializers.CharField()
    value = serializers.CharField()
    code = serializers.CharField()
    reason = serializers.SerializerMethodField(help_text="what to do, in the language of the request")
    external_number = serializers.CharField()
    units = serializers.IntegerField()
    stops = serializers.BooleanField(help_text="the whole order of this row was not taken")
    order_id = IdField(allow_null=True)

    def get_reason(self, row: ImportProblem) -> str:
        return advice(row.code)


_FORM = {
    "type": "object",
    "required": [FIELD],
    "properties": {FIELD: {"type": "string", "format": "binary"}},
}
_EXAMPLE = {
    "id": 180001, "channel_id": 110001, "name": "orders.csv", "size": 48213, "sha256": "9f86d081884c7d65…", "status": "QUEUED",
    "error": "", "job_id": 180003, "job": "/api/v1/jobs/180003/", "problem_list": "/api/v1/imports/180001/problems/",
    "rows_total": 0, "rows_done": 0, "input_units": 0, "orders": 0, "problem_rows": 0, "problem_units": 0, "counts": {},
    "created_at": "2026-06-01T00:30:00Z", "is_new": True,
}  # fmt: skip
_CSV = "订单号,下单时间,商家编码,数量,单价\n2601234567890,2026-06-01 08:30:00,VC-100,3,699.00\n"


class _Imports(ApiView):
    scope_area = "orders"
    row_class = ImportRow
    queryset = Import.objects.select_related("file", "job").defer(
        "job__params", "job__cursor", "job__result", "columns", "options"
    )

    def fill(self, rows: Sequence[Any]) -> None:
        found = ImportProblem.objects.filter(import_doc__in=page_ids(rows)).exclude(code="")
        counted = {
            import_id: (problems, units)
            for import_id, problems, units in found.values_list("import_doc")
            .annotate(problems=Count("id"), all_units=Sum("units"))
            .order_by("import_doc")
        }
        for row in rows:
            row.problem_rows, row.problem_units = counted.get(row.id, (0, 0))


class Imports(_Imports, FileView, ListView):
    """Order files, the newest first.

    POST takes one file (CSV, TSV, either in .gz, XLSX) into one channel: as the body itself, or as the field `file` of a form.  202: it is
    being imported, `Location` says where to look.  200: this channel has had the same bytes before, nothing changed.  422
    `import_half_missing`: of Taobao's two files the other one is not there yet; hand it into the same channel.  422
    `import_columns_missing`: nobody has said yet what its columns are; the file is kept, and `fields.page` is where to say it.
    """

    answer_class = ImportTaken
    serializer_class = {FORM: _FORM, **dict.fromkeys(RAW, OpenApiTypes.BINARY)}  # type: ignore[assignment]
    most_bytes = "ERP_UPLOAD_MAX"
    sorts = {"-created_at": Sort("created_at", is_descending=True), **BY_ID}
    answers = (HTTPStatus.OK, HTTPStatus.ACCEPTED)
    refusals = (HTTPStatus.NOT_FOUND, HTTPStatus.LENGTH_REQUIRED, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    parameters = (
        OpenApiParameter("channel", str, required=True, description="Code of the channel."),
        OpenApiParameter("name", str, description="Name of the file; else the one in the form."),
        OpenApiParameter(
            "Location",
            str,
            OpenApiParameter.HEADER,
            response=[200, 202],
            description="Address of the import.",
        ),
    )
    examples = (
        OpenApiExample("Order lines", _CSV, request_only=True, media_type="text/csv"),
        OpenApiExample("Taken", _EXAMPLE, response_only=True, status_codes=["202"]),
        OpenApiExample(
            "Here before", _EXAMPLE | {"is_new": False, "status": "DONE"}, response_only=True, status_codes=["200"]
        ),
    )  # fmt: skip

    @classmethod
    def admit(cls, request: Request) -> None:
        _channel_id(request)

    @classmethod
    def land(cls, stream: Stream, tenant_id: int) -> Received:
        return receive(tenant_id=tenant_id, file=stream)

    def post(self, request: Request) -> Response:
        channel_id = _channel_id(request)
        received, form_name = self.landed(request)
        tenant_id, name = current_tenant(), request.query_params.get("name") or form_name
        handed_in = imports.hand_in(tenant_id=tenant_id, channel_id=channel_id, received=received, name=name)
        if handed_in.missing or handed_in.lacks is not Part.WHOLE:
            return of_refusal(
                _unmapped(request, handed_in)
            )  # an answer, not an exception: the file must be there for the page
        self.claim_for(request, received)
        started = imports.start_once(tenant_id=tenant_id, handed_in=handed_in)
        row: Any = get_row(self.get_queryset(), handed_in.import_id)
        self.fill([row])
        row.is_new = started.is_new
        place = reverse("api:import", args=[row.id])
        status = HTTPStatus.ACCEPTED if started.is_new else HTTPStatus.OK
        return Response(ImportTaken(row).data, status=status, headers={"Location": place})


def _channel_id(request: Request) -> int:
    """The channel that the address names.  Raises Invalid without one, NotFound for an unknown or foreign one."""
    asked = request.query_params
    if unknown := sorted(set(asked) - {"channel", "name"}):
        text = _("没有这个参数：%(names)s") % {"names": ", ".join(unknown)[:200]}
        raise Invalid(text, code="unknown_parameter", known=["channel", "name"])
    code = asked.get("channel", "")
    if not code:
        raise Invalid(_("地址里要带店铺编码：?channel=…"), code="channel_required")
    found = Channel.objects.filter(code=code, is_active=True).first() if code.isprintable() else None
    if found is None:
        raise NotFound(_("没有这个店铺，或已停用。"), code="channel_not_found")
    return found.id


_HALVES = {
    Part.ORDERS: _lazy("还差订单报表。把同一段时间的订单报表传到同一个店铺，两个都在就自动导。"),
    Part.ITEMS: _lazy("还差宝贝报表。把同一段时间的宝贝报表传到同一个店铺，两个都在就自动导。"),
}


def _unmapped(request: Request, handed_in: HandedIn) -> Invalid:
    if handed_in.lacks is not Part.WHOLE:
        words, import_id = str(_HALVES[handed_in.lacks]), handed_in.import_id
        return Invalid(words, code="import_half_missing", lacks=str(handed_in.lacks), import_id=import_id)
    page = request.build_absolute_uri(reverse("orders:import", args=[handed_in.import_id]))
    names = [str(TARGETS[target]) for target in handed_in.missing]
    words = _(
        "还不知道哪一列是：%(names)s。打开 %(page)s 对一次列，起个名字记成模板，再点开始；表头相同的文件以后自动导。"
    )
    return Invalid(
        words % {"names": _("、").join(names), "page": page},
        code="import_columns_missing",
        missing=[str(target) for target in handed_in.missing],
        header=list(handed_in.header),
        import_id=handed_in.import_id,
        page=page,
    )


class OneImport(_Imports, RetrieveView):
    """One order file: how far it is, its rows, orders, problems and units."""


class ImportProblems(ListView):
    """Rows of one file that were not taken, by row, each with what to do about it."""

    scope_area = "orders"
    row_class = ImportProblemRow
    sorts = {"row_number": Sort("row_number")}
    queryset = ImportProblem.objects.exclude(code="")

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of rows, in the order of the file."""
        get_row(Import.objects.all(), kwargs["import_id"])
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        return super().get_queryset().filter(import_doc=self.kwargs["import_id"])
