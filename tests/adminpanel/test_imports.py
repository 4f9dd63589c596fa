"""Importing stations from the page: looked through first, agreed to, then taken in; by whichever worker is alive."""

import datetime as dt
import gzip
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile

from adminpanel import import_forms, import_jobs
from adminpanel.import_jobs import KEPT_FOR, agree, drop, hand_in, look_again, work_imports
from adminpanel.models import StationImport, StationImportPart
from adminpanel.working import LEASE
from bookings.importers import storing
from bookings.models import Client, Evse, Station
from bookings.stations import save_station
from evbunker import clock
from evbunker.models import Change, new_id
from tests.adminpanel.desks import desk_of
from tests.bookings.test_hold_races import at_once
from tests.places import make_tariff

PAGE = "/operations/stations/import/"
HEADER = "id,name,latitude,longitude,city,evses,power_kw,connectors,status\n"
COUNTED = ("rows", "new", "changed", "unchanged", "gone", "refused", "priced")


def rows(*lines: str) -> bytes:
    return (HEADER + "\n".join(lines)).encode()


def line(number: int, name: str = "", status: str = "open", power_kw: int = 50) -> str:
    return f"{number},{name or f'Station {number}'},52.{500 + number},13.4,Berlin,2,{power_kw},CCS2,{status}"


MANY = rows(*(line(number) for number in range(1, 131)))


def handed_in(content: bytes, actor: Client, **terms: str) -> StationImport:
    return hand_in(
        pieces=[content[:100], content[100:]], file_name="stations.csv", source="mine", actor=actor, job_id=new_id(),
        terms={"format": "csv", "country": "", "tariff": ""} | terms,
    )  # fmt: skip


def looked(content: bytes, actor: Client, **terms: str) -> StationImport:
    job = handed_in(content, actor, **terms)
    work_imports()
    return StationImport.objects.get(pk=job.pk)


def taken(content: bytes, actor: Client, **terms: str) -> StationImport:
    job = looked(content, actor, **terms)
    assert agree(job=job, actor=actor)
    work_imports()
    return StationImport.objects.get(pk=job.pk)


def figures(summary: dict[str, Any]) -> dict[str, int]:
    return {name: summary[name] for name in COUNTED}


def test_what_the_preview_says_is_what_the_import_then_does(opal: Client) -> None:
    tariff = make_tariff()
    before = looked(rows(line(1), line(2), line(3, status="planned")), opal)
    assert not Station.objects.exists(), "looking writes nothing"
    assert agree(job=before, actor=opal)
    work_imports()
    assert Station.objects.count() == 2
    by_hand = Station.objects.get(source_id="2")
    by_hand.city = "Potsdam"
    save_station(station=by_hand, actor=opal)
    mixed = [line(1, "New name"), line(2, power_kw=150), line(2), "4,,52.1,13.4,,,,,", "5,Far,1000,13.4,,,,,"]
    mixed += [line(number) for number in range(10, 150)] + [line(1, status="removed"), line(10, status="removed")]
    job = taken(rows(*mixed), opal, tariff=str(tariff.pk))
    said, did = job.summary, job.summary["did"]
    assert figures(said) == figures(did)
    assert (said["new"], said["changed"], said["gone"], said["refused"]) == (140, 2, 2, 5)
    changed = {row["name"]: row["fields"] for row in said["shown"]["changed"]}
    assert changed["Station 1"] == {"name": ["Station 1", "New name"]}
    assert changed["Station 2"]["city"] == ["Potsdam", "Berlin"]
    assert "150000 W" in changed["Station 2"]["evses"][1]
    assert len(said["shown"]["new"]) == 50
    assert Station.objects.filter(status="closed").count() == 2
    assert set(Change.objects.filter(record_id=job.pk).values_list("action", flat=True)) == {
        "import.handed_in", "import.agreed",
    }  # fmt: skip
    assert not StationImportPart.objects.filter(job=job).exists(), "the file is not kept for ever"


def test_the_same_file_again_changes_nothing(opal: Client) -> None:
    taken(MANY, opal)
    again = taken(gzip.compress(MANY), opal)
    assert figures(again.summary["did"]) == dict.fromkeys(COUNTED, 0) | {"rows": 130, "unchanged": 130}
    assert (Station.objects.count(), Evse.objects.count()) == (130, 260)


def test_a_worker_that_is_killed_in_the_middle_is_followed(opal: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    job = looked(MANY, opal)
    assert agree(job=job, actor=opal)
    create, made = storing.create_stations, []

    def killed(**asked: Any) -> None:
        if len(made) == 2:
            raise KeyboardInterrupt  # what the operating system does, as far as the program can see
        made.append(create(**asked))

    monkeypatch.setattr(storing, "create_stations", killed)
    with pytest.raises(KeyboardInterrupt):
        work_imports()
    monkeypatch.undo()
    assert Station.objects.count() == 50
    assert work_imports() == 0, "its lease still runs"
    with clock.shifted(LEASE + dt.timedelta(seconds=1)):
        assert work_imports() == 1
    job.refresh_from_db()
    assert (job.state, job.taken, Station.objects.count()) == ("done", 3, 130)
    assert (job.summary["did"]["new"], job.summary["did"]["unchanged"]) == (80, 50)


@pytest.mark.race
def test_two_files_of_one_source_at_once_and_two_workers(opal: Client) -> None:
    jobs = [looked(MANY, opal) for _number in range(2)]
    agreed: list[bool] = []
    outcome = at_once([lambda job=job: agreed.append(agree(job=job, actor=opal)) for job in jobs * 2])
    assert set(outcome) <= {"won", "busy"}
    assert agreed.count(True) == 2, "each is agreed to once"
    at_once([work_imports, work_imports])
    with clock.shifted(LEASE * 2):
        work_imports()
    assert set(StationImport.objects.values_list("state", flat=True)) == {"done"}
    assert (Station.objects.count(), Evse.objects.count()) == (130, 260)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "The file is empty."),
        (b"a,b,c\n1,2,3\n", "The file has no column for name"),
        (b"PK\x03\x04....", "is a zip archive"),
        (gzip.compress(MANY)[:200], "damaged"),
        (gzip.compress(b"0" * 3_000_000), "far too large"),
    ],
)
def test_a_file_that_is_none_fails_with_a_sentence(
    content: bytes, told: str, opal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_jobs, "MOST_UNPACKED_BYTES", 2_000_000)
    job = looked(content, opal)
    assert job.state == "failed"
    assert told in job.error
    assert told in desk_of(opal).get(f"{PAGE}{job.pk}/").content.decode().replace("&#x27;", "'")


def test_the_page_from_the_file_to_the_stations(opal: Client, vera: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = desk_of(opal)
    page = desk.get(PAGE).content.decode()
    assert "at most 16 MB" in page
    assert 'name="tariff"' not in page, "prices are the owner's business"
    monkeypatch.setattr(import_forms, "MOST_BYTES", 1000)
    assert desk.post(PAGE, posted(MANY)).status_code == 422
    monkeypatch.undo()
    assert desk.post(PAGE).status_code == 422
    asked = posted(rows(line(1), "2,,1,1,,,,,"), id=str(new_id()))
    first = desk.post(PAGE, asked)
    asked["file"].seek(0)
    assert desk.post(PAGE, asked)["Location"] == first["Location"], "a form that is sent twice hands one file in"
    one = first["Location"]
    assert "looked through" in desk.get(one).content.decode()
    assert desk.post(f"{one}agree/").status_code == 409, "not before it was looked through"
    work_imports()
    cache.clear()  # a panel is kept for two seconds
    found = desk.get(one).content.decode()
    assert "What taking it in would do" in found
    assert "1 station is added." in desk.get(f"{one}agree/").content.decode()
    assert desk.post(f"{one}agree/").status_code == 303
    assert desk.post(f"{one}agree/").status_code == 409
    work_imports()
    cache.clear()
    assert "What was done" in desk.get(one).content.decode()
    assert Station.objects.get().name == "Station 1"
    assert desk_of(vera).get(one).status_code == 403


def posted(content: bytes, **fields: str) -> dict[str, Any]:
    return {"format": "csv", "source": "mine", "file": SimpleUploadedFile("stations.csv", content)} | fields


def test_what_nobody_agrees_to_can_be_looked_at_again_or_dropped(opal: Client) -> None:
    job = looked(rows(line(1)), opal)
    assert look_again(job=job, actor=opal)
    assert not drop(job=job, actor=opal), "a worker may have it"
    work_imports()
    job.refresh_from_db()
    assert drop(job=job, actor=opal)
    assert not agree(job=job, actor=opal)
    assert not look_again(job=StationImport.objects.get(), actor=opal), "the file is gone"
    forgotten = looked(rows(line(2)), opal)
    with clock.shifted(KEPT_FOR + dt.timedelta(hours=1)):
        work_imports()
    assert not StationImportPart.objects.exists()
    assert StationImport.objects.get(pk=forgotten.pk).state == "failed"
