"""The OpenAPI document and its reader.  Public: they describe the product, not a tenant."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.response import Response

from core.api import problems
from core.web.middleware import public


class SwaggerView(SpectacularSwaggerSplitView):
    """Swagger UI from our own static files; its page holds no script and no style of its own, so the strict CSP stands."""

    template_name = "core/api_docs.html"
    url_name = "api:schema"


def unknown_address(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Any other address of the API: a problem document, not a web page."""
    answer: Response = problems.problem(404, "not_found", _("没有这个地址，或不属于这个商家。"))
    return HttpResponse(_rendered(answer.data), status=404, content_type=problems.CONTENT_TYPE)


def _rendered(data: Any) -> bytes:
    from rest_framework.renderers import JSONRenderer

    return JSONRenderer().render(data)


schema = public(SpectacularAPIView.as_view())
docs = public(SwaggerView.as_view())
unknown = csrf_exempt(public(unknown_address))
