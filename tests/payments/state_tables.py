"""The state tables. A table is to be read and argued with.

The first column names bookings, the second payments (`every_state.py` says what the words mean), and a row holds for
all their pairs that there are; each other column is an event of `test_state_table.py`, each cell how it ends:

    .          nothing changes, not even in the ledger
    no:…       refused, with this code; nothing changes
    confirms   the payment is captured and the booking confirmed
    returns    the payment is captured, the booking stays as it is, and all of it goes back
    review     the payment waits for a person, the booking stays as it is
    submits, fails, cancels    the payment is known to the gateway, failed, is cancelled
    expires, gives_up, stops   the booking expired, was given up, its charging stopped
    part_back, all_back, sent  money is to go back, was sent back
    disputed                   the bank called it back, which is noted
"""

from collections.abc import Iterator

from tests.payments.every_state import BOOKINGS, PAID, can_be

GATEWAY_SAYS = """
booking              | payment           | open captured failed cancelled other_sum currency account live_mode webhook
held lapsed expired  | created           | .    confirms fails  cancels   review    review   review  review    .
held lapsed expired  | pending           | .    confirms fails  cancels   review    review   review  review    confirms
held lapsed expired  | failed cancelled  | .    confirms .      .         review    review   review  review    confirms
taken begun          | created           | .    returns  fails  cancels   review    review   review  review    .
taken begun          | pending           | .    returns  fails  cancels   review    review   review  review    returns
taken begun given_up | failed cancelled  | .    returns  .      .         review    review   review  review    returns
PAID                 | created           | .    returns  fails  cancels   review    review   review  review    .
PAID                 | pending           | .    returns  fails  cancels   review    review   review  review    returns
PAID                 | failed cancelled  | .    returns  .      .         review    review   review  review    returns
ANY                  | review            | .    .        .      .         .         .        .       .         .
ANY                  | captured returned | .    .        .      .         .         .        .       .         .
"""
"""What the gateway answers when it is asked; last, a webhook that tells of a capture."""

BANK_SAYS = """
booking                   | payment                          | disputed
held lapsed expired       | created pending failed cancelled | confirms+disputed
taken begun given_up PAID | created pending failed cancelled | returns+disputed
ANY                       | captured returned review         | disputed
"""
"""The gateway answers that it was captured, and called back by the payer's bank."""

DRIVERS = """
booking       | payment                 | gives_up           pays_again      rival
held          | created                 | gives_up+cancels   submits         expires
held          | pending                 | gives_up+cancels   .               expires
held          | failed cancelled review | gives_up           .               expires
lapsed        | created pending         | gives_up+cancels   no:hold_expired expires
lapsed        | failed cancelled review | gives_up           no:hold_expired expires
expired taken | ALL                     | no:not_cancellable no:hold_expired .
begun         | ALL                     | no:not_cancellable no:hold_expired no:slot_in_past
given_up      | ALL                     | .                  no:not_payable  .
confirmed     | UNSURE                  | gives_up           no:paid         no:slot_taken
confirmed     | captured                | gives_up+all_back  no:paid         no:slot_taken
cancelled     | ALL                     | .                  no:not_payable  .
USED          | ALL                     | no:paid            no:paid         no:slot_in_past
"""
"""What the driver does; last, another who wants the time when every hold has lapsed."""

TIME = """
booking             | payment                          | time    outbox  reconciler
held lapsed         | created                          | expires submits expires+cancels
held lapsed         | pending                          | expires .       expires+cancels
held lapsed         | failed cancelled review          | expires .       .
expired taken begun | created pending                  | .       cancels cancels
given_up            | failed cancelled review          | .       .       .
expired taken begun | failed cancelled review          | .       .       .
PAID                | created pending                  | .       .       cancels
PAID                | failed cancelled review          | .       .       .
confirmed USED      | captured                         | .       .       .
cancelled           | captured                         | .       sent    .
ANY                 | returned                         | .       sent    .
"""
"""When every hold has lapsed, and nobody has done anything: the job that expires holds, the outbox, the reconciler."""

REFUNDS = """
booking        | payment                                   | refund_1            refund_all          refund_more
ANY            | created pending failed cancelled returned | no:refund_too_large no:refund_too_large no:refund_too_large
ANY            | review                                    | part_back           part_back           all_back
confirmed USED | captured                                  | part_back           all_back            no:refund_too_large
cancelled      | captured                                  | no:refund_too_large no:refund_too_large no:refund_too_large
"""
"""An operator sends back one minor unit, what was asked for, or one more: that is what came of a payment in review."""

OPERATORS = """
booking                       | payment                   | accepts            returns           closes
held lapsed                   | created pending           | no:not_in_review   no:not_in_review  gives_up+cancels
held lapsed                   | failed cancelled          | no:not_in_review   no:not_in_review  gives_up
held lapsed                   | review                    | confirms+part_back returns           gives_up
expired                       | review                    | confirms+part_back returns           no:not_cancellable
taken begun given_up          | review                    | no:cannot_accept   returns           no:not_cancellable
expired taken begun given_up  | created pending           | no:not_in_review   no:not_in_review  no:not_cancellable
expired taken begun given_up  | failed cancelled returned | no:not_in_review   no:not_in_review  no:not_cancellable
confirmed                     | created pending           | no:not_in_review   no:not_in_review  gives_up+cancels
confirmed                     | failed cancelled returned | no:not_in_review   no:not_in_review  gives_up
confirmed                     | captured                  | no:not_in_review   no:not_in_review  gives_up+all_back
confirmed                     | review                    | no:cannot_accept   returns           gives_up
in_use                        | created pending           | no:not_in_review   no:not_in_review  stops+cancels
in_use                        | failed cancelled returned | no:not_in_review   no:not_in_review  stops
in_use                        | captured                  | no:not_in_review   no:not_in_review  stops+all_back
in_use                        | review                    | no:cannot_accept   returns           stops
cancelled completed no_show   | review                    | no:cannot_accept   returns           no:not_cancellable
cancelled completed no_show   | UNREVIEWED                | no:not_in_review   no:not_in_review  no:not_cancellable
"""
"""An operator decides on a review, or closes the booking. Of a payment in review one minor unit too much came."""

TABLES = (GATEWAY_SAYS, BANK_SAYS, DRIVERS, TIME, REFUNDS, OPERATORS)
WIDER = {
    "ANY": list(BOOKINGS),
    "PAID": list(PAID),
    "USED": ["in_use", "completed", "no_show"],
    "ALL": ["created", "pending", "failed", "cancelled", "review", "captured", "returned"],
    "UNSURE": ["created", "pending", "failed", "cancelled", "review", "returned"],
    "UNREVIEWED": ["created", "pending", "failed", "cancelled", "captured", "returned"],
}


def expected() -> dict[str, dict[str, str]]:
    """How each state ends, by its name, of every event."""
    return {event: ends for table in TABLES for event, ends in _read(table).items()}


def _read(table: str) -> dict[str, dict[str, str]]:
    """A table's columns. A state has one row."""
    header, *rows = ([part.split() for part in line.split("|")] for line in table.strip().splitlines())
    columns: dict[str, dict[str, str]] = {event: {} for event in header[2]}
    for bookings, payments, ends in rows:
        for state in _states(bookings, payments):
            for event, end in zip(columns, ends, strict=True):
                assert state not in columns[event], f"two rows for {state}"
                columns[event][state] = end
    return columns


def _states(bookings: list[str], payments: list[str]) -> Iterator[str]:
    for booking in _named(bookings):
        yield from (f"{booking} {payment}" for payment in _named(payments) if can_be(booking, payment))


def _named(words: list[str]) -> list[str]:
    return [name for word in words for name in WIDER.get(word, [word])]
