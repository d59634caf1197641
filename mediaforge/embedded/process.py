"""Starting a server so that it ends with us, and finding out how that went."""

import ctypes
import os
import pwd
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522

# Looked up before any fork: afterwards only plain calls are safe.
LIBC = ctypes.CDLL(None, use_errno=True)


class ServerFailedError(Exception):
    """A server on this machine would not start."""

    def __init__(self, name: str, log: Path) -> None:
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        reason = " ".join(line.strip() for line in lines[-3:]) or "it said nothing"
        super().__init__(f"{name} does not start: {reason} (more in {log})")
        self.name = name
        self.log = log


@dataclass(frozen=True, kw_only=True)
class Account:
    """Whom a server runs as, where that is not us."""

    uid: int
    gid: int
    # Folders above ours may be closed to that user; then it needs leave to pass.
    passes_all: bool


def die_with_parent(number: int) -> None:
    """Have the kernel send this signal when the thread that forked us is gone."""
    LIBC.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)


def become(account: Account) -> None:
    """Give up root, between fork and exec."""
    if account.passes_all:
        LIBC.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(account.gid, account.gid, account.gid)
    os.setresuid(account.uid, account.uid, account.uid)
    if account.passes_all:
        header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
        # Effective, permitted, inheritable; then the same for capabilities above 31.
        held = 1 << CAP_DAC_OVERRIDE
        LIBC.capset(header, (ctypes.c_uint32 * 6)(held, held, held, 0, 0, 0))
        LIBC.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def unprivileged_account(folder: Path, program: Path) -> Account | None:
    """An ordinary user for a server that refuses to be root; None when we are not root."""
    if os.geteuid() != 0:
        return None
    owner = folder.stat()
    if owner.st_uid != 0:
        uid, gid = owner.st_uid, owner.st_gid
    else:
        user = _first_user("postgres", "nobody")
        uid, gid = user.pw_uid, user.pw_gid
    reachable = all(
        parent.stat().st_mode & stat.S_IXOTH for parent in folder.resolve().parents
    )
    return Account(
        uid=uid,
        gid=gid,
        passes_all=not (reachable and _can_run(program, uid, gid)),
    )


def spawn(
    command: Sequence[str | os.PathLike[str]],
    *,
    log: Path,
    account: Account | None,
    end_signal: signal.Signals,
) -> subprocess.Popen[bytes]:
    """Start a server in a process group of its own, its words going to a log file."""

    def prepare() -> None:
        if account is not None:
            become(account)
        # Last: a change of user clears it.
        die_with_parent(end_signal)

    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as sink:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            process_group=0,
            preexec_fn=prepare,  # noqa: PLW1509  only plain system calls in there
        )


def wait_until(answers: Callable[[], bool], *, seconds: float) -> bool:
    """Ask again and again, as long as it may take."""
    deadline = time.monotonic() + seconds
    while not answers():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def end(process: psutil.Process, steps: Sequence[tuple[signal.Signals, float]]) -> None:
    """Ask a process to end, ever less politely."""
    for number, seconds in steps:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
        with suppress(psutil.TimeoutExpired):
            process.wait(seconds)
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return


def package_folder(name: str) -> Path:
    """Where an installed package lies."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{name} is not installed.", name=name)
    return Path(spec.origin).parent


def _first_user(*names: str) -> pwd.struct_passwd:
    for name in names:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise LookupError(f"There is no user {' or '.join(names)} on this machine.")


def _can_run(program: Path, uid: int, gid: int) -> bool:
    try:
        tried = subprocess.run(
            [program, "--version"],
            user=uid,
            group=gid,
            extra_groups=[],
            capture_output=True,
            check=False,
            cwd="/",
        )
    except PermissionError:
        return False
    return tried.returncode == 0
