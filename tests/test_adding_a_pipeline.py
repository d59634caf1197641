"""The page on a pipeline of one's own, followed word for word."""

import os
import re
import subprocess
import sys
from pathlib import Path

BASE = Path(__file__).parent.parent
PAGE = (BASE / "docs" / "adding-a-pipeline.md").read_text()
FILE = re.compile(r"`(swatches/\w+\.py)`[^`]*```python\n(.*?)```", re.DOTALL)
TEST = re.compile(r"\*\*4\. Test it\.\*\*.*?```python\n(.*?)```", re.DOTALL)
# The one line of settings that it asks for, and nothing else of the product's pipelines.
SETTINGS = """
from tests.settings import *
from tests.settings import INSTALLED_APPS
INSTALLED_APPS = [*INSTALLED_APPS, "swatches"]
"""
IS_KNOWN = """
from jobs import registry

def test_it_is_known():
    assert registry.get("swatches").title == "Swatches"
"""


def test_whoever_follows_it_has_a_pipeline_that_works(tmp_path: Path) -> None:
    files = dict(FILE.findall(PAGE))
    assert set(files) == {
        f"swatches/{name}.py" for name in ("params", "stages", "pipeline", "apps")
    }
    (tmp_path / "swatches").mkdir()
    (test,) = TEST.findall(PAGE)
    written = files | {
        "swatches/__init__.py": "",
        "swatch_settings.py": SETTINGS,
        "test_swatches.py": f"{test}\n{IS_KNOWN}",
    }
    for name, text in written.items():
        (tmp_path / name).write_text(text)

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist",
         "--rootdir", BASE, "-c", BASE / "pyproject.toml", tmp_path / "test_swatches.py"],
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "swatch_settings",
            "PYTHONPATH": os.pathsep.join([str(tmp_path), str(BASE)]),
        },
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "2 passed" in ran.stdout
