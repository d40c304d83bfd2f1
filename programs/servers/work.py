# What the JSON servers compute for a request: where eight planets are on a day. And who computed it.
#
# Kepler's equation, E - e sin E = M, solved by 500 steps of E = M + e sin E for each planet, is some 300 µs of
# CPU in CPython 3.11 (AMD EPYC): about what the page of the published experiment takes. Elements are those of
# the epoch J2000: period in days, eccentricity, mean anomaly in degrees.

import json
import math
import os

PLANETS = {
    "mercury": (87.969, 0.2056, 174.795),
    "venus": (224.701, 0.0068, 50.115),
    "earth": (365.256, 0.0167, 357.529),
    "mars": (686.980, 0.0934, 19.373),
    "jupiter": (4332.59, 0.0484, 20.020),
    "saturn": (10759.2, 0.0542, 317.020),
    "uranus": (30688.5, 0.0472, 142.239),
    "neptune": (60182.0, 0.0086, 256.228),
}
STEPS = 500


def anomaly(planet, day):
    period, eccentricity, degrees = PLANETS[planet]
    mean = math.radians(degrees) + 2 * math.pi * day / period
    eccentric = mean
    for _ in range(STEPS):
        eccentric = mean + eccentricity * math.sin(eccentric)
    return math.degrees(eccentric) % 360


def worker():
    """The header of an answer that says which process made it."""
    return {"Inflight-Worker": str(os.getpid())}


def page(day):
    return json.dumps({planet: anomaly(planet, day) for planet in PLANETS})
