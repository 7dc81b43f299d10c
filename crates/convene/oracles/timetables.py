"""Session timetables by CP-SAT: the least cost, or what none costs less than."""

import os
from collections import defaultdict
from itertools import combinations

from ortools.sat.python import cp_model

from exchange import answer

# Of one instance, in CP-SAT's own unit (about a second), which gives the same bound on every machine.
EFFORT = 3.0


def meet(a, b):
    return a[0] < b[1] and b[0] < a[1]


def slots_of(instance):
    """The first minute of each slot, its place in its block, and the slots of that block."""
    blocks = sorted(instance["blocks"], key=lambda block: block["start"])
    return [
        (block["start"] + at * instance["slot_minutes"], at, block["slots"]) for block in blocks for at in range(block["slots"])
    ]


def places(instance, slots, session):
    """Where and when a session could be, alone: (first slot, room, minutes, cost)."""
    away = [(it["from"], it["to"]) for it in instance["away"] if it["person"] in session["people"]]
    weights = instance["weights"]
    for first, (minute, at, of) in enumerate(slots):
        span = (minute, minute + session["slots"] * instance["slot_minutes"])
        if at + session["slots"] > of or session["start"] not in (None, minute) or any(meet(span, it) for it in away):
            continue
        for number, room in enumerate(instance["rooms"]):
            fits = room["capacity"] >= session["audience"] and set(session["needs"]) <= set(room["equipment"])
            closed = any(meet(span, it) for it in room["closed"])
            if fits and not closed and session["room"] in (None, room["id"]):
                empty = 100 * (room["capacity"] - session["audience"]) // room["capacity"]
                yield first, number, span, weights["empty_percent"] * empty + weights["late"] * at


class Timetable:
    def __init__(self, instance):
        self.instance, self.model = instance, cp_model.CpModel()
        self.slots = slots_of(instance)
        self.sessions = {session["id"]: session for session in instance["sessions"]}
        self.cost = []
        # The choices of a session, and of those the ones that cover a slot.
        self.choices, self.covering = {}, defaultdict(list)
        for id, session in self.sessions.items():
            self.place(id, session)
        self.apart()
        self.together()
        self.tracks()

    def place(self, id, session):
        choices = []
        for first, room, span, cost in places(self.instance, self.slots, session):
            chosen = self.model.new_bool_var("")
            choices.append((chosen, first, room, span))
            self.cost.append(cost * chosen)
            for slot in range(first, first + session["slots"]):
                self.covering[id, slot].append((chosen, room))
        self.model.add_exactly_one(it[0] for it in choices)
        self.choices[id] = choices

    def apart(self):
        """What cannot be at once: two in a room, two of a person, anything beside a plenary."""
        people = {person for session in self.sessions.values() for person in session["people"]}
        for slot in range(len(self.slots)):
            for room in range(len(self.instance["rooms"])):
                self.model.add_at_most_one(
                    chosen
                    for id, session in self.sessions.items()
                    for chosen, of in self.covering[id, slot]
                    if of == room or session["plenary"]
                )
            for person in people:
                self.model.add_at_most_one(
                    chosen
                    for id, session in self.sessions.items()
                    if person in session["people"]
                    for chosen, _ in self.covering[id, slot]
                )
            for thing, stock in self.instance["movable"].items():
                uses = [
                    session["movable"].get(thing, 0) * chosen
                    for id, session in self.sessions.items()
                    for chosen, _ in self.covering[id, slot]
                ]
                self.model.add(sum(uses) <= stock)

    def together(self):
        """Ways between venues, and what comes after what."""
        walks = {frozenset(walk["between"]): walk["minutes"] for walk in self.instance["walks"]}
        venue = [room["venue"] for room in self.instance["rooms"]]
        for one, other in combinations(self.sessions, 2):
            if walks and set(self.sessions[one]["people"]) & set(self.sessions[other]["people"]):
                for a, _, in_a, span in self.choices[one]:
                    for b, _, in_b, with_b in self.choices[other]:
                        way = walks.get(frozenset((venue[in_a], venue[in_b])), 0)
                        if way and meet((span[0] - way, span[1] + way), with_b):
                            self.model.add_at_most_one(a, b)
        for id, session in self.sessions.items():
            for before in session["after"]:
                begin = sum(span[0] * chosen for chosen, _, _, span in self.choices[id])
                end = sum(span[1] * chosen for chosen, _, _, span in self.choices[before])
                self.model.add(begin >= end)

    def tracks(self):
        for track in {session["track"] for session in self.sessions.values()} - {None}:
            of = [id for id, session in self.sessions.items() if session["track"] == track]
            for slot in range(len(self.slots)):
                beside = [chosen for id in of for chosen, _ in self.covering[id, slot]]
                beyond = self.model.new_int_var(0, len(of), "")
                self.model.add(beyond >= sum(beside) - 1)
                self.cost.append(self.instance["weights"]["parallel"] * beyond)

    def solve(self):
        self.model.minimize(sum(self.cost))
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.linearization_level = 2
        solver.parameters.max_deterministic_time = EFFORT
        status = solver.solve(self.model)
        known = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
        return {
            "status": solver.status_name(status).lower(),
            "cost": round(solver.objective_value) if known else None,
            "bound": None if status == cp_model.INFEASIBLE else round(solver.best_objective_bound),
        }


def solve(instance):
    return Timetable(instance).solve()


if __name__ == "__main__":
    answer(solve, workers=os.cpu_count() or 1)
