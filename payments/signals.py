"""What happened to money: sent after commit with `send_robust`, carrying ids."""

from django.dispatch import Signal

payment_changed = Signal()  # payment_id, booking_id, client_id, station_id, status
payment_confirmed = Signal()  # payment_id, booking_id, client_id, station_id
