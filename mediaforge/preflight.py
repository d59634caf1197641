"""What must hold before anything is started, each with one line when it does not."""

import fcntl
import os
import socket
import sys
from pathlib import Path
from typing import IO

OLDEST_PYTHON = (3, 11)


class NotReadyError(SystemExit):
    """Left uncaught it prints its one line and ends the process."""


def check_python() -> None:
    if sys.version_info < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        raise NotReadyError(f"MediaForge needs Python {wanted} or newer.")


def make_writable(folder: Path) -> None:
    """Have the folder that keeps all state, and be allowed to write there."""
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        raise NotReadyError(f"{folder} cannot be made: {error.strerror}.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise NotReadyError(f"{folder} cannot be written by this user.")


def take_lock(folder: Path) -> IO[str]:
    """Be the only stack on this folder; the kernel gives the lock up with the process."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = (folder / "stack.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip()
        raise NotReadyError(
            f"MediaForge is already running here (process {holder}): stop it first."
        ) from None
    lock.seek(0)
    lock.truncate()
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def listen(host: str, port: int) -> socket.socket:
    """The socket that browsers come to; held here, it survives the web server's restarts."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise NotReadyError(
            f"Cannot listen on {host}:{port} ({error.strerror}). "
            "Stop what does, or choose another PORT."
        ) from error
    return listener
