"""Stations, clients, bookings, charging sessions, eco stats."""

from bookings.models.booking import Booking, ClientSeat, ClientSlot, SlotClaim
from bookings.models.client import ApiToken, Client, IdempotencyKey, Vehicle
from bookings.models.eco import ClientTotal, EcoStat, StaleDay
from bookings.models.session import ChargingSession, MeterValue
from bookings.models.station import Connector, Evse, Outage, SearchWord, Station, Tariff

__all__ = [
    "ApiToken",
    "Booking",
    "ChargingSession",
    "Client",
    "ClientSeat",
    "ClientSlot",
    "ClientTotal",
    "Connector",
    "EcoStat",
    "Evse",
    "IdempotencyKey",
    "MeterValue",
    "Outage",
    "SearchWord",
    "SlotClaim",
    "StaleDay",
    "Station",
    "Tariff",
    "Vehicle",
]
