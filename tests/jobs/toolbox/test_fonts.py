import pytest

from jobs.toolbox import fonts
from jobs.toolbox.fonts import Typeface

FACE = Typeface(family="Anton", upper=True)


@pytest.mark.parametrize(
    "text", ["Aurora", "عطر الورد", "极光台灯", "🔥😀", "नमस्ते", "שלום"]
)
def test_any_script_leaves_ink(text: str) -> None:
    assert fonts.drawn([text], FACE, 48).max() == 255


def test_text_is_fitted_into_its_box() -> None:
    size, lines = fonts.fitted(
        "A rather long headline for a small box",
        FACE,
        max_width_px=300,
        max_height_px=200,
        largest_px=120,
        smallest_px=12,
    )

    assert all(fonts.width_px(line, FACE, size) <= 300 for line in lines)
    assert len(lines) * size * FACE.line_height <= 200


def test_what_cannot_fit_ends_with_an_ellipsis() -> None:
    _, lines = fonts.fitted(
        "word " * 100,
        FACE,
        max_width_px=200,
        max_height_px=80,
        largest_px=40,
        smallest_px=20,
    )

    assert lines[-1].endswith("…")


def test_arabic_is_told_to_run_from_the_right() -> None:
    assert fonts.is_right_to_left("عطر Rose")
    assert not fonts.is_right_to_left("Rose عطر")


def test_a_space_after_a_picture_is_no_wider_than_any_other() -> None:
    apart = fonts.width_px("🌿 Leaf", FACE, 100) - fonts.width_px("🌿Leaf", FACE, 100)

    space = fonts.width_px("a b", FACE, 100) - fonts.width_px("ab", FACE, 100)
    assert apart == pytest.approx(space, abs=2)
