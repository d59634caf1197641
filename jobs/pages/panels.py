"""What a pipeline's app adds to the pages of its jobs: an editor, a player, a viewer.

An app registers a panel from its `ready`, beside its pipelines:

    panels.register(Panel(pipelines={"quiz"}, title="Quiz", template="quizzes/_quiz.html",
                          context=quiz_of_job, module="quizzes/quiz.js"))

The template is drawn on the job's page above the files, given `job`, `outputs`
(published assets by role) and whatever `context` returns; a panel whose
`context` returns None stays away. `takes` names the roles that the panel shows
itself, so that the page does not show them a second time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.models import Asset, Job

Outputs = Mapping[str, Sequence[Asset]]


@dataclass(frozen=True, kw_only=True)
class Panel:
    pipelines: frozenset[str] | set[str]
    title: str
    template: str
    context: Callable[[Job, Outputs], Mapping[str, Any] | None]
    # Static paths of an ES module and a style sheet that the panel needs.
    module: str = ""
    styles: str = ""
    takes: frozenset[str] | set[str] = frozenset()
    # Also drawn on pages that a share link opens.
    shared: bool = True
    # Under what the job made, where that is what people come to see.
    below: bool = False


@dataclass(frozen=True, kw_only=True)
class DrawnPanel:
    """A panel with what its template is given."""

    panel: Panel
    context: Mapping[str, Any]


_panels: list[Panel] = []


def register(panel: Panel) -> None:
    _panels.append(panel)


def panels_for(job: Job, outputs: Outputs, *, shared: bool = False) -> list[DrawnPanel]:
    drawn = []
    for panel in _panels:
        if job.pipeline not in panel.pipelines or (shared and not panel.shared):
            continue
        context = panel.context(job, outputs)
        if context is not None:
            drawn.append(DrawnPanel(panel=panel, context=context))
    return drawn
