"""What the stack's site begins with: a station, two drivers, an operator. Run with the stack's environment.

`python -m tests.stack.scene` prints what tests need to act as them, as JSON.
"""

import json

import django


def main() -> None:
    from bookings.stations import refresh_station
    from bookings.tokens import create_token
    from tests.browsing import session_cookie
    from tests.people import make_client
    from tests.places import make_evse, make_station, make_tariff

    station = make_station("Harbour", tariff=make_tariff())
    first, _second = make_evse(station, "A1"), make_evse(station, "A2")
    refresh_station(station)
    people = {}
    for name, role in (("dara", ""), ("opal", "operator")):
        client = make_client(name, role=role)
        token = create_token(client=client, name="stack")[1]
        people[name] = {"cookie": session_cookie(client), "token": token}
    print(json.dumps({"people": people, "evse_id": str(first.pk)}))


if __name__ == "__main__":
    django.setup()
    main()
