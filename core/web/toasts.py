"""Toasts: one sentence what happened and one way back.  After a redirect as a message, after htmx as an
event.
"""

import json

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest, HttpResponse
from django_htmx.http import trigger_client_event

from core.web.parts import Toast

_LEVELS = {"done": messages.SUCCESS, "live": messages.INFO, "warn": messages.WARNING, "stop": messages.ERROR}
_KINDS = {level: kind for kind, level in _LEVELS.items()}


def say(request: HttpRequest, toast: Toast) -> None:
    """Show the toast on the next full page of this session."""
    extra = {name: getattr(toast, name) for name in ("undo_url", "undo_label", "link", "link_label")}
    kept = {name: str(value) for name, value in extra.items() if value}
    messages.add_message(
        request, _LEVELS[toast.kind], toast.text, extra_tags=json.dumps(kept) if kept else ""
    )


def toast_of(message: Message) -> Toast:
    """The toast that a message carries; plain Django messages become plain toasts."""
    kind = _KINDS.get(message.level, "live")
    try:
        extra = json.loads(message.extra_tags or "{}")
    except ValueError:
        extra = {}
    known = {name: extra[name] for name in ("undo_url", "undo_label", "link", "link_label") if name in extra}
    return Toast(str(message.message), kind, **known)


def toast_event(response: HttpResponse, toast: Toast) -> HttpResponse:
    """Show the toast when htmx has this response; returns the response."""
    extra = {name: str(getattr(toast, name)) for name in ("undo_url", "undo_label", "link", "link_label")}
    detail = {"text": toast.text, "kind": toast.kind} | {
        name: value for name, value in extra.items() if value
    }
    return trigger_client_event(response, "cf:toast", detail)
