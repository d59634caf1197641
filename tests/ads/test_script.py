import re

import pytest

from ads.engines.writer.grammar import GRAMMAR
from ads.engines.writer.local import write_script
from ads.engines.writer.names import spoken_name, title_of
from ads.errors import BadScriptError
from ads.params import AdParams
from ads.script import AdScript, merged
from ads.styles import StyleName, style_of
from ads.timing import room_s, spoken_s

NAMES = (
    "Aurora Lamp",
    "عطر الورد الجديد",
    "极光台灯",
    "🔥🔥",
    "x" * 500,
    "Big Name " * 55,
)


def words_of(script: AdScript) -> str:
    return " ".join(scene.voiceover_text for scene in script.scenes)


@pytest.mark.parametrize("style", StyleName)
@pytest.mark.parametrize("duration", [6, 15, 30, 60])
def test_voiceovers_fit_their_scenes(style: StyleName, duration: int) -> None:
    for seed in range(12):
        params = AdParams(
            product_name="Aurora Lamp",
            style=style,
            duration=duration,
            seed=seed,
            features=["a dimmer you turn by hand", "Solid oak foot"],
        )
        for scene in write_script(params, None).scenes:
            spoken = spoken_s(scene.voiceover_text, style_of(style))
            assert spoken <= room_s(scene.seconds)


def test_the_same_seed_writes_the_same_and_another_another() -> None:
    first = write_script(AdParams(product_name="Aurora", seed=1), None)

    assert write_script(AdParams(product_name="Aurora", seed=1), None) == first
    others = [
        write_script(AdParams(product_name="Aurora", seed=s), None) for s in range(2, 8)
    ]
    assert len({words_of(script) for script in [first, *others]}) >= 6


def test_features_are_said_in_their_own_words_and_nothing_is_made_up() -> None:
    params = AdParams(product_name="Aurora", features=["Solid oak foot", "Folds flat"])

    said = words_of(write_script(params, None)).casefold()

    assert "solid oak foot" in said
    assert "folds flat" in said
    assert not re.search(r"\b(best|free|guarantee|new|award|cheap|only \d)", said)


@pytest.mark.parametrize("name", NAMES)
def test_any_name_gives_a_whole_script(name: str) -> None:
    script = write_script(AdParams(product_name=name[:500]), None)

    assert all(scene.on_screen_text for scene in script.scenes)
    assert "{" not in words_of(script)
    assert "[" not in words_of(script)


def test_every_choice_of_the_grammar_is_closed() -> None:
    for phrases in GRAMMAR.values():
        for value in vars(phrases).values():
            for text in value:
                for line in text if isinstance(text, tuple) else (text,):
                    assert line.count("[") == line.count("]")


def test_a_title_leaves_the_specifications_out() -> None:
    assert title_of("Aurora No. 12 - Eau de Parfum, 50 ml") == "Aurora No. 12"
    assert len(title_of("x" * 500)) <= 34


def test_names_that_an_english_voice_cannot_say_are_not_said() -> None:
    assert spoken_name("极光台灯") == ""
    assert spoken_name("Aurora ✨") == "Aurora"


def test_changes_merge_into_the_scenes_they_name() -> None:
    script = write_script(AdParams(product_name="Aurora"), None)

    changed = merged(
        script, {"hook": "Look!", "scenes": [{"index": 3, "voiceover_text": "Hello."}]}
    )

    assert changed.scenes[2].voiceover_text == "Hello."
    assert changed.scenes[0].on_screen_text == "Look!"
    assert changed.scenes[1] == script.scenes[1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": "x"}, "A script has no “title”"),
        ({"scenes": [{"index": 9}]}, "Scene 1 is unknown"),
        ({"scenes": [{"index": [1]}]}, "Scene 1 is unknown"),
        ({"scenes": "all"}, "scenes is a list"),
        ({"scenes": [{"index": 1, "camera": "spin"}]}, "scenes.0.camera"),
        ({"hook": "x" * 200}, "hook: "),
    ],
)
def test_changes_that_do_not_fit_are_refused(
    changes: dict[str, object], message: str
) -> None:
    script = write_script(AdParams(product_name="Aurora"), None)

    with pytest.raises(BadScriptError, match=message):
        merged(script, changes)
