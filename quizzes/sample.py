"""A lesson made on the spot: drawn slides, spoken by a local voice, subtitles inside."""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from PIL import Image, ImageDraw

from jobs.toolbox import audio, captions, ffmpeg, speech
from jobs.toolbox.captions import TimedWord
from jobs.toolbox.fonts import Typeface, font, wrapped
from jobs.toolbox.speech import Delivery

SIZE_PX = (1280, 720)
_FPS = 5
_PAUSE_S = 0.9
_BOLD = Typeface(family="Inter", weight=700)
_PLAIN = Typeface(family="Inter", weight=400)
_INK, _SOFT, _PAPER = (24, 32, 48), (92, 104, 124), (250, 250, 247)
_ACCENTS = ((46, 125, 80), (38, 98, 166), (176, 92, 36), (120, 70, 150))


@dataclass(frozen=True, kw_only=True)
class Slide:
    title: str
    bullets: tuple[str, ...]
    narration: str


LESSON = (
    Slide(
        title="How plants make food",
        bullets=("A short lesson on photosynthesis",),
        narration=(
            "Photosynthesis is the process by which green plants turn light, water and "
            "carbon dioxide into sugar and oxygen."
        ),
    ),
    Slide(
        title="Where it happens",
        bullets=("Chloroplasts", "Chlorophyll absorbs light", "Stomata let gases in"),
        narration=(
            "Photosynthesis takes place inside chloroplasts. A chloroplast is a small "
            "green organelle found in the cells of leaves. Chlorophyll is a pigment that "
            "absorbs red and blue light. Leaves look green because chlorophyll reflects "
            "green light. Carbon dioxide enters the leaf through tiny pores called "
            "stomata."
        ),
    ),
    Slide(
        title="Two stages",
        bullets=("Light reactions", "Calvin cycle"),
        narration=(
            "First, chlorophyll captures energy from sunlight. Then, the light reactions "
            "split water molecules and release oxygen. Finally, the Calvin cycle builds "
            "sugar in the stroma."
        ),
    ),
    Slide(
        title="The energy carriers",
        bullets=("ATP stores energy", "NADPH carries electrons"),
        narration=(
            "ATP is a molecule that stores energy for the cell. NADPH is a molecule that "
            "carries electrons to the Calvin cycle. The enzyme rubisco fixes carbon "
            "dioxide at the start of the Calvin cycle."
        ),
    ),
    Slide(
        title="What limits the rate",
        bullets=("Light", "Carbon dioxide", "Temperature"),
        narration=(
            "Three factors limit the rate of photosynthesis: light, carbon dioxide and "
            "temperature. If a plant gets more light, the rate rises until another "
            "factor becomes limiting. High temperatures slow photosynthesis because "
            "enzymes lose their shape above forty degrees."
        ),
    ),
    Slide(
        title="Summary",
        bullets=("Light becomes sugar", "Water gives oxygen", "Leaves do the work"),
        narration=(
            "Plants store the energy of light in sugar. The oxygen that we breathe comes "
            "from water molecules. Cellular respiration is the process that releases the "
            "energy of sugar again."
        ),
    ),
)


def make_sample(folder: Path) -> list[Path]:
    """The lesson as an MP4 with its subtitles as a track."""
    return [Path(shutil.copy(_made_once("natural"), folder))]


def make_quick_sample(folder: Path) -> list[Path]:
    """The same, spoken by the voice that takes no time, where only pictures matter."""
    return [Path(shutil.copy(_made_once("quick"), folder))]


@cache
def _made_once(voice: Literal["natural", "quick"]) -> Path:
    """Kept until this process ends: `make demo` and the studio ask again and again."""
    folder = Path(_kept_folder().name) / voice
    folder.mkdir()
    quick = speech.EspeakSpeaker() if voice == "quick" else None
    return make_lesson(LESSON, folder / "how-plants-make-food.mp4", voice=quick)


@cache
def _kept_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="lesson-")


def make_lesson(
    slides: Sequence[Slide], target: Path, *, voice: speech.Speaker | None = None
) -> Path:
    """Slides shown while they are spoken; the words' times come from the voice."""
    voice = voice or speech.local_speaker(slides[0].narration)
    spoken = [
        speech.speak(slide.narration, voice, Delivery(pace=0.95, pause_s=0.35))
        for slide in slides
    ]
    whole = speech.joined(spoken, pause_s=_PAUSE_S)
    lengths_s = [each.sound.duration_s + _PAUSE_S for each in spoken[:-1]]
    lengths_s.append(spoken[-1].sound.duration_s)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        sound = audio.write_wav(work / "voice.wav", whole.sound)
        srt = work / "lesson.srt"
        srt.write_text(captions.to_srt(_cues(whole.words)), encoding="utf-8")
        stills = _stills(slides, lengths_s, work)
        ffmpeg.run(
            [
                *("-f", "concat", "-safe", "1", "-i", stills, "-i", sound, "-i", srt),
                *("-map", "0:v", "-map", "1:a", "-map", "2:s", "-c:s", "mov_text"),
                *("-metadata:s:s:0", "language=eng", "-c:v", "libx264"),
                # Stills need no search for motion, and few frames a second.
                *("-preset", "ultrafast", "-tune", "stillimage", "-crf", "20"),
                *("-r", str(_FPS), "-g", str(4 * _FPS), "-pix_fmt", "yuv420p"),
                *("-c:a", "aac"),
                *("-ac", "2", "-ar", "48000", "-movflags", "+faststart", target),
            ]
        )
    return target


def _cues(words: Sequence[TimedWord]) -> list[captions.Cue]:
    """One cue a sentence: what a teacher's own subtitles look like."""
    cues: list[captions.Cue] = []
    sentence: list[TimedWord] = []
    for word in words:
        sentence.append(word)
        if word.text.endswith((".", "?", "!")):
            cues.append(
                captions.Cue(
                    start_s=sentence[0].start_s,
                    end_s=sentence[-1].end_s,
                    lines=(" ".join(w.text for w in sentence),),
                )
            )
            sentence = []
    return cues


def _stills(slides: Sequence[Slide], lengths_s: Sequence[float], work: Path) -> Path:
    """What is shown for how long, as ffmpeg reads it: bullets appear one by one."""
    told: list[str] = []
    for number, (slide, length_s) in enumerate(zip(slides, lengths_s, strict=True)):
        count = len(slide.bullets)
        # The last bullet has come when two thirds of the slide's time are over.
        shares = [2 / 3 / count] * (count - 1)
        for shown, share in enumerate([*shares, 1 - sum(shares)], start=1):
            picture = work / f"slide-{number}-{shown}.png"
            # PNG, hardly packed: it is read once.
            draw_slide(slide, number, shown=shown).save(picture, compress_level=1)
            told += [f"file '{picture.name}'", f"duration {length_s * share:.3f}"]
    # The list's last duration only counts when something follows it.
    told.append(told[-2])
    listed = work / "stills.txt"
    listed.write_text("\n".join(told) + "\n", encoding="utf-8")
    return listed


def draw_slide(slide: Slide, number: int, *, shown: int) -> Image.Image:
    width, height = SIZE_PX
    accent = _ACCENTS[number % len(_ACCENTS)]
    image = Image.new("RGB", SIZE_PX, _PAPER)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 18, height), fill=accent)
    pen.text((90, 90), slide.title, font=font(_BOLD, 64), fill=_INK)
    pen.rectangle((92, 182, 92 + 120, 188), fill=accent)
    top = 250
    for bullet in slide.bullets[:shown]:
        pen.ellipse((96, top + 14, 112, top + 30), fill=accent)
        for line in wrapped(bullet, _PLAIN, 40, max_width_px=width - 560):
            pen.text((136, top), line, font=font(_PLAIN, 40), fill=_INK)
            top += 58
        top += 22
    _draw_figure(pen, number, accent)
    pen.text(
        (90, height - 60), "How plants make food", font=font(_PLAIN, 22), fill=_SOFT
    )
    pen.text(
        (width - 110, height - 60), str(number + 1), font=font(_PLAIN, 22), fill=_SOFT
    )
    return image


def _draw_figure(
    pen: ImageDraw.ImageDraw, number: int, accent: tuple[int, int, int]
) -> None:
    """A leaf whose veins grow from slide to slide: something to look at."""
    left, top, right, bottom = 860, 220, 1180, 560
    pale = tuple(int(channel + (255 - channel) * 0.72) for channel in accent)
    pen.ellipse((left, top, right, bottom), fill=pale, outline=accent, width=6)
    middle = (top + bottom) // 2
    pen.line((left - 40, middle, right - 20, middle), fill=accent, width=8)
    for vein in range(number + 1):
        x = left + 40 + vein * 42
        pen.line((x, middle, x + 50, middle - 80), fill=accent, width=5)
        pen.line((x, middle, x + 50, middle + 80), fill=accent, width=5)
