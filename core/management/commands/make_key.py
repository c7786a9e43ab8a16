"""A new API key for an integrator of one tenant."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.api.authentication import NAMED_ONLY, SCOPES, make_key
from core.services import accounts
from core.services.tenants import find_tenant_id
from core.tenancy import tenant


class Command(BaseCommand):
    """Prints the whole key once; only its hash is kept."""

    help = "Make an API key: make_key SLUG --name NAME [--scope orders:write …] (without --scope all but orders:unmask)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the tenant")
        parser.add_argument("--name", required=True, help="who will use it")
        parser.add_argument("--scope", action="append", choices=SCOPES, help="may be given several times")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant_id = find_tenant_id(options["slug"])
        if tenant_id is None:
            raise CommandError(f"There is no tenant {options['slug']}.")
        scopes = options["scope"] or [scope for scope in SCOPES if scope not in NAMED_ONLY]
        with tenant(tenant_id):
            token = make_key(name=options["name"][:60], scopes=scopes)
            key_id = int(token.split("_")[2])
            accounts.record("make_key", "api_key", key_id, actor_id=None, detail={"scopes": scopes})
        self.stdout.write(token)
