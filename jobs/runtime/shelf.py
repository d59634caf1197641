"""Brings a stage its files: inputs, assets that params name, and what earlier steps made."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from jobs.errors import UnreadableMediaError
from jobs.files import storage
from jobs.models import Asset, Job
from jobs.workbench import StepFile


class StageShelf:
    """The `Shelf` of a stage of a stored job."""

    def __init__(self, job: Job, folder: Path) -> None:
        self._job = job
        self._folder = folder

    @cached_property
    def inputs(self) -> Sequence[Asset]:
        rows = self._job.job_inputs.select_related("asset")
        assets = [row.asset for row in rows if row.asset]
        if len(assets) < len(rows):
            raise UnreadableMediaError(
                "One of this job's inputs has been deleted. Upload it again and submit a new job."
            )
        return assets

    def input_path(self, index: int) -> Path:
        return self._local(self.inputs[index])

    def asset_path(self, asset_id: str) -> Path:
        asset = Asset.objects.filter(
            pk=asset_id, project__owner_id=self._job.owner_id
        ).first()
        if asset is None:
            raise UnreadableMediaError(f"The asset {asset_id} has been deleted.")
        return self._local(asset)

    def step_files(self, step: str) -> Sequence[StepFile]:
        assets = Asset.objects.filter(job=self._job, step=step).order_by(
            "part", "created_at", "id"
        )
        return [
            StepFile(
                path=self._local(asset),
                role=asset.role,
                filename=asset.original_filename,
                part=asset.part,
            )
            for asset in assets
        ]

    def _local(self, asset: Asset) -> Path:
        return storage.local_copy(asset.storage_key, self._folder)
