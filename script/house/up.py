"""script/up: the whole system on this machine, with one command, until Ctrl-C."""

import argparse
import errno
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from script.house.embedded import last_lines, wait_until
from script.house.prepare import manage, prepare_files
from script.house.problem import Problem
from script.house.processes import spawn, stop
from script.house.servers import free_port
from script.house.site import Site, open_site, process_env
from script.house.state import ROOT, State, default_folder
from script.house.supervisor import APP_SIGNALS, TICK_S, Child, Stopped, Supervisor, stoppable

DEFAULT_PORT = 8000
VISITED_AS = {"0.0.0.0": "127.0.0.1", "::": "::1", "localhost": "127.0.0.1"}  # noqa: S104
WEB_READY_S = 90.0
HOPELESS_DEATHS = 3
LOG_LIMIT_BYTES = 20 << 20
BIN = ROOT / ".venv" / "bin"


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/up", description="Start Catfish ERP on this machine.")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"port of the pages ({DEFAULT_PORT})")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (127.0.0.1: this machine only)"
    )
    parser.add_argument("--events-port", type=int, default=0, help="port of live push (default: a free one)")
    parser.add_argument(
        "--once", action="store_true", help="run the main job, print its result as JSON, and stop"
    )
    parser.add_argument("--orders", type=Path, help="with --once: the order export to work on")
    options = parser.parse_args(arguments)
    if options.orders and not options.once:
        parser.error("--orders belongs to --once")
    if options.orders:
        options.orders = Path(os.environ.get("ERP_CALLER_DIR", "."), options.orders).resolve()
        if not options.orders.is_file():
            parser.error(f"there is no file {options.orders}")
    return options


def busy(host: str, port: int) -> str:
    """Why nobody can listen on this port now; empty when one can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OverflowError:
            return f"{port} is not a port number; choose one between 1024 and 65535 with --port."
        except PermissionError:
            return (
                f"Port {port} is closed to this user; choose one above 1023, such as --port {DEFAULT_PORT}."
            )
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return (
                    f"Port {port} is in use by another program; choose another, such as --port {port + 10}."
                )
            return f"Nobody can listen on {host} port {port}: {error.strerror}."
    return ""


def say(text: str) -> None:
    print(text, flush=True)


def children(site: Site, state: State, options: argparse.Namespace, events_port: int) -> list[Child]:
    """The project's own processes. The order is the order of their start."""
    cores = os.cpu_count() or 2
    gunicorn: list[str | Path] = [BIN / "gunicorn", "--no-control-socket", "--bind"]
    celery: list[str | Path] = [BIN / "celery", "-A", "erp"]
    asgi = ["-k", "uvicorn_worker.UvicornWorker", "--workers", "1", "--graceful-timeout", "3"]
    commands: dict[str, list[str | Path]] = {
        "web": [
            *gunicorn, f"{options.host}:{options.port}", "-k", "gthread", "--workers", str(max(2, cores)),
            "--threads", "8", "--graceful-timeout", "8", "--preload", "erp.wsgi",
        ],
        "events": [*gunicorn, f"{options.host}:{events_port}", *asgi, "erp.asgi:application"],
        "clock": [sys.executable, ROOT / "manage.py", "clock"],
        "worker": [
            *celery, "worker", "-c", str(cores), "--without-gossip", "--without-mingle", "-l", "INFO",
        ],
        "beat": [*celery, "beat", "--pidfile=", "-s", state.folder / "beat-schedule", "-l", "INFO"],
    }  # fmt: skip
    made = []
    for name, command in commands.items():
        log = state.logs / f"{name}.log"
        made.append(Child(name, starter(command, state, process_env(name, site.env), log), log))
    return made


def starter(
    command: list[str | Path], state: State, env: dict[str, str], log: Path
) -> Callable[[], subprocess.Popen[bytes]]:
    return lambda: spawn(command, owner=state.folder, env=env, log=log, folder=ROOT)


def web_answers(host: str, port: int) -> bool:
    """Whether the pages are served: any answer that is not the server's own failure."""
    connection = http.client.HTTPConnection(VISITED_AS.get(host, host), port, timeout=10)
    try:
        connection.request("GET", "/", headers={"Host": "localhost"})
        return connection.getresponse().status < 400
    except OSError:
        return False
    finally:
        connection.close()


def names_served(host: str) -> dict[str, str]:
    """Who listens beyond this machine is visited by names and addresses that only the network knows; ERP_HOSTS says which, if it is set."""
    here = {"127.0.0.1", "localhost", "::1"}
    return {} if host in here or "ERP_HOSTS" in os.environ else {"ERP_HOSTS": "*"}


def trim_logs(state: State) -> None:
    """Logs are kept from start to start, but not for ever: the last one and one before it."""
    for log in state.logs.glob("*.log"):
        if log.stat().st_size > LOG_LIMIT_BYTES:
            log.replace(log.with_suffix(".log.1"))


def start_all(
    site: Site, state: State, supervisor: Supervisor, options: argparse.Namespace, events_port: int
) -> None:
    """Put servers and processes under supervision and wait until the pages answer."""
    for server in site.embedded:
        supervisor.add(Child(server.name, server.spawn, server.log, process=server.process, lent=True))
    project = children(site, state, options, events_port)
    for child in project:
        supervisor.add(child)
    web = project[0]

    def answers() -> bool:
        supervisor.tick()
        return web_answers(options.host, options.port)

    if not wait_until(answers, WEB_READY_S, lambda: web.deaths < HOPELESS_DEATHS):
        raise Problem(f"The pages do not answer. The end of {web.log}:\n{last_lines(web.log)}")


def pass_on(log: Path, said: int) -> int:
    """Show what the log has gained beyond `said` bytes; how far it has been shown now."""
    with log.open("rb") as file:
        file.seek(said)
        news = file.read()
    sys.stderr.write(news.decode(errors="replace"))
    sys.stderr.flush()
    return said + len(news)


def run_main_job(site: Site, state: State, supervisor: Supervisor, orders: Path | None) -> str:
    """Run the main job to its end under supervision: its last line of stdout, one JSON object."""
    output, errors = state.logs / "run_orders.json", state.logs / "run_orders.log"
    output.unlink(missing_ok=True)
    errors.unlink(missing_ok=True)
    command: list[str | Path] = ["/bin/sh", "-c", 'exec "$@" >"$0"', output]
    command += [sys.executable, ROOT / "manage.py", "run_orders"]
    if orders:
        command += ["--orders", orders]
    job = spawn(command, owner=state.folder, env=site.env, log=errors, folder=ROOT)
    try:
        said = 0
        while job.poll() is None:
            supervisor.tick()
            said = pass_on(errors, said)
            time.sleep(TICK_S)
        pass_on(errors, said)
    finally:
        stop(job, APP_SIGNALS)
    if job.returncode:
        raise Problem(
            f"The main job failed (exit code {job.returncode}):\n{last_lines(output)}\n{last_lines(errors)}"
        )
    lines = [line for line in output.read_text().splitlines() if line.strip()]
    for line in lines[:-1]:
        say(line)
    try:
        result = json.loads(lines[-1]) if lines else None
    except ValueError:
        result = None
    if not isinstance(result, dict):
        raise Problem(f"The main job ended without its result. The end of its output:\n{last_lines(output)}")
    return lines[-1]


def system(options: argparse.Namespace, state: State) -> str:
    """Start everything; then either run the main job (its result is returned) or watch until stopped."""
    events_port = options.events_port or free_port()
    began = time.monotonic()
    trim_logs(state)
    with open_site(state) as bare_site:
        env = bare_site.env | {"ERP_EVENTS_PORT": str(events_port)} | names_served(options.host)
        site = replace(bare_site, env=env)
        prepare_files(env, state.folder)
        signs_in = manage(
            env, "seed_demo", "--migrate", what="Making the tables and the demo data", owner=state.folder
        )
        supervisor = Supervisor(say)
        try:
            start_all(site, state, supervisor, options, events_port)
            visited = VISITED_AS.get(options.host, options.host)
            address = f"http://{'localhost' if visited == '127.0.0.1' else visited}:{options.port}/"
            state.announce("up", address, env)
            if options.once:
                return run_main_job(site, state, supervisor, options.orders)
            say(f"{signs_in.strip()}\n")
            took = f"{time.monotonic() - began:.0f} s"
            say(f"Catfish ERP runs at {address}   (started in {took}; logs in {state.logs})")
            say("Ctrl-C stops everything.")
            while True:
                supervisor.tick()
                time.sleep(TICK_S)
        finally:
            supervisor.stop()


def main() -> None:
    options = parse(sys.argv[1:])
    try:
        with stoppable():
            state = State(default_folder())
            with state.hold("up", wait_for=frozenset({"manage"})):
                if reason := busy(options.host, options.port):
                    raise Problem(reason)
                result = system(options, state)
    except Problem as problem:
        sys.exit(str(problem))
    except Stopped:
        say("Stopped.")
        sys.exit(130 if options.once else 0)
    print(result, flush=True)


if __name__ == "__main__":
    main()
