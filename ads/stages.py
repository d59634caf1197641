"""What each step of an ad does."""

import json
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from pydantic import BaseModel

from ads.engines import footage, packaging, soundtrack, speaking, writing
from ads.engines.clips import cancel_clip, clip_backdrop
from ads.engines.looking import cut_product
from ads.engines.soundtrack import PlacedVoice
from ads.engines.stage.scene import ScenePlan
from ads.engines.teasers import Glimpse, teaser
from ads.engines.writer.names import title_of
from ads.errors import VoiceTooLongError
from ads.params import AdParams
from ads.script import ScriptFacts
from ads.styles import Aspect, style_of
from ads.timing import LEAD_S, Span, beat_of, planned, room_s, spans_of
from jobs.pipeline import OutputFile, StageResult, Wait
from jobs.toolbox import audio, captions
from jobs.toolbox.captions import CaptionRules, Cue, TimedWord
from jobs.workbench import Workbench

SCENE_PARTS = ("1", "2", "3", "4")
# Narrow pictures hold shorter lines of the same size.
_LINE_LENGTHS = {Aspect.WIDE: 42, Aspect.TALL: 30, Aspect.SQUARE: 36}
# A line may overrun its room by what nobody hears.
_GRACE_S = 0.15


class Word(BaseModel):
    """One spoken word, in the seconds of its scene's voiceover."""

    text: str
    start_s: float
    end_s: float


class VoiceFacts(BaseModel):
    """How one scene's voiceover came out."""

    scene: int
    voice: str = ""
    duration_s: float = 0.0
    words: list[Word] = []


class VideoFacts(BaseModel):
    """One scene's film."""

    scene: int
    frames: int
    aspects: list[str]


class AdFacts(BaseModel):
    """What the finished ad is."""

    duration_s: float
    beats_per_minute: float
    cuts_s: list[float]
    loudness_lufs: float
    player: str
    voices: list[str]


def write_script(bench: Workbench[AdParams]) -> StageResult:
    """Look at the product, and write what is said and shown."""
    files: list[OutputFile] = []
    look = None
    pictures = bench.input_paths()
    if pictures:
        bench.report(0.05, "Looking at the product")
        cut = bench.workdir / "product.png"
        look = cut_product(pictures[0], cut, name=bench.inputs[0].filename)
        files.append(OutputFile(path=cut, role="product", published=False))
        if look.confidence < 0.5:
            bench.log(
                "The product could not be told from its background with certainty. "
                "A picture on a plain or transparent background gives a cleaner cut.",
                "warning",
            )
    bench.report(0.5, "Writing the script")
    script = writing.write(bench, look, pictures[0] if pictures else None)
    facts = ScriptFacts(script=script, look=look, writer=bench.engine)
    return StageResult(files=files, facts=facts, note=script.hook)


def speak_scene(bench: Workbench[AdParams]) -> StageResult:
    """Speak one scene's voiceover."""
    number = int(bench.part_label)
    script = _script(bench)
    scene = script.script.scenes[number - 1]
    text = scene.voiceover_text.strip()
    if not any(sign.isalnum() for sign in text):
        return StageResult(facts=VoiceFacts(scene=number), note="Nothing is said")
    room = room_s(scene.seconds)
    line = speaking.speak(bench, text, number=number, room_s=room)
    if line.duration_s > room + _GRACE_S:
        raise VoiceTooLongError(scene=number, spoken_s=line.duration_s, room_s=room)
    path = audio.write_wav(bench.workdir / _line_name(number), line.sound)
    facts = VoiceFacts(
        scene=number,
        voice=line.voice,
        duration_s=line.duration_s,
        words=[Word(text=w.text, start_s=w.start_s, end_s=w.end_s) for w in line.words],
    )
    return StageResult(
        files=[OutputFile(path=path, role="line", published=False)],
        facts=facts,
        note=f"{line.duration_s:.1f} s by {line.voice}",
    )


def film_scene(bench: Workbench[AdParams]) -> StageResult | Wait:
    """Film one scene in every shape that was asked for."""
    number = int(bench.part_label)
    facts = _script(bench)
    span = spans_of(facts.script, bench.params.duration)[number - 1]
    clip: Path | None = None
    if bench.engine == "replicate" and number < len(SCENE_PARTS):
        made = clip_backdrop(
            bench, scene_plan(bench, facts, number, bench.params.aspect[0])
        )
        if isinstance(made, Wait):
            return made
        clip = made
    files: list[OutputFile] = []
    aspects = bench.params.aspect
    for place, aspect in enumerate(aspects):
        plan = scene_plan(bench, facts, number, aspect, clip=clip)
        share = bench.reporter(place / len(aspects), (place + 1) / len(aspects))
        film = bench.workdir / f"scene-{number}-{aspect.label}.mp4"
        webm = film.with_suffix(".webm") if bench.params.webm else None
        glimpse = Glimpse.of(
            film.with_suffix(".yuv"),
            plan.frame_size_px,
            seconds=span.seconds,
            scenes=len(SCENE_PARTS),
        )
        footage.film_scene(
            plan,
            film,
            webm=webm,
            webm_size=bench.params.webm_size,
            glimpse=glimpse,
            on_progress=share,
        )
        files.append(OutputFile(path=film, role=_film_role(aspect), published=False))
        role = _glimpse_role(aspect)
        files.append(OutputFile(path=glimpse.path, role=role, published=False))
        if webm is not None:
            role = _film_role(aspect, webm=True)
            files.append(OutputFile(path=webm, role=role, published=False))
    return StageResult(
        files=files,
        facts=VideoFacts(scene=number, frames=span.frames, aspects=[*aspects]),
        note=f"{span.frames} frames",
    )


def cancel_scene(bench: Workbench[AdParams]) -> None:
    """Tell the vendor to stop making a clip that nobody waits for any more."""
    if bench.engine == "replicate":
        cancel_clip(bench)


def compose_ad(bench: Workbench[AdParams]) -> StageResult:
    """Join the scenes, lay the music under the voice, and wrap it all up."""
    params, facts = bench.params, _script(bench)
    style, duration = style_of(params.style), float(params.duration)
    spans, beat = spans_of(facts.script, duration), beat_of(style, duration)
    files: list[OutputFile] = []
    with ThreadPoolExecutor(max_workers=2) as beside:
        # Pictures need no sound, and are taken while it is made.
        pictures = [_taken(bench, aspect, spans, beside) for aspect in params.aspect]
        bench.report(0.02, "Composing the music")
        track = soundtrack.make_soundtrack(
            _placed(bench, spans),
            style,
            spans,
            beat,
            seed=params.seed,
            duration_s=duration,
        )
        files += _sound_files(bench, track)
        mix = packaging.encode_sound(track.mix, bench.workdir / "mix.m4a")
        bench.report(0.6, "Joining the scenes")
        films = [_joined(bench, aspect, mix, spans, beside) for aspect in params.aspect]
        for place, made in enumerate((*films, *pictures), start=1):
            files += [file.result() for file in made]
            bench.report(0.6 + 0.35 * place / (len(films) + len(pictures)))
    files += _text_files(bench, facts, spans)
    told = _voice_facts(bench)
    return StageResult(
        files=files,
        facts=AdFacts(
            duration_s=duration,
            beats_per_minute=round(beat.per_minute, 2),
            cuts_s=[round(span.start_s, 4) for span in spans[1:]],
            loudness_lufs=-14.0,
            player=track.player,
            voices=sorted({voice.voice for voice in told if voice.voice}),
        ),
        note=f"{len(params.aspect)} video{'s' * (len(params.aspect) > 1)}",
    )


# What the stages share ----------------------------------------------------------------


def scene_plan(
    bench: Workbench[AdParams],
    facts: ScriptFacts,
    number: int,
    aspect: Aspect,
    *,
    clip: Path | None = None,
) -> ScenePlan:
    """All that decides how one scene of this job looks."""
    params, script = bench.params, facts.script
    span = spans_of(script, params.duration)[number - 1]
    style = style_of(params.style)
    product = bench.files("script_gen", "product")
    cues: Sequence[Cue] = ()
    if params.captions:
        voice = next((v for v in _voice_facts(bench) if v.scene == number), None)
        cues = _cues(voice, LEAD_S, span.seconds, aspect) if voice else ()
    return ScenePlan(
        style=params.style,
        aspect=aspect,
        scene=script.scenes[number - 1],
        title=title_of(params.product_name),
        cta=script.cta,
        span=span,
        beat_s=beat_of(style, params.duration).seconds,
        seed=params.seed,
        look=facts.look,
        product=product[0].path if product else None,
        logo=bench.asset(params.logo) if params.logo else None,
        cues=cues,
        clip=clip,
    )


def _script(bench: Workbench[AdParams]) -> ScriptFacts:
    """The script as it now is, its scenes on the beat again if a person changed them."""
    facts = bench.facts("script_gen", ScriptFacts)
    style = style_of(bench.params.style)
    script = planned(facts.script, style, bench.params.duration)
    return facts.model_copy(update={"script": script})


def _voice_facts(bench: Workbench[AdParams]) -> list[VoiceFacts]:
    return bench.part_facts("voice_gen", VoiceFacts)


def _placed(bench: Workbench[AdParams], spans: Sequence[Span]) -> list[PlacedVoice]:
    lines = {file.filename: file.path for file in bench.files("voice_gen", "line")}
    placed: list[PlacedVoice] = []
    for voice in _voice_facts(bench):
        if not voice.words:
            continue
        start = spans[voice.scene - 1].start_s + LEAD_S
        placed.append(
            PlacedVoice(
                sound=audio.read_wav(lines[_line_name(voice.scene)]),
                start_s=start,
                end_s=start + voice.duration_s,
            )
        )
    return placed


def _line_name(scene: int) -> str:
    return f"line-{scene}.wav"


def _cues(
    voice: VoiceFacts, offset_s: float, end_s: float, aspect: Aspect
) -> list[Cue]:
    words = [
        TimedWord(text=w.text, start_s=w.start_s + offset_s, end_s=w.end_s + offset_s)
        for w in voice.words
    ]
    rules = CaptionRules(line_length=_LINE_LENGTHS[aspect])
    return captions.cues_from_words(words, rules=rules, end_s=end_s)


def _sound_files(
    bench: Workbench[AdParams], track: soundtrack.Soundtrack
) -> list[OutputFile]:
    voice = audio.write_wav(bench.workdir / "voice.wav", track.voice)
    music = audio.write_wav(bench.workdir / "music.wav", track.music)
    return [
        OutputFile(path=voice, role="voice", content_type="audio/wav"),
        OutputFile(path=music, role="music", content_type="audio/wav"),
    ]


def _taken(
    bench: Workbench[AdParams],
    aspect: Aspect,
    spans: Sequence[Span],
    beside: ThreadPoolExecutor,
) -> list[Future[OutputFile]]:
    """The poster and the teaser of one shape, taken from its scenes."""
    # Asked for here: other threads have no part in the job's rows.
    scenes = _films(bench, _film_role(aspect), spans)
    kept = bench.files("video_gen", _glimpse_role(aspect))
    poster, loop = (
        bench.workdir / f"ad-{aspect.label}-{name}"
        for name in ("poster.jpg", "teaser.gif")
    )

    def take_poster() -> OutputFile:
        film, seconds = scenes[1]
        packaging.poster(film, seconds * 0.6, poster)
        return OutputFile(path=poster, role="poster", content_type="image/jpeg")

    def take_teaser() -> OutputFile:
        teaser([file.path for file in kept], aspect.size_px, loop)
        return OutputFile(path=loop, role="teaser", content_type="image/gif")

    return [beside.submit(take_teaser), beside.submit(take_poster)]


def _joined(
    bench: Workbench[AdParams],
    aspect: Aspect,
    mix: Path,
    spans: Sequence[Span],
    beside: ThreadPoolExecutor,
) -> list[Future[OutputFile]]:
    """The finished films of one shape, in each format."""
    duration = float(bench.params.duration)
    film = bench.workdir / f"ad-{aspect.label}.mp4"
    scenes = _films(bench, _film_role(aspect), spans)

    def join() -> OutputFile:
        packaging.join(scenes, mix, film, duration_s=duration)
        return OutputFile(path=film, role="video", content_type="video/mp4")

    made = [beside.submit(join)]
    if bench.params.webm:
        free = film.with_suffix(".webm")
        free_scenes = _films(bench, _film_role(aspect, webm=True), spans)

        def join_webm() -> OutputFile:
            packaging.join_webm(free_scenes, mix, free, duration_s=duration)
            return OutputFile(path=free, role="video", content_type="video/webm")

        made.append(beside.submit(join_webm))
    return made


def _film_role(aspect: Aspect, *, webm: bool = False) -> str:
    return f"scene {aspect} webm" if webm else f"scene {aspect}"


def _glimpse_role(aspect: Aspect) -> str:
    return f"glimpse {aspect}"


def _films(
    bench: Workbench[AdParams], role: str, spans: Sequence[Span]
) -> list[packaging.TimedFilm]:
    """The scenes' films in one shape and format, with their seconds."""
    films = [file.path for file in bench.files("video_gen", role)]
    return [(film, span.seconds) for film, span in zip(films, spans, strict=True)]


def _text_files(
    bench: Workbench[AdParams], facts: ScriptFacts, spans: Sequence[Span]
) -> list[OutputFile]:
    cues: list[Cue] = []
    for voice in _voice_facts(bench):
        span = spans[voice.scene - 1]
        cues += [
            Cue(
                start_s=cue.start_s + span.start_s,
                end_s=cue.end_s + span.start_s,
                lines=cue.lines,
            )
            for cue in _cues(voice, LEAD_S, span.seconds, Aspect.WIDE)
        ]
    folder = bench.workdir
    srt, vtt, script = (folder / n for n in ("ad.srt", "ad.vtt", "script.json"))
    srt.write_text(captions.to_srt(cues), encoding="utf-8")
    vtt.write_text(captions.to_vtt(cues), encoding="utf-8")
    content = facts.script.model_dump(mode="json")
    script.write_text(
        json.dumps(content, indent=2, ensure_ascii=False), encoding="utf-8"
    )
    return [
        OutputFile(path=srt, role="captions_srt", content_type="application/x-subrip"),
        OutputFile(path=vtt, role="captions_vtt", content_type="text/vtt"),
        OutputFile(path=script, role="script", content_type="application/json"),
    ]
