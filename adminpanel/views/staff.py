"""Staff, as owners see and change it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from adminpanel.access import proved_lately, role_required
from adminpanel.account_mail import MailNotSent
from adminpanel.staff import invite, members_of, staff
from adminpanel.staff_acts import MEMBER
from adminpanel.staff_forms import InviteForm, RoleForm
from adminpanel.walking import Search, walk
from bookings.models import Client
from bookings.roles import OwnRole, set_role
from bookings.views.answers import SeeOther, driver
from evbunker.errors import DomainError


@require_safe
@role_required("owner")
def members(request: HttpRequest) -> HttpResponse:
    """Everybody who may see operations, the newest first."""
    found = walk(Search(staff(), "created_at", lambda one: True), cursor=request.GET.get("cursor", ""))
    context = {"members": members_of(found.rows), "next": found.next, "zone": driver(request).zone}
    return render(request, "adminpanel/staff/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("owner")
@proved_lately
def invitation(request: HttpRequest) -> HttpResponse:
    """Ask somebody to come in."""
    form = InviteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _invite(request, form)
    return _form(request, form, _("Invite somebody"), [])


def _invite(request: HttpRequest, form: InviteForm) -> HttpResponse:
    asked = form.cleaned_data
    try:
        invited = invite(email=asked["email"], name=asked["name"], role=asked["role"], actor=driver(request))
    except MailNotSent as error:
        messages.warning(request, _("The role is given, but: %(why)s “Invite again” sends it.") % {"why": error})
    except DomainError as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return _form(request, form, _("Invite somebody"), [], status=refusal.status)
    else:
        messages.success(request, _("The invitation is on its way to %(email)s.") % {"email": invited.email})
    return SeeOther(reverse("operations-staff"))


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("owner")
@proved_lately
def role(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Give one of the staff another role, at once."""
    client = get_object_or_404(Client, pk=client_id, is_staff=True)
    form = RoleForm(request.POST if request.method == "POST" else None, role=client.role() or "")
    if client.pk == driver(request).pk:
        return _form(request, None, _("Change the role"), MEMBER.facts(client), why_not=str(OwnRole.message))
    if request.method == "POST" and form.is_valid():
        try:
            set_role(client=client, role=form.cleaned_data["role"], actor=driver(request), reason=form.why)
        except DomainError as refusal:
            form.add_error(None, str(refusal))
            return _form(request, form, _("Change the role"), MEMBER.facts(client), status=refusal.status)
        messages.success(request, _("The role of %(client)s is changed.") % {"client": client})
        return SeeOther(reverse("operations-staff"))
    return _form(request, form, _("Change the role"), MEMBER.facts(client))


def _form(
    request: HttpRequest, form: InviteForm | RoleForm | None, title: str, facts: list[str], *, status: int = 200,
    why_not: str = "",
) -> HttpResponse:  # fmt: skip
    context = {
        "form": form, "title": title, "facts": facts, "why_not": why_not, "called": MEMBER.called,
        "back": reverse("operations-staff"), "invites": isinstance(form, InviteForm),
    }  # fmt: skip
    invalid = 422 if form and form.errors and status == 200 else status
    return render(request, "adminpanel/staff/form.html", context, status=409 if why_not else invalid)
