"""A script changed by a person: merged, checked, and brought onto the beat again."""

from collections.abc import Mapping
from typing import Any

from ads.params import AdParams
from ads.script import ScriptFacts, merged
from ads.styles import style_of
from ads.timing import planned
from jobs.models import Job


def edited(job: Job, facts: ScriptFacts, changes: Mapping[str, Any]) -> ScriptFacts:
    """The script with a person's changes, its scenes as long as their words need."""
    params = AdParams.model_validate(job.params)
    style = style_of(params.style)
    script = merged(facts.script, changes)
    if not script.cta:
        # As in an order: who gives no call to action gets the style's own.
        script = merged(script, {"cta": style.default_cta})
    script = planned(script, style, params.duration)
    return facts.model_copy(update={"script": script})
