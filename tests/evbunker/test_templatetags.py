"""What templates write: money, quantities, moments, icons, statuses."""

import datetime as dt
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.template import engines
from django.utils import translation
from django.utils.functional import Promise

from evbunker import clock, moments
from evbunker.money import exponent, format_money, major
from evbunker.statuses import LOOKS, look_of

NOON = dt.datetime(2026, 11, 21, 12, 0, tzinfo=dt.UTC)


def write(source: str, **context: object) -> str:
    """`source` rendered, its no-break spaces made visible as `_`."""
    return engines["django"].from_string(source).render(context).replace("\N{NO-BREAK SPACE}", "_")


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (1250, "EUR", "€12.50"),
        (125000, "INR", "₹1,250.00"),
        (0, "EUR", "€0.00"),
        (5, "GBP", "£0.05"),
        (-300, "EUR", "−€3.00"),
        (980, "JPY", "¥980"),
        (1250, "KWD", "KWD_1.250"),
        (-12345678, "SEK", "−SEK_123,456.78"),
    ],
)
def test_money_is_exact_and_the_same_everywhere(minor, currency, text):
    assert format_money(minor, currency).replace("\N{NO-BREAK SPACE}", "_") == text
    assert write("{{ minor|money:currency }}", minor=minor, currency=currency) == text


def test_no_two_currencies_look_alike():
    from evbunker.money import SYMBOLS

    assert len(set(SYMBOLS.values())) == len(SYMBOLS)
    assert exponent("EUR") == 2
    assert str(major(1999, "EUR")) == "19.99"


@pytest.mark.parametrize(
    ("filter_name", "amount", "text"),
    [
        ("kwh", 12_350, "12.4_kWh"),
        ("kwh", 12_349, "12.3_kWh"),
        ("kwh", 0, "0.0_kWh"),
        ("kwh", 1_243_600, "1,243.6_kWh"),
        ("kwh", 9_999_960, "10.0_MWh"),
        ("kw", 50_000, "50_kW"),
        ("kw", 7_400, "7.4_kW"),
        ("kw", 43_450, "43.5_kW"),
        ("km", 850, "850_m"),
        ("km", 3_240, "3.2_km"),
        ("km", 9_960, "10_km"),
        ("km", 84_300, "84_km"),
        ("km", 12_345_678, "12,346_km"),
        ("co2", 340, "340_g"),
        ("co2", -340, "−340_g"),
        ("co2", 1_249, "1.2_kg"),
        ("co2", 1_250, "1.3_kg"),
        ("co2", -1_250, "−1.3_kg"),
        ("co2", 999_960, "1.0_t"),
        ("co2", 2_431_000, "2.4_t"),
        ("litres", 3_449, "3.4_L"),
        ("litres", -40, "0.0_L"),
        ("minutes", 45, "45_min"),
        ("minutes", 120, "2_h"),
        ("minutes", 90, "1_h_30_min"),
        ("minutes", 0, "0_min"),
    ],
)
def test_quantities_are_rounded_once_half_up(filter_name, amount, text):
    assert write("{{ amount|" + filter_name + " }}", amount=amount) == text


@pytest.mark.parametrize("filter_name", ["kwh", "kw", "km", "co2", "litres", "minutes", "local", "local_day", "ago"])
def test_what_is_not_known_is_not_written(filter_name):
    assert write("{{ amount|" + filter_name + " }}", amount=None) == ""
    assert write("{{ nothing|" + filter_name + " }}") == ""


def test_money_that_is_not_known_is_not_written():
    assert write("{{ minor|money:'EUR' }}", minor=None) == ""


def test_numbers_keep_their_order_in_a_right_to_left_page():
    with translation.override("ar"):
        assert write("{{ 12350|kwh }}") == "\N{LEFT-TO-RIGHT ISOLATE}12.4_kWh\N{POP DIRECTIONAL ISOLATE}"


def test_moments_are_shown_in_the_zone_of_the_place():
    with clock.moved_to(NOON):
        assert write("{{ at|local:'Europe/Berlin' }}", at=NOON) == "Sat 21 Nov, 13:00_CET"
        assert write("{{ at|local:zone }}", at=NOON, zone=ZoneInfo("Asia/Kolkata")) == "Sat 21 Nov, 17:30_IST"
        assert write("{{ at|local:'America/Sao_Paulo' }}", at=NOON) == "Sat 21 Nov, 09:00_UTC−3"
        assert write("{{ at|local_time:'Asia/Kathmandu' }}", at=NOON) == "17:45"
        assert write("{{ at|local:'Asia/Kathmandu' }}", at=NOON) == "Sat 21 Nov, 17:45_UTC+5:45"


def test_a_day_is_the_day_of_the_place_and_names_another_year():
    with clock.moved_to(NOON):
        late = dt.datetime(2026, 11, 21, 23, 30, tzinfo=dt.UTC)
        assert write("{{ at|local_day:'Europe/Berlin' }}", at=late) == "Sun 22 Nov"
        assert write("{{ day|local_day }}", day=dt.date(2027, 1, 2)) == "Sat 2 Jan 2027"


PERIOD = "{% period start end zone %}"


def test_a_period_repeats_nothing():
    with clock.moved_to(NOON):
        end = NOON + dt.timedelta(hours=1)
        assert write(PERIOD, start=NOON, end=end, zone="Europe/Berlin") == "Sat 21 Nov, 13:00–14:00_CET"


def test_a_period_over_midnight_names_both_days():
    start = dt.datetime(2026, 11, 21, 22, 30, tzinfo=dt.UTC)
    with clock.moved_to(NOON):
        text = write(PERIOD, start=start, end=start + dt.timedelta(hours=1), zone="Europe/Berlin")
    assert text == "Sat 21 Nov, 23:30_CET – Sun 22 Nov, 00:30_CET"


def test_a_period_over_the_change_of_the_clock_names_both_zones():
    start = dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC)
    with clock.moved_to(NOON):
        text = write(PERIOD, start=start, end=start + dt.timedelta(hours=1), zone="Europe/Berlin")
    assert text == "Sun 25 Oct, 02:30_CEST–02:30_CET"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5, "just now"), (300, "5 min ago"), (7300, "2 h ago"), (90_000, "1 day ago"), (-7300, "in 2 h")],
)
def test_ago_says_how_far_away_it_is(seconds, text):
    with clock.moved_to(NOON):
        assert write("{{ at|ago }}", at=NOON - dt.timedelta(seconds=seconds)) == text


def test_every_minute_of_a_zone_has_a_name():
    assert moments.zone_name(NOON) == "UTC"


def test_an_icon_is_decoration_unless_it_has_a_label():
    assert 'aria-hidden="true"' in write("{% icon 'bolt' %}")
    labelled = write("{% icon 'bolt' label=label %}", label="<Fast>")
    assert 'role="img" aria-label="&lt;Fast&gt;"' in labelled
    assert 'href="/static/img/icons.svg#bolt"' in labelled


def test_a_status_has_a_word_and_a_shape_beside_its_colour():
    html = write("{% status_badge 'held' %}")
    assert 'data-tone="wait"' in html
    assert "#clock" in html
    assert "Waiting for payment" in html


def test_a_status_nobody_knows_is_shown_as_it_is():
    assert look_of("sent_back").label == "Sent back"
    assert all(isinstance(look.label, (str, Promise)) for look in LOOKS.values())


def test_one_word_may_mean_two_things():
    assert look_of("active", "station").icon != look_of("active", "session").icon
    assert "#check" in write("{% status_badge 'active' model='station' %}")


def test_a_record_brings_its_own_word():
    from bookings.models import Evse

    assert "Out of service" in write("{% status_badge evse %}", evse=Evse(status="out_of_service"))


def test_a_battery_is_never_more_than_full():
    assert 'value="4" max="4"' in write("{% battery 9 4 'free' %}")
    assert 'value="0" max="100"' in write("{% battery -3 100 %}")


@pytest.mark.parametrize(
    ("here", "name", "also", "current"),
    [
        ("/", "home", "/stations/", True),
        ("/stations/1/", "home", "/stations/", True),
        ("/bookings/", "home", "/stations/", False),
        ("/bookings/1/", "bookings", "", True),
        ("/", "bookings", "", False),
    ],
)
def test_the_navigation_knows_where_one_is(here, name, also, current):
    html = write("{% nav_item name 'X' 'pin' also=also %}", request=SimpleNamespace(path=here), name=name, also=also)
    assert ('aria-current="page"' in html) is current


def test_a_countdown_says_without_script_when_it_ends():
    with clock.moved_to(NOON):
        html = write("{% countdown at 600 'Europe/Berlin' %}", at=NOON)
    assert 'ends-at="2026-11-21T12:00:00+00:00"' in html
    assert "Sat 21 Nov, 13:00_CET" in html
