"""Choosing what a station, or several, charge."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from adminpanel.access import proved_lately, role_required
from adminpanel.editing import digest, id_of
from adminpanel.tariff_assigning import assign, plan, stations_called
from adminpanel.tariff_forms import example
from adminpanel.views.editing import edit_page
from bookings.models import Station, Tariff
from bookings.stations import set_tariff
from bookings.views.answers import SeeOther, driver
from evbunker.errors import DomainError
from evbunker.money import format_money


class TariffChoice(forms.Form):
    """One tariff in the station's currency, or none."""

    tariff = forms.ChoiceField(label=gettext_lazy("Tariff"), required=False, widget=forms.RadioSelect)

    def __init__(self, data: object = None, *, station: Station) -> None:
        super().__init__(data, initial={"tariff": station.tariff_id or ""})  # type: ignore[arg-type]
        self.found = {str(one.pk): one for one in Tariff.objects.filter(currency=station.currency)}
        field = self.fields["tariff"]
        assert isinstance(field, forms.ChoiceField)
        none = ("", _("none: nobody can book here"))
        field.choices = [*((pk, in_words(one)) for pk, one in self.found.items()), none]

    @property
    def chosen(self) -> Tariff | None:
        return self.found.get(self.cleaned_data["tariff"])


def in_words(tariff: Tariff) -> str:
    """Its name, and what an hour with 20 kWh costs."""
    costs = {"name": tariff.name, "price": format_money(example(tariff).total_minor, tariff.currency)}
    return _("%(name)s: %(price)s for an hour with 20 kWh") % costs


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("owner")
@proved_lately
def station_tariff(request: HttpRequest, station_id: UUID) -> HttpResponse:
    """What one station charges from now on; bookings keep their terms."""
    station = get_object_or_404(Station, pk=station_id)
    form = TariffChoice(request.POST if request.method == "POST" else None, station=station)
    error: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            set_tariff(station=station, tariff=form.chosen, actor=driver(request))
            messages.success(request, _("%(name)s has its tariff.") % {"name": station.name})
            return SeeOther(edit_page(station.pk))
        except DomainError as refusal:
            error = refusal
    context = {"station": station, "form": form, "error": error, "back": edit_page(station.pk)}
    status = error.status if error else 422 if form.errors else 200
    return render(request, "adminpanel/tariffs/choose.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("owner")
@proved_lately
def assign_tariff(request: HttpRequest, tariff_id: UUID) -> HttpResponse:
    """Search, tick, read what will happen, agree."""
    tariff = get_object_or_404(Tariff, pk=tariff_id)
    back = reverse("operations-tariff", args=[tariff.pk])
    ids = [found for text in request.POST.getlist("stations") if (found := id_of(text))]
    called = request.GET.get("q", "")[:100]
    context: dict[str, object] = {"tariff": tariff, "back": back, "q": called}
    if request.method == "POST" and ids:
        planned = plan(tariff, ids)
        agreed = digest([*planned.sentences(), "."])
        if planned.changes and request.POST.get("agreed") == agreed:
            return _assigned(request, tariff, planned.changes, back)
        return render(request, "adminpanel/tariffs/sure.html", context | {"plan": planned, "agreed": agreed})
    stations, more = stations_called(called)
    context |= {"stations": stations, "more": more, "nothing_ticked": request.method == "POST"}
    return render(request, "adminpanel/tariffs/assign.html", context, status=422 if context["nothing_ticked"] else 200)


def _assigned(request: HttpRequest, tariff: Tariff, stations: list[Station], back: str) -> HttpResponse:
    number = assign(tariff, stations, driver(request))
    said = ngettext("%(number)s station has this tariff now.", "%(number)s stations have this tariff now.", number)
    messages.success(request, said % {"number": number})
    return SeeOther(back)
