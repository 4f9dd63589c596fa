"""Distances on the globe, and the box that holds a circle."""

import math
from typing import NamedTuple

EARTH_RADIUS_M = 6_371_009
"""Mean radius (IUGG)."""


class Point(NamedTuple):
    """Degrees, WGS84."""

    latitude: float
    longitude: float


class Box(NamedTuple):
    """Latitudes from `south` to `north`, and one or two ranges of longitudes: two where it crosses the date line."""

    south: float
    north: float
    longitudes: list[tuple[float, float]]


def distance_m(a: Point, b: Point) -> int:
    """Great-circle distance (haversine)."""
    lat_a, lat_b = math.radians(a.latitude), math.radians(b.latitude)
    d_lat, d_lon = lat_b - lat_a, math.radians(b.longitude - a.longitude)
    h = math.sin(d_lat / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(d_lon / 2) ** 2
    return round(2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(h))))


def box_around(center: Point, radius_m: float) -> Box:
    """A box that holds every point within `radius_m` of `center`; near a pole it holds all longitudes."""
    angle = math.degrees(radius_m / EARTH_RADIUS_M)
    south, north = center.latitude - angle, center.latitude + angle
    if south <= -90 or north >= 90:
        return Box(max(south, -90.0), min(north, 90.0), [(-180.0, 180.0)])
    # the widest place of the circle is nearer to the pole than its centre
    ratio = math.sin(math.radians(angle)) / math.cos(math.radians(center.latitude))
    half = math.degrees(math.asin(ratio)) if ratio < 1 else 180.0
    west, east = center.longitude - half, center.longitude + half
    if half >= 180:
        return Box(south, north, [(-180.0, 180.0)])
    if west < -180:
        return Box(south, north, [(west + 360, 180.0), (-180.0, east)])
    if east > 180:
        return Box(south, north, [(west, 180.0), (-180.0, east - 360)])
    return Box(south, north, [(west, east)])
