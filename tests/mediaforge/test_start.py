"""What every process pays at its start, and what it may put off."""

import subprocess
import sys
from importlib import import_module

from jobs import registry
from mediaforge import places

STARTS = """
import sys, django
django.setup()
import mediaforge.urls
print(*(name for name in sys.argv[1:] if name in sys.modules))
"""
HEAVY = ("numba", "scipy", "av", "trimesh", "pxr", "pycolmap", "onnxruntime", "openai")


def test_a_process_that_runs_no_stage_loads_no_heavy_library() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STARTS, *HEAVY],
        capture_output=True,
        text=True,
        check=False,
        cwd=places.BASE,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_every_function_that_is_loaded_later_is_there() -> None:
    functions = [
        function
        for pipeline in registry.all_pipelines()
        for step in pipeline.steps
        for function in (step.run, step.parts, step.cancel, step.when, pipeline.sample)
        if function is not None
    ]

    for function in functions:
        module = import_module(function.__module__)
        assert function.__qualname__ == "<lambda>" or hasattr(
            module, function.__qualname__
        ), f"{function.__module__} has no {function.__qualname__}"
