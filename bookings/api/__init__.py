"""The calls of the JSON API that stations and bookings answer."""

from bookings.api.bookings import router as bookings_router
from bookings.api.stations import router as stations_router

__all__ = ["bookings_router", "stations_router"]
