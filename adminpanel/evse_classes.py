"""Classes of EVSEs, by which figures are told apart: alternating current, direct current, and that from 150 kW on.

150 kW is where both laws draw a line: "ultra-fast" begins there in Annex III of Regulation (EU) 2023/1804, and
23 CFR 680.106(d)(2) asks as much of every fast port along American corridors.
"""

from django.utils.translation import gettext_lazy as _

from bookings.models import Evse

ULTRA_FAST_W = 150_000
AC, DC, ULTRA_FAST = "ac", "dc", "dc_150"
CLASSES = {AC: _("AC"), DC: _("DC, under 150 kW"), ULTRA_FAST: _("DC, from 150 kW")}
"""In the order of pages, with the names that operators see."""


def evse_class(current: str, power_w: int) -> str:
    """The class of an EVSE of that current (`Evse.Current`) and power."""
    if current != Evse.Current.DC:
        return AC
    return ULTRA_FAST if power_w >= ULTRA_FAST_W else DC
