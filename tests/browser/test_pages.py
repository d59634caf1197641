"""Every page: accessible, light, and as wide as its window."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import SIZES, Stack, Studio, open_studio, signed_in

PAGES = (
    "/studio/",
    "/studio/new/",
    "/studio/new/tiny/",
    "/studio/projects/",
    "/studio/jobs/",
    "/studio/search/?q=tiny",
    "/studio/quizzes/",
    "/studio/settings/",
    "/studio/settings/keys/",
    "/studio/settings/password/",
    "/studio/settings/webhooks/",
    "/studio/settings/usage/",
    "/studio/nothing/",
    "/admin/",
    "/admin/dashboard/",
    "/admin/failures/",
    "/admin/jobs/job/",
    "/admin/jobs/stage/",
    "/admin/jobs/asset/",
    "/admin/jobs/project/",
    "/admin/jobs/worker/",
    "/admin/auth/user/",
    "/admin/auth/user/add/",
    "/admin/jobs/allowance/add/",
    "/admin/queues/",
)
MOST_BYTES = 250_000
MOST_SHIFT = 0.05
_FELT = """async () => {
  const shifts = await new Promise((done) => {
    let sum = 0;
    const watch = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
    });
    watch.observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(sum), 50);
  });
  const loaded = [
    ...performance.getEntriesByType("navigation"),
    ...performance.getEntriesByType("resource"),
  ];
  return { shifts, bytes: loaded.reduce((sum, entry) => sum + entry.encodedBodySize, 0) };
}"""


@pytest.fixture(scope="module", params=list(SIZES))
def visitor(
    request: pytest.FixtureRequest, browser: Browser, stack: Stack, session: Any
) -> Iterator[Studio]:
    """One page of each size that goes everywhere: what pages share is fetched once."""
    # As for those who ask for it: nothing is measured half-way through a movement.
    context = signed_in(browser, request.param, session, reduced_motion="reduce")
    opened = open_studio(context, stack.url)
    yield opened
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_accessible_and_light_and_fits(path: str, visitor: Studio) -> None:
    visitor.complaints.clear()
    visitor.expected = ["404"] if path.endswith("nothing/") else []
    page = visitor.go(path)

    visitor.check_accessible()
    visitor.check_fits()

    felt = page.evaluate(_FELT)
    assert felt["shifts"] < MOST_SHIFT
    assert felt["bytes"] < MOST_BYTES
    assert visitor.complaints == []
