"""What happened, in the past tense: sent after commit with `send_robust`. Receivers may fail without harm."""

from django.dispatch import Signal

booking_changed = Signal()  # booking_id, client_id, station_id, status
session_changed = Signal()  # session_id, booking_id, client_id, station_id, status
station_changed = Signal()  # station_id
client_changed = Signal()  # client_id
eco_stats_changed = Signal()  # client_id, station_id, booking_id
