"""Exports, judged by reading them back as others would."""

import csv
import io
import json
import sqlite3
import zipfile
from pathlib import Path
from xml.etree import ElementTree as Xml

import numpy as np
import pytest

from jobs.toolbox import ffmpeg, frames
from jobs.toolbox.probing import probe
from quizzes.content import Choice, Lesson, Question, QuestionType, Quiz
from quizzes.engines.writing import local
from quizzes.engines.writing.finishing import finish
from quizzes.errors import LibrariesIncompleteError
from quizzes.exports import (
    anki,
    gift,
    h5p,
    moodle,
    pdf,
    qti12,
    qti21,
    scorm,
    tables,
    video,
)
from tests.quizzes.lessons import PLANTS, transcript_of

AWKWARD = Question(
    id="qawkward",
    type=QuestionType.MULTIPLE_CHOICE,
    prompt="Is {a} = b ~ c # d : e & <f>?",
    choices=(
        Choice(id="qawkward-1", text="x = {y}", correct=True),
        Choice(id="qawkward-2", text="~ # :", correct=False, feedback="a: b"),
    ),
    answer="x = {y}",
)


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    transcript = transcript_of(PLANTS)
    drafts = local.drafts_of(transcript)
    done = finish(drafts, transcript, count=14, types=list(QuestionType), seed="s")
    quiz = Quiz(
        id="quiz-1", title="Plants & light", questions=(*done.questions, AWKWARD)
    )
    return Lesson(title=quiz.title, duration=90, quiz=quiz, transcript=transcript)


@pytest.fixture
def proxy(tmp_path: Path) -> Path:
    path = tmp_path / "proxy.mp4"
    path.write_bytes(b"not really a video")
    return path


def test_gift_escapes_its_signs_and_parts_items_by_blank_lines(lesson: Lesson) -> None:
    text = gift.gift(lesson.quiz)

    assert "Is \\{a\\} \\= b \\~ c \\# d \\: e & <f>?" in text
    items = text.strip().split("\n\n")
    assert len(items) == len(lesson.quiz.questions) + 1
    assert all(f"[id:{q.id}]" in text for q in lesson.quiz.questions)


def test_moodle_xml_has_every_question_and_grades_that_add_up(lesson: Lesson) -> None:
    root = Xml.fromstring(moodle.moodle_xml(lesson.quiz))

    questions = [q for q in root if q.get("type") != "category"]
    assert [q.findtext("idnumber") for q in questions] == [
        q.id for q in lesson.quiz.questions
    ]
    for question in questions:
        shares = [float(a.get("fraction", 0)) for a in question.findall("answer")]
        good = [share for share in shares if share > 0]
        text_answers = question.get("type") == "shortanswer"
        assert not shares or text_answers or sum(good) == pytest.approx(100, abs=0.01)


def test_qti12_package_names_its_files_and_keys(lesson: Lesson, tmp_path: Path) -> None:
    path = qti12.write_qti12(lesson.quiz, tmp_path / "q.zip")

    with zipfile.ZipFile(path) as package:
        manifest = Xml.fromstring(package.read("imsmanifest.xml"))
        files = [f.get("href") for f in manifest.iter() if f.tag.endswith("}file")]
        root = Xml.fromstring(package.read(str(files[0])))
    space = {"q": "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"}
    items = root.findall(".//q:item", space)
    assert [item.get("ident") for item in items] == [
        q.id for q in lesson.quiz.questions
    ]
    for item in items:
        labels = {
            label.get("ident") for label in item.iterfind(".//q:response_label", space)
        }
        keys = {key.text for key in item.iterfind(".//q:varequal", space)}
        chosen = item.find(".//q:render_fib", space) is None
        assert keys
        assert not chosen or keys <= labels


def test_qti21_items_are_listed_and_their_answers_exist(
    lesson: Lesson, tmp_path: Path
) -> None:
    path = qti21.write_qti21(lesson.quiz, tmp_path / "q.zip")

    space = {"q": "http://www.imsglobal.org/xsd/imsqti_v2p1"}
    with zipfile.ZipFile(path) as package:
        names = set(package.namelist())
        test = Xml.fromstring(package.read("assessment.xml"))
        hrefs = [r.get("href") for r in test.iterfind(".//q:assessmentItemRef", space)]
        assert set(hrefs) <= names
        for href in hrefs:
            item = Xml.fromstring(package.read(str(href)))
            ids = {
                c.get("identifier") for c in item.iterfind(".//q:simpleChoice", space)
            }
            values = {
                v.text for v in item.iterfind(".//q:correctResponse/q:value", space)
            }
            assert values
            assert not ids or values <= ids


def test_h5p_names_exact_versions_and_asks_after_the_passage(
    lesson: Lesson, proxy: Path, tmp_path: Path
) -> None:
    path = h5p.write_h5p(lesson, proxy, tmp_path / "q.h5p")

    with zipfile.ZipFile(path) as package:
        about = json.loads(package.read("h5p.json"))
        content = json.loads(package.read("content/content.json"))
        assert "content/videos/proxy.mp4" in package.namelist()
    needed = {d["machineName"] for d in about["preloadedDependencies"]}
    interactions = content["interactiveVideo"]["assets"]["interactions"]
    assert about["mainLibrary"] in needed
    assert {i["action"]["library"].split()[0] for i in interactions} <= needed
    assert [i["duration"]["from"] for i in interactions] == [
        q.end for q in lesson.quiz.questions
    ]


def shelve(folder: Path, name: str, *needed: str) -> None:
    """A library as it lies in an unpacked package."""
    library = folder / name
    library.mkdir(parents=True)
    dependencies = [
        {
            "machineName": n,
            "majorVersion": int(v.split(".")[0]),
            "minorVersion": int(v.split(".")[1]),
        }
        for n, v in (each.rsplit("-", 1) for each in needed)
    ]
    about = {"machineName": name, "preloadedDependencies": dependencies}
    (library / "library.json").write_text(json.dumps(about))
    (library / "code.js").write_text("1")


def test_h5p_carries_the_newest_libraries_and_all_they_stand_on(
    lesson: Lesson, proxy: Path, tmp_path: Path
) -> None:
    shelf = tmp_path / "libraries"
    shelve(shelf, "H5P.InteractiveVideo-1.26")
    shelve(shelf, "H5P.InteractiveVideo-1.28", "H5P.Video-1.6")
    shelve(shelf, "H5P.Video-1.6", "FontAwesome-4.5")
    for name in ("FontAwesome-4.5", "H5P.MultiChoice-1.16", "H5P.TrueFalse-1.8"):
        shelve(shelf, name)
    shelve(shelf, "H5P.Blanks-1.14")

    path = h5p.write_h5p(lesson, proxy, tmp_path / "q.h5p", libraries=str(shelf))

    with zipfile.ZipFile(path) as package:
        about = json.loads(package.read("h5p.json"))
        names = package.namelist()
    carried = {name.partition("/")[0] for name in names if name.endswith(".js")}
    assert "H5P.InteractiveVideo-1.28" in carried
    assert "FontAwesome-4.5" in carried
    assert "H5P.InteractiveVideo-1.26" not in carried
    listed = {
        f"{d['machineName']}-{d['majorVersion']}.{d['minorVersion']}"
        for d in about["preloadedDependencies"]
    }
    assert listed == carried


def test_h5p_says_which_libraries_the_folder_lacks(
    lesson: Lesson, proxy: Path, tmp_path: Path
) -> None:
    shelf = tmp_path / "libraries"
    shelve(shelf, "H5P.InteractiveVideo-1.27", "H5P.Video-1.6")

    with pytest.raises(LibrariesIncompleteError) as caught:
        h5p.write_h5p(lesson, proxy, tmp_path / "q.h5p", libraries=str(shelf))

    assert {"H5P.Video-1.6", "H5P.MultiChoice-1.16"} <= set(caught.value.missing)


def test_scorm_lists_what_it_carries(
    lesson: Lesson, proxy: Path, tmp_path: Path
) -> None:
    path = scorm.write_scorm(lesson, proxy, tmp_path / "s.zip", vtt="WEBVTT\n")

    with zipfile.ZipFile(path) as package:
        manifest = Xml.fromstring(package.read("imsmanifest.xml"))
        listed = {f.get("href") for f in manifest.iter() if f.tag.endswith("}file")}
        assert listed == set(package.namelist()) - {"imsmanifest.xml"}
        quiz = json.loads(package.read("quiz.json"))
    assert len(quiz["questions"]) == len(lesson.quiz.questions)


@pytest.mark.parametrize("answers", [False, True])
def test_pdf_shows_questions_and_answers_only_where_asked(
    lesson: Lesson, tmp_path: Path, answers: bool
) -> None:
    from pypdf import PdfReader

    path = pdf.write_pdf(lesson, tmp_path / "q.pdf", answers=answers)

    text = " ".join(page.extract_text() for page in PdfReader(path).pages)
    plain = " ".join(text.split())
    assert "What is the term for" in plain or "Which term fits" in plain
    assert ("the lesson says" in plain) is answers


def test_anki_notes_keep_their_ids_from_run_to_run(
    lesson: Lesson, tmp_path: Path
) -> None:
    first = _guids(anki.write_anki(lesson, tmp_path / "a.apkg"), tmp_path / "a")
    second = _guids(anki.write_anki(lesson, tmp_path / "b.apkg"), tmp_path / "b")

    assert len(set(first)) == len(lesson.quiz.questions)
    assert first == second


def _guids(deck: Path, folder: Path) -> list[str]:
    with zipfile.ZipFile(deck) as package:
        package.extract("collection.anki2", folder)
    connection = sqlite3.connect(folder / "collection.anki2")
    rows = connection.execute("select guid from notes order by guid").fetchall()
    connection.close()
    return [row[0] for row in rows]


def test_quiz_video_stops_counts_down_and_shows_the_answer(tmp_path: Path) -> None:
    film = tmp_path / "proxy.mp4"
    picture = ["-f", "lavfi", "-t", "2", "-i", "color=green:s=320x180:r=10"]
    sound = ["-f", "lavfi", "-t", "2", "-i", "sine=220"]
    ffmpeg.run([*picture, *sound, "-pix_fmt", "yuv420p", film])
    asked = AWKWARD.model_copy(update={"end": 0.8, "explanation": "It is so."})
    quiz = Quiz(id="q", title="Green", questions=(asked,))

    made = video.write_quiz_video(
        Lesson(title="Green", duration=2, quiz=quiz),
        film,
        tmp_path / "quiz.mp4",
        countdown_s=3,
        on_progress=lambda _: None,
    )

    # A second of the lesson, three to think, five with the answer, the rest.
    assert probe(made).duration_s == pytest.approx(10.0, abs=0.3)
    lesson, early, late, answer, end = (
        frames.at(made, moment).astype(int) for moment in (0.5, 1.3, 3.6, 5.0, 9.6)
    )
    assert _apart(lesson, end) < 3 < _apart(lesson, early)
    ring = np.s_[:45, 270:]
    assert _apart(early[ring], late[ring]) > 3
    below = np.s_[45:, :]
    assert _apart(early[below], late[below]) < 1 < _apart(late[below], answer[below])


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).mean())


def test_csv_cells_are_no_formulas(lesson: Lesson) -> None:
    dangerous = AWKWARD.model_copy(update={"prompt": "=HYPERLINK(1)"})
    quiz = lesson.quiz.model_copy(update={"questions": (dangerous,)})

    table = tables.csv_table(lesson.model_copy(update={"quiz": quiz}))

    rows = list(csv.DictReader(io.StringIO(table)))
    assert rows[0]["prompt"] == "'=HYPERLINK(1)"
    assert (rows[0]["choice1"], rows[0]["correct1"]) == ("x = {y}", "yes")
