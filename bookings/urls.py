"""URLs of bookings."""

from django.urls import include, path

from bookings.views import find, mine, station

urlpatterns = [
    path("", find.home, name="home"),
    path("stations/<uuid:station_id>/", station.station, name="station"),
    path("stations/<uuid:station_id>/quote/", station.station_quote, name="station_quote"),
    path("stations/<uuid:station_id>/book/", station.book, name="station_book"),
    path("bookings/", mine.bookings, name="bookings"),
    path("bookings/<uuid:booking_id>/calendar.ics", mine.calendar, name="booking_calendar"),
    path("profile/", include("bookings.profile_urls")),
]
