"""What the stack's site begins with: a station, two drivers, an operator. Run with the stack's environment.

`python -m tests.stack.scene` prints what tests need to act as them, as JSON.
"""

import json

import django

EVSES = 6


def main() -> None:
    from bookings.stations import refresh_station
    from bookings.tokens import create_token
    from tests.browsing import session_cookie
    from tests.people import make_client
    from tests.places import make_evse, make_station, make_tariff

    station = make_station("Harbour", tariff=make_tariff())
    evses = [make_evse(station, f"A{number}") for number in range(1, EVSES + 1)]
    refresh_station(station)
    people = {}
    for name, role in (("dara", ""), ("opal", "operator")):
        client = make_client(name, role=role)
        token = create_token(client=client, name="stack")[1]
        people[name] = {"cookie": session_cookie(client), "token": token}
    print(json.dumps({"people": people, "evses": [str(evse.pk) for evse in evses]}))


if __name__ == "__main__":
    django.setup()
    main()
