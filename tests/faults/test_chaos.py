"""A few rounds of `make chaos`, so that every test run sees some."""

import random
import subprocess
import sys

from tests.house import BASE

ROUNDS = 4


def test_laws_hold_through_random_faults() -> None:
    seed = random.randrange(10**6)
    command = ["-m", "tests.faults.chaos", f"--rounds={ROUNDS}", f"--seed={seed}"]

    done = subprocess.run(
        [sys.executable, *command],
        cwd=BASE,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
