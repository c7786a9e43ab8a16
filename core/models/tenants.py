"""The merchant company.  Global: it is what every other row hangs on by its number."""

from django.db import models
from django.db.models.functions import Now


class Tenant(models.Model):
    id = models.BigIntegerField(primary_key=True)
    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    timezone = models.CharField(max_length=40, default="Asia/Shanghai")
    currency = models.CharField(max_length=3, default="CNY")
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name
