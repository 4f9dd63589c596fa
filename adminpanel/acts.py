"""What staff may do with a record: each act has a page that says what will happen, and does it when asked to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bookings.models import Client
from evbunker.errors import DomainError
from evbunker.models import Record

MOST_WORDS = 300
Told = str | Promise
DRIVER: Told = _("In words that the driver may read. It is kept in the audit trail, with your name.")
STAFF: Told = _("It is kept in the audit trail, with your name.")
"""Who reads the word of why, as its field says it."""


class NotPossible(DomainError):
    code = "not_possible"


@dataclass(frozen=True)
class Subject:
    """What acts are done with: records of `model`, `called` so in the way back to `shown_at`, told apart by `facts`."""

    model: type[Record]
    called: str | Promise
    shown_at: Callable[[Any], str]
    facts: Callable[[Any], list[str]] = lambda record: [str(record)]


@dataclass(frozen=True)
class Act:
    """One thing that can be done with a record of the subject `of`.

    `will` says what is going to happen, with the amount; `why_not` why it cannot, or nothing. `do` raises DomainError,
    or returns what was done, in a sentence, or the answer itself, such as a file. `asks_why`: who does it must say why;
    `told` says who may read that. `moves_money`: who does it must have proved lately who they are. `least`: the staff
    role that may do it.
    """

    title: str | Promise
    button: str | Promise
    icon: str
    of: Subject
    will: Callable[[Any], str]
    why_not: Callable[[Any], str]
    do: Callable[[Any, Client, str], str | HttpResponse]
    asks_why: bool = True
    told: Told = DRIVER
    moves_money: bool = False
    least: str = "operator"


class WhyForm(forms.Form):
    """A word of why. `asks` False: none is due. `told` is who may read it."""

    note = forms.CharField(
        label=_("Why"), min_length=3, max_length=MOST_WORDS, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, asks: bool = True, told: Told = DRIVER) -> None:
        super().__init__(data)
        self.fields["note"].help_text = str(told)
        if not asks:
            del self.fields["note"]

    @property
    def why(self) -> str:
        """What was given; nothing where none was due."""
        return str(self.cleaned_data.get("note", ""))
