import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from pydantic import BaseModel

from ads import stages
from ads.engines import speaking
from ads.engines.stage.scene import SceneRenderer
from ads.engines.voices import SpokenLine
from ads.errors import VoiceTooLongError
from ads.params import AdParams
from ads.script import ScriptFacts
from ads.styles import Aspect, StyleName
from jobs.errors import UnreadableMediaError
from jobs.pipeline import StageResult
from jobs.toolbox import audio, captions, loudness
from jobs.toolbox.captions import TimedWord
from jobs.toolbox.probing import probe
from jobs.workbench import StepFile, Workbench
from tests.benches import make_bench


@dataclass
class Run:
    """One job's stages, called one after the other."""

    params: AdParams
    folder: Path
    inputs: Sequence[Path] = ()
    files: dict[str, list[StepFile]] = field(default_factory=dict)
    facts: dict[str, list[BaseModel]] = field(default_factory=dict)

    def bench(self, step: str, part: int | None = None) -> Workbench[AdParams]:
        label = str(part + 1) if part is not None else ""
        return make_bench(
            self.params,
            self.folder / step,
            inputs=self.inputs,
            files=self.files,
            facts=self.facts,
            part=part,
            part_label=label,
            parts=4 if part is not None else 1,
        )

    def keep(self, step: str, result: object) -> StageResult:
        assert isinstance(result, StageResult)
        self.files.setdefault(step, []).extend(
            StepFile(path=f.path, role=f.role, filename=f.name) for f in result.files
        )
        if result.facts is not None:
            self.facts.setdefault(step, []).append(result.facts)
        return result

    def whole(self) -> StageResult:
        self.keep("script_gen", stages.write_script(self.bench("script_gen")))
        for part in range(4):
            self.keep("voice_gen", stages.speak_scene(self.bench("voice_gen", part)))
        for part in range(4):
            self.keep("video_gen", stages.film_scene(self.bench("video_gen", part)))
        return self.keep("compositing", stages.compose_ad(self.bench("compositing")))


def test_a_whole_ad_is_what_was_asked_for(
    tmp_path: Path, product: Path, small_pictures: None
) -> None:
    params = AdParams(
        product_name="Aurora",
        style=StyleName.ENERGETIC,
        duration=6,
        aspect=[Aspect.WIDE, Aspect.TALL],
        features=["Folds flat"],
    )

    made = Run(params, tmp_path / "run", [product]).whole()

    by_role: dict[str, list[Path]] = {}
    for file in made.files:
        by_role.setdefault(file.role, []).append(file.path)
    expected = {"video", "poster", "teaser", "voice", "music", "script"}
    assert set(by_role) == expected | {"captions_srt", "captions_vtt"}
    for video in by_role["video"]:
        facts = probe(video)
        assert facts.duration_s == pytest.approx(6, abs=0.03)
        assert facts.video
        assert facts.video.fps == pytest.approx(30)
        assert facts.audio[0].sample_rate_hz == 48_000
    mp4 = next(path for path in by_role["video"] if path.suffix == ".mp4")
    heard = loudness.measure(audio.read_any(mp4, channels=2))
    assert heard.integrated_lufs == pytest.approx(-14, abs=0.5)
    assert heard.true_peak_dbtp <= -1.0
    cues = captions.parse(by_role["captions_srt"][0].read_text(encoding="utf-8"))
    assert all(len(line) <= 42 for cue in cues for line in cue.lines)
    assert all(a.end_s <= b.start_s for a, b in itertools.pairwise(cues))
    frames = cv2.VideoCapture(str(mp4))
    assert int(frames.get(cv2.CAP_PROP_FRAME_COUNT)) == 180


@pytest.mark.parametrize("style", StyleName)
def test_every_style_films_an_ad_without_a_picture(
    style: StyleName, tmp_path: Path, small_pictures: None
) -> None:
    params = AdParams(product_name="عطر الورد", style=style, duration=6, webm=False)

    made = Run(params, tmp_path / "run").whole()

    video = next(file.path for file in made.files if file.role == "video")
    assert probe(video).duration_s == pytest.approx(6, abs=0.08)


def test_music_stays_under_the_voice(tmp_path: Path, small_pictures: None) -> None:
    params = AdParams(product_name="Aurora", duration=15, webm=False)
    run = Run(params, tmp_path / "run")

    made = run.whole()

    stems = {
        file.role: audio.read_wav(file.path)
        for file in made.files
        if file.role in ("voice", "music")
    }
    script = run.facts["script_gen"][0]
    assert isinstance(script, ScriptFacts)
    at = 0.0
    for scene, voice in zip(script.script.scenes, run.facts["voice_gen"], strict=True):
        assert isinstance(voice, stages.VoiceFacts)
        start = round((at + 0.3) * 48_000)
        window = slice(start, start + round(voice.duration_s * 48_000))
        under = audio.rms_db(stems["voice"].samples[window]) - audio.rms_db(
            stems["music"].samples[window]
        )
        assert under >= 12
        at += scene.seconds


def test_a_line_that_does_not_fit_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(AdParams(product_name="Aurora"), tmp_path / "run")
    run.keep("script_gen", stages.write_script(run.bench("script_gen")))
    endless = SpokenLine(
        sound=audio.silence(40),
        words=(TimedWord(text="on", start_s=0, end_s=40),),
        voice="test",
    )
    monkeypatch.setattr(speaking, "speak", lambda *args, **kwargs: endless)

    with pytest.raises(VoiceTooLongError, match=r"scene 2 lasts 40\.0 s"):
        stages.speak_scene(run.bench("voice_gen", 1))


def test_a_file_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    fake = tmp_path / "product.png"
    fake.write_bytes(b"this is not a picture")
    run = Run(AdParams(product_name="Aurora"), tmp_path / "run", [fake])

    with pytest.raises(UnreadableMediaError, match=r"product\.png"):
        stages.write_script(run.bench("script_gen"))


def test_the_product_keeps_its_own_pixels(
    tmp_path: Path, product: Path, small_pictures: None
) -> None:
    run = Run(
        AdParams(product_name="Aurora", captions=False), tmp_path / "run", [product]
    )
    run.keep("script_gen", stages.write_script(run.bench("script_gen")))
    run.facts["voice_gen"] = []
    facts = run.facts["script_gen"][0]
    assert isinstance(facts, ScriptFacts)
    plan = stages.scene_plan(run.bench("video_gen", 1), facts, 2, Aspect.WIDE)
    renderer = SceneRenderer(plan)

    frame = renderer.draw(90).rgb()

    wide, high = renderer.product.size_px
    back = cv2.warpPerspective(
        frame, np.linalg.inv(renderer.product_matrix(90)), (wide, high)
    )
    with Image.open(plan.product or product) as photo:
        original = np.asarray(photo.convert("RGBA"))
    solid = cv2.erode((original[..., 3] == 255).astype(np.uint8), np.ones((25, 25))) > 0
    away = np.abs(back.astype(int) - original[..., :3])[solid]
    assert away.mean() < 12
