"""The client's own account: who it is, its vehicles and its keys. Going away is in `bookings.views.leaving`."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bookings.accounts import may_pay
from bookings.auth import password_again
from bookings.forms import ProfileForm, TokenForm, VehicleForm
from bookings.models import ApiToken, Client, Vehicle
from bookings.personal_data import export_of
from bookings.profile import remove_vehicle, save_profile, save_vehicle
from bookings.tokens import create_token, revoke_token
from bookings.views.answers import driver


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Everything about the account on one page; POST saves name, country and time zone."""
    client = driver(request)
    form = ProfileForm(request.POST or None, instance=Client.objects.get(pk=client.pk))
    if request.method == "POST" and form.is_valid():
        save_profile(client=client, changes=form.cleaned_data)
        messages.success(request, _("Your profile is saved."))
        return redirect("profile")
    return render(request, "bookings/profile.html", _page(client) | {"form": form})


def _page(client: Client) -> dict[str, object]:
    """What stands on the page besides the form in use."""
    return {
        "vehicles": Vehicle.objects.filter(client=client).order_by("created_at"),
        "tokens": ApiToken.objects.filter(client=client).order_by("created_at"),
        "token_form": TokenForm(auto_id="token_%s"),
        "may_pay": may_pay(client),
    }


@login_required
@require_http_methods(["GET", "POST"])
def vehicle(request: HttpRequest, vehicle_id: UUID | None = None) -> HttpResponse:
    """Add a vehicle, or change one of mine."""
    client = driver(request)
    known = get_object_or_404(Vehicle, pk=vehicle_id, client=client) if vehicle_id else None
    form = VehicleForm(request.POST or None, instance=known)
    if request.method == "POST" and form.is_valid():
        save_vehicle(client=client, vehicle=known, changes=form.cleaned_data)
        messages.success(request, _("Your vehicle is saved."))
        return redirect("profile")
    return render(request, "bookings/profile_vehicle.html", {"form": form, "vehicle": known})


@login_required
@require_POST
def delete_vehicle(request: HttpRequest, vehicle_id: UUID) -> HttpResponse:
    """One vehicle less."""
    client = driver(request)
    remove_vehicle(client=client, vehicle=get_object_or_404(Vehicle, pk=vehicle_id, client=client))
    messages.success(request, _("The vehicle is gone."))
    return redirect("profile")


@login_required
@never_cache
@require_POST
@password_again
def new_token(request: HttpRequest) -> HttpResponse:
    """Make a token and show it, this once: it is on no other page, in no session and no log."""
    client = driver(request)
    form = TokenForm(request.POST, auto_id="token_%s")
    if not form.is_valid():
        page = _page(client) | {"form": ProfileForm(instance=client), "token_form": form}
        return render(request, "bookings/profile.html", page)
    token, text = create_token(client=client, name=form.cleaned_data["name"])
    return render(request, "bookings/profile_token.html", {"token": token, "text": text})


@login_required
@require_POST
def delete_token(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """Let a token open nothing any more."""
    client = driver(request)
    revoke_token(token=get_object_or_404(ApiToken, pk=token_id, client=client), actor=client)
    messages.success(request, _("The token is revoked. Nothing can use it any more."))
    return redirect("profile")


@login_required
@never_cache
@require_GET
def my_data(request: HttpRequest) -> HttpResponse:
    """All that is known of me, as a file."""
    data = export_of(driver(request).pk)
    answer = JsonResponse(data, json_dumps_params={"indent": 2, "ensure_ascii": False})
    answer["Content-Disposition"] = 'attachment; filename="evbunker-my-data.json"'
    return answer
