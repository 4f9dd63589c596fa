"""The many names of plugs and sockets, in the one vocabulary of `Connector` (OCPI 2.2.1)."""

import re

from bookings.models import Connector, Evse

C = Connector

NAMES = {
    C.CHADEMO: "chademo, jevs g105 chademo dc, jevs g105, iec 62196 3 aa, chademo dc",
    C.CHAOJI: "chaoji, chademo 3",
    C.DOMESTIC_A: "type a, nema 1 15",
    C.DOMESTIC_B: "type b, nema 5 15, nema 5 15r, nema515",
    C.DOMESTIC_C: "type c, europlug, europlug 2 pin cee 7 16, cee 7 16",
    C.DOMESTIC_D: "type d",
    C.DOMESTIC_E: "type e, cee 7 5",
    C.DOMESTIC_F: "type f, schuko, cee 7 4, cee 7 4 schuko type f",
    C.DOMESTIC_G: "type g, bs1363, bs 1363, 3 pin type g bs1363, bs1363 3 pin, bs1363 3 pin 13 amp, uk 3 pin, 3 pin",
    C.DOMESTIC_H: "type h",
    C.DOMESTIC_I: "type i, as3112, type i as 3112",
    C.DOMESTIC_J: "type j, t13, sec1011",
    C.DOMESTIC_K: "type k",
    C.DOMESTIC_L: "type l",
    C.DOMESTIC_M: "type m",
    C.DOMESTIC_N: "type n",
    C.DOMESTIC_O: "type o",
    C.GBT_AC: "gb t ac, gbt ac, gb t 20234 2",
    C.GBT_DC: "gb t dc, gbt dc, gb t 20234 3, gb t, gbt",
    C.IEC_60309_2_SINGLE_16: "iec 60309 3 pin, cee 3 pin, blue commando, blue commando 2p e, commando",
    C.IEC_60309_2_THREE_16: "iec 60309 5 pin, cee 5 pin, red commando",
    C.IEC_60309_2_THREE_32: "iec 60309 5 pin 32a, cee 5 pin 32a",
    C.IEC_60309_2_THREE_64: "iec 60309 5 pin 63a, cee 5 pin 63a",
    C.IEC_62196_T1: "type 1, j1772, sae j1772, type 1 j1772, type 1 saej1772 iec 62196, type 1 sae j1772, yazaki",
    C.IEC_62196_T1_COMBO: "ccs1, ccs 1, ccs type 1, j1772combo, j1772 combo, sae combo, combo 1, type 1 combo",
    C.IEC_62196_T2: "type 2, mennekes, type 2 mennekes, type 2 mennekes iec62196, type 2 socket, type 2 socket only, "
    "type 2 tethered, type 2 tethered connector, type 2 outlet, type 2 cable, iec 62196 2",
    C.IEC_62196_T2_COMBO: "ccs2, ccs 2, ccs type 2, ccs, combo, combo 2, type 2 combo, type 2 combo iec62196 dc",
    C.IEC_62196_T3A: "type 3a, scame, scame type 3a, scame type 3a low power",
    C.IEC_62196_T3C: "type 3, type 3c, scame type 3c, scame type 3c schneider legrand",
    C.NEMA_5_20: "nema 5 20, nema 5 20r, nema520",
    C.NEMA_6_30: "nema 6 30",
    C.NEMA_6_50: "nema 6 50",
    C.NEMA_10_30: "nema 10 30",
    C.NEMA_10_50: "nema 10 50",
    C.NEMA_14_30: "nema 14 30, nema1430",
    C.NEMA_14_50: "nema 14 50, nema1450",
    C.TESLA_R: "tesla roadster",
    C.TESLA_S: "tesla, tesla model s x, type 2 tesla iec62196 dc, tesla supercharger, tesla destination",
    C.NACS: "nacs, j3400, sae j3400, nacs tesla supercharger",
}
"""Names besides OCPI's own, compared without case, spaces and punctuation. A bare "CCS" is the European kind."""

DC_ONLY = {
    C.CHADEMO, C.CHAOJI, C.GBT_DC, C.IEC_62196_T1_COMBO, C.IEC_62196_T2_COMBO, C.PANTOGRAPH_BOTTOM_UP,
    C.PANTOGRAPH_TOP_DOWN,
}  # fmt: skip
EITHER = {C.IEC_62196_T2, C.TESLA_R, C.TESLA_S, C.NACS}
"""Plugs that carry alternating or direct current; all others besides `DC_ONLY` carry alternating current."""


def _squeezed(name: str) -> str:
    return re.sub(r"[\W_]", "", name.casefold())


_known = {_squeezed(name): connector for connector, names in NAMES.items() for name in names.split(", ")}
_known |= {_squeezed(connector): connector for connector in Connector}


def connector_called(name: str) -> Connector | None:
    """The connector with this name, or None."""
    return _known.get(_squeezed(name))


def connectors_called(names: str, separators: str = ";|/,+") -> list[Connector]:
    """The known ones of some names in one text, in the vocabulary's order."""
    found = {connector_called(name) for name in re.split(f"[{re.escape(separators)}]", names)}
    return [connector for connector in Connector if connector in found]


def current_of(connectors: list[Connector], said: str = "") -> str | None:
    """AC or DC: what the plugs allow, else what the file `said` ("ac", "dc"), or None."""
    if any(connector in DC_ONLY for connector in connectors):
        return Evse.Current.DC
    if connectors and not any(connector in EITHER for connector in connectors):
        return Evse.Current.AC
    return Evse.Current(said) if said in Evse.Current.values else None
