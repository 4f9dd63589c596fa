"""`manage.py import_stations`."""

import gzip
import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from bookings.management.commands import import_stations
from bookings.models import Evse, Station, Tariff
from payments.integrity import check_integrity
from tests.bookings.importers.reading import FIXTURES
from tests.plans import no_scans

FILES = {
    "ocm": ["ocm_verbose.json", "ocm_compact.json"],
    "afdc": ["afdc.csv"],
    "ocpi": ["ocpi_2_1_1.json", "ocpi_2_2.json", "ocpi_camel.json", "ocpi_single.json"],
    "ncr": ["ncr.csv"],
    "csv": ["india.csv"],
}
ALSO_PLAIN = {"ncr.csv"}
"""Has the columns of a plain list too."""
ALL = [(form, name) for form, names in FILES.items() for name in names]


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def run(*args: object, into: StringIO | None = None) -> tuple[str, str]:
    """What it says on standard output and standard error."""
    out, err = StringIO(), into or StringIO()
    call_command("import_stations", *map(str, args), stdout=out, stderr=err, no_color=True)
    return out.getvalue(), err.getvalue()


def figures(out: str) -> dict[str, int]:
    return {
        words.strip(): int(number.replace(",", "")) for number, words in re.findall(r"^ +([\d,]+)  (.*)$", out, re.M)
    }


@pytest.mark.parametrize(("form", "name"), ALL)
def test_every_format_goes_in_once(form: str, name: str) -> None:
    first, _ = run(FIXTURES / name, "--format", form)
    second, _ = run(FIXTURES / name, "--format", form)
    assert figures(first)["created"] == Station.objects.count() > 0
    assert figures(second)["unchanged"] == figures(first)["created"]
    assert (figures(second)["created"], figures(second)["updated"]) == (0, 0)
    assert figures(first)["read"] == figures(first)["created"] + figures(first)["skipped"]
    assert check_integrity() == []


@pytest.mark.parametrize(
    ("form", "name"),
    [
        (form, name)
        for form in FILES
        for other, name in ALL
        if form != other and (form != "csv" or name not in ALSO_PLAIN)
    ],
)
def test_a_file_of_another_format_is_refused_and_writes_nothing(form: str, name: str) -> None:
    with pytest.raises(CommandError) as refused:
        run(FIXTURES / name, "--format", form)
    assert re.fullmatch(r"[A-Z][^\n]*\.", str(refused.value).replace("CSV", ""))
    assert refused.value.returncode == 1
    assert not Station.objects.exists()


def test_gzip_goes_in_too(tmp_path) -> None:
    packed = tmp_path / "stations.bin"
    packed.write_bytes(gzip.compress((FIXTURES / "afdc.csv").read_bytes()))
    assert figures(run(packed, "--format", "afdc")[0])["created"] == 4


def test_the_closing_table_and_the_skipped_rows() -> None:
    out, err = run(FIXTURES / "india.csv", "--format", "csv")
    assert out.splitlines()[:6] == [
        "       18  read",
        "       12  created",
        "        0  updated",
        "        0  unchanged",
        "        6  skipped",
        "        1    duplicate",
    ]
    assert "        2  note: latitude and longitude were swapped" in out.splitlines()
    assert err.splitlines()[0] == "line 12: duplicate (of 2)"
    assert "line 15: coordinates out of range (25.634199, 85105514)" in err.splitlines()


def test_skipped_rows_are_listed_up_to_a_number() -> None:
    _, err = run(FIXTURES / "india.csv", "--format", "csv", "--show-skipped", 2)
    assert err.splitlines()[2:] == ["… --show-skipped 6 lists all skipped rows."]
    assert run(FIXTURES / "india.csv", "--format", "csv", "--show-skipped", 0)[1] == ""


def test_a_dry_run_writes_nothing() -> None:
    out, _ = run(FIXTURES / "afdc.csv", "--format", "afdc", "--dry-run")
    assert figures(out)["created"] == 4
    assert out.endswith("A dry run: nothing was written.\n")
    assert not Station.objects.exists()


def test_a_limit_ends_the_reading() -> None:
    assert figures(run(FIXTURES / "afdc.csv", "--format", "afdc", "--limit", 2)[0])["read"] == 2
    with pytest.raises(CommandError, match="no OCPI locations"):
        run(FIXTURES / "ocpi_tariffs.json", "--format", "ocpi", "--limit", 1)


def test_a_tariff_makes_stations_bookable(tariff: Tariff) -> None:
    out, _ = run(FIXTURES / "ocpi_2_1_1.json", "--format", "ocpi", "--tariff", "Standard")
    assert figures(out)["given the tariff Standard"] == 1
    assert Station.objects.get().bookable
    out, _ = run(FIXTURES / "afdc.csv", "--format", "afdc", "--tariff", "Standard")
    assert figures(out)["not given it: priced in USD"] == 4


def test_columns_by_other_names() -> None:
    names = "id=Nr,name=Bezeichnung,latitude=Breite,longitude=Länge,city=Stadt"
    out, _ = run(FIXTURES / "semicolons.csv", "--format", "csv", "--map", names, "--source", "list")
    assert figures(out)["created"] == 5
    assert "read as Windows-1252" in out
    assert Station.objects.get(source="list", source_id="1").name == "Münster Süd"
    assert Evse.objects.filter(station__source_id="1").count() == 2


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("--format", "ocm", "--tariff", "None such"), "There is no tariff 'None such'."),
        (("--format", "ocm", "--country", "IN"), "--map and --country are for --format csv."),
        (("--format", "csv", "--map", "colour=red"), "write id|name"),
        (("--format", "csv", "--country", "Atlantis"), "there is no country 'Atlantis'"),
        (("--format", "csv", "--limit", "0"), "write a whole number from 1"),
        (
            (
                "--format",
                "xml",
            ),
            "invalid choice",
        ),
        (("--format", "csv", "--source", "x" * 61), "at most 60 characters"),
    ],
)
def test_what_cannot_be_meant_is_refused(args: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError) as refused:
        run(FIXTURES / "india.csv", *args)
    assert sentence in str(refused.value)


def test_a_file_that_breaks_off_keeps_what_came_before(tmp_path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text((FIXTURES / "ocpi_2_1_1.json").read_text()[:-20])
    with pytest.raises(CommandError, match="damaged"):
        run(broken, "--format", "ocpi")
    assert not Station.objects.exists()  # it breaks within the first batch


def test_progress_is_told_in_place_on_a_terminal_and_in_lines_elsewhere(monkeypatch) -> None:
    monkeypatch.setattr(import_stations, "TTY_SECONDS", 0)
    monkeypatch.setattr(import_stations, "LOG_SECONDS", 0)
    _, told = run(FIXTURES / "afdc.csv", "--format", "afdc", "--show-skipped", 0, into=Terminal())
    assert told.startswith("\r100 %: 10 read, 4 created, 0 updated")
    assert "\n" not in told
    _, told = run(FIXTURES / "afdc.csv", "--format", "afdc", "--show-skipped", 0)
    assert told == "100 %: 10 read, 0 created, 0 updated\n"


def test_repeating_an_import_scans_nothing(tmp_path) -> None:
    run(FIXTURES / "afdc.csv", "--format", "afdc")
    changed = tmp_path / "changed.csv"
    changed.write_text((FIXTURES / "afdc.csv").read_text().replace("Plaza", "Piazza"))
    with no_scans():
        out, _ = run(changed, "--format", "afdc")
    assert figures(out)["updated"] == 1
