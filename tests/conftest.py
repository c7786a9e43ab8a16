"""The ground under every test: a database made as owner, entered as app; fresh tenants; nothing rolled back.

script/test starts the servers and says where they are. One template database is migrated once per run; every
xdist worker works in its own clone. This module sets the environment before Django's settings are read.
"""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from hypothesis import HealthCheck, settings
from whitenoise.base import WhiteNoise

from script.house.roles import Urls, connect, drop_database, make_database, user_of, with_database

pytest_plugins = ["tests.live"]

ROOT = Path(__file__).resolve().parents[1]
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
ADMIN_URL = os.environ.get("ERP_TEST_ADMIN_URL", "")
# Folders whose tests run without a database: rules are pure, and platform tests bring their own.
WITHOUT_DATABASE = ("rules", "platform", "campaigns")

if not ADMIN_URL:
    pytest.exit("Tests need their servers: run script/test [ARGS for pytest].", returncode=4)

TEMPLATE = os.environ["ERP_TEST_TEMPLATE"]
TEMPLATE_URLS = Urls(
    *(os.environ[name] for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_SYS_URL"))
)
TEMPLATE_URLS = TEMPLATE_URLS.database(TEMPLATE)
URLS = TEMPLATE_URLS.database(f"{TEMPLATE}_{WORKER}")
os.environ.update(URLS.environment())
# Brokers keep sixteen numbered spaces; each worker has one of its own.
NUMBER = int(WORKER.removeprefix("gw")) + 1 if WORKER.startswith("gw") else 0
os.environ["REDIS_URL"] = urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{NUMBER % 16}").geturl()
# Read now, and hidden again from the xdist workers, which must read theirs after this module as well.
os.environ["DJANGO_SETTINGS_MODULE"] = "erp.settings"
assert django_settings.DATABASES["default"]["NAME"] == f"{TEMPLATE}_{WORKER}"
del os.environ["DJANGO_SETTINGS_MODULE"]

# The real number costs a quarter of a second a person. Live processes keep theirs, and raise a password to it at sign-in.
PBKDF2PasswordHasher.iterations = 1_000

settings.register_profile(
    "small", deadline=None, max_examples=50, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "large", deadline=None, max_examples=5_000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("large" if os.environ.get("ERP_CAMPAIGN") else "small")


@contextmanager
def one_worker_at_a_time() -> Iterator[None]:
    """Workers that need the template at the same time wait for the first one to make it."""
    connection = connect(ADMIN_URL)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [TEMPLATE])
        yield
    finally:
        connection.close()


def database_exists(name: str) -> bool:
    connection = connect(ADMIN_URL)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            return cursor.fetchone() is not None
    finally:
        connection.close()


def make_template() -> None:
    """Migrate an empty database as owner; it gets its name at the end, so a failed one is never cloned."""
    part = TEMPLATE_URLS.database(f"{TEMPLATE}_part")
    drop_database(ADMIN_URL, f"{TEMPLATE}_part")
    make_database(ADMIN_URL, part)
    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", "migrate", "--database", "owner", "--noinput"],
        env=os.environ | part.environment(), cwd=ROOT, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"The tables cannot be made:\n{(done.stdout + done.stderr)[-4000:]}")
    connection = connect(ADMIN_URL)
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{TEMPLATE}_part" RENAME TO "{TEMPLATE}"')
    connection.close()


def make_clone() -> None:
    """This worker's own database, with the grants that are kept on the database itself."""
    name = f"{TEMPLATE}_{WORKER}"
    with one_worker_at_a_time():
        if not database_exists(TEMPLATE):
            make_template()
        drop_database(ADMIN_URL, name)
        connection = connect(ADMIN_URL)
        with connection.cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}" OWNER "{user_of(URLS.owner)}"')
        connection.close()
    make_database(ADMIN_URL, URLS)


def refuse_roles_above_the_wall() -> None:
    """A run whose role bypasses row-level security would prove nothing."""
    connection = connect(URLS.app)
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        superuser, bypasses = cursor.fetchone() or (True, True)
    connection.close()
    if superuser or bypasses:
        raise RuntimeError(
            f"{user_of(URLS.app)} is not bound by row-level security; the run would prove nothing."
        )


@pytest.fixture(scope="session")
def database(django_db_blocker: pytest.FixtureRequest) -> Iterator[Urls]:
    """This worker's database, open for the whole session. Every test outside rules/ and platform/ has it."""
    make_clone()
    refuse_roles_above_the_wall()
    django_db_blocker.unblock()  # type: ignore[attr-defined]
    yield URLS
    from django.db import connections

    connections.close_all()


@pytest.fixture(scope="session")
def django_db_setup(database: Urls) -> None:
    """Instead of pytest-django's own test database, which would be made by the app role and rolled back."""


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_read_once() -> Iterator[None]:
    """Each test client makes its middleware anew; WhiteNoise would read all static files for it, longer than any page takes."""
    read, known = WhiteNoise.update_files_dictionary, dict[tuple[str, str], dict[str, Any]]()

    def remembered(self: WhiteNoise, root: str, prefix: str) -> None:
        if (root, prefix) not in known:
            others, self.files = self.files, {}
            read(self, root, prefix)
            known[root, prefix], self.files = self.files, others
        self.files |= known[root, prefix]

    with mock.patch.object(WhiteNoise, "update_files_dictionary", remembered):
        yield


@pytest.fixture(autouse=True)
def _database_where_tests_may_use_one(request: pytest.FixtureRequest) -> None:
    folders = request.path.relative_to(ROOT / "tests").parts[:-1]
    if not any(folder in WITHOUT_DATABASE for folder in folders):
        request.getfixturevalue("database")


@pytest.fixture
def admin_url(database: Urls) -> str:
    """A superuser's way into this worker's database, for tests that look behind the wall."""
    return with_database(ADMIN_URL, f"{TEMPLATE}_{WORKER}")


def fresh_tenant() -> int:
    """A merchant company that nobody else has seen; its rows stay when the test is over."""
    from core.services.tenants import create_tenant

    slug = f"t{uuid.uuid4().hex[:12]}"
    return create_tenant(name=f"商家 {slug}", slug=slug)


@pytest.fixture
def tenant_id(database: Urls) -> int:
    """A fresh tenant for this test."""
    return fresh_tenant()


@pytest.fixture
def other_tenant_id(database: Urls) -> int:
    """A second fresh tenant, to show that nothing crosses the border."""
    return fresh_tenant()
