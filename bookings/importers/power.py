"""Power of a plug in W: what is stated, if it is plausible, else what volts and amperes give."""

import math

from bookings.models import Evse

LEAST_W = {Evse.Current.AC: 500, Evse.Current.DC: 5_000}
MOST_W = {Evse.Current.AC: 45_000, Evse.Current.DC: 1_000_000}
"""No AC plug gives more than three phases of 63 A (43.5 kW); DC dispensers end at 1 MW."""
MOST_AC_VOLTS = 450
LINE_TO_LINE_VOLTS = 300
"""Three-phase systems have 190 to 277 V from phase to neutral and 330 to 480 V between phases."""
VOLTS, AMPERES = (100, 1500), (6, 1000)
ROUNDED_TO_W = 100
DOUBT = 2
"""A power in the wrong unit is read as meant if volts and amperes, where given, agree within this factor."""

WATTS, KILOWATTS = 1, 1000
"""The units of what files state, in W."""
REPAIRED = "power in the wrong unit (kW for W, or W for kW) read as meant"


def power_of(
    current: str, *, stated: float | None = None, unit: int = KILOWATTS, computed_w: float | None = None
) -> tuple[int | None, tuple[str, ...]]:
    """Power of a plug in W, None where nothing plausible is known, and notes on what was repaired.

    A `stated` power that is possible in the other unit only (22,000 kW for 22 kW) is read in that, unless volts and
    amperes say something else. What is 0 is not stated.
    """
    if not stated:
        return _rounded(computed_w) if _plausible(computed_w, current) else None, ()
    if _plausible(stated * unit, current):
        return _rounded(stated * unit), ()
    meant = stated * (WATTS if unit == KILOWATTS else KILOWATTS)
    agreed = computed_w is None or 1 / DOUBT <= meant / computed_w <= DOUBT
    return (_rounded(meant), (REPAIRED,)) if _plausible(meant, current) and agreed else (None, ())


def volts_times_amperes(volts: float | None, amperes: float | None, phases: int) -> float | None:
    """V x A of direct current (`phases` 0) or of 1 to 3 phases; None unless both are plausible.

    Equal numbers are one number copied into both columns, so they say nothing.
    """
    if volts is None or amperes is None or volts == amperes:
        return None
    if not (VOLTS[0] <= volts <= VOLTS[1] and AMPERES[0] <= amperes <= AMPERES[1]):
        return None
    if phases == 3 and volts >= LINE_TO_LINE_VOLTS:
        return volts * amperes * math.sqrt(3)
    return volts * amperes * max(1, phases)


def _plausible(power_w: float | None, current: str) -> bool:
    return power_w is not None and LEAST_W[Evse.Current(current)] <= power_w <= MOST_W[Evse.Current(current)]


def _rounded(power_w: float | None) -> int:
    assert power_w is not None, "only a plausible power is rounded"
    return round(power_w / ROUNDED_TO_W) * ROUNDED_TO_W
