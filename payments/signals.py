"""What happened to money: sent after commit with `send_robust`, carrying ids."""

from django.dispatch import Signal

payment_confirmed = Signal()  # payment_id, booking_id, client_id, station_id
payment_changed = Signal()  # every other change: payment_id, booking_id, client_id, station_id, status
