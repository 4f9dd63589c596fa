"""Stations, their EVSEs and tariffs."""
