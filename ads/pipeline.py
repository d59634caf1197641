"""How an ad is made: written, spoken, filmed, put together."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ads import costs
from ads.params import AdParams
from ads.script import ScriptFacts
from jobs.later import Later
from jobs.pipeline import InputRule, Kind, Pipeline, SoFar, Step

if TYPE_CHECKING:
    from ads import stages
    from ads.engines import sample
else:
    stages = Later("ads.stages")
    sample = Later("ads.engines.sample")


def _scenes(so_far: SoFar[AdParams]) -> Sequence[str]:
    from ads.stages import SCENE_PARTS

    return SCENE_PARTS


def _summary(so_far: SoFar[AdParams]) -> Mapping[str, Any]:
    from ads.stages import AdFacts

    written = so_far.facts("script_gen", ScriptFacts)
    made = so_far.facts("compositing", AdFacts)
    return {"script": written.script.model_dump(mode="json"), **made.model_dump()}


AD: Pipeline[AdParams] = Pipeline(
    slug="ad",
    title="Product ad",
    description=(
        "A product's name and picture become a finished video ad with script, voice, "
        "music and captions, in four styles and three shapes."
    ),
    params=AdParams,
    inputs=InputRule(kinds=frozenset({Kind.IMAGE}), at_least=0, at_most=1),
    home_project="ads",
    steps=(
        Step(
            name="script_gen",
            run=stages.write_script,
            title="Script",
            engines=("anthropic", "local"),
            engine_param="script_engine",
            weight=1,
            timeout=timedelta(minutes=10),
            uses=("product_name", "style", "cta_text", "features", "duration", "seed"),
            estimate=costs.script,
        ),
        Step(
            name="voice_gen",
            run=stages.speak_scene,
            title="Voice",
            engines=("elevenlabs", "openai", "local"),
            engine_param="voice_engine",
            weight=1.5,
            timeout=timedelta(minutes=10),
            parts=_scenes,
            after_review=True,
            uses=("style", "duration", "seed"),
            estimate=costs.voice,
        ),
        Step(
            name="video_gen",
            version=4,
            run=stages.film_scene,
            title="Scenes",
            engines=("replicate", "local"),
            engine_param="video_engine",
            weight=8,
            timeout=timedelta(minutes=60),
            parts=_scenes,
            cancel=stages.cancel_scene,
            estimate=costs.video,
        ),
        Step(
            name="compositing",
            run=stages.compose_ad,
            title="Finish",
            weight=1.5,
            timeout=timedelta(minutes=30),
            estimate=costs.compositing,
        ),
    ),
    summarize=_summary,
    sample=sample.draw_sample,
    sample_params={
        "product_name": "Morning Cup",
        "style": "minimal",
        "features": ["Hand-glazed stoneware", "Holds 300 ml"],
        "duration": 15,
    },
)
