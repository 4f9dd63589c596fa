"""URLs of one's own account, below /profile/."""

from django.urls import path

from bookings.views import leaving, profile

urlpatterns = [
    path("", profile.profile, name="profile"),
    path("vehicles/add/", profile.vehicle, name="vehicle_add"),
    path("vehicles/<uuid:vehicle_id>/", profile.vehicle, name="vehicle"),
    path("vehicles/<uuid:vehicle_id>/delete/", profile.delete_vehicle, name="vehicle_delete"),
    path("tokens/", profile.new_token, name="token_create"),
    path("tokens/<uuid:token_id>/revoke/", profile.delete_token, name="token_revoke"),
    path("data/", profile.my_data, name="my_data"),
    path("leave/", leaving.leave, name="leave"),
    path("deactivate/", leaving.deactivate, name="account_deactivate"),
    path("delete/", leaving.delete, name="account_delete"),
]
