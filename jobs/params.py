"""What a job can be asked for: one definition that validates, documents and draws its form."""

from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, WithJsonSchema


class Params(BaseModel):
    """What a job of one pipeline can be asked for; an unknown name is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


P = TypeVar("P", bound=Params)
P_co = TypeVar("P_co", bound=Params, covariant=True)
F = TypeVar("F", bound=BaseModel)

# The id of an asset of the job's owner, as a param (a mask, a transcript). The
# runtime checks whose it is, and puts its content into the cache key.
AssetRef = Annotated[str, WithJsonSchema({"type": "string", "format": "asset"})]


def asset_refs(params: Params) -> dict[str, list[str]]:
    """The assets that params name, by param."""
    refs = {name: getattr(params, name) for name in _asset_fields(type(params))}
    return {
        name: [value] if isinstance(value, str) else list(value)
        for name, value in refs.items()
        if value
    }


@cache
def _asset_fields(kind: type[Params]) -> tuple[str, ...]:
    properties = kind.model_json_schema().get("properties", {})
    return tuple(n for n, schema in properties.items() if _names_asset(schema))


def _names_asset(schema: dict[str, Any]) -> bool:
    inner = [*schema.get("anyOf", []), schema.get("items", {})]
    return schema.get("format") == "asset" or any(
        map(_names_asset, filter(None, inner))
    )
