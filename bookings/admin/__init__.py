"""Records of bookings in the Django admin."""

from bookings.admin import bookings, clients, sessions, stations

__all__ = ["bookings", "clients", "sessions", "stations"]
