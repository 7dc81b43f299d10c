"""Scores, sensitivity, shares of money and invoice lines in exact fractions, from the formulas."""

import struct
from fractions import Fraction
from math import floor

from exchange import answer

PERFECT, WHOLE = 1_000_000, 10_000
CRITERIA = ["cost", "capacity", "amenities", "distance", "availability"]


def bits(fraction):
    """The nearest double of a fraction, as its bits: text would round again."""
    return struct.unpack("<Q", struct.pack("<d", fraction.numerator / fraction.denominator))[0]


def half_up(fraction):
    return floor(fraction + Fraction(1, 2))


def clamp(part, whole):
    return Fraction(1) if whole <= 0 else min(max(Fraction(part, whole), Fraction(0)), Fraction(1))


def cost_utility(wanted, cost):
    if wanted["budget_max"] <= wanted["budget_min"]:
        return Fraction(cost <= wanted["budget_max"])
    return clamp(wanted["budget_max"] - cost, wanted["budget_max"] - wanted["budget_min"])


def utilities(wanted, it):
    need, there = wanted["capacity"], it["capacity"]
    # A straight line from 1 at a quarter more than needed to a half at twice as much.
    over = Fraction(there) / need
    capacity = min(Fraction(1), max(Fraction(1, 2), 1 - (over - Fraction(5, 4)) * Fraction(2, 3))) if there >= need else Fraction(0)
    share = lambda asked, has: clamp(len(set(asked) & set(has)), len(asked))
    exact = {
        "cost": cost_utility(wanted, it["cost"]),
        "capacity": capacity,
        "amenities": share(wanted["amenities"], it["amenities"]),
        "distance": clamp(wanted["metres_max"] - it["metres"], wanted["metres_max"]),
        "availability": share(wanted["dates"], it["free"]),
    }
    return {name: half_up(value * PERFECT) for name, value in exact.items()}


def venues(question):
    wanted, weights = question["wanted"], question["weights"]
    cards = []
    for it in question["candidates"]:
        out = (
            it["capacity"] < wanted["capacity"]
            or it["cost"] > wanted["budget_max"]
            or not set(wanted["accessibility"]) <= set(it["accessibility"])
            or not set(wanted["dates"]) & set(it["free"])
        )
        if not out:
            values = utilities(wanted, it)
            total = sum(weights[name] * values[name] for name in CRITERIA)
            cards.append((-total, it["cost"], it["id"], values))
    cards.sort(key=lambda card: card[:3])
    flips, costs = [], []
    for rival in cards[1:]:
        flips += [flip for name in CRITERIA if (flip := flip_of(name, cards[0], rival, weights))]
        highest = cost_to_win(wanted, cards[0], rival, weights)
        costs += [] if highest is None else [[rival[2], highest]]
    flips.sort(key=lambda flip: (abs(flip[0]), CRITERIA.index(flip[1]), flip[2]))
    return {
        "scores": [[id, -total] for total, _, id, _ in cards],
        "flips": [[bits(points), name, id] for points, name, id in flips],
        "costs": costs,
    }


def flip_of(name, winner, rival, weights):
    """Solves total(winner) = total(rival) for the weight: both totals are straight lines of it."""
    weight = Fraction(weights[name], WHOLE)
    if weight == 1:
        return None

    def lead(at):
        shares = {other: Fraction(weights[other], WHOLE) * (1 - at) / (1 - weight) for other in CRITERIA}
        shares[name] = at
        return sum(share * (winner[3][other] - rival[3][other]) for other, share in shares.items())

    none, all = lead(Fraction(0)), lead(Fraction(1))
    if none == all:
        return None
    meets = none / (none - all)
    wins_ties = rival[1:3] < winner[1:3]
    if 0 < meets < 1 or (meets in (0, 1) and wins_ties):
        return (meets - weight) * WHOLE, name, rival[2]
    return None


def cost_to_win(wanted, winner, rival, weights):
    """Every cost is tried, from the rival's own down."""
    others = -rival[0] - weights["cost"] * rival[3]["cost"]
    for cost in range(rival[1], -1, -1):
        total = others + weights["cost"] * half_up(cost_utility(wanted, cost) * PERFECT)
        if (-total, cost) <= (winner[0], winner[1]):
            return cost
    return None


def shares(question):
    """Hamilton's method: whole parts first, then a unit each to the largest remainders."""
    total, parts = question["total"], question["shares"]
    exact = [Fraction(abs(total) * part, sum(parts)) for part in parts]
    found = [floor(part) for part in exact]
    order = sorted(range(len(parts)), key=lambda at: (found[at] - exact[at], at))
    for at in order[: abs(total) - sum(found)]:
        found[at] += 1
    return [part if total >= 0 else -part for part in found]


def line(question):
    """Net, service, tax; halves away from zero."""
    net = question["unit_cost"] * question["quantity"]
    service = half_up(Fraction(net * question["service"], WHOLE))
    return [net, service, half_up(Fraction((net + service) * question["tax"], WHOLE))]


def solve(question):
    (kind,) = question
    return {kind: {"venues": venues, "shares": shares, "line": line}[kind](question[kind])}


if __name__ == "__main__":
    answer(solve)
