"""The same work is not done twice: a stage's result serves again where all it depends on is the same."""

import hashlib
import json
from collections.abc import Sequence

from django.db.models import QuerySet

from jobs.models import Asset, Stage
from jobs.params import Params, asset_refs
from jobs.runtime.claiming import Claimed


def key_of(claimed: Claimed) -> str:
    """A digest of inputs' contents, params, engine, its version, and all earlier results."""
    step, stage, background = claimed.step, claimed.stage, claimed.background
    params = background.so_far.params
    shown = params.model_dump(mode="json")
    uses = step.uses if step.uses is not None else tuple(shown)
    relied_on = {
        "pipeline": stage.pipeline,
        "step": step.name,
        "version": step.version,
        "engine": stage.engine,
        "part": stage.part,
        "params": {name: shown[name] for name in uses},
        "assets": _contents_of(params, uses),
        "inputs": [facts.sha256 for facts in background.so_far.inputs],
        "facts": {name: list(texts) for name, texts in background.facts.items()},
        "files": [[f.step, f.role, f.sha256] for f in sorted(background.files)],
    }
    text = json.dumps(relied_on, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def find(claimed: Claimed, key: str) -> Stage | None:
    """An earlier stage of the same owner with this key, if its files are all still there."""
    earlier = (
        Stage.objects.filter(
            cache_key=key,
            owner_id=claimed.stage.owner_id,
            status=Stage.Status.SUCCEEDED,
        )
        .exclude(pk=claimed.stage.pk)
        .order_by("-finished_at")
        .first()
    )
    if earlier is None:
        return None
    lost = files_of(earlier).filter(status=Asset.Status.MISSING)
    return None if lost.exists() else earlier


def files_of(stage: Stage) -> QuerySet[Asset]:
    return Asset.objects.filter(job_id=stage.job_id, step=stage.name, part=stage.part)


def _contents_of(params: Params, uses: Sequence[str]) -> dict[str, list[str]]:
    refs = {n: ids for n, ids in asset_refs(params).items() if n in uses}
    return {
        name: list(
            Asset.objects.filter(pk__in=ids)
            .order_by("pk")
            .values_list("sha256", flat=True)
        )
        for name, ids in refs.items()
    }
