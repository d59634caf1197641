"""Which of fal's models a job asks for; light, since declarations ask it too."""

from jobs.vendors.fal import ENDPOINTS, Endpoint
from scans.params import FalModel, ModelParams


def endpoint_of(params: ModelParams, photos: int) -> Endpoint:
    """The model that was asked for; several photos of one object go to one that takes them."""
    if params.model in (FalModel.TRELLIS, FalModel.TRELLIS_MULTI):
        name = (
            "trellis_multi"
            if photos > 1 or params.model is FalModel.TRELLIS_MULTI
            else "trellis"
        )
        return ENDPOINTS[name]
    return ENDPOINTS[params.model.value]
