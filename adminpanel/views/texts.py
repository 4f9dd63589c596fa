"""Contact, terms, privacy, security: the operator's words."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from adminpanel.contacting import ContactForm, can_write, write_to_operator
from adminpanel.models import Setting
from adminpanel.prose import blocks
from adminpanel.texts import TEXTS, text_of
from bookings.models import Client
from evbunker.errors import DomainError
from evbunker.ratelimit import address_of, allow


@require_safe
def text(request: HttpRequest, key: str) -> HttpResponse:
    """One of the long texts."""
    return render(request, "pages/text.html", _about(request, key))


@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest) -> HttpResponse:
    """How to reach the operator, with a form where the site can deliver it."""
    form = _form(request) if can_write() else None
    if request.method == "POST" and form is not None and form.is_valid() and _sent(request, form):
        messages.success(request, _("Your message is on its way. The answer comes by e-mail."))
        return redirect("contact")
    facts = {"form": form, "operator_email": text_of("operator_email")}
    return render(request, "pages/contact.html", _about(request, "contact") | facts)


def _sent(request: HttpRequest, form: ContactForm) -> bool:
    """Count and send the message; a refusal goes onto the form."""
    try:
        allow("contact", f"address:{address_of(request)}", f"sender:{form.cleaned_data['email'].lower()}")
        write_to_operator(sender=form.cleaned_data["email"], message=form.cleaned_data["message"])
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return False
    return True


def _form(request: HttpRequest) -> ContactForm:
    if request.method == "POST":
        return ContactForm(request.POST)
    client = request.user
    return ContactForm(initial={"email": client.email} if isinstance(client, Client) else None)


def _about(request: HttpRequest, key: str) -> dict[str, object]:
    """What every text's page shows; `edit` is for owners: the record, or None where the default shows."""
    client = request.user
    return {
        "key": key,
        "title": TEXTS[key].label,
        "blocks": blocks(text_of(key)),
        "operator_name": text_of("operator_name"),
        "may_edit": isinstance(client, Client) and client.has_role("owner"),
        "setting": Setting.objects.filter(key=key).first(),
    }
