"""What a job can be asked for: one definition that validates, documents and draws its form."""

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, WithJsonSchema


class Params(BaseModel):
    """What a job of one pipeline can be asked for; an unknown name is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


P = TypeVar("P", bound=Params)
F = TypeVar("F", bound=BaseModel)

# The id of an asset of the job's owner, as a param (a mask, a transcript). The
# runtime checks whose it is, and puts its content into the cache key.
AssetRef = Annotated[str, WithJsonSchema({"type": "string", "format": "asset"})]
