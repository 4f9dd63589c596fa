"""Tariffs: everybody of the staff reads them, owners write. What a change means is said before it is made."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from adminpanel.access import proved_lately, role_required
from adminpanel.editing import SEEN, Meanwhile, digest, id_of, save_seen, seen_of
from adminpanel.setting_values import usual_policy
from adminpanel.tariff_assigning import users_of
from adminpanel.tariff_forms import TariffForm, example, field_in_words
from bookings.models import Tariff
from bookings.policy import policy_in_words
from bookings.stations import TARIFF_FIELDS, save_tariff
from bookings.views.answers import SeeOther, driver
from evbunker.errors import DomainError
from evbunker.models import new_id

USERS_SHOWN = 20


@require_safe
@role_required("viewer")
def tariffs(request: HttpRequest) -> HttpResponse:
    """All tariffs, by name, with where each is used."""
    found = [{"tariff": one, **_facts(one)} for one in Tariff.objects.order_by("name")]
    return _render(request, "list", {"found": found})


@require_safe
@role_required("viewer")
def tariff(request: HttpRequest, tariff_id: UUID) -> HttpResponse:
    """One tariff: what it charges, its policy in words, an example, who uses it."""
    shown = get_object_or_404(Tariff, pk=tariff_id)
    return _render(request, "tariff", {"tariff": shown, **_facts(shown)})


def _facts(tariff: Tariff) -> dict[str, Any]:
    stations, more = users_of(tariff, USERS_SHOWN)
    policy = policy_in_words(tariff.free_cancel_hours, tariff.late_refund_bp, tariff.no_show_fee_bp)
    return {"example": example(tariff), "policy": policy, "stations": stations, "more": more}


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("owner")
@proved_lately
def new_tariff(request: HttpRequest) -> HttpResponse:
    """One form makes one tariff, however often it is sent. Its policy begins with the usual one of the settings."""
    made = id_of(request.POST.get("id", "")) or new_id()
    if request.method == "POST" and Tariff.objects.filter(pk=made).exists():
        return SeeOther(reverse("operations-tariff", args=[made]))
    return _edit(request, Tariff(pk=made, **usual_policy()))


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("owner")
@proved_lately
def edit_tariff(request: HttpRequest, tariff_id: UUID) -> HttpResponse:
    return _edit(request, get_object_or_404(Tariff, pk=tariff_id))


def _edit(request: HttpRequest, kept: Tariff) -> HttpResponse:
    is_new = kept._state.adding
    form = TariffForm(request.POST if request.method == "POST" else None, tariff=kept)
    if request.method != "POST" or not form.is_valid():
        return _form_page(request, kept, form, status=422 if form.errors else 200)
    try:
        if not is_new and request.POST.get(SEEN) != seen_of(kept):
            raise Meanwhile
        changes = _changes(kept, form.proposed())
        if request.POST.get("agreed") != digest([*changes_said(changes), "."]):
            return _form_page(request, kept, form, changes=changes, sure=True)
        _save(request, kept, form)
    except Meanwhile as error:
        now = get_object_or_404(Tariff, pk=kept.pk)
        return _form_page(request, now, form, error=error, differs=_changes(now, form.proposed()))
    except DomainError as error:
        return _form_page(request, kept, form, error=error)
    messages.success(request, _("The tariff %(name)s is saved.") % {"name": form.cleaned_data["name"]})
    return SeeOther(reverse("operations-tariff", args=[kept.pk]))


def _save(request: HttpRequest, kept: Tariff, form: TariffForm) -> None:
    def save(record: Tariff) -> None:
        save_tariff(tariff=record, actor=driver(request))

    save_seen(kept, seen=request.POST.get(SEEN, ""), fields=form.fields_to_save(), save=save)


def _changes(kept: Tariff, proposed: Tariff) -> list[tuple[Any, str, str]]:
    """Label, what it was ("" of a new tariff), what it will be."""
    is_new = kept._state.adding
    changed = [name for name in TARIFF_FIELDS if is_new or getattr(kept, name) != getattr(proposed, name)]
    label = TariffForm(tariff=kept).fields
    return [
        (label[name].label, "" if is_new else field_in_words(kept, name), field_in_words(proposed, name))
        for name in changed
    ]


def changes_said(changes: list[tuple[Any, str, str]]) -> list[str]:
    return [f"{label}: {was} > {will}" for label, was, will in changes]


def _form_page(
    request: HttpRequest, kept: Tariff, form: TariffForm, *, sure: bool = False, status: int = 200, **also: Any
) -> HttpResponse:
    is_new = kept._state.adding
    error = also.get("error")
    context = {
        "tariff": kept, "form": form, "is_new": is_new, "sure": sure, "seen": "" if is_new else seen_of(kept),
        "back": reverse("operations-tariffs") if is_new else reverse("operations-tariff", args=[kept.pk]),
        "before": None if is_new else example(kept), **also,
    }  # fmt: skip
    if sure:
        proposed = form.proposed()
        policy = policy_in_words(proposed.free_cancel_hours, proposed.late_refund_bp, proposed.no_show_fee_bp)
        stations, more = users_of(kept, USERS_SHOWN)
        context |= {"example": example(proposed), "policy": policy, "stations": stations, "more": more}
        context["agreed"] = digest([*changes_said(also["changes"]), "."])
    return _render(request, "form", context, status=error.status if error else status)


def _render(request: HttpRequest, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    known = {"is_owner": driver(request).has_role("owner")}
    return render(request, f"adminpanel/tariffs/{name}.html", known | context, status=status)
