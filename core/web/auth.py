"""Signing in: names are folded, an unknown name costs as much time as a wrong password, and a locked door says when it opens."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.models import User

LOCKED_MINUTES = 15


class AccountBackend(BaseBackend):
    """Global people only; permissions come from the membership of the tenant in scope."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        if not username or password is None:
            return None
        user = User.objects.filter(username=username.strip().casefold()).first()
        if user is None:
            make_password(password)  # as slow as checking one: time must not tell whether the account exists
            return None
        return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(id=user_id, is_active=True).first()


def locked_out(request: HttpRequest, credentials: dict[str, Any], *args: Any, **kwargs: Any) -> HttpResponse:
    """Too many wrong tries from here for this name."""
    return render(request, "core/locked_out.html", {"minutes": LOCKED_MINUTES}, status=429)
