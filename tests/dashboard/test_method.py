"""/about/impact/: open to everybody, and its example is what the code computes."""

from django.test import Client as Browser

from bookings import eco
from dashboard import method
from evbunker.money import format_money


def test_everybody_may_read_it(client: Browser) -> None:
    answer = client.get("/about/impact/")
    assert answer.status_code == 200
    assert client.post("/about/impact/").status_code == 405
    shown = answer.content.decode()
    for source in (eco.EV_SOURCE, eco.PETROL_SOURCE, eco.FUEL_SOURCE, eco.GRID_SOURCE):
        assert source in shown


def test_the_example_adds_up() -> None:
    example = method.worked_example()
    found = example["impact"]
    assert example["petrol_g"] - example["grid_g"] == found.co2_saved_g
    assert example["petrol_minor"] - example["paid_minor"] == found.money_saved_minor
    assert example["trees"] == eco.trees(found.co2_saved_g)


def test_the_page_shows_what_the_code_computes(client: Browser) -> None:
    shown = client.get("/about/impact/").content.decode()
    example = method.worked_example()
    assert format_money(example["impact"].money_saved_minor, example["currency"]) in shown


def test_one_of_the_places_is_below_zero() -> None:
    savings = [row["impact"].co2_saved_g for row in method.comparison()]
    assert savings == sorted(savings, reverse=True)
    assert savings[-1] < 0


def test_the_first_estimate_stands_beside_ours() -> None:
    for row in method.estimates():
        assert row.ours_wh == min(row.budget_wh, row.power_w * row.minutes // 60)
        assert row.seed_wh == row.minutes * 1000 // 60


def test_every_known_country_has_its_row() -> None:
    places = {place.code: place for place in method.places()}
    assert places["DE"].grid == (2024, 344)
    assert places["DE"].fuel is not None
    assert places["DE"].name == "Germany"
    assert len(places) > 200


def test_it_asks_the_database_nothing(client: Browser, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(0):
        client.get("/about/impact/")
