"""The audit trail: found by whatever is asked, page after page, taken as a file, and never changed."""

import csv
import datetime as dt
import io
import re
from typing import Any
from uuid import UUID

import pytest
from django.test import Client as Browser
from django.urls import reverse
from openpyxl import Workbook

from adminpanel import walking
from adminpanel.audit_finding import Wanted
from adminpanel.audit_words import ACTIONS, line_of
from adminpanel.walking import walk
from bookings.models import Client, Evse
from evbunker import clock
from evbunker.models import Change, new_id
from tests.booking_steps import paid
from tests.people import make_client

AUDIT, EXPORT = "/operations/audit/", "/operations/audit/export/"


@pytest.fixture
def desk(opal: Client) -> Browser:
    signed_in = Browser()
    signed_in.force_login(opal)
    return signed_in


def acts(number: int, **fields: Any) -> list[Change]:
    """`number` acts, three within each second."""
    begins = fields.pop("created_at", clock.now() - dt.timedelta(hours=1))
    facts: dict[str, Any] = {
        "actor": "work_outbox",
        "action": "session.completed",
        "record_type": "bookings.chargingsession",
    }
    return Change.objects.bulk_create(
        Change(
            id=new_id(), created_at=begins + dt.timedelta(seconds=n // 3), **({"record_id": new_id()} | facts | fields)
        )
        for n in range(number)
    )  # fmt: skip


def shown(desk: Browser, **asked: Any) -> list[UUID]:
    return [UUID(pk) for pk in re.findall(r'<tr id="change-([^"]+)"', desk.get(AUDIT, asked).content.decode())]


def ids(changes: list[Change]) -> list[UUID]:
    return [change.pk for change in changes]


def test_pages_show_every_act_once_whatever_is_asked(desk: Browser, opal: Client) -> None:
    made = acts(70) + acts(80, actor_id=opal.pk, actor=opal.email, action="booking.closed")
    newest = sorted(made, key=lambda one: (one.created_at, one.pk), reverse=True)
    for asked, fitting in (
        ({}, newest),
        ({"who": opal.email}, [one for one in newest if one.actor_id]),
        ({"who": "work_outbox"}, [one for one in newest if not one.actor_id]),
    ):
        seen: list[UUID] = []
        cursor = ""
        while cursor is not None:
            page = desk.get(AUDIT, asked | ({"cursor": cursor} if cursor else {})).content.decode()
            seen += [UUID(pk) for pk in re.findall(r'<tr id="change-([^"]+)"', page)]
            following = re.search(r'rel="next"[^>]*cursor=([^"&]+)"', page)
            cursor = following[1] if following else None
        assert seen == ids(fitting), asked
    more = desk.get(AUDIT, {"cursor": walk(Wanted().search()).next}, headers={"HX-Request": "true"}).content.decode()
    assert more.lstrip().startswith("<tbody>")


def test_every_filter_finds_its_own(desk: Browser, opal: Client, dara: Client) -> None:
    long_ago = dt.datetime(2026, 3, 1, 23, 30, tzinfo=dt.UTC)
    (old,) = acts(1, created_at=long_ago, record_id=dara.pk, record_type="bookings.client", action="client.noted")
    (new,) = acts(1, actor_id=opal.pk, actor=opal.email)
    assert shown(desk, record=str(dara.pk)) == [old.pk]
    assert shown(desk, kind="bookings.client") == shown(desk, action="client.noted") == [old.pk]
    assert shown(desk, who=str(opal.pk)) == shown(desk, who="OPAL@example.org") == [new.pk]
    assert shown(desk, since="2026-03-02", until="2026-03-02") == [old.pk], "the day in Berlin, where Opal is"
    assert shown(desk, since="2026-03-01", until="2026-03-01") == []
    assert shown(desk, record=str(dara.pk), who=opal.email) == []
    assert shown(desk, action="something.else") == []
    for asked, said in (
        ({"record": "x"}, "This is not an id."),
        ({"who": "nobody@example.org"}, "Nobody with this address is known."),
        ({"since": "2026-03-02", "until": "2026-03-01"}, "This day is before the first one."),
        ({"kind": "bookings.nothing"}, "Select a valid choice"),
    ):
        page = desk.get(AUDIT, asked)
        assert (page.status_code, said in page.content.decode()) == (200, True), asked
    assert desk.get(AUDIT, {"cursor": "x"}).status_code == 422


def test_a_rare_act_is_looked_for_a_bounded_way_back_and_the_page_says_so(
    desk: Browser, opal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "LOOKED_AT", 120)
    (rare,) = acts(1, actor_id=opal.pk, actor=opal.email, created_at=clock.now() - dt.timedelta(days=1))
    acts(130, actor_id=opal.pk, actor=opal.email, action="booking.closed", record_type="bookings.booking")
    asked = {"who": opal.email, "kind": "bookings.chargingsession"}
    page = desk.get(AUDIT, asked).content.decode()
    assert "No such act so far" in page
    assert "Look further back" in page
    cursor = re.search(r'rel="next"[^>]*cursor=([^"&]+)"', page)[1]
    assert shown(desk, **asked, cursor=cursor) == [rare.pk]


def test_a_row_says_who_did_what_why_and_from_what_to_what(desk: Browser, opal: Client, dara: Client) -> None:
    evil = "<script>alert(1)</script>"
    acts(
        1, actor_id=opal.pk, actor=opal.email, action="client.profile", record_id=dara.pk, reason=evil,
        record_type="bookings.client", before={"name": evil, "is_active": True},
        after={"name": "D", "tags": [], "seen": "2026-05-01T12:00:00+00:00"},
        request_id="req-1",
    )  # fmt: skip
    acts(1, action="odd.act", record_type="gone.model")
    page = desk.get(AUDIT).content.decode()
    assert evil not in page
    assert f'<a href="/operations/clients/{opal.pk}/">opal@example.org</a>' in page
    assert f'<a href="/operations/clients/{dara.pk}/">Client</a>' in page
    assert "changed the profile" in page
    for part in ("<strong>is active</strong>: was <del>yes</del>", "<strong>tags</strong>: <ins>nothing</ins>"):
        assert part in page
    assert "<ins>D</ins>" in page
    assert "<ins>2026-05-01 12:00 UTC</ins>" in page
    assert "request req-1" in page
    assert "odd.act" in page
    assert "Gone.model" in page


def test_every_act_of_a_booking_has_words(dara: Client, evse: Evse) -> None:
    paid(dara, evse)
    for change in Change.objects.all():
        assert change.action in ACTIONS, change.action
        assert line_of(change).url


def test_nobody_changes_it(olga: Client, desk: Browser) -> None:
    (change,) = acts(1)
    for method in ("post", "put", "patch", "delete"):
        assert getattr(desk, method)(AUDIT).status_code == 405
    assert desk.get(EXPORT).status_code == 405
    owner = Browser()
    owner.force_login(olga)
    for page in ("change", "delete"):
        address = reverse(f"admin:evbunker_change_{page}", args=[change.pk])
        assert owner.post(address, {"actor": "nobody", "post": "yes"}).status_code == 403
    assert owner.post(reverse("admin:evbunker_change_add"), {"actor": "nobody"}).status_code == 403
    (same,) = Change.objects.filter(pk=change.pk).values()
    assert same == {name: getattr(change, name) for name in same}


class TestExport:
    def test_the_file_has_every_row_that_fits_and_no_formula(self, desk: Browser, opal: Client) -> None:
        acts(130)
        for danger in ("=1+1", "@SUM(A1)", "+1", "-1", "\t=1", '"=1'):
            acts(1, actor=danger, reason=danger, action="client.noted", before={"name": danger})
        answer = desk.post(EXPORT, {})
        assert answer["Content-Disposition"].startswith('attachment; filename="audit-')
        begun = Change.objects.get(action="audit.exported")
        assert (begun.actor_id, begun.after) == (opal.pk, {"filter": {}})
        rows = rows_of(answer)
        kept = Change.objects.exclude(pk=begun.pk)
        assert [row["id"] for row in rows] == [str(one.pk) for one in kept.order_by("-created_at", "-pk")]
        assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t"))]
        sheet = Workbook().active
        for row in rows:
            sheet.append(list(row.values()))
        assert {cell.data_type for line in sheet.iter_rows() for cell in line} <= {"s", "n"}, "no cell is a formula"

    def test_the_filters_hold_and_names_of_people_are_not_kept(self, desk: Browser, opal: Client) -> None:
        acts(3)
        mine = acts(2, actor_id=opal.pk, actor=opal.email)
        rows = rows_of(desk.post(EXPORT, {"who": opal.email, "kind": "bookings.chargingsession"}))
        assert {row["id"] for row in rows} == {str(one.pk) for one in mine}
        noted = Change.objects.get(action="audit.exported").after
        assert noted == {"filter": {"who": str(opal.pk), "kind": "bookings.chargingsession"}}
        assert desk.post(EXPORT, {"record": "x"}).status_code == 422
        assert Change.objects.filter(action="audit.exported").count() == 1

    def test_viewers_read_and_do_not_take_it_away(self) -> None:
        desk = Browser()
        desk.force_login(make_client("vic", role="viewer"))
        assert desk.post(EXPORT, {}).status_code == 403
        assert f'action="{EXPORT}"' not in desk.get(AUDIT).content.decode()


def rows_of(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
