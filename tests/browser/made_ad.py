"""Puts an ad into a running stack as if it had been made: `python -m tests.browser.made_ad`.

Its films are a second of a test picture, so that its page can be looked at without
rendering anything; answers with the path of the page.
"""

import os
import sys
import tempfile
from pathlib import Path

import django

_SCENES = ("Good morning.", "Meet Aurora.", "Made to be held.", "")
_VTT = "WEBVTT\n\n00:00.000 --> 00:00.900\nMeet Aurora.\n"
_SHAPES = {"wide": "320x180", "tall": "180x320"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from django.contrib.auth.models import User
    from django.utils import timezone

    from ads.script import AdScript, Camera, Scene, ScriptFacts
    from jobs.access import ensure_project
    from jobs.files import outputs
    from jobs.models import Job, Stage
    from jobs.pipeline import OutputFile
    from jobs.toolbox import ffmpeg

    owner = User.objects.earliest("pk")
    job = Job.objects.create(
        owner=owner,
        project=ensure_project(owner, "ads"),
        pipeline="ad",
        params={"product_name": "Aurora"},
        max_attempts=1,
        retry_delay_seconds=1,
        status=Job.Status.SUCCEEDED,
        started_at=timezone.now(),
        finished_at=timezone.now(),
    )
    scenes = tuple(
        Scene(
            index=number,
            voiceover_text=words,
            on_screen_text=f"Scene {number}",
            camera=Camera.STILL,
            mood="calm",
            seconds=1,
        )
        for number, words in enumerate(_SCENES, 1)
    )
    script = AdScript(hook="Meet Aurora", cta="Try it", scenes=scenes)
    stage = Stage.objects.create(
        job=job,
        owner=owner,
        pipeline="ad",
        position=0,
        name="script_gen",
        queue="cpu",
        status=Stage.Status.SUCCEEDED,
        facts=ScriptFacts(script=script).model_dump_json(),
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for shape, size in _SHAPES.items():
            film = folder / f"{shape}.webm"
            source = ["-f", "lavfi", "-t", "1", "-i", f"testsrc2=s={size}:r=10"]
            ffmpeg.run([*source, "-c:v", "libvpx", "-deadline", "realtime", film])
            made = OutputFile(path=film, role="video", content_type="video/webm")
            outputs.keep(made, job, stage).save()
        words = folder / "ad.vtt"
        words.write_text(_VTT)
        made = OutputFile(path=words, role="captions_vtt", content_type="text/vtt")
        outputs.keep(made, job, stage).save()
    sys.stdout.write(f"/studio/jobs/{job.pk}/\n")


if __name__ == "__main__":
    main()
