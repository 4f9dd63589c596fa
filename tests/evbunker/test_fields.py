"""Numbers for keys that MongoDB does not count."""

from concurrent.futures import ThreadPoolExecutor

from evbunker.fields import new_number


def test_no_number_comes_twice_however_fast() -> None:
    with ThreadPoolExecutor(4) as pool:
        made = [number for many in pool.map(lambda _: [new_number() for _ in range(5000)], range(4)) for number in many]
    assert len(set(made)) == len(made)
    assert 0 < min(made) <= max(made) < 2**63
