"""The script of an ad: what is said, shown and how the camera moves, scene by scene."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ads.errors import BadScriptError

SCENES = 4


class Camera(StrEnum):
    """How the camera moves through a scene."""

    PUSH_IN = "push_in"
    PULL_BACK = "pull_back"
    DRIFT_LEFT = "drift_left"
    DRIFT_RIGHT = "drift_right"
    RISE = "rise"
    ORBIT = "orbit"
    CLOSE_UP = "close_up"
    STILL = "still"


Line = Annotated[str, Field(max_length=120)]


def plain(text: str) -> str:
    """A text on one line, without what can be neither shown nor said."""
    # The joiner holds together emoji that are made of several.
    kept = (sign if sign.isprintable() or sign == "\u200d" else " " for sign in text)
    return " ".join("".join(kept).split())


class Scene(BaseModel):
    """One of the four scenes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    index: int = Field(ge=1, le=SCENES)
    voiceover_text: str = Field(max_length=1200)
    on_screen_text: Line
    camera: Camera
    mood: Annotated[str, Field(max_length=80)]
    seconds: float = Field(gt=0, le=60)


class AdScript(BaseModel):
    """All that is said and shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hook: Line
    cta: Line
    scenes: tuple[Scene, Scene, Scene, Scene]


class Look(BaseModel):
    """What is seen in the product's picture."""

    colour: str
    hue: float
    saturation: float
    lightness: float
    shape: str
    # Width by height of the cut-out product.
    ratio: float
    confidence: float


class ScriptFacts(BaseModel):
    """What the later steps need of the first."""

    script: AdScript
    look: Look | None = None
    writer: str = "local"


def merged(script: AdScript, changes: Mapping[str, Any]) -> AdScript:
    """The script with a person's changes: scenes are matched by their index."""
    content = script.model_dump(mode="json")
    unknown = set(changes) - set(content)
    if unknown:
        raise BadScriptError(
            f"A script has no “{min(unknown)}”. It has hook, cta and scenes.",
            errors={name: ["Unknown field."] for name in sorted(unknown)},
        )
    scenes = {scene["index"]: scene for scene in content["scenes"]}
    edits = changes.get("scenes", [])
    if not isinstance(edits, list):
        raise BadScriptError(
            "scenes is a list of scenes, each with its index.",
            errors={"scenes": ["Send a list."]},
        )
    for place, edit in enumerate(edits, start=1):
        index = edit.get("index", place) if isinstance(edit, Mapping) else None
        if not isinstance(index, int) or index not in scenes:
            raise BadScriptError(
                f"Scene {place} is unknown. The scenes are numbered 1 to {SCENES}.",
                errors={"scenes": [f"Scene {place} is unknown."]},
            )
        scenes[index].update(_plain_values(edit))
    top = _plain_values({k: changes[k] for k in ("hook", "cta") if k in changes})
    for key, index in (("hook", 1), ("cta", SCENES)):
        # What the screen says follows, where nobody gave it words of its own.
        if key in top and scenes[index]["on_screen_text"] == content[key]:
            scenes[index]["on_screen_text"] = top[key]
    try:
        return AdScript.model_validate(
            {**content, **top, "scenes": [scenes[i] for i in sorted(scenes)]}
        )
    except ValidationError as error:
        fault = error.errors()[0]
        place_name = ".".join(str(part) for part in fault["loc"])
        raise BadScriptError(
            f"{place_name}: {fault['msg']}.", errors={place_name: [fault["msg"]]}
        ) from error


def _plain_values(edit: Mapping[str, Any]) -> dict[str, Any]:
    return {k: plain(v) if isinstance(v, str) else v for k, v in edit.items()}
