from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ads import stages
from ads.engines import claude, speaking
from ads.errors import ScriptRefusedError
from ads.params import AdParams
from ads.script import ScriptFacts
from jobs.errors import (
    VendorOutcomeUnknownError,
    VendorRefusedError,
    VendorUnavailableError,
)
from jobs.toolbox import audio
from jobs.vendors.elevenlabs import ElevenLabsClient, VoiceSettings
from tests.benches import ListRecorder, make_bench
from tests.vendors.anthropic import AnthropicEmulator, anthropic_emulator
from tests.vendors.elevenlabs import ElevenLabsEmulator, elevenlabs_emulator
from tests.vendors.openai import KEY, OpenAI, Trouble, emulator

SCRIPT = {
    "hook": "A calmer light",
    "cta": "See it",
    "scenes": [
        {
            "voiceover_text": f"This is line {number}.",
            "on_screen_text": f"Line {number}",
            "camera": "push_in",
            "mood": "calm",
        }
        for number in range(1, 5)
    ],
}


@pytest.fixture
def anthropic(settings: Any) -> Iterator[AnthropicEmulator]:
    with anthropic_emulator() as emulator:
        emulator.answer = SCRIPT
        settings.ANTHROPIC_API_KEY = "key"
        settings.ANTHROPIC_BASE_URL = emulator.url
        yield emulator


@pytest.fixture
def elevenlabs(settings: Any) -> Iterator[ElevenLabsEmulator]:
    with elevenlabs_emulator() as emulator:
        settings.ELEVENLABS_API_KEY = "key"
        settings.ELEVENLABS_BASE_URL = emulator.url
        yield emulator


@pytest.fixture
def openai(settings: Any, tmp_path: Path) -> Iterator[OpenAI]:
    with emulator() as vendor:
        settings.OPENAI_API_KEY = KEY
        settings.OPENAI_BASE_URL = vendor.url
        vendor.recording = two_sentences(tmp_path / "spoken.wav").read_bytes()
        yield vendor


def two_sentences(path: Path) -> Path:
    """A hum of 0.7 s, a pause of 0.4 s, a hum of 0.8 s, with silence around."""
    sound = audio.silence(2.4)
    time = np.arange(round(2.4 * sound.rate_hz)) / sound.rate_hz
    hum = 0.3 * np.sin(2 * np.pi * 180 * time)
    said = ((time > 0.25) & (time < 0.95)) | ((time > 1.35) & (time < 2.15))
    sound.samples[:, 0] = np.where(said, hum, 0)
    return audio.write_wav(path, sound)


def recorder_of(bench: object) -> ListRecorder:
    recorder = bench.recorder  # type: ignore[attr-defined]
    assert isinstance(recorder, ListRecorder)
    return recorder


def test_claude_writes_the_script_and_its_cost_is_booked(
    anthropic: AnthropicEmulator, product: Path, tmp_path: Path
) -> None:
    params = AdParams(product_name="Aurora")
    bench = make_bench(params, tmp_path / "work", inputs=[product], engine="anthropic")

    facts = stages.write_script(bench).facts

    assert isinstance(facts, ScriptFacts)
    assert facts.script.scenes[1].voiceover_text == "This is line 2."
    assert facts.script.scenes[3].camera == "still"
    sent = anthropic.requests[0]
    assert sent["messages"][0]["content"][0]["type"] == "image"
    assert sent["system"][0]["cache_control"] == {"type": "ephemeral"}
    assert "output_config" in sent
    spent = recorder_of(bench).spent["script"]
    assert float(spent) == pytest.approx((1650 * 2 + 600 * 10) / 1e6)


def test_a_busy_claude_is_asked_again_later_and_told_when(
    anthropic: AnthropicEmulator, tmp_path: Path
) -> None:
    anthropic.failures = [(429, "rate_limit_error", {"retry-after": "7"})]
    bench = make_bench(
        AdParams(product_name="A"), tmp_path / "work", engine="anthropic"
    )

    with pytest.raises(VendorUnavailableError) as caught:
        claude.write_script(bench, None, None)

    assert caught.value.retry_after
    assert caught.value.retry_after.total_seconds() == 7
    assert len(anthropic.requests) == 1


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (401, "authentication_error", "ANTHROPIC_API_KEY"),
        (402, "billing_error", "no credit"),
        (404, "not_found_error", "ANTHROPIC_MODEL"),
    ],
)
def test_what_claude_refuses_is_not_retried(
    anthropic: AnthropicEmulator, tmp_path: Path, status: int, kind: str, message: str
) -> None:
    anthropic.failures = [(status, kind, {})]
    bench = make_bench(
        AdParams(product_name="A"), tmp_path / "work", engine="anthropic"
    )

    with pytest.raises(VendorRefusedError, match=message):
        claude.write_script(bench, None, None)


def test_a_cut_answer_is_worth_another_try(
    anthropic: AnthropicEmulator, tmp_path: Path
) -> None:
    anthropic.cut_at, anthropic.stop_reason = 40, "max_tokens"
    bench = make_bench(
        AdParams(product_name="A"), tmp_path / "work", engine="anthropic"
    )

    with pytest.raises(VendorUnavailableError, match="cut short"):
        claude.write_script(bench, None, None)

    # Its tokens were charged for, although nothing was got for them.
    spent = recorder_of(bench).spent["script, in vain (1)"]
    assert float(spent) == pytest.approx((1650 * 2 + 600 * 10) / 1e6)


def test_an_answer_lost_on_its_way_is_not_bought_again(
    anthropic: AnthropicEmulator, tmp_path: Path
) -> None:
    anthropic.hangs_up = True
    bench = make_bench(
        AdParams(product_name="A"), tmp_path / "work", engine="anthropic"
    )

    with pytest.raises(VendorOutcomeUnknownError, match="may have been charged"):
        claude.write_script(bench, None, None)

    assert len(anthropic.requests) == 1


def test_a_claude_that_cannot_be_reached_is_asked_again(
    settings: Any, tmp_path: Path
) -> None:
    settings.ANTHROPIC_API_KEY = "key"
    settings.ANTHROPIC_BASE_URL = "http://127.0.0.1:9"
    bench = make_bench(
        AdParams(product_name="A"), tmp_path / "work", engine="anthropic"
    )

    with pytest.raises(VendorUnavailableError, match="could not be reached"):
        claude.write_script(bench, None, None)


def test_a_script_of_three_scenes_is_no_script(
    anthropic: AnthropicEmulator, tmp_path: Path
) -> None:
    anthropic.answer = SCRIPT | {"scenes": SCRIPT["scenes"][:3]}  # type: ignore[index]
    bench = make_bench(
        AdParams(product_name="A"), tmp_path / "work", engine="anthropic"
    )

    with pytest.raises(ScriptRefusedError, match="3 scenes"):
        claude.write_script(bench, None, None)


def test_elevenlabs_speaks_with_the_time_of_each_word(
    elevenlabs: ElevenLabsEmulator, tmp_path: Path
) -> None:
    bench = make_bench(
        AdParams(product_name="A"), tmp_path / "work", engine="elevenlabs"
    )

    line = speaking.speak(bench, "This is Aurora.", number=2, room_s=6)

    assert [word.text for word in line.words] == ["This", "is", "Aurora."]
    assert line.words[1].start_s == pytest.approx(5 * 0.06, abs=0.03)
    assert elevenlabs.keys == ["key"]
    assert "/with-timestamps" in elevenlabs.paths[0]
    assert float(recorder_of(bench).spent["voice of scene 2"]) == pytest.approx(0.0015)


def test_words_get_times_when_the_vendor_gives_none(
    elevenlabs: ElevenLabsEmulator, tmp_path: Path
) -> None:
    elevenlabs.with_alignment = False
    bench = make_bench(
        AdParams(product_name="A"), tmp_path / "work", engine="elevenlabs"
    )

    line = speaking.speak(bench, "This is Aurora.", number=1, room_s=6)

    assert [word.text for word in line.words] == ["This", "is", "Aurora."]
    assert line.words[-1].end_s <= line.sound.duration_s


@pytest.mark.parametrize(
    ("status", "detail", "error", "message"),
    [
        (
            401,
            {"status": "quota_exceeded", "message": "x"},
            VendorRefusedError,
            "credit",
        ),
        (402, {"code": "insufficient_credits"}, VendorRefusedError, "credit"),
        (401, {"code": "invalid_api_key"}, VendorRefusedError, "ELEVENLABS_API_KEY"),
        (404, {"code": "voice_not_found"}, VendorRefusedError, "ELEVENLABS_VOICE_ID"),
        (
            422,
            [{"loc": ["body"], "msg": "field required"}],
            VendorRefusedError,
            "field required",
        ),
        (429, {"code": "system_busy"}, VendorUnavailableError, "busy"),
        (503, "maintenance", VendorUnavailableError, "busy"),
    ],
)
def test_elevenlabs_errors_become_ours(
    elevenlabs: ElevenLabsEmulator,
    status: int,
    detail: object,
    error: type[Exception],
    message: str,
) -> None:
    elevenlabs.failures = [(status, detail)]

    with pytest.raises(error, match=message):
        ElevenLabsClient.from_settings().speak("Hi.", settings=VoiceSettings(), seed=1)

    assert len(elevenlabs.requests) == 1


def test_a_broken_recording_is_worth_another_try(
    elevenlabs: ElevenLabsEmulator,
) -> None:
    elevenlabs.broken_audio = True

    with pytest.raises(VendorUnavailableError, match="cannot be read") as caught:
        ElevenLabsClient.from_settings().speak("Hi.", settings=VoiceSettings(), seed=1)

    assert float(caught.value.cost_usd) == pytest.approx(0.0003)


def test_a_line_lost_on_its_way_is_not_bought_again(
    elevenlabs: ElevenLabsEmulator, tmp_path: Path
) -> None:
    elevenlabs.hangs_up = True
    bench = make_bench(
        AdParams(product_name="A"), tmp_path / "work", engine="elevenlabs"
    )

    with pytest.raises(VendorOutcomeUnknownError, match="may have been charged"):
        speaking.speak(bench, "This is Aurora.", number=1, room_s=6)

    assert len(elevenlabs.requests) == 1


def test_openai_speaks_and_its_words_get_their_times(
    openai: OpenAI, tmp_path: Path
) -> None:
    bench = make_bench(AdParams(product_name="A"), tmp_path / "work", engine="openai")

    line = speaking.speak(bench, "Here it is. This is Aurora.", number=3, room_s=6)

    assert openai.asked[0]["input"] == "Here it is. This is Aurora."
    assert openai.asked[0]["voice"]
    # The pause in the recording parts the two sentences.
    assert line.words[2].end_s == pytest.approx(0.7, abs=0.06)
    assert line.words[3].start_s == pytest.approx(1.1, abs=0.06)
    assert line.words[-1].end_s == pytest.approx(1.9, abs=0.06)
    assert recorder_of(bench).spent["voice of scene 3"] > 0


@pytest.mark.parametrize(
    ("trouble", "error", "message"),
    [
        (Trouble(status=429, code="rate_limit"), VendorUnavailableError, "busy"),
        (Trouble(status=429, code="insufficient_quota"), VendorRefusedError, "credit"),
        (Trouble(status=404, code="model_not_found"), VendorRefusedError, "refused"),
        (Trouble(hang_up=True), VendorOutcomeUnknownError, "may have been charged"),
    ],
)
def test_openais_troubles_reach_the_voice(
    openai: OpenAI,
    tmp_path: Path,
    trouble: Trouble,
    error: type[Exception],
    message: str,
) -> None:
    openai.troubles.append(trouble)
    bench = make_bench(AdParams(product_name="A"), tmp_path / "work", engine="openai")

    with pytest.raises(error, match=message):
        speaking.speak(bench, "Hi.", number=1, room_s=6)

    assert not recorder_of(bench).spent
