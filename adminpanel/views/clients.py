"""Clients, as operators see them."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from adminpanel.access import role_required
from adminpanel.client_acts import acts_of, client_page
from adminpanel.client_filter import ClientFilter
from adminpanel.client_finding import Found, find
from adminpanel.client_notes import LONGEST, add_note
from adminpanel.client_panels import row_of
from adminpanel.client_standing import CHANGES
from adminpanel.client_words import State, name_of, state_of
from adminpanel.walking import LOOKED_AT
from bookings.models import Client
from bookings.views.answers import SeeOther, driver
from evbunker.errors import DomainError
from evbunker.paging import Place


class NoteForm(forms.Form):
    """What staff writes down about a client."""

    text = forms.CharField(
        label=gettext_lazy("New note"), max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Staff read it; so does the client who asks for its data. It cannot be changed later."),
    )  # fmt: skip


@require_safe
@role_required("viewer")
def clients(request: HttpRequest) -> HttpResponse:
    """Every client that fits the filters; htmx asks for more rows only."""
    form = ClientFilter(request.GET)
    wanted = form.wanted() if form.is_valid() else None
    cursor, down_to = (request.GET.get(name, "") for name in ("cursor", "down_to"))
    by_words = wanted is not None and wanted.q
    for place in () if by_words else filter(None, (cursor, down_to)):
        Place.parse(place)  # refuses it before the page has begun
    # the list says which version it is before its rows are read
    found: Any = SimpleLazyObject(lambda: find(wanted, cursor=cursor, down_to=down_to) if wanted else Found())
    context = {
        "form": form, "zone": driver(request).zone, "filtered": form.is_filtered, "cursor": cursor, "found": found,
        "lines": SimpleLazyObject(lambda: [row_of(client) for client in found.rows]), "looked_at": LOOKED_AT,
        "by_words": by_words, "may_pick": driver(request).has_role("operator"),
    }  # fmt: skip
    more_only = cursor and request.htmx  # type: ignore[attr-defined]
    response = render(request, f"adminpanel/clients/{'_more_rows' if more_only else 'list'}.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
@role_required("viewer")
def client(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """One client, and what its visitor can do."""
    return _page(request, get_object_or_404(Client, pk=client_id), NoteForm())


@require_POST
@role_required("operator")
def note(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Write a note down."""
    shown = get_object_or_404(Client, pk=client_id)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _page(request, shown, form, status=422)
    try:
        add_note(client=shown, text=form.cleaned_data["text"], author=driver(request))
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return _page(request, shown, form, status=refusal.status)
    messages.success(request, _("The note is kept."))
    return SeeOther(f"{client_page(shown)}#notes")


def _page(request: HttpRequest, shown: Client, form: NoteForm, status: int = 200) -> HttpResponse:
    actor, state = driver(request), state_of(shown)
    context = {"client": shown, "name": name_of(shown), "is_deleted": state == State.DELETED}
    if actor.has_role("operator"):
        theirs = shown.pk == actor.pk or (shown.is_staff and not actor.has_role("owner"))
        changes = [] if theirs else [change for change in CHANGES.values() if not change.why_not(shown)]
        context |= {"form": form, "acts": acts_of(shown, actor), "changes": changes}
    return render(request, "adminpanel/clients/client.html", context, status=status)
