"""The demonstration runs all pipelines, ends when the last has, and says what failed."""

from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from PIL import Image
from rich.console import Console

from mediaforge import demo
from tests.conftest import Drain
from tests.tiny.pipeline import TINY


def picture(folder: Path) -> Sequence[Path]:
    path = folder / "sample.png"
    Image.effect_noise((64, 48), 80).save(path)
    return [path]


SAMPLED = replace(TINY, sample=picture, sample_params={"text": "seen"})
FAILING = replace(SAMPLED, sample_params={"trouble": "work:bad"})


@pytest.fixture
def console() -> Console:
    return Console(file=StringIO(), width=160)


def printed(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_it_shows_where_results_lie(
    owner: User, drain: Drain, console: Console
) -> None:
    outcome = demo.run(owner, [SAMPLED], console, fresh=True, wait=drain)
    demo.report(outcome, console, "http://here")

    assert outcome.failed == []
    text = printed(console)
    assert "1 of 1 pipelines succeeded." in text
    (line,) = [line for line in text.splitlines() if line.startswith("  text ")]
    assert Path(line.split()[-1]).read_text().startswith("seen")


def test_it_says_what_failed_and_why(
    owner: User, drain: Drain, console: Console
) -> None:
    outcome = demo.run(owner, [SAMPLED, FAILING], console, fresh=True, wait=drain)
    demo.report(outcome, console, "http://here")

    assert [job["error"]["code"] for job in outcome.failed] == ["tiny_bad_input"]
    assert "This input is bad. Send a better one." in printed(console)
    assert "1 of 2 pipelines succeeded." in printed(console)
