"""Why a booking is refused: stable codes and sentences for drivers, in the order in which they are checked."""

from django.utils.translation import gettext_lazy as _

from evbunker.errors import DomainError


class UnknownEvse(DomainError):
    code, status = "unknown_evse", 404
    message = _("There is no such EVSE.")
    field = "evse_id"


class NotBookable(DomainError):
    code, status = "not_bookable", 409
    message = _("This EVSE cannot be booked at the moment.")
    field = "evse_id"


class TimeWithoutZone(DomainError):
    code, status = "time_without_zone", 422
    message = _("Say which time zone the start is in, for example 2026-05-01T10:00:00+02:00.")
    field = "starts_at"


class OffGrid(DomainError):
    code, status = "off_grid", 422
    message = _("Bookings start and end on a quarter of an hour.")
    field = "starts_at"


class TooShort(DomainError):
    code, status = "too_short", 422
    message = _("A booking lasts at least 15 minutes.")
    field = "minutes"


class TooLong(DomainError):
    code, status = "too_long", 422
    message = _("A booking lasts at most 8 hours.")
    field = "minutes"


class SlotInPast(DomainError):
    code, status = "slot_in_past", 422
    message = _("This time has already begun. Please pick a later start.")
    field = "starts_at"


class TooFarAhead(DomainError):
    code, status = "too_far_ahead", 422
    message = _("You can book up to 30 days ahead.")
    field = "starts_at"


class Closed(DomainError):
    code, status = "closed", 422
    message = _("The station is closed for some or all of that time.")
    field = "starts_at"


class EnergyOutOfRange(DomainError):
    code, status = "energy_out_of_range", 422
    message = _("This EVSE cannot deliver that much energy in the booked time.")
    field = "energy_wh"


class OwnOverlap(DomainError):
    code = "own_overlap"
    message = _("You already have a booking at that time.")


class TooManyHolds(DomainError):
    code = "too_many_holds"
    message = _("You have two unpaid bookings. Pay or cancel one of them first.")


class SlotTaken(DomainError):
    code = "slot_taken"
    message = _("Somebody else has just taken that time. Please pick another.")


class Paid(DomainError):
    code = "paid"
    message = _("This booking is paid and cannot be cancelled here.")


class HoldExpired(DomainError):
    code = "hold_expired"
    message = _("The time to pay for this booking is over. Please book again.")


class NotPayable(DomainError):
    code = "not_payable"
    message = _("This booking cannot be paid.")


class NotCancellable(DomainError):
    code = "not_cancellable"
    message = _("This booking has ended and cannot be cancelled.")


class NotMovable(DomainError):
    code = "not_movable"
    message = _("This booking cannot be moved (any more).")


class NotExtendable(DomainError):
    code = "not_extendable"
    message = _("The time of this booking cannot be changed (any more).")


class NotStartable(DomainError):
    code = "not_startable"
    message = _("Only a confirmed booking can be started.")


class TooEarly(DomainError):
    code = "too_early"
    message = _("Your booked time has not begun yet.")


class TooLate(DomainError):
    code = "too_late"
    message = _("Your booked time is over.")


class NotCharging(DomainError):
    code = "not_charging"
    message = _("There is no charging session to stop.")
