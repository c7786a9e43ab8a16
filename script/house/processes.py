"""Child processes that can always be found again and never outlive their use.

Each child carries the state folder's path in its environment. When a supervisor was killed, the next start
finds what it left by that mark in /proc, whatever became of its parent or its process group.
"""

import ctypes
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

MARK = "ERP_STATE_OF_PROCESS"
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


def unprivileged_user() -> str | None:
    """The account for servers that must not run as root; None when we are not root."""
    return "nobody" if os.geteuid() == 0 else None


def _dies_with_parent(signum: int) -> Callable[[], None]:
    def ask_kernel() -> None:
        LIBC.prctl(PR_SET_PDEATHSIG, signum, 0, 0, 0)

    return ask_kernel


def spawn(
    command: Sequence[str | Path],
    *,
    owner: Path,
    env: Mapping[str, str],
    log: Path,
    folder: Path,
    user: str | None = None,
    stdin: int | None = subprocess.DEVNULL,
    death_signal: int = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own (Ctrl-C reaches only us), marked with `owner`, output to `log`.

    The kernel sends it `death_signal` when the thread that started it ends, however that happens.
    """
    account = pwd.getpwnam(user) if user else None
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            env={**env, MARK: str(owner)},
            cwd=folder,
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_dies_with_parent(death_signal),
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )


def stop(process: subprocess.Popen[bytes], signals: Sequence[tuple[int, float]]) -> None:
    """Send each signal in turn and wait its seconds; what still lives then is killed."""
    for signum, seconds in signals:
        if process.poll() is not None:
            return
        process.send_signal(signum)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
    if process.poll() is None:
        process.kill()
        process.wait()


def _lineage() -> set[int]:
    """Our own process and its ancestors: a script started by a marked process must not end itself."""
    found = set()
    pid = os.getpid()
    while pid > 1:
        found.add(pid)
        try:
            # The command name may hold spaces and brackets, so the fields are counted from its end.
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError, ValueError):
            break
    return found


def marked(owner: Path) -> list[int]:
    """Processes that carry the mark of this state folder, ourselves and our ancestors left out."""
    needle = f"\0{MARK}={owner}\0".encode()
    own = _lineage()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) not in own:
            try:
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            if needle in b"\0" + environment + b"\0":
                found.append(int(entry.name))
    return found


def _send(pid: int, signum: int) -> None:
    try:
        os.kill(pid, signum)
    except ProcessLookupError:
        pass


def reap(owner: Path, patience_s: float = 8.0) -> int:
    """End every process marked with `owner`: politely, then for good. Returns how many there were."""
    found = marked(owner)
    for pid in found:
        _send(pid, signal.SIGTERM)
    deadline = time.monotonic() + patience_s
    while (left := marked(owner)) and time.monotonic() < deadline:
        time.sleep(0.05)
    while left:
        for pid in left:
            _send(pid, signal.SIGKILL)
        time.sleep(0.05)
        left = marked(owner)
    return len(found)
