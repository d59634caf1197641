"""Forms drawn from schemas, and read back."""

from enum import StrEnum
from typing import Any, Literal

from django.http import QueryDict
from pydantic import Field

from jobs.pages import fields
from jobs.params import AssetRef, Params


class Shape(StrEnum):
    WIDE = "wide"
    TALL = "tall"


class Example(Params):
    name: str = Field(max_length=100, description="What it is called.")
    shape: Shape = Shape.WIDE
    shapes: list[Shape] = [Shape.WIDE]
    quality: Literal[0, 1, 2] = Field(
        0, json_schema_extra={"labels": {"0": "High", "1": "Middle", "2": "Low"}}
    )
    strength: float = Field(0.5, ge=0, le=1)
    points: list[str] = []
    loud: bool = True
    mask: AssetRef | None = None
    seed: int = 1


def _drawn(values: dict[str, Any] | None = None) -> dict[str, fields.Field]:
    return {f.name: f for f in fields.draw(Example, values or {})}


def test_each_kind_of_param_has_its_widget() -> None:
    widgets = {name: field.widget for name, field in _drawn().items()}

    assert widgets == {
        "name": "line",
        "shape": "pick",
        "shapes": "several",
        "quality": "pick",
        "strength": "slider",
        "points": "lines",
        "loud": "switch",
        "mask": "asset",
        "seed": "number",
    }


def test_what_is_required_stays_in_sight_and_the_rest_is_folded() -> None:
    drawn = _drawn()

    assert drawn["name"].required
    assert not drawn["name"].advanced
    assert drawn["seed"].advanced


def test_codes_are_named() -> None:
    labels = [choice.label for choice in _drawn()["quality"].choices]

    assert labels == ["High", "Middle", "Low"]


def test_old_values_are_shown() -> None:
    drawn = _drawn({"shape": "tall", "points": ["a", "b"], "loud": False})

    assert [c.chosen for c in drawn["shape"].choices] == [False, True]
    assert drawn["points"].value == "a\nb"
    assert drawn["loud"].value is False


def test_a_sent_form_becomes_params() -> None:
    sent = QueryDict(mutable=True)
    sent.update(
        {
            "p.name": "Lamp",
            "p.quality": "2",
            "p.strength": "0.7",
            "p.points": "one\r\n\r\n two ",
            "p.loud.shown": "1",
            "p.mask": "",
        }
    )
    sent.setlist("p.shapes", ["wide", "tall"])

    values = fields.read(Example, sent)

    params = Example.model_validate(values)
    assert params.name == "Lamp"
    assert params.quality == 2
    assert params.strength == 0.7
    assert params.points == ["one", "two"]
    assert params.shapes == [Shape.WIDE, Shape.TALL]
    assert params.loud is False
    assert params.mask is None
