"""What every page of the Django admin has in common: looks at records through indexes and changes them by services."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ShowFacets
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from evbunker.db import newest
from evbunker.errors import DomainError
from evbunker.models import Change, Record, Relay

PAGE = 100
OLDER = "before"


class RecordList(ChangeList):  # type: ignore[misc]
    """A page of records, the last made first, found by the index of their ids: nothing is counted, joined or sorted.

    `?before=<id>` names the page after the record with that id; it takes the place of page numbers.
    """

    next = ""

    def get_filters_params(self, params: dict[str, Any] | None = None) -> dict[str, Any]:
        return {name: value for name, value in super().get_filters_params(params).items() if name != OLDER}

    def get_results(self, request: HttpRequest) -> None:
        rows = newest(self._older(request.GET.get(OLDER, "")), by="id", limit=PAGE + 1)
        self.result_list = rows[:PAGE]
        self.result_count = self.full_result_count = len(self.result_list)
        self.show_full_result_count = self.can_show_all = self.multi_page = self.show_admin_actions = False
        self.paginator = self.model_admin.get_paginator(request, self.result_list, PAGE)
        if len(rows) > PAGE:
            self.next = self.get_query_string({OLDER: self.result_list[-1].pk.hex})

    def _older(self, before: str) -> QuerySet[Model]:
        found, rows = uuid_of(before), self.queryset
        older: QuerySet[Model] = rows.filter(pk__lt=found) if found else rows
        return older


class RecordForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form that does not overwrite what somebody, or a job, changed while it was open."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "seen" in self.fields:
            self.initial["seen"] = self.instance.updated_at.isoformat()

    def clean(self) -> dict[str, Any]:
        if self.instance.pk and not self.instance._state.adding and "seen" in self.changed_data:
            raise forms.ValidationError(_("This record was changed meanwhile. Open it again to see how it is now."))
        return super().clean() or self.cleaned_data


class RecordAdmin(ModelAdmin):  # type: ignore[misc]
    """Looking is for viewers. Changing needs `changed_by`, adding `added_by`: the least role, None for nobody.

    Every save calls a service, which writes the audit trail; so Django's own log stays empty and "History" shows ours.
    """

    changed_by: str | None = None
    added_by: str | None = None
    editable: tuple[str, ...] = ()
    """Fields of the form; all others are shown and not changed."""
    hidden: tuple[str, ...] = ()
    """Fields that nobody sees: secrets, and what only machines read."""
    linked_by: tuple[str, ...] = ()
    """Fields that a link may filter by, as in `?client=<id>`; each has an index."""
    found_by = ""
    """The field with the id of what these records belong to: a search for an id looks there too."""

    actions = None
    list_per_page = PAGE
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    sortable_by = ()
    search_fields: tuple[str, ...] = ("id",)
    search_help_text = _("Search by id.")
    change_list_template = "adminpanel/records.html"

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return has_role(request, "viewer")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return has_role(request, "viewer")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.changed_by is not None and has_role(request, self.changed_by)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.added_by is not None and has_role(request, self.added_by)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[RecordList]:
        return RecordList

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        if obj is None:
            return list(self.editable)
        names = [field.name for field in self.model._meta.concrete_fields]
        others = [name for name in names if name not in {*self.editable, *self.hidden}]
        guard = ["seen"] if issubclass(self.form, RecordForm) and self.has_change_permission(request, obj) else []
        return [*self.editable, "related", *others, *guard]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [name for name in self.get_fields(request, obj) if name not in {*self.editable, "seen"}]

    @admin.display(description=_("Related records"))
    def related(self, record: Record) -> SafeString:
        """Links to the lists of what belongs to this record, in whichever app."""
        links = [
            (reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"), name, record.pk, label)
            for model, name, label in _relations(self.admin_site, type(record))
        ]
        return format_html_join(" · ", '<a class="text-primary-600" href="{}?{}={}">{}</a>', links)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        return (self.search(queryset, term) if term else queryset), False

    def search(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """The rows that `term` may mean, by indexed fields only."""
        found = uuid_of(term)
        if found is None:
            return queryset.none()
        itself = queryset.filter(pk=found)
        return itself if not self.found_by or itself.exists() else queryset.filter(**{self.found_by: found})

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only filters that stand beside the list, and links from other records: all of them by an index."""
        return lookup.removesuffix("__exact") in {*self.linked_by, *self.list_filter}

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The form; a refusal of the service is shown above it, unsaved."""
        try:
            response: HttpResponse = super().changeform_view(request, *args, **kwargs)
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        return response

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        return HttpResponseRedirect(f"{reverse('admin:evbunker_change_changelist')}?record_id={object_id}")

    def log_addition(self, request: HttpRequest, obj: Model, message: object) -> None:
        """The service wrote a Change."""

    def log_change(self, request: HttpRequest, obj: Model, message: object) -> None:
        """The service wrote a Change."""


@admin.register(Change)
class ChangeAdmin(RecordAdmin):
    """The audit trail: nobody changes it."""

    list_display = ("created_at", "actor", "action", "record_type", "record_id", "reason")
    linked_by = ("record_id",)
    found_by = "record_id"
    search_help_text = _("Search by the id of a change or of the record it is about.")


@admin.register(Relay)
class RelayAdmin(RecordAdmin):
    list_display = ("name", "holder", "counter", "told_until")


def environment(request: HttpRequest) -> list[Any]:
    """What stands beside the title of every page of the admin."""
    return [_("Times in UTC"), "info"]


def _relations(site: admin.AdminSite, target: type[Record]) -> list[tuple[type[Model], str, str]]:
    """Records that have a link to `target` by which their list can be filtered: model, field, plural."""
    return [
        (model, name, str(model._meta.verbose_name_plural))
        for model, shown in site._registry.items()
        for name in getattr(shown, "linked_by", ())
        if getattr(model._meta.get_field(name), "related_model", None) is target
    ]


def uuid_of(text: str) -> UUID | None:
    """The id that `text` spells, with or without hyphens."""
    try:
        return UUID(text.strip())
    except ValueError:
        return None


def starting_with(field: str, beginning: str) -> dict[str, str]:
    """A filter for values that begin so, as a range that both engines find by an index."""
    return {f"{field}__gte": beginning, f"{field}__lt": beginning + "\U0010ffff"}


def has_role(request: HttpRequest, least: str) -> bool:
    client: Any = request.user
    return bool(client.is_authenticated and client.has_role(least))
