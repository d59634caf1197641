"""The script by Claude: it sees the picture, and fills the same script as the local writer."""

from decimal import Decimal
from pathlib import Path

import cv2
from pydantic import BaseModel, ConfigDict

from ads.engines.writer.names import title_of
from ads.errors import ScriptRefusedError, ScriptTooLongError
from ads.params import AdParams
from ads.script import AdScript, Camera, Look, Scene
from ads.styles import StyleName, style_of
from ads.timing import LETTERS_PER_SECOND, planned, room_s, scene_lengths
from jobs.toolbox import images
from jobs.vendors.anthropic import AnthropicClient
from jobs.workbench import Purchase, Workbench

_PICTURE_PX = 1200

_TONES = {
    StyleName.LUXURY: "hushed and unhurried; short, well-turned sentences; never shouts",
    StyleName.ENERGETIC: "fast, bright, playful; exclamations are welcome",
    StyleName.MINIMAL: "plain and calm; few words; nothing ornamental",
    StyleName.BOLD: "blunt and confident; hard full stops; a wink now and then",
}
_SYSTEM = """\
You write scripts for short product ads: four scenes, spoken by one voice over pictures of \
the product. Scene 1 catches the eye with the hook, scene 2 shows and names the product, \
scene 3 goes close and tells details, scene 4 is a still end card with the call to action.

Say only what the brief states or the picture shows. Promise nothing else: no prices, no \
results, no superlatives, no awards, no origins, no materials that were not given. Write \
the voiceover in the language of the product's name and features. On-screen text has two to \
six words. A camera move is one of: push_in, pull_back, drift_left, drift_right, rise, \
orbit, close_up, still; scene 4 is still. A mood is one to three words. Keep each \
voiceover within the number of letters that the brief allows: it has to be spoken in time.\
"""


class WrittenScene(BaseModel):
    """A scene as the model writes it; its length is ours to set."""

    model_config = ConfigDict(extra="forbid")

    voiceover_text: str
    on_screen_text: str
    camera: Camera
    mood: str


class WrittenScript(BaseModel):
    """What is asked of the model."""

    model_config = ConfigDict(extra="forbid")

    hook: str
    cta: str
    scenes: list[WrittenScene]


def write_script(
    bench: Workbench[AdParams], look: Look | None, picture: Path | None
) -> AdScript:
    """Ask Claude, book what it cost, and bring the answer onto the beat."""
    client = AnthropicClient.from_settings()
    purchase = Purchase(vendor="anthropic", item="script", estimate_usd=Decimal("0.03"))
    answers = bench.workdir / "script.json"

    def send(key: str) -> str:
        answer = client.answer(
            _brief(bench.params, look),
            WrittenScript,
            system=_SYSTEM,
            picture=_small(picture, bench.workdir) if picture else None,
        )
        answers.write_text(answer.value.model_dump_json(), encoding="utf-8")
        bench.spend(purchase, answer.tokens.cost_usd(client.prices))
        return answer.id

    bench.buy(purchase, send)
    if not answers.exists():
        # Bought by an earlier life of this stage, and lost with it.
        again = Purchase(
            vendor="anthropic",
            item=f"script, again ({bench.attempt})",
            estimate_usd=purchase.estimate_usd,
        )
        bench.buy(again, send)
    written = WrittenScript.model_validate_json(answers.read_text(encoding="utf-8"))
    return as_script(written, bench.params)


def as_script(written: WrittenScript, params: AdParams) -> AdScript:
    """The model's words in our script; what runs over is a refusal, never cut silently."""
    if len(written.scenes) != 4:
        raise ScriptRefusedError(f"{len(written.scenes)} scenes instead of four")
    style = style_of(params.style)
    seconds = scene_lengths([0, 0, 0, 0], style, params.duration)
    cta = params.cta_text or _short(written.cta, 80) or style.default_cta
    scenes = [
        Scene(
            index=place + 1,
            voiceover_text=" ".join(scene.voiceover_text.split())[:1200],
            on_screen_text=cta if place == 3 else _short(scene.on_screen_text, 120),
            camera=Camera.STILL if place == 3 else scene.camera,
            mood=_short(scene.mood, 80),
            seconds=seconds[place],
        )
        for place, scene in enumerate(written.scenes)
    ]
    first, second, third, fourth = scenes
    script = AdScript(
        hook=_short(written.hook, 120), cta=cta, scenes=(first, second, third, fourth)
    )
    try:
        return planned(script, style, params.duration)
    except ScriptTooLongError as error:
        raise ScriptRefusedError("its voiceovers are too long for the ad") from error


def _brief(params: AdParams, look: Look | None) -> str:
    style = style_of(params.style)
    rate = LETTERS_PER_SECOND * style.delivery.pace
    letters = [
        round(room_s(length) * rate * 0.8)
        for length in scene_lengths([0, 0, 0, 0], style, params.duration)
    ]
    features = (
        "\n".join(f"- {feature}" for feature in params.features) or "- none given"
    )
    seen = f"It looks {look.colour}, {look.shape}." if look else "There is no picture."
    return (
        f"Product: {params.product_name}\nShort name: {title_of(params.product_name)}\n"
        f"Features:\n{features}\n{seen}\n"
        f"Call to action: {params.cta_text or 'yours to choose, two to four words'}\n"
        f"Tone: {_TONES[params.style]}\n"
        f"Length: {params.duration} seconds. Letters at most, scene by scene: "
        f"{', '.join(map(str, letters))}.\nVariant: {params.seed}"
    )


def _small(picture: Path, folder: Path) -> Path:
    """A picture that is large enough to be read and cheap enough to be sent."""
    photo = images.decode(picture, longest_px=_PICTURE_PX)
    target = folder / "seen.jpg"
    cv2.imwrite(str(target), cv2.cvtColor(photo.rgb, cv2.COLOR_RGB2BGR))
    return target


def _short(text: str, most: int) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"
