"""What services raise when a rule says no. Views put it on the form, the API into problem+json."""

from django.utils.translation import gettext_lazy as _

from evbunker.metrics import REFUSALS


class DomainError(Exception):
    """A refusal with a stable `code`, an HTTP `status` and a sentence the client may read.

    `field` names the input it is about, if it is about one. Counted here, because there are many ways to tell it.
    """

    code = "refused"
    status = 409
    message: object = _("That is not possible now.")
    field: str | None = None
    retry_after_seconds: int | None = None

    def __init__(self, message: object = None, *, field: str | None = None) -> None:
        if message is not None:
            self.message = message
        if field is not None:
            self.field = field
        super().__init__(self.code)
        REFUSALS.labels(self.code).inc()

    def __str__(self) -> str:
        return str(self.message)


class Busy(DomainError):
    """The database kept refusing; nothing was written."""

    code = "busy"
    status = 503
    message = _("The system is busy. Nothing was changed; please try again in a moment.")
    retry_after_seconds = 2


class CommitUnknown(DomainError):
    """The database did not say whether it committed. Repeat with the same Idempotency-Key."""

    code = "commit_unknown"
    status = 503
    message = _("We could not make sure that this was saved. Please look before you repeat it.")
    retry_after_seconds = 5
