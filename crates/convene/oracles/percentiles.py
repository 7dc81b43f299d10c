"""Percentiles of random costs and project lengths, by numpy's own random numbers and many more runs."""

import networkx as nx
import numpy as np

from exchange import answer

RUNS = 40_000


def draw(random, estimate, shape):
    low, mode, high = estimate["optimistic"], estimate["likely"], estimate["pessimistic"]
    if low == high:
        return np.full(RUNS, mode)
    if shape == "triangular":
        return random.triangular(low, mode, high, RUNS)
    spread = high - low
    return low + spread * random.beta(1 + 4 * (mode - low) / spread, 1 + 4 * (high - mode) / spread, RUNS)


def costs(random, question, shape):
    total = np.zeros(RUNS)
    for item in question["items"]:
        total += draw(random, item["estimate"], shape)
    for threat in question["threats"]:
        total += (random.random(RUNS) < threat["probability"]) * draw(random, threat["loss"], shape)
    return total


def lengths(random, question, shape):
    graph = nx.DiGraph(question["links"])
    graph.add_nodes_from(question["estimates"])
    ends = {}
    for task in nx.topological_sort(graph):
        start = np.zeros(RUNS)
        for before in graph.predecessors(task):
            start = np.maximum(start, ends[before])
        ends[task] = start + np.rint(draw(random, question["estimates"][task], shape))
    return np.maximum.reduce(list(ends.values()))


def solve(question):
    random = np.random.default_rng(question["seed"])
    (kind,) = question["what"]
    values = {"costs": costs, "lengths": lengths}[kind](random, question["what"][kind], question["shape"])
    values.sort()
    found = []
    for share in (0.5, 0.8, 0.9):
        step = np.sqrt(RUNS * share * (1 - share))
        at = lambda rank: float(values[int(np.ceil(rank)) - 1])
        found.append([at(RUNS * share), (at(RUNS * share + step) - at(RUNS * share - step)) / 2])
    return {"mean": [float(values.mean()), float(values.std(ddof=1) / np.sqrt(RUNS))], "percentiles": found}


if __name__ == "__main__":
    answer(solve)
