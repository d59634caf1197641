"""Apple's ARKit rules over our USDZ, by the last usd-core that still carries them.

usd-core 26 has no compliance checker any more, so that of 25.11 is run in an environment
of its own, made beside the project's state on the first run.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from jobs.toolbox.meshes import TexturedMesh, check_usdz, write_usdz
from tests.scans.models import ball, cube

CHECKER = "usd-core==25.11"
HOME = Path(__file__).parents[1] / "var" / "arkit-checker"
# Wheels ship no shader definitions: this rule finds every shader invalid there.
DISREGARDED = "ShaderPropertyTypeConformanceChecker"
# Runs in the other environment. The first check trips over the missing definitions.
SCRIPT = """
import json, sys
from pxr import Tf, UsdUtils

def checked(path):
    checker = UsdUtils.ComplianceChecker(arkit=True)
    checker.CheckCompliance(path)
    return checker.GetErrors() + checker.GetFailedChecks()

for path in sys.argv[1:]:
    try:
        told = checked(path)
    except Tf.ErrorException:
        told = checked(path)
    print(json.dumps(told))
"""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="As it is told anyway.")
    parser.add_argument("files", nargs="*", type=Path, help="USDZ; else some are made.")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="arkit-") as scratch:
        files = options.files or made(Path(scratch))
        for path, faults in zip(files, arkit_faults(files), strict=True):
            line = {
                "usdz": path.name,
                "arkit_faults": faults,
                "usd_faults": check_usdz(path),
                "bytes": path.stat().st_size,
            }
            sys.stdout.write(json.dumps(line) + "\n")


def made(folder: Path) -> list[Path]:
    """A package of every kind of mesh that this house writes."""
    flat = np.full((64, 64, 3), (128, 128, 255), np.uint8)
    half = np.full((64, 64, 4), 128, np.uint8)
    scenes: dict[str, TexturedMesh | list[TexturedMesh]] = {
        "textured": ball(),
        "normal-map": replace(ball(), normal_map=flat),
        "no-texture": replace(cube(), texture=None, uvs=None),
        "layers": [
            cube(),
            replace(cube("a card/2"), double_sided=True, unlit=True, texture=half),
        ],
    }
    return [
        write_usdz(scene, folder / f"{name}.usdz") for name, scene in scenes.items()
    ]


def arkit_faults(files: Sequence[Path]) -> list[list[str]]:
    """What breaks Apple's rules, file by file."""
    python = HOME / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(HOME)], check=True)
        command = [str(python), "-m", "pip", "install", "--quiet", CHECKER]
        subprocess.run(command, check=True)
    told = subprocess.run(
        [str(python), "-c", SCRIPT, *map(str, files)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [
        [fault for fault in json.loads(line) if DISREGARDED not in fault]
        for line in told.splitlines()
    ]


if __name__ == "__main__":
    main()
