"""Where stores may be found, and whether they are open."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time
from math import asin, cos, degrees, radians, sin

from o2o.rules.rounds import EARTH_RADIUS_M, Point

QUARTER_E6, HALF_E6 = 90_000_000, 180_000_000


@dataclass(frozen=True, slots=True)
class Box:
    """Degrees in millionths, edges included.  It never crosses the date line: it covers all longitudes
    instead.
    """

    south_e6: int
    north_e6: int
    west_e6: int
    east_e6: int


EVERYWHERE = Box(-QUARTER_E6, QUARTER_E6, -HALF_E6, HALF_E6)


def box_around(points: Iterable[Point], radius_m: int | None) -> Box:
    """One box that holds every place within `radius_m` of any of the points; None does not limit.

    Law: a place whose `distance_m` to a point is at most `radius_m` lies in the box.  The other way round it
    need not.
    """
    points = tuple(points)
    if radius_m is None or not points:
        return EVERYWHERE
    angle = (radius_m + 1) / EARTH_RADIUS_M
    lat_e6 = _up(degrees(angle))
    south = min(point.lat_e6 for point in points) - lat_e6
    north = max(point.lat_e6 for point in points) + lat_e6
    if south <= -QUARTER_E6 or north >= QUARTER_E6:
        return Box(max(south, -QUARTER_E6), min(north, QUARTER_E6), -HALF_E6, HALF_E6)
    widest = max(abs(point.lat_e6) for point in points)
    lng_e6 = _up(degrees(asin(min(1.0, sin(angle) / cos(radians(widest / 1e6))))))
    west = min(point.lng_e6 for point in points) - lng_e6
    east = max(point.lng_e6 for point in points) + lng_e6
    if west < -HALF_E6 or east > HALF_E6:
        return Box(south, north, -HALF_E6, HALF_E6)
    return Box(south, north, west, east)


def is_open(opens_at: time | None, closes_at: time | None, at: time) -> bool:
    """Whether a store is open at a time of day.  Unknown or equal hours: always; closing before opening: over
    midnight.

    The opening minute is open, the closing minute is not.
    """
    if opens_at is None or closes_at is None or opens_at == closes_at:
        return True
    if opens_at < closes_at:
        return opens_at <= at < closes_at
    return at >= opens_at or at < closes_at


def _up(angle: float) -> int:
    return int(angle * 1e6) + 2
