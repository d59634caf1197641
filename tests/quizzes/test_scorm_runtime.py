"""Our SCORM package, run by a learning platform's API that others wrote, in a real browser."""

import functools
import threading
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Frame, Page, sync_playwright

from jobs.toolbox import ffmpeg
from quizzes.content import Choice, Lesson, Question, QuestionType, Quiz
from quizzes.exports import scorm
from tests import chromium

RUNTIME = Path("node_modules/scorm-again/dist/scorm12.min.js")
PLATFORM = """<!doctype html><title>Platform</title><script src="runtime.js"></script>
<script>
window.API = new Scorm12API({ autocommit: false, logLevel: 5 });
</script><iframe src="package/index.html" width="900" height="600"></iframe>
"""
LEAF = Question(
    id="leaf",
    type=QuestionType.MULTIPLE_CHOICE,
    prompt="What is green?",
    choices=(
        Choice(id="leaf-1", text="a leaf", correct=True),
        Choice(id="leaf-2", text="the sky", correct=False),
    ),
    answer="a leaf",
    end=0.2,
)
ATP = Question(
    id="atp",
    type=QuestionType.SHORT_ANSWER,
    prompt="What stores energy?",
    answer="ATP",
    end=0.4,
)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Tests print nothing."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A platform with our package in it."""
    folder = tmp_path_factory.mktemp("platform")
    video = folder / "proxy.webm"
    # VP8, which every Chromium plays, whoever built it.
    source = "color=navy:s=160x90:r=10"
    coding = ["-c:v", "libvpx", "-deadline", "realtime"]
    ffmpeg.run(["-f", "lavfi", "-t", "1", "-i", source, *coding, video])
    quiz = Quiz(id="quiz-1", title="Green", questions=(LEAF, ATP))
    lesson = Lesson(title="Green", duration=1, quiz=quiz)
    package = scorm.write_scorm(lesson, video, folder / "scorm.zip")
    zipfile.ZipFile(package).extractall(folder / "package")
    (folder / "index.html").write_text(PLATFORM)
    base = Path(__file__).resolve().parent.parent.parent
    (folder / "runtime.js").write_bytes((base / RUNTIME).read_bytes())
    handler = functools.partial(Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.executable(), args=["--no-sandbox"]
        )
        yield browser.new_page()
        browser.close()


def told(page: Page, element: str) -> str:
    """What the platform knows of the learner."""
    return str(page.evaluate("element => window.API.LMSGetValue(element)", element))


def package_of(page: Page) -> Frame:
    frame = page.wait_for_selector("iframe").content_frame()  # type: ignore[union-attr]
    assert frame is not None
    frame.wait_for_selector("[data-question]")
    return frame


def answer_both(frame: Frame, *, leaf: str, atp: str) -> None:
    frame.click("[data-question=leaf]")
    frame.check(f"input[value={leaf}]")
    frame.click(".quiz-check")
    frame.wait_for_selector(".quiz-feedback strong")
    # The lesson plays on to the next question by itself.
    frame.click(".quiz-next")
    frame.fill("input[name=answer]", atp)
    frame.click(".quiz-check")
    frame.wait_for_selector("text=/^2 of 2 answered/")


def test_platform_hears_of_status_score_answers_and_where_to_go_on(
    page: Page, address: str
) -> None:
    page.goto(address)
    frame = package_of(page)
    assert told(page, "cmi.core.lesson_status") == "incomplete"

    answer_both(frame, leaf="leaf-1", atp="atp")
    frame.click(".quiz-next")
    frame.wait_for_selector("text=Your score: 100 %")

    assert told(page, "cmi.core.lesson_status") == "passed"
    assert told(page, "cmi.core.score.raw") == "100"
    assert told(page, "cmi.interactions._count") == "2"
    assert "leaf-1" in told(page, "cmi.suspend_data")
    page.goto("about:blank")
    page.goto(address)
    answer_both(package_of(page), leaf="leaf-2", atp="water")
    package_of(page).click(".quiz-next")
    package_of(page).wait_for_selector("text=Your score: 0 %")
    assert told(page, "cmi.core.lesson_status") == "failed"
