"""Handing in a file of stations."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from adminpanel.import_jobs import MOST_BYTES, PART_BYTES
from bookings.importers.kinds import CALLED, LONGEST_SOURCE
from bookings.models import Tariff
from bookings.places import country_choices

MEGABYTE = 2**20


class ImportForm(forms.Form):
    """A file, of which kind it is, and what its rows get that say nothing themselves. Owners may price them."""

    format = forms.ChoiceField(label=_("What kind of file"), choices=[(kind, name) for kind, name in CALLED.items()])
    file = forms.FileField(label=_("File"))
    source = forms.SlugField(
        label=_("Whose stations these are"), required=False, max_length=LONGEST_SOURCE,
        help_text=_("A short name that stays the same at every import, such as the network's: it tells the stations of "
                    "different files apart. Empty: the kind of file."),
    )  # fmt: skip
    country = forms.ChoiceField(label=_("Country of rows that name none (your own CSV only)"), required=False)
    tariff = forms.ChoiceField(label=_("Tariff for stations that have none"), required=False)

    def __init__(self, data: Mapping[str, Any] | None = None, files: Any = None, *, may_price: bool) -> None:
        super().__init__(data, files)
        self._choose("country", [("", _("as the coordinates say")), *country_choices()])
        if may_price:
            tariffs = [(str(one.pk), str(one)) for one in Tariff.objects.order_by("name")]
            self._choose("tariff", [("", _("none: they cannot be booked yet")), *tariffs])
            self.fields["tariff"].help_text = _("Only stations in the tariff's currency get it.")
        else:
            del self.fields["tariff"]
        told = _("Plain or packed with gzip, at most %(megabytes)s MB.") % {"megabytes": MOST_BYTES // MEGABYTE}
        self.fields["file"].help_text = told

    def _choose(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > MOST_BYTES:
            raise ValidationError(_("The file is larger than %(most)s MB. Pack it with gzip, or divide it.") % {
                "most": MOST_BYTES // MEGABYTE
            })  # fmt: skip
        return file

    def terms(self) -> dict[str, str]:
        said = self.cleaned_data
        country = said["country"] if said["format"] == "csv" else ""
        return {"format": said["format"], "country": country, "tariff": said.get("tariff", "")}

    def source_name(self) -> str:
        return str(self.cleaned_data["source"] or self.cleaned_data["format"])


def pieces_of(file: UploadedFile) -> Iterator[bytes]:
    """The file from its beginning, at most a megabyte at a time."""
    file.seek(0)
    while data := file.read(PART_BYTES):
        yield data
