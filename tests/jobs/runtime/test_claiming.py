"""Who gets the next stage, and what a claim may not do."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from jobs import presence, queues, services
from jobs.models import Allowance, Job, Priority, Stage, Worker
from jobs.pipeline import Queue
from jobs.runtime import claiming, dispatcher, ends, picking, runner
from jobs.runtime.claiming import Claimant, Claimed
from jobs.services import JobOrder

pytestmark = pytest.mark.django_db


@pytest.fixture
def claimant() -> Claimant:
    row = presence.announce(Worker.Duty.WORKER, list(Queue))
    return Claimant(worker_id=row.pk, queues=tuple(Queue))


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The stages that workers were rung for, instead of ringing."""
    told: list[int] = []
    monkeypatch.setattr(queues, "room", lambda queue, priority: queues.WINDOW)
    monkeypatch.setattr(queues, "send", lambda stage_id, *_: told.append(stage_id))
    return told


def submit(owner: User, *, priority: str = "normal", **params: object) -> Job:
    order = JobOrder(pipeline="tiny", params=params, priority=priority, cache=False)
    return services.submit(owner, order)


def claim_all(claimant: Claimant) -> list[Claimed]:
    claimed = []
    while one := claiming.claim_next(claimant):
        claimed.append(one)
    return claimed


def test_owners_take_turns(owner: User, stranger: User, claimant: Claimant) -> None:
    for _ in range(3):
        submit(owner)
    submit(stranger)

    owners = [c.job.owner_id for c in claim_all(claimant)]

    assert owners == [owner.pk, stranger.pk, owner.pk, owner.pk]


def test_owners_take_turns_over_all_queues(
    owner: User, stranger: User, claimant: Claimant
) -> None:
    first = claimant.queues[0]
    for _ in range(4):
        submit(owner)
    Stage.objects.update(queue=first)
    submit(stranger)
    Stage.objects.filter(owner=stranger).update(queue=claimant.queues[-1])

    owners = [c.job.owner_id for c in claim_all(claimant)]

    assert owners == [owner.pk, stranger.pk, owner.pk, owner.pk, owner.pk]


def test_higher_priority_goes_first(owner: User, claimant: Claimant) -> None:
    low, normal, high = (submit(owner, priority=p) for p in ("low", "normal", "high"))

    assert [c.job for c in claim_all(claimant)] == [high, normal, low]


def test_changed_priority_moves_a_job_ahead(owner: User, claimant: Claimant) -> None:
    submit(owner)
    later = submit(owner)

    services.change_priority(later, "high")

    assert claiming.claim_next(claimant).job == later


def test_owner_runs_no_more_than_allowed(owner: User, claimant: Claimant) -> None:
    Allowance.objects.create(owner=owner, running_stages=2)
    for _ in range(4):
        submit(owner)

    assert len(claim_all(claimant)) == 2


def test_message_for_an_owner_at_his_limit_is_sent_again_later(
    owner: User, claimant: Claimant, sent: list[int]
) -> None:
    Allowance.objects.create(owner=owner, running_stages=1)
    submit(owner)
    first = claiming.claim_next(claimant)
    stage = submit(owner).stages.get(name="prepare")
    Stage.objects.filter(pk=stage.pk).update(sent_at=timezone.now())

    assert claiming.claim_this(claimant, stage.pk, 1) is None
    ends.hand_back(first)
    services.cancel(first.job)
    dispatcher.send_due()

    assert sent == [stage.pk]


def test_worker_takes_only_what_its_queues_hold(owner: User) -> None:
    row = presence.announce(Worker.Duty.WORKER, [Queue.GPU])
    submit(owner)

    claimant = Claimant(worker_id=row.pk, queues=(Queue.GPU,))

    assert claiming.claim_next(claimant) is None


def test_stage_is_claimed_once(owner: User, claimant: Claimant) -> None:
    stage = submit(owner).stages.get(name="prepare")

    assert claiming.claim_this(claimant, stage.pk, 1) is not None
    assert claiming.claim_this(claimant, stage.pk, 1) is None


def test_message_of_an_earlier_attempt_claims_nothing(
    owner: User, claimant: Claimant
) -> None:
    stage = submit(owner).stages.get(name="prepare")
    ends.hand_back(claiming.claim_this(claimant, stage.pk, 1))

    assert claiming.claim_this(claimant, stage.pk, 1) is None
    assert not picking.still_due(stage.pk, 1).exists()
    assert claiming.claim_this(claimant, stage.pk, 2) is not None


def test_worker_thought_dead_changes_nothing(owner: User, claimant: Claimant) -> None:
    job = submit(owner)
    zombie = claiming.claim_next(claimant)
    Stage.objects.filter(pk=zombie.stage.pk).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )
    dispatcher.take_back_lost()
    seq = Job.objects.get(pk=job.pk).seq

    assert runner.run(claimant, zombie) is None

    job.refresh_from_db()
    assert job.seq == seq
    assert job.stages.get(name="prepare").status == Stage.Status.QUEUED
    assert not job.files.exists()


def test_lost_message_is_sent_again(owner: User, sent: list[int]) -> None:
    stage = submit(owner).stages.get(name="prepare")
    just_now = timezone.now()

    Stage.objects.filter(pk=stage.pk).update(sent_at=just_now)
    dispatcher.send_due()
    Stage.objects.filter(pk=stage.pk).update(sent_at=just_now - dispatcher.LOST_AFTER)
    dispatcher.send_due()

    assert sent == [stage.pk]


def test_lines_are_served_by_priority(owner: User) -> None:
    for priority in ("low", "high"):
        submit(owner, priority=priority)

    lines = picking.occupied_lines(list(Queue))

    assert lines == [("cpu", Priority.HIGH), ("cpu", Priority.LOW)]
