"""How long networkx, numpy and CP-SAT take for what the bench measures; loading is not counted."""

import os
import time
from statistics import median

import networkx as nx
import numpy as np
from ortools.sat.python import cp_model

from exchange import answer
from timetables import Timetable

ROUNDS = 5
RUNS = 5_000
# Of one timetable: six times what the planner is allowed to need.
SECONDS = 60.0


def timed(part, rounds=ROUNDS):
    """The median time, and the last result."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        result = part()
        times.append(time.perf_counter() - begin)
    return median(times), result


def graph(tasks, links):
    durations = {task["id"]: task["duration"] for task in tasks}
    graph = nx.DiGraph()
    graph.add_nodes_from(durations)
    graph.add_edges_from((link["from"], link["to"], {"weight": durations[link["from"]]}) for link in links)
    return graph


def simulation(tasks, links):
    """Finishes of all runs at once: Beta-PERT durations, rounded, and a forward pass over columns."""
    random = np.random.default_rng(1)
    before = {task["id"]: [] for task in tasks}
    for link in links:
        before[link["to"]].append(link["from"])
    ends = {}
    for task in tasks:
        likely = task["duration"]
        low, high = 0.8 * likely, 1.6 * likely
        a, b = 1 + 4 * (likely - low) / (high - low), 1 + 4 * (high - likely) / (high - low)
        days = np.rint(low + (high - low) * random.beta(a, b, RUNS))
        start = np.max([ends[id] for id in before[task["id"]]], axis=0) if before[task["id"]] else 0
        ends[task["id"]] = start + days
    return np.percentile(np.max(list(ends.values()), axis=0), [50, 80, 90])


def solve(instance):
    begin = time.perf_counter()
    timetable = Timetable(instance)
    timetable.model.minimize(sum(timetable.cost))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = os.cpu_count() or 1
    solver.parameters.max_time_in_seconds = SECONDS
    status = solver.solve(timetable.model)
    known = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    return {
        "seconds": time.perf_counter() - begin,
        "status": solver.status_name(status).lower(),
        "cost": round(solver.objective_value) if known else None,
        "bound": round(max(solver.best_objective_bound, 0)),
    }


def measure(question):
    built, whole = timed(lambda: graph(question["tasks"], question["links"]))
    longest, _ = timed(lambda: nx.dag_longest_path_length(whole))
    simulated, _ = timed(lambda: simulation(question["few"], question["few_links"]))
    return {"graph": built, "longest": longest, "simulation": simulated, **solve(question["conference"])}


if __name__ == "__main__":
    answer(measure)
