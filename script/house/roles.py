"""The three database roles and the database: made with a superuser's URL, or checked and spelled out as SQL.

owner  owns every table and runs migrations (BYPASSRLS)
app    web and workers; owns nothing, and the row-level policies bind it
sys    lists the tenants with due work (BYPASSRLS); never the web

Run as a program (`python -m script.house.roles`) it reads ADMIN_DATABASE_URL and the three URLs from the
environment and makes what they name: the one-shot set-up of docker-compose.yml.
"""

import os
import sys
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import psycopg2
from psycopg2 import extensions, sql

from script.house.problem import Problem


@dataclass(frozen=True)
class Urls:
    """The three ways into one database."""

    app: str
    owner: str
    sys: str

    def environment(self) -> dict[str, str]:
        """The variables that settings read."""
        return {"DATABASE_URL": self.app, "DATABASE_OWNER_URL": self.owner, "DATABASE_SYS_URL": self.sys}

    def database(self, name: str) -> "Urls":
        """The same roles in another database of the server."""
        return Urls(
            with_database(self.app, name), with_database(self.owner, name), with_database(self.sys, name)
        )


@dataclass(frozen=True)
class Role:
    name: str
    password: str
    bypass_rls: bool


def database_of(url: str) -> str:
    return unquote(urlsplit(url).path.lstrip("/"))


def user_of(url: str) -> str:
    return unquote(urlsplit(url).username or "")


def with_database(url: str, name: str) -> str:
    """The URL of another database on the same server, by the same user."""
    return urlunsplit(urlsplit(url)._replace(path="/" + quote(name, safe="")))


def with_user(url: str, user: str, password: str) -> str:
    """The URL of the same database by another user."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{place}"))


def role_of(url: str, *, bypass_rls: bool) -> Role:
    return Role(user_of(url), unquote(urlsplit(url).password or ""), bypass_rls)


def connect(url: str) -> extensions.connection:
    """A connection that commits each statement; Problem with the server's own words when it fails."""
    try:
        connection = psycopg2.connect(url, connect_timeout=10)
    except psycopg2.OperationalError as error:
        place = urlsplit(url).netloc.rpartition("@")[2]
        raise Problem(
            f"The database at {place} does not let {user_of(url)} in: {str(error).strip()}"
        ) from error
    connection.autocommit = True
    return connection


def is_superuser(url: str) -> bool:
    connection = connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
            row = cursor.fetchone()
            return bool(row and row[0])
    finally:
        connection.close()


def role_sql(role: Role, *, exists: bool) -> sql.Composed:
    """CREATE or ALTER ROLE with exactly the rights the role is to have."""
    verb = sql.SQL("ALTER ROLE" if exists else "CREATE ROLE")
    rights = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE " + (
        "BYPASSRLS" if role.bypass_rls else "NOBYPASSRLS"
    )
    return sql.SQL("{} {} {} PASSWORD {}").format(
        verb, sql.Identifier(role.name), sql.SQL(rights), sql.Literal(role.password)
    )


def access_sql(urls: Urls) -> list[sql.Composable]:
    """Who may enter the database: the owner of it, and the two others to use its tables. To run inside it."""
    database = sql.Identifier(database_of(urls.app))
    users = sql.SQL(", ").join([sql.Identifier(user_of(urls.app)), sql.Identifier(user_of(urls.sys))])
    owner = sql.Identifier(user_of(urls.owner))
    return [
        sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database),
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, users),
        sql.SQL("REVOKE CREATE ON SCHEMA public FROM PUBLIC"),
        sql.SQL("GRANT ALL ON SCHEMA public TO {}").format(owner),
        sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(users),
    ]


def make_roles(admin_url: str, urls: Urls, *, change_passwords: bool) -> None:
    """Make the three roles with a superuser's URL; rights are put right in any case.

    A role that exists keeps its password unless `change_passwords`: on somebody's server another system may
    be using it. When that password is not ours, a Problem says so.
    """
    roles = [
        role_of(urls.owner, bypass_rls=True),
        role_of(urls.app, bypass_rls=False),
        role_of(urls.sys, bypass_rls=True),
    ]
    connection = connect(admin_url)
    try:
        with connection.cursor() as cursor:
            for role, url in zip(roles, (urls.owner, urls.app, urls.sys), strict=True):
                cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role.name])
                exists = cursor.fetchone() is not None
                if exists and not change_passwords:
                    require_password(with_database(url, database_of(admin_url)), role.name)
                cursor.execute(role_sql(role, exists=exists))
    finally:
        connection.close()


def require_password(url: str, name: str) -> None:
    try:
        connect(url).close()
    except Problem as problem:
        raise Problem(
            f"The role {name} exists on this server with a password of its own; it stays as it is. Give all "
            "three URLs (DATABASE_URL, DATABASE_OWNER_URL, DATABASE_SYS_URL), or choose other names with "
            "ERP_ROLE_SUFFIX."
        ) from problem


def make_database(admin_url: str, urls: Urls) -> None:
    """Make the database owned by the owner role if it is missing, and set who may enter it."""
    name = database_of(urls.app)
    connection = connect(admin_url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if cursor.fetchone() is None:
                # A superuser of a managed service may give a database only to a role it belongs to.
                owner = sql.Identifier(user_of(urls.owner))
                cursor.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(owner))
                create = "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'"
                cursor.execute(sql.SQL(create).format(sql.Identifier(name), owner))
    finally:
        connection.close()
    connection = connect(with_database(admin_url, name))
    try:
        with connection.cursor() as cursor:
            for statement in access_sql(urls):
                cursor.execute(statement)
    finally:
        connection.close()


def drop_database(admin_url: str, name: str) -> None:
    connection = connect(admin_url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    finally:
        connection.close()


def complaints(urls: Urls) -> list[str]:
    """What is wrong with three given URLs: a role that cannot enter, or has too few or too many rights."""
    found = []
    for title, url, bypass in (
        ("app", urls.app, False),
        ("owner", urls.owner, True),
        ("sys", urls.sys, True),
    ):
        try:
            connection = connect(url)
        except Problem as problem:
            found.append(str(problem))
            continue
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
            superuser, bypasses = cursor.fetchone() or (False, False)
        connection.close()
        if title == "app" and (superuser or bypasses):
            found.append(f"{user_of(url)} is the app role, but row-level security does not bind it.")
        elif bypass and not (superuser or bypasses):
            found.append(f"{user_of(url)} is the {title} role and needs BYPASSRLS.")
    if len({user_of(urls.app), user_of(urls.owner), user_of(urls.sys)}) < 3:
        found.append("The three URLs must be of three different roles.")
    return found


def advice(url: str, suffix: str = "") -> str:
    """The SQL a superuser has to run so that `url` (an ordinary role's) becomes our app role."""
    connection = connect(url)
    try:
        guess = Urls(url, with_user(url, f"erp_owner{suffix}", "…"), with_user(url, f"erp_sys{suffix}", "…"))
        made = [
            role_sql(Role(user_of(guess.owner), "choose-one", bypass_rls=True), exists=False),
            role_sql(Role(user_of(guess.sys), "choose-another", bypass_rls=True), exists=False),
            sql.SQL("ALTER ROLE {} NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE").format(
                sql.Identifier(user_of(url))
            ),
            sql.SQL("ALTER DATABASE {} OWNER TO {}").format(
                sql.Identifier(database_of(url)), sql.Identifier(user_of(guess.owner))
            ),
            *access_sql(guess),
        ]
        return "\n".join(f"{statement.as_string(connection)};" for statement in made)
    finally:
        connection.close()


def main() -> None:
    try:
        urls = Urls(
            *(os.environ[name] for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_SYS_URL"))
        )
        admin = os.environ["ADMIN_DATABASE_URL"]
        make_roles(admin, urls, change_passwords=True)
        make_database(admin, urls)
    except KeyError as missing:
        sys.exit(f"{missing.args[0]} is not set.")
    except Problem as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
