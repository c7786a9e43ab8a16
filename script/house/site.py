"""The servers and the environment of one installation: given from outside, or embedded."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from script.house.embedded import Postgres, Server, Valkey, shelf_of
from script.house.problem import Problem
from script.house.processes import reap
from script.house.roles import (
    Urls,
    advice,
    complaints,
    database_of,
    is_superuser,
    make_database,
    make_roles,
    with_database,
    with_user,
)
from script.house.servers import Purpose
from script.house.state import ROOT, Keys, State


@dataclass(frozen=True)
class Site:
    """Servers that answer, with the roles and the database made.

    `env` is complete for any process of the project; `admin_url` is a superuser's, None on a server where we
    have no such rights; `embedded` are the servers we run ourselves.
    """

    env: dict[str, str]
    admin_url: str | None
    embedded: list[Server]


def derived_urls(admin_url: str, keys: Keys, database: str, suffix: str) -> Urls:
    """The three roles' URLs on a server where we are superuser, with this installation's passwords."""
    place = with_database(admin_url, database)
    return Urls(
        app=with_user(place, f"erp_app{suffix}", keys.app_password),
        owner=with_user(place, f"erp_owner{suffix}", keys.owner_password),
        sys=with_user(place, f"erp_sys{suffix}", keys.sys_password),
    )


def given_urls(url: str) -> Urls:
    """Three URLs from the environment, checked; a Problem holds the exact SQL for what is missing."""
    owner, sys = os.environ.get("DATABASE_OWNER_URL", ""), os.environ.get("DATABASE_SYS_URL", "")
    if not owner or not sys:
        raise Problem(
            "DATABASE_URL is of an ordinary role, so DATABASE_OWNER_URL and DATABASE_SYS_URL are needed too. "
            f"If they do not exist yet, let a superuser run this in the database:\n\n{advice(url)}\n"
        )
    urls = Urls(app=url, owner=owner, sys=sys)
    if found := complaints(urls):
        raise Problem("\n".join([*found, f"What a superuser has to run:\n\n{advice(url)}\n"]))
    return urls


def project_env(keys: Keys, urls: Urls, redis_url: str, state: State) -> dict[str, str]:
    """The environment of every process of the project; what the caller has set wins over what we generate."""
    generated = {
        "SECRET_KEY": keys.secret_key,
        "ERP_FIELD_KEY": keys.field_key,
        "ERP_FILES": str(state.files),
        "PYTHONUNBUFFERED": "1",
    }
    return {
        **generated,
        **os.environ,
        **urls.environment(),
        "REDIS_URL": redis_url,
        "DJANGO_SETTINGS_MODULE": "erp.settings",
        "PYTHONPATH": str(ROOT),
    }


# What a process has no business with is not in its environment. The web never speaks as sys or owner.
WITHHELD = {
    "web": ("DATABASE_OWNER_URL", "DATABASE_SYS_URL"),
    "events": ("DATABASE_OWNER_URL", "DATABASE_SYS_URL"),
    "clock": ("DATABASE_OWNER_URL",),
    "worker": ("DATABASE_OWNER_URL",),
    "beat": ("DATABASE_OWNER_URL", "DATABASE_SYS_URL"),
}


def process_env(name: str, env: Mapping[str, str]) -> dict[str, str]:
    """The environment of the process with this name: the whole one without what is withheld from it."""
    withheld = WITHHELD.get(name, ())
    return {key: value for key, value in env.items() if key not in withheld} | {"ERP_PROCESS": name}


def usual_database(given: str) -> str:
    """A superuser's URL mostly names a database that is not meant for us."""
    return given if given not in ("", "postgres", "template1") else "erp"


@contextmanager
def servers(
    state: State, purpose: Purpose, shelf: State, external: Mapping[str, str]
) -> Iterator[tuple[str, str, list[Server]]]:
    """Start what is not given in `external` (DATABASE_URL, REDIS_URL).

    Yields the database URL (the given one, or our superuser's), the Redis URL, and the servers started here.
    First ends whatever an earlier, killed run of this state folder left. Stops its servers at the end.
    """
    keys = state.keys()
    started: list[Server] = []
    try:
        database, broker = external.get("DATABASE_URL", ""), external.get("REDIS_URL", "")
        postgres = None if database else Postgres(state, keys, purpose, shelf_of(shelf))
        if postgres:
            postgres.stop_stale()
        reap(state.folder)
        if postgres:
            started.append(postgres)
            postgres.start()
            database = postgres.admin_url
        if not broker:
            valkey = Valkey(state, keys, purpose, shelf_of(shelf))
            started.append(valkey)
            valkey.start()
            broker = valkey.url
        yield database, broker, started
    finally:
        for server in reversed(started):
            server.stop()


@contextmanager
def open_site(state: State) -> Iterator[Site]:
    """The real installation of this checkout, as script/up and script/manage see it."""
    keys = state.keys()
    with servers(state, Purpose.REAL, state, os.environ) as (url, redis_url, started):
        own_cluster = not os.environ.get("DATABASE_URL")
        admin = url if own_cluster or is_superuser(url) else None
        if admin:
            name = "erp" if own_cluster else usual_database(database_of(url))
            urls = derived_urls(admin, keys, name, os.environ.get("ERP_ROLE_SUFFIX", ""))
            make_roles(admin, urls, change_passwords=own_cluster)
            make_database(admin, urls)
        else:
            urls = given_urls(url)
        yield Site(project_env(keys, urls, redis_url, state), admin, started)
