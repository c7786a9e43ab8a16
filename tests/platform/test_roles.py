"""Roles and databases, on the run's own server, under names of their own."""

import os
from collections.abc import Iterator
from secrets import token_hex

import psycopg2
import pytest
from psycopg2 import sql

from script.house.problem import Problem
from script.house.roles import (
    Urls,
    advice,
    complaints,
    connect,
    database_of,
    drop_database,
    is_superuser,
    make_database,
    make_roles,
    user_of,
    with_database,
    with_user,
)
from script.house.site import given_urls, usual_database

ADMIN = os.environ["ERP_TEST_ADMIN_URL"]


@pytest.fixture
def urls() -> Iterator[Urls]:
    """Three roles and a database nobody else uses; gone after the test."""
    mark = f"_p{token_hex(4)}"
    place = with_database(ADMIN, f"erp{mark}")
    made = Urls(
        *(with_user(place, f"erp_{name}{mark}", f"pw/{name}@{mark}") for name in ("app", "owner", "sys"))
    )
    yield made
    drop_database(ADMIN, database_of(made.app))
    connection = connect(ADMIN)
    with connection.cursor() as cursor:
        for url in (made.app, made.owner, made.sys):
            cursor.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(user_of(url))))
    connection.close()


def rights(url: str) -> tuple[bool, bool, bool, bool]:
    connection = connect(url)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles"
            " WHERE rolname = current_user"
        )
        row = cursor.fetchone()
    connection.close()
    assert row
    return row[0], row[1], row[2], row[3]


def test_urls_keep_special_characters_and_the_query() -> None:
    url = with_user("postgresql://a:b@db.example:6543/x?sslmode=require", "rôle", "p@ss/word:1")
    assert with_database(url, "ware house").endswith("@db.example:6543/ware%20house?sslmode=require")
    assert user_of(url) == "rôle"
    assert database_of(with_database(url, "ware house")) == "ware house"


def test_roles_have_exactly_their_rights_and_making_them_again_changes_nothing(urls: Urls) -> None:
    for _ in range(2):
        make_roles(ADMIN, urls, change_passwords=True)
        make_database(ADMIN, urls)
        assert rights(urls.app) == (False, False, False, False)
        assert rights(urls.owner) == (False, True, False, False)
        assert rights(urls.sys) == (False, True, False, False)
    assert complaints(urls) == []


def test_only_the_owner_makes_tables_and_strangers_stay_out(urls: Urls) -> None:
    make_roles(ADMIN, urls, change_passwords=True)
    make_database(ADMIN, urls)
    for url in (urls.app, urls.sys):
        connection = connect(url)
        with connection.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("CREATE TABLE public.mine (id int)")
        connection.close()
    connection = connect(urls.owner)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE public.mine (id int)")
        cursor.execute("SELECT has_database_privilege('public', current_database(), 'CONNECT')")
        assert cursor.fetchone() == (False,)
    connection.close()


def test_a_role_of_somebody_else_keeps_its_password(urls: Urls) -> None:
    make_roles(ADMIN, urls, change_passwords=True)
    others = Urls(with_user(urls.app, user_of(urls.app), "another"), urls.owner, urls.sys)
    with pytest.raises(Problem, match="password of its own"):
        make_roles(ADMIN, others, change_passwords=False)
    connect(with_database(urls.app, "postgres")).close()


def test_rights_that_are_too_high_or_too_low_are_named(urls: Urls) -> None:
    make_roles(ADMIN, urls, change_passwords=True)
    make_database(ADMIN, urls)
    found = complaints(Urls(app=urls.sys, owner=urls.app, sys=urls.sys))
    assert len(found) == 3
    assert "row-level security does not bind it" in found[0]
    assert "needs BYPASSRLS" in found[1]
    assert "three different roles" in found[2]


def test_what_is_missing_is_printed_as_sql_that_works(urls: Urls, monkeypatch: pytest.MonkeyPatch) -> None:
    make_roles(ADMIN, urls, change_passwords=True)
    make_database(ADMIN, urls)
    monkeypatch.delenv("DATABASE_OWNER_URL")
    with pytest.raises(Problem, match='CREATE ROLE "erp_owner" LOGIN'):
        given_urls(urls.app)
    suffix = f"_x{token_hex(4)}"
    connection = connect(with_database(ADMIN, database_of(urls.app)))
    with connection.cursor() as cursor:
        cursor.execute(advice(urls.app, suffix))
        cursor.execute(
            sql.SQL("ALTER DATABASE {} OWNER TO {}").format(
                sql.Identifier(database_of(urls.app)), sql.Identifier(user_of(urls.owner))
            )
        )
        for name in (f"erp_owner{suffix}", f"erp_sys{suffix}"):
            cursor.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(sql.Identifier(name)))
    connection.close()


def test_superusers_are_told_from_others(urls: Urls) -> None:
    make_roles(ADMIN, urls, change_passwords=True)
    assert is_superuser(ADMIN)
    assert not is_superuser(with_database(urls.owner, "postgres"))


def test_a_server_that_is_not_there_is_a_plain_sentence() -> None:
    with pytest.raises(Problem, match=r"127\.0\.0\.1:9 does not let me in"):
        connect("postgresql://me:secret@127.0.0.1:9/x")


def test_the_database_of_a_superusers_url_is_ours_only_when_it_is_meant() -> None:
    assert usual_database("postgres") == "erp"
    assert usual_database("") == "erp"
    assert usual_database("warehouse") == "warehouse"
