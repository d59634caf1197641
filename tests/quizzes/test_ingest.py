"""Lessons as people film them: turned, with several sounds, with uneven frames, broken."""

from pathlib import Path

import pytest
from PIL import Image

from jobs.errors import UnreadableMediaError
from jobs.pipeline import Kind, StageResult
from jobs.toolbox import captions, ffmpeg
from jobs.toolbox.probing import opened, probe
from jobs.workbench import StepFile
from quizzes.content import Change, Scene
from quizzes.errors import NoSuchTrackError
from quizzes.facts import MediaSummary, ProxyFacts, SceneFacts
from quizzes.params import IngestParams, SceneParams
from quizzes.stages import ingest, scenes
from tests.benches import make_bench

PICTURE = ("-f", "lavfi", "-t", "3", "-i", "testsrc2=s=160x90:r=10")
SOUND = ("-f", "lavfi", "-t", "3", "-i", "sine=220:r=48000")
QUICK = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """What a browser plays as it is."""
    target = tmp_path / "plain.mp4"
    ffmpeg.run([*PICTURE, *SOUND, *QUICK, "-profile:v", "main", "-c:a", "aac", target])
    return target


def taken_in(source: Path, folder: Path, **params: int) -> tuple[StageResult, Path]:
    bench = make_bench(
        IngestParams(**params),  # type: ignore[arg-type]
        folder / "bench",
        inputs=[source],
        kind=Kind.VIDEO,
    )
    done = ingest.make_playable(bench)
    return done, done.files[0].path


def test_what_browsers_play_is_copied_and_its_index_comes_first(
    plain: Path, tmp_path: Path
) -> None:
    done, made = taken_in(plain, tmp_path)

    assert isinstance(done.facts, ProxyFacts)
    assert done.facts.copied
    raw = made.read_bytes()
    assert raw.index(b"moov") < raw.index(b"mdat")


def test_turned_film_stands_upright(plain: Path, tmp_path: Path) -> None:
    turned = tmp_path / "turned.mp4"
    ffmpeg.run(["-display_rotation", "90", "-i", plain, "-c", "copy", turned])
    bench = make_bench(IngestParams(), tmp_path / "p", inputs=[turned], kind=Kind.VIDEO)

    facts = ingest.look_into(bench).facts
    _, made = taken_in(turned, tmp_path)

    assert isinstance(facts, MediaSummary)
    assert facts.rotation in (90, 270)
    video = probe(made).video
    assert video is not None
    assert (video.width_px, video.height_px, video.rotation) == (90, 160, 0)


def test_uneven_frames_become_even(tmp_path: Path) -> None:
    uneven = tmp_path / "uneven.mkv"
    drop = ("-vf", "select='not(mod(n,3))+gt(n,11)'", "-fps_mode", "vfr")
    ffmpeg.run([*PICTURE, *SOUND, *drop, *QUICK, "-c:a", "aac", uneven])
    before = probe(uneven).video

    done, made = taken_in(uneven, tmp_path)

    after = probe(made).video
    assert before is not None
    assert after is not None
    assert before.variable_frame_rate
    assert not after.variable_frame_rate
    assert isinstance(done.facts, ProxyFacts)
    assert not done.facts.copied


def test_of_several_sounds_the_one_asked_for_is_taken(
    plain: Path, tmp_path: Path
) -> None:
    two = tmp_path / "two.mp4"
    silent = ("-f", "lavfi", "-t", "3", "-i", "anullsrc=r=48000:cl=mono")
    maps = ("-map", "0:v", "-map", "0:a", "-map", "1:a", "-c:v", "copy", "-c:a", "aac")
    ffmpeg.run(["-i", plain, *silent, *maps, two])

    _, first = taken_in(two, tmp_path / "first")
    _, second = taken_in(two, tmp_path / "second", audio_track=1)

    assert _loudest(first) > 1000
    assert _loudest(second) == 0
    with pytest.raises(NoSuchTrackError, match="There is no audio track 2"):
        taken_in(two, tmp_path / "third", audio_track=2)


def _loudest(film: Path) -> int:
    raw = ffmpeg.output(["-i", film, "-map", "0:a", "-f", "s16le", "pipe:1"])
    return max(memoryview(raw[: len(raw) // 2 * 2]).cast("h"), default=0)


def test_broken_film_ends_with_a_sentence(plain: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(plain.read_bytes()[:3000])
    bench = make_bench(IngestParams(), tmp_path / "b", inputs=[broken], kind=Kind.VIDEO)

    with pytest.raises(UnreadableMediaError) as caught:
        ingest.look_into(bench)

    assert str(caught.value).endswith(".")


def test_pictures_for_scrubbing_lie_where_their_cues_say(
    plain: Path, tmp_path: Path
) -> None:
    bench = make_bench(
        IngestParams(),
        tmp_path / "b",
        inputs=[plain],
        kind=Kind.VIDEO,
        files={"proxy": [StepFile(path=plain, role="proxy", filename="proxy.mp4")]},
    )

    made = ingest.make_pictures(bench).files

    roles = [file.role for file in made]
    assert roles.count("poster") == roles.count("sprite") == 1
    assert roles.count("thumbnail") == 9
    with Image.open(next(f.path for f in made if f.role == "sprite")) as opened_sheet:
        sheet_px = opened_sheet.size
    table = next(f.path for f in made if f.role == "sprite_vtt").read_text()
    cues = captions.parse(table)
    for cue in cues:
        x, y, width, height = map(int, cue.lines[0].partition("#xywh=")[2].split(","))
        assert x + width <= sheet_px[0]
        assert y + height <= sheet_px[1]
    assert cues[0].start_s == 0.0
    assert cues[-1].end_s == pytest.approx(3.0, abs=0.1)


def test_chapters_are_in_the_film_and_beside_it(plain: Path, tmp_path: Path) -> None:
    told = SceneFacts(
        screencast=False,
        scenes=(
            Scene(index=0, start=0.0, end=1.5, title="How leaves = food; #1"),
            Scene(index=1, start=1.5, end=3.0, begins_with=Change.CUT),
        ),
    )
    bench = make_bench(
        SceneParams(),
        tmp_path / "b",
        inputs=[plain],
        kind=Kind.VIDEO,
        facts={"scenes": told},
    )

    made = {file.role: file.path for file in scenes.write_chapters(bench).files}

    cues = captions.parse(made["chapters"].read_text())
    titles = [" ".join(cue.lines) for cue in cues]
    assert titles == ["How leaves = food; #1", "Part 2 (0:01)"]
    with opened(made["chapters_video"]) as film:
        inside = film.chapters()
    assert [chapter["metadata"]["title"] for chapter in inside] == titles
