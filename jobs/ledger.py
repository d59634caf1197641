"""Money: what vendor calls are expected to cost, did cost, and may cost at most."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Case, DecimalField, F, QuerySet, Sum, When
from django.utils import timezone

from jobs.errors import BudgetExceededError
from jobs.models import Allowance, Job, Purchase

# A purchase weighs what it cost, once that is known, and its estimate until then.
_WEIGHT = Case(
    When(state=Purchase.State.SETTLED, then=F("actual_usd")),
    When(state=Purchase.State.VOID, then=F("actual_usd")),
    default=F("estimate_usd"),
    output_field=DecimalField(max_digits=14, decimal_places=6),
)


@dataclass(frozen=True, kw_only=True)
class Budget:
    """One limit, and what is taken of it already."""

    whose: str
    limit_usd: Decimal
    taken_usd: Decimal


def committed(purchases: QuerySet[Purchase]) -> Decimal:
    """Spent and reserved together."""
    total = purchases.aggregate(total=Sum(_WEIGHT))["total"]
    return Decimal(total or 0)


def spent(purchases: QuerySet[Purchase]) -> Decimal:
    total = purchases.aggregate(total=Sum("actual_usd"))["total"]
    return Decimal(total or 0)


def check_budgets(job: Job, amount_usd: Decimal) -> None:
    """Refuse a purchase that would pass a limit of the job, its owner or the server."""
    if amount_usd <= 0:
        return
    for budget in budgets_of(job):
        if budget.taken_usd + amount_usd > budget.limit_usd:
            raise BudgetExceededError(
                f"This step would cost about ${amount_usd:.2f}, and {budget.whose} of "
                f"${budget.limit_usd:.2f} has ${budget.taken_usd:.2f} taken already. "
                "Raise the budget, or choose a cheaper engine."
            )


def budgets_of(job: Job) -> list[Budget]:
    of_month = Purchase.objects.filter(created_at__gte=this_month())
    limits = (
        ("this job's budget", job_limit(job), Purchase.objects.filter(job=job)),
        (
            "your budget for this month",
            month_limit(job.owner),
            of_month.filter(owner_id=job.owner_id),
        ),
        ("this server's budget for the month", _limit("BUDGET_MONTH_USD"), of_month),
    )
    return [
        Budget(whose=whose, limit_usd=limit, taken_usd=committed(purchases))
        for whose, limit, purchases in limits
        if limit is not None
    ]


def job_limit(job: Job) -> Decimal | None:
    return job.budget_usd if job.budget_usd is not None else _limit("BUDGET_JOB_USD")


def month_limit(owner: User) -> Decimal | None:
    own = Allowance.of(owner)
    return (own and own.month_budget_usd) or _limit("BUDGET_OWNER_MONTH_USD")


def _limit(setting: str) -> Decimal | None:
    """A budget from the settings, where 0 means none."""
    amount = Decimal(str(getattr(settings, setting)))
    return amount or None


def this_month() -> datetime:
    now = timezone.now()
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
