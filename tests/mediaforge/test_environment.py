"""Values from outside are taken when they make sense and refused in one line otherwise."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from dotenv import dotenv_values

from mediaforge import places
from mediaforge.environment import BadValueError, Environment, postgres

Read = Callable[[Environment], object]

# Read before settings are, and therefore not by them.
READ_EARLIER = {"MEDIAFORGE_VAR", "MEDIAFORGE_ENV_FILE"}


def environment(**variables: str) -> Environment:
    return Environment(variables=variables, asked={})


@pytest.mark.parametrize(
    ("value", "read", "expected"),
    [
        ("8080", lambda env: env.integer("X", 1), 8080),
        ("", lambda env: env.integer("X", 1), 1),
        ("0.25", lambda env: env.number("X", 1), 0.25),
        ("Yes", lambda env: env.flag("X", default=False), True),
        ("off", lambda env: env.flag("X", default=True), False),
        ("a, b,", lambda env: env.words("X"), ["a", "b"]),
        ('["a", "b"]', lambda env: env.words("X"), ["a", "b"]),
        ("https://a.b/", lambda env: env.origins("X"), ["https://a.b"]),
        ("/v2/", lambda env: env.path_prefix("X", "/v1"), "v2"),
        ("5/hour", lambda env: env.rate("X", "1/day"), "5/hour"),
        ("logs/a", lambda env: env.path("X", "", base=Path("/b")), Path("/b/logs/a")),
        ("/c", lambda env: env.path("X", "", base=Path("/b")), Path("/c")),
    ],
)
def test_good_values_are_taken(value: str, read: Read, expected: object) -> None:
    assert read(environment(X=value)) == expected


@pytest.mark.parametrize(
    ("value", "read", "problem"),
    [
        ("many", lambda env: env.integer("X", 1), "not a whole number"),
        ("70000", lambda env: env.integer("X", 1, most=65535), "above 65535"),
        ("-1", lambda env: env.number("X", 1), "below 0"),
        ("nan", lambda env: env.number("X", 1), "not a number"),
        ("maybe", lambda env: env.flag("X", default=False), "neither true nor false"),
        ("[1]", lambda env: env.words("X"), "strings only"),
        ("[", lambda env: env.words("X"), "not a JSON list"),
        ("example.com", lambda env: env.origins("X"), "not an origin"),
        ("ftp://a", lambda env: env.url("X"), "begins http:// or https://"),
        ("100", lambda env: env.rate("X", "1/day"), "not a rate"),
        ("a b", lambda env: env.secret("X"), "no white space"),
        ("c", lambda env: env.text("X", "a", choices=["a", "b"]), "none of a, b"),
    ],
)
def test_bad_values_are_refused_by_name(value: str, read: Read, problem: str) -> None:
    with pytest.raises(BadValueError, match=f"^X: .*{problem}"):
        read(environment(X=value))


def test_a_secret_is_not_repeated_when_it_is_refused() -> None:
    with pytest.raises(BadValueError) as refused:
        environment(X="hush hush").secret("X")

    assert "hush" not in str(refused.value)


def test_rates_are_found_by_their_prefix() -> None:
    env = environment(RATE_LIMIT_UPLOAD="2/minute", RATE_LIMIT="9/minute")

    assert env.rates("RATE_LIMIT_") == {"upload": "2/minute"}


def test_a_postgres_address_may_name_a_socket() -> None:
    database = postgres("X", "postgresql://me@/mine?host=/var/run/pg")

    assert (database["HOST"], database["NAME"], database["USER"]) == (
        "/var/run/pg",
        "mine",
        "me",
    )


def test_other_databases_are_refused() -> None:
    with pytest.raises(BadValueError, match="PostgreSQL"):
        postgres("DATABASE_URL", "sqlite:///./storage/app.db")


def start(**variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "import mediaforge.settings"],
        capture_output=True,
        text=True,
        check=False,
        cwd=places.BASE,
        env=os.environ | variables,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "80000"),
        ("DATABASE_URL", "sqlite:///./storage/app.db"),
        ("DEFAULT_PAINTERLY_STRENGTH", "1.5"),
        ("LOG_LEVEL", "LOUD"),
        ("RATE_LIMIT_UPLOAD", "lots"),
    ],
)
def test_a_bad_value_stops_the_start_with_one_line(name: str, value: str) -> None:
    done = start(**{name: value})

    assert done.returncode == 1
    assert done.stderr.startswith(f"{name}: ")
    assert done.stderr.count("\n") == 1


def test_the_example_lists_every_variable_with_its_default() -> None:
    listed = dotenv_values(places.BASE / ".env.example")
    asked = _asked_without_any_set()

    assert {k: v for k, v in listed.items() if k not in READ_EARLIER} == asked


def test_each_variable_of_the_example_is_explained() -> None:
    lines = (places.BASE / ".env.example").read_text().splitlines()
    # A vendor's variables stand together below one line.
    blocks = "\n".join(lines).split("\n\n")

    unexplained = [b for b in blocks if "=" in b and not b.lstrip().startswith("#")]
    assert unexplained == []


def test_the_example_is_a_valid_environment() -> None:
    done = start(MEDIAFORGE_ENV_FILE=".env.example")

    assert done.returncode == 0, done.stderr


def _asked_without_any_set() -> dict[str, str]:
    from django.conf import settings

    return dict(settings.ENV.asked)
