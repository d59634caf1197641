"""A form out of the JSON schema of a pipeline's params, and params out of what was sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import QueryDict

from jobs.params import Params

# Without a word from the pipeline, this many fields stay in sight.
IN_SIGHT = 5
MOST_TO_SEE_AT_ONCE = 4
MOST_LETTERS = 34
LONG_TEXT = 200
ALWAYS_ADVANCED = ("seed",)
PREFIX = "p."

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Choice:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class Field:
    """One param, ready to be drawn; `widget` names the partial that does it."""

    name: str
    label: str
    widget: str
    value: Any
    help: str = ""
    required: bool = False
    advanced: bool = False
    choices: tuple[Choice, ...] = ()
    least: float | None = None
    most: float | None = None
    step: str = ""
    max_length: int | None = None
    # What is taken when nothing is given.
    empty: str = ""
    problems: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return PREFIX + self.name

    @property
    def id(self) -> str:
        return f"param-{self.name}"


@cache
def _schema(params: type[Params]) -> Json:
    """Read only: every form of the class shares it."""
    return params.model_json_schema()


def draw(
    params: type[Params],
    values: Mapping[str, Any],
    errors: Mapping[str, list[str]] | None = None,
) -> list[Field]:
    """The fields of a pipeline's form, filled with these values or the defaults."""
    schema = _schema(params)
    required = set(schema.get("required", ()))
    fields = []
    for place, (name, declared) in enumerate(schema.get("properties", {}).items()):
        plain = _plain(declared, schema.get("$defs", {}))
        needed = name in required
        advanced = declared.get("advanced", plain.get("advanced"))
        if advanced is None:
            hidden = name in ALWAYS_ADVANCED or name.endswith("_engine")
            advanced = hidden or place >= IN_SIGHT
        value = values.get(name, _default(params, name, declared))
        fields.append(
            _field(
                name,
                plain,
                value,
                required=needed,
                advanced=bool(advanced) and not needed,
                problems=tuple(_errors_of(name, errors or {})),
            )
        )
    return fields


def said(params: type[Params], values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Params that were given, in the words of the form they were given in."""
    told = []
    for field in draw(params, values):
        value = values.get(field.name)
        if value in (None, "", []):
            continue
        chosen = [choice.label for choice in field.choices if choice.chosen]
        told.append((field.label, ", ".join(chosen) or _in_words(value)))
    return told


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_in_words(each) for each in value)
    if isinstance(value, float):
        return f"{value:g}"
    return json.dumps(value) if isinstance(value, dict) else str(value)


def _default(params: type[Params], name: str, declared: Json) -> Any:
    """Defaults that settings decide are made when asked for: the schema has none."""
    if "default" in declared or name not in params.model_fields:
        return declared.get("default")
    field = params.model_fields[name]
    if field.is_required():
        return None
    return field.get_default(call_default_factory=True, validated_data={})


def _errors_of(name: str, errors: Mapping[str, list[str]]) -> list[str]:
    places = (name, f"params.{name}")
    return [
        text
        for place, texts in errors.items()
        if place in places or place.startswith(f"{name}.")
        for text in texts
    ]


def _plain(declared: Json, definitions: Json) -> Json:
    """References and “or nothing” resolved: the schema of what people fill in."""
    schema = dict(declared)
    if "$ref" in schema:
        schema = {**definitions[schema.pop("$ref").rsplit("/", 1)[1]], **schema}
    real = [o for o in schema.get("anyOf", ()) if o.get("type") != "null"]
    if real:
        schema = {**_plain(real[0], definitions), **schema, "optional": True}
    if "items" in schema:
        schema["items"] = _plain(schema["items"], definitions)
    # The class of an enum documents itself to programmers, not to people.
    title = declared.get("title", "")
    return {**schema, "title": title, "description": declared.get("description", "")}


def _field(
    name: str,
    schema: Json,
    value: Any,
    *,
    required: bool,
    advanced: bool,
    problems: tuple[str, ...],
) -> Field:
    options = _options(schema)
    # Codes that say nothing to people are named by the pipeline: {"0": "High"}.
    labels: Mapping[str, str] = schema.get("labels", {})
    several = schema.get("type") == "array"
    chosen = {str(v) for v in (value if isinstance(value, list) else [value])}
    if schema.get("optional") and options and not several:
        options = ["", *options]
        if value is None:
            chosen = {""}
    return Field(
        name=name,
        label=_label(name, schema["title"]),
        help=schema["description"],
        widget=_widget(schema, options, labels),
        value=_shown(value, schema),
        required=required,
        advanced=advanced,
        problems=problems,
        choices=tuple(
            Choice(
                value=str(option),
                label=labels.get(str(option)) or _option_label(option),
                chosen=str(option) in chosen,
            )
            for option in options
        ),
        least=schema.get("minimum", schema.get("exclusiveMinimum")),
        most=schema.get("maximum", schema.get("exclusiveMaximum")),
        step=_step(schema),
        max_length=schema.get("maxLength"),
        empty="Automatic" if schema.get("optional") else "",
    )


def _options(schema: Json) -> list[Any]:
    within = schema.get("items", {}) if schema.get("type") == "array" else schema
    options: list[Any] = within.get("enum", [])
    if "const" in within:
        options = [within["const"]]
    return list(options)


def _option_label(option: Any) -> str:
    if option == "":
        return "Default"
    text = str(option)
    return text if not text.islower() else text.replace("_", " ").capitalize()


def _label(name: str, title: str) -> str:
    """Pydantic's own title is the name in Title Case: sentences read calmer."""
    own = name.replace("_", " ").title()
    return name.replace("_", " ").capitalize() if title in ("", own) else title


def _widget(schema: Json, options: list[Any], labels: Mapping[str, str]) -> str:
    kind = schema.get("type")
    if schema.get("format") == "asset":
        return "asset"
    if kind == "array":
        if schema.get("items", {}).get("format") == "asset":
            return "assets"
        if options:
            return "several"
        plain = schema.get("items", {}).get("type") in ("string", "integer", "number")
        return "lines" if plain else "json"
    if options:
        said = [labels.get(str(o)) or _option_label(o) for o in options]
        short = sum(map(len, said)) <= MOST_LETTERS
        return "pick" if short and len(options) <= MOST_TO_SEE_AT_ONCE else "select"
    if kind == "boolean":
        return "switch"
    if kind in ("integer", "number"):
        # A slider always stands somewhere: what may be left open is typed.
        narrow = _is_narrow(schema) and not schema.get("optional")
        return "slider" if narrow else "number"
    if kind == "object":
        return "json"
    long = schema.get("maxLength", LONG_TEXT + 1) > LONG_TEXT
    return "text" if long and schema.get("multiline") else "line"


def _is_narrow(schema: Json) -> bool:
    least, most = schema.get("minimum"), schema.get("maximum")
    return least is not None and most is not None and most - least <= 1000


def _step(schema: Json) -> str:
    if schema.get("type") == "integer":
        return str(schema.get("multipleOf", 1))
    span = (schema.get("maximum") or 0) - (schema.get("minimum") or 0)
    return "any" if not _is_narrow(schema) else "0.01" if span <= 2 else "0.1"


def _shown(value: Any, schema: Json) -> Any:
    if isinstance(value, bool):
        return value
    if value is None:
        return ""
    if isinstance(value, list) and schema.get("items", {}).get("type") != "object":
        return "\n".join(str(line) for line in value)
    if isinstance(value, (dict, list)):
        return json.dumps(value, indent=2, ensure_ascii=False)
    return value


def read(params: type[Params], sent: QueryDict) -> Json:
    """What a sent form says of the params; what was left empty is left out."""
    values: Json = {}
    for field in draw(params, {}):
        if field.widget == "switch":
            # A switch that is off sends nothing; its hidden neighbour says it was there.
            if f"{field.key}.shown" in sent:
                values[field.name] = field.key in sent
        elif field.widget in ("several", "assets"):
            chosen = [text for text in sent.getlist(field.key) if text]
            if chosen:
                values[field.name] = chosen
        elif sent.get(field.key, "").strip():
            values[field.name] = _value(field, sent.get(field.key, ""))
    return values


def _value(field: Field, text: str) -> Any:
    if field.widget == "lines":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if field.widget == "json":
        try:
            return json.loads(text)
        except ValueError:
            # The params' own check says what is wrong, beside the field.
            return text
    if field.widget in ("pick", "select"):
        return _as_declared(text)
    return text.replace("\r\n", "\n")


def _as_declared(text: str) -> Any:
    """Choices may be numbers, which a form sends as text."""
    return int(text) if text.lstrip("-").isdigit() else text
