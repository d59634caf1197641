"""Every benchmark, one after the other: `python -m benchmarks`, or the named ones only."""

import ast
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def names() -> list[str]:
    """The modules here that can be run; the others only help them."""
    return [
        path.stem
        for path in sorted(HERE.glob("*.py"))
        if path.stem != "__main__" and _has_main(path)
    ]


def _has_main(path: Path) -> bool:
    body = ast.parse(path.read_text()).body
    return any(
        isinstance(node, ast.FunctionDef) and node.name == "main" for node in body
    )


def main() -> None:
    failed = []
    for name in sys.argv[1:] or names():
        # One process each: what one leaves in memory is no other's.
        command = [sys.executable, "-m", f"benchmarks.{name}", "--json"]
        if subprocess.run(command, check=False).returncode != 0:
            failed.append(name)
    if failed:
        raise SystemExit(f"These benchmarks failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
