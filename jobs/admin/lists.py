"""Lists over tables of a million rows: nothing is counted to its end, nothing is listed whole."""

from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

# Who looks for older rows narrows the list; pages behind this many rows are not offered.
MOST_COUNTED = 5000
ROWS_A_PAGE = 30


class CappedPaginator(Paginator[Any]):
    """Counts as far as anybody leafs."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[: MOST_COUNTED + 1].count())


class FastAdmin(admin.ModelAdmin[Any]):
    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = ROWS_A_PAGE
    list_max_show_all = 0
    show_facets = admin.ShowFacets.NEVER
    search_help_text = "An id, or how a name begins"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        named = str(self.opts.verbose_name_plural).capitalize()
        return super().changelist_view(
            request, {"title": named, **(extra_context or {})}
        )

    def action_checkbox(self, obj: Model) -> SafeString:
        """What Django's widget draws, without a template for every row."""
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="action-select"'
            ' aria-label="Select this row for an action: {}">',
            ACTION_CHECKBOX_NAME,
            obj.pk,
            obj,
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        try:
            return queryset.filter(pk=UUID(term)), False
        except ValueError:
            return super().get_search_results(request, queryset, term)


class ReadOnlyAdmin(FastAdmin):
    """Rows that only the runtime writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False
