"""How a job goes from step to step: every change of state there is, each made under the job's lock."""

from jobs.flow.changes import Change, beginning, changing, taking_up
from jobs.flow.ending import cancel, expire
from jobs.flow.failing import MOST_LOSSES, Failure, fail, gave_up, lose
from jobs.flow.reopening import approve, reopen
from jobs.flow.rows import NOT_LASTING
from jobs.flow.stages import add_cost, claim, hand_back, skip_for, succeed
from jobs.flow.steps import open_from
from jobs.flow.waits import poll_delay, wait, wait_again, wake, wake_early

__all__ = [
    "MOST_LOSSES",
    "NOT_LASTING",
    "Change",
    "Failure",
    "add_cost",
    "approve",
    "beginning",
    "cancel",
    "changing",
    "claim",
    "expire",
    "fail",
    "gave_up",
    "hand_back",
    "lose",
    "open_from",
    "poll_delay",
    "reopen",
    "skip_for",
    "succeed",
    "taking_up",
    "wait",
    "wait_again",
    "wake",
    "wake_early",
]
