import itertools

import pytest

from ads.engines.writer.local import write_script
from ads.errors import ScriptTooLongError
from ads.params import AdParams
from ads.script import merged
from ads.styles import StyleName, style_of
from ads.timing import END_CARD_S, beat_of, planned, scene_lengths, spans_of


@pytest.mark.parametrize("style", StyleName)
@pytest.mark.parametrize("duration", [6, 15, 30, 60])
def test_scenes_fill_the_ad_and_cut_on_the_beat(
    style: StyleName, duration: int
) -> None:
    lengths = scene_lengths([0, 0, 0, 0], style_of(style), duration)
    step = beat_of(style_of(style), duration).seconds / 2

    assert sum(lengths) == pytest.approx(duration)
    assert all(
        length / step == pytest.approx(round(length / step)) for length in lengths
    )
    assert lengths[-1] >= END_CARD_S


def test_a_scene_with_more_words_takes_time_from_the_others() -> None:
    lengths = scene_lengths([1, 11, 1, 1], style_of(StyleName.MINIMAL), 30)

    assert lengths[1] >= 11.5
    assert sum(lengths) == pytest.approx(30)


def test_too_many_words_are_refused_with_the_time_they_need() -> None:
    with pytest.raises(ScriptTooLongError, match="need about 42 s") as caught:
        scene_lengths([10, 10, 10, 10], style_of(StyleName.BOLD), 30)

    assert caught.value.needed_s == pytest.approx(42)


def test_spans_are_whole_frames_without_gaps() -> None:
    script = write_script(AdParams(product_name="Aurora", duration=15), None)

    spans = spans_of(script, 15)

    assert spans[0].first == 0
    assert spans[-1].last == 450
    assert all(a.last == b.first for a, b in itertools.pairwise(spans))


def test_an_edited_line_makes_its_scene_longer() -> None:
    params = AdParams(product_name="Aurora", style=StyleName.MINIMAL)
    script = write_script(params, None)
    long_line = "This is one long sentence about the lamp. " * 4
    edit = {"scenes": [{"index": 2, "voiceover_text": long_line}]}

    longer = planned(merged(script, edit), style_of(params.style), 30)

    assert longer.scenes[1].seconds > script.scenes[1].seconds
    assert sum(scene.seconds for scene in longer.scenes) == pytest.approx(30, abs=0.01)
