"""Files that people and systems hand in.  Bytes lie in ERP_FILES under the tenant's number; the row says what they are."""

from django.db import models

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow


class StoredFile(TenantRow):
    name = models.CharField(max_length=200)
    path = models.CharField(
        max_length=200
    )  # relative to ERP_FILES; or absolute for a file that stays where it is (command line)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())
