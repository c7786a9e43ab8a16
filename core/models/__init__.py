"""Tables of the ground floor."""

from core.models.access import ApiKey, AuditEntry, IdempotentRequest
from core.models.events import Inbox, Outbox
from core.models.files import StoredFile
from core.models.jobs import Job
from core.models.numbers import NumberRange
from core.models.options import OptionValue
from core.models.people import Membership, User
from core.models.tenants import Tenant

__all__ = [
    "ApiKey",
    "AuditEntry",
    "IdempotentRequest",
    "Inbox",
    "Job",
    "Membership",
    "NumberRange",
    "OptionValue",
    "Outbox",
    "StoredFile",
    "Tenant",
    "User",
]
