"""People (global, one sign-in each) and what they are in each tenant."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from core.accounts import Role
from core.tenancy import TenantRow


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username=(username or "").strip().casefold())


class User(AbstractBaseUser):
    """A person who signs in.  Holds no merchant data."""

    username = models.CharField(_("账号"), max_length=80, unique=True)  # stored folded
    name = models.CharField(_("姓名"), max_length=60)
    email = models.EmailField(
        max_length=254, db_default="", blank=True
    )  # where mail goes; "": to the name, if it is one
    language = models.CharField(max_length=8, default="zh-hans")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects: ClassVar[UserManager] = UserManager()

    def __str__(self) -> str:
        return self.name


class Membership(TenantRow):
    """One person in one tenant.  `user_id` is a plain number: users are global."""

    user_id = models.BigIntegerField()
    role = models.CharField(max_length=12, choices=Role.choices)
    facility_ids = models.JSONField(db_default=[], blank=True)  # empty: all of them
    is_active = models.BooleanField(db_default=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "user_id"], name="core_membership_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="core_membership_role"),
        ]
