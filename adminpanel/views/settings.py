"""Settings: everybody of the staff reads them, owners write, each thing on a page of its own."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from adminpanel import setting_facts
from adminpanel.access import proved_lately, role_required
from adminpanel.models import Setting
from adminpanel.prose import blocks
from adminpanel.setting_forms import FiguresForm, LimitsForm, PolicyForm, TextForm
from adminpanel.setting_values import booking_limits, set_figures, usual_policy, written
from adminpanel.texts import TEXTS, ChangedMeanwhile, set_text
from bookings.policy import policy_in_words
from bookings.views.answers import SeeOther, driver

FORMS: dict[str, type[FiguresForm]] = {"limits": LimitsForm, "policy": PolicyForm}
PREVIEW = "preview"


@require_safe
@role_required("viewer")
def settings(request: HttpRequest) -> HttpResponse:
    """Everything that is set, here or where the server runs."""
    texts = dict(Setting.objects.filter(key__in=list(TEXTS)).values_list("key", "value"))
    context = {
        "texts": [(key, text, texts.get(key, "")) for key, text in TEXTS.items()],
        "limits": booking_limits(), "fixed": setting_facts.fixed_limits(),
        "usual": policy_in_words(**usual_policy()),
        "policies": [(policy_in_words(**terms), tariffs) for terms, tariffs in setting_facts.policies()],
        "letters": setting_facts.LETTERS, "gateways": setting_facts.gateways(),
        "guards": setting_facts.guards(), "engines": setting_facts.engines(),
        "is_owner": driver(request).has_role("owner"), "zone": driver(request).zone,
    }  # fmt: skip
    return render(request, "adminpanel/settings/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("owner")
@proved_lately
def text(request: HttpRequest, key: str) -> HttpResponse:
    """One text: a long one is shown as visitors will see it before it is saved."""
    if key not in TEXTS:
        raise Http404
    kept = Setting.objects.filter(key=key).first()
    form = TextForm(request.POST if request.method == "POST" else None, key=key, written=kept.value if kept else "")
    if request.method != "POST" or not form.is_valid() or request.POST.get("step") == PREVIEW:
        return _text_page(request, key, form)
    value, seen = form.cleaned_data["value"], form.cleaned_data["seen"]
    try:
        set_text(key=key, value=value, actor=driver(request), seen=seen)
    except ChangedMeanwhile as error:
        return _text_page(request, key, form, error)
    messages.success(request, _("%(label)s: saved.") % {"label": TEXTS[key].label})
    return SeeOther(f"{reverse('operations-settings')}#texts")


def _text_page(request: HttpRequest, key: str, form: TextForm, error: ChangedMeanwhile | None = None) -> HttpResponse:
    """`now`: what somebody else wrote meanwhile; the form then goes on from there."""
    now = None
    if error is not None:
        now = Setting.objects.filter(key=key).values_list("value", flat=True).first() or str(TEXTS[key].default)
        form.data = form.data.copy()  # type: ignore[attr-defined]
        form.data["seen"] = Setting.objects.filter(key=key).values_list("value", flat=True).first() or ""  # type: ignore[index]
    shown = form.cleaned_data.get("value") if form.is_bound and form.is_valid() else None
    context = {
        "key": key, "text": TEXTS[key], "form": form, "error": error, "now": now,
        "blocks": blocks(shown or str(TEXTS[key].default)) if TEXTS[key].long and shown is not None else [],
        "back": reverse("operations-settings"),
    }  # fmt: skip
    return render(request, "adminpanel/settings/text.html", context, status=_status(form, error))


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("owner")
@proved_lately
def figures(request: HttpRequest, what: str) -> HttpResponse:
    """The limits of bookings, or the policy that new tariffs begin with."""
    form_class = FORMS[what]
    form = form_class(request.POST if request.method == "POST" else None, now=written(form_class.figures))
    error: ChangedMeanwhile | None = None
    if request.method == "POST" and form.is_valid():
        try:
            set_figures(figures=form.typed(), seen=form.seen(), actor=driver(request))
            messages.success(request, _("Saved."))
            return SeeOther(f"{reverse('operations-settings')}#{what}")
        except ChangedMeanwhile as refusal:
            error = refusal
            form = form_class(now=written(form_class.figures))
    context: dict[str, Any] = {"what": what, "form": form, "error": error, "back": reverse("operations-settings")}
    return render(request, "adminpanel/settings/figures.html", context, status=_status(form, error))


def _status(form: Any, error: ChangedMeanwhile | None) -> int:
    return error.status if error else 422 if form.errors else 200
