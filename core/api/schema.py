"""The OpenAPI document: what every operation has in common is said here once."""

import inspect
from http import HTTPStatus
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from core.api import idempotency

UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


class PlaceError(serializers.Serializer[Any]):
    """One thing wrong with the request; `pointer` is the JSON pointer of its place."""

    pointer = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """RFC 9457 problem details.  Programs look at `code`, people read `detail`."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    fields = serializers.DictField(required=False)  # type: ignore[assignment]
    errors = PlaceError(many=True, required=False)  # type: ignore[assignment]
    error_count = serializers.IntegerField(required=False)


class CatfishSchema(AutoSchema):
    """Reads `row_class`, `serializer_class` and `answer_class` of the view; adds problems and the Idempotency-Key."""

    view: Any

    def get_description(self) -> str:  # type: ignore[override]  # as spectacular has it
        return inspect.getdoc(type(self.view)) or ""

    def get_tags(self) -> list[str]:
        return [self.view.scope_area]

    def get_request_serializer(self) -> Any:
        return self.view.serializer_class if self.method in UNSAFE else None

    def get_response_serializers(self) -> Any:
        answers: dict[Any, Any] = dict(self._good())
        for status in self._refusals():
            answers[status.value, "application/problem+json"] = OpenApiResponse(
                Problem, description=status.phrase
            )
        return answers

    def _is_list_view(self, serializer: Any = None) -> bool:
        if serializer is None or isinstance(serializer, dict):
            return self.method == "GET" and hasattr(self.view, "sorts")
        return bool(super()._is_list_view(serializer))

    def get_override_parameters(self) -> list[Any]:
        if self.method not in UNSAFE:
            return []
        text = "The same value makes a repeated request have its effect once and get the same answer."
        return [
            OpenApiParameter(
                idempotency.HEADER,
                str,
                OpenApiParameter.HEADER,
                required=self.view.needs_idempotency_key,
                description=text,
            ),
            *self.view.parameters,
        ]

    def get_examples(self) -> list[OpenApiExample]:
        return list(self.view.examples) if self.method in UNSAFE else []

    def _good(self) -> dict[int, Any]:
        if self.method in UNSAFE:
            done = self.view.answer_class or OpenApiResponse(description="Done")
            return {status.value: done for status in self.view.answers}
        row = self.view.row_class
        return {HTTPStatus.OK.value: row(many=True) if hasattr(self.view, "sorts") else row}

    def _refusals(self) -> list[HTTPStatus]:
        common = [HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY]
        if "{" in self.path:
            common.append(HTTPStatus.NOT_FOUND)
        if self.method in UNSAFE:
            common += [
                HTTPStatus.BAD_REQUEST,
                HTTPStatus.CONFLICT,
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                HTTPStatus.SERVICE_UNAVAILABLE,
                *self.view.refusals,
            ]
        return sorted(set(common))


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How a caller shows its key."""

    target_class = "core.api.authentication.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "cf_<tenant>_<key>_<secret>"}
