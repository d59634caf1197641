"""From a transcript to questions that have passed the gates."""

import json
from collections.abc import Sequence
from decimal import Decimal

from jobs.pipeline import OutputFile, SoFar, StageResult, Workbench
from quizzes.content import Quiz, Transcript
from quizzes.engines.writing import local, vendors
from quizzes.engines.writing.drafts import Draft
from quizzes.engines.writing.finishing import Finished, finish
from quizzes.params import QuizParams

_FEWEST, _MOST = 5, 20
_FEWEST_WORDS = 20


def write_quiz(bench: Workbench[QuizParams]) -> StageResult:
    """Draft more than is needed, and keep what is good.

    Where nothing is, the quiz is empty and says why: the lesson's other files are
    worth having, and a teacher can write the questions.
    """
    transcript = bench.facts("transcript", Transcript)
    done = Finished(questions=(), tried=0)
    if len(transcript.text.split()) >= _FEWEST_WORDS:
        done = _finished(bench, transcript)
    quiz = Quiz(
        id=bench.job_id,
        title=bench.params.title or title_of(bench.inputs[0].filename),
        language=transcript.language or "en",
        questions=done.questions,
    )
    path = bench.workdir / "quiz.json"
    path.write_text(
        json.dumps(quiz.model_dump(mode="json"), indent=1, ensure_ascii=False),
        encoding="utf-8",
    )
    note = f"{len(quiz.questions)} questions of {done.tried} drafts"
    if not done.questions:
        note = _why_none(done)
        bench.log(note, "warning")
    return StageResult(
        files=[OutputFile(path=path, role="quiz")], facts=quiz, note=note
    )


def _finished(bench: Workbench[QuizParams], transcript: Transcript) -> Finished:
    count = wanted_count(bench.params.question_count, transcript)
    bench.report(0.05, "Thinking of questions")
    drafts = _drafts(bench, transcript, count)
    bench.report(0.8, "Checking them")
    done = finish(
        drafts,
        transcript,
        count=count,
        types=bench.params.question_types,
        seed=f"{bench.inputs[0].sha256}{bench.params.seed}",
    )
    bench.log(f"{done.tried} drafts, {len(done.questions)} kept. Dropped: {done.why()}")
    return done


def _why_none(done: Finished) -> str:
    why = "nothing was understood well enough to ask about"
    if done.tried:
        why = f"of {done.tried} drafts none was good enough ({done.why()})"
    return f"The quiz is empty: {why}. Write questions, or bring a better transcript."


def _drafts(
    bench: Workbench[QuizParams], transcript: Transcript, count: int
) -> Sequence[Draft]:
    if bench.engine == "anthropic":
        return vendors.by_claude(bench, transcript, count)
    if bench.engine == "openai":
        return vendors.by_openai(bench, transcript, count)
    if transcript.language not in ("", "en"):
        bench.log(
            "The local engine knows English only; its questions may be few here.",
            "warning",
        )
    return local.drafts_of(transcript)


def wanted_count(asked: int, transcript: Transcript) -> int:
    """About one a minute where nobody says otherwise."""
    minutes = transcript.segments[-1].end / 60 if transcript.segments else 0
    return asked or max(_FEWEST, min(_MOST, round(minutes * 1.2) + 3))


def title_of(filename: str) -> str:
    words = filename.rpartition(".")[0].replace("-", " ").replace("_", " ").strip()
    return (words[:1].upper() + words[1:])[:200] or "Lesson"


def estimate_usd(so_far: SoFar[QuizParams], engine: str) -> Decimal:
    duration_s = sum(facts.duration_s or 0 for facts in so_far.inputs)
    return vendors.estimate_usd(engine, duration_s)
