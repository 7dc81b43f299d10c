"""The critical path, twice: as longest paths with networkx, and day by day where a calendar has days off.

On a line without days off every link is a difference of two starts, and the earliest starts are the longest paths
from a source (Bellman-Ford on negated lengths). With days off, dates are tried one by one until all links hold.
"""

import networkx as nx

from exchange import answer


def length(link, durations):
    """By how much the successor starts after the predecessor at least."""
    before = durations[link["from"]] if link["kind"] in ("FS", "FF") else 0
    inside = durations[link["to"]] if link["kind"] in ("FF", "SF") else 0
    return before + lag(link) - inside


def lag(link):
    (units,) = link["lag"].values()
    return units


def longest(nodes, edges, sources):
    """The longest path to each node; `sources` says where each may begin."""
    graph = nx.DiGraph()
    graph.add_nodes_from(nodes)
    for a, b, weight in [*(("", node, at) for node, at in sources.items()), *edges]:
        if not graph.has_edge(a, b) or graph[a][b]["weight"] > -weight:
            graph.add_edge(a, b, weight=-weight)
    lengths = nx.single_source_bellman_ford_path_length(graph, "")
    return {node: -lengths[node] for node in nodes}


def plain(question):
    tasks = {task["id"]: task for task in question["tasks"]}
    durations = {id: task["duration"] for id, task in tasks.items()}
    edges = [(link["from"], link["to"], length(link, durations)) for link in question["links"]]
    start, deadline = question["start"], question["deadline"]
    first = {id: max(start, start if task["not_before"] is None else task["not_before"]) for id, task in tasks.items()}
    early = longest(tasks, edges, first)
    finish = max(early[id] + durations[id] for id in tasks)
    end = finish if deadline is None else deadline
    ends = {id: end if task["due"] is None else min(end, task["due"]) for id, task in tasks.items()}
    backwards = longest(tasks, [(b, a, w) for a, b, w in edges], {id: durations[id] - ends[id] for id in tasks})
    late = {id: -at for id, at in backwards.items()}
    free = {id: finish - durations[id] for id in tasks}
    for a, b, weight in edges:
        free[a] = min(free[a], early[b] - weight)
    return {
        "finish": finish,
        "tasks": {
            id: [early[id], early[id] + durations[id], late[id], late[id] + durations[id], late[id] - early[id], free[id] - early[id]]
            for id in tasks
        },
    }


class Calendar:
    """Days that are worked or not, walked over one by one."""

    def __init__(self, worked):
        self.worked = worked

    def add(self, day, work):
        """The day behind `work` worked days from `day` on; back over them when negative."""
        while work > 0:
            work -= self.worked[day]
            day += 1
        while work < 0:
            day -= 1
            work += self.worked[day]
        return day

    def count(self, a, b):
        return sum(self.worked[a:b]) if a <= b else -sum(self.worked[b:a])


def holds(link, before, after, calendars, tasks):
    """Whether a link allows two spans."""
    end = before[1] if link["kind"] in ("FS", "FF") else before[0]
    begin = after[0] if link["kind"] in ("FS", "SS") else after[1]
    calendar = calendars[tasks[link["to"]]["calendar"]]
    return begin >= (end + lag(link) if "elapsed" in link["lag"] else calendar.add(end, lag(link)))


def by_days(question):
    tasks = {task["id"]: task for task in question["tasks"]}
    calendars = [Calendar(worked) for worked in question["worked"]]
    graph = nx.DiGraph((link["from"], link["to"]) for link in question["links"])
    graph.add_nodes_from(tasks)
    order = list(nx.topological_sort(graph))

    def span(id, day):
        """The span of a task that starts on a day; none when the day is off."""
        calendar, work = calendars[tasks[id]["calendar"]], tasks[id]["duration"]
        if work > 0 and not calendar.worked[day]:
            return None
        return day, calendar.add(day, work)

    early = {}
    for id in order:
        links = [link for link in question["links"] if link["to"] == id]
        day = max(question["start"], question["start"] if tasks[id]["not_before"] is None else tasks[id]["not_before"])
        while (at := span(id, day)) is None or not all(holds(it, early[it["from"]], at, calendars, tasks) for it in links):
            day += 1
        early[id] = at
    finish = max(end for _, end in early.values())
    end = finish if question["deadline"] is None else question["deadline"]

    def latest(id, end, others):
        links = [link for link in question["links"] if link["from"] == id]
        day = end
        while (
            (at := span(id, day)) is None
            or at[1] > end
            or not all(holds(it, at, others[it["to"]], calendars, tasks) for it in links)
        ):
            day -= 1
        return at

    late = {}
    for id in reversed(order):
        due = tasks[id]["due"]
        late[id] = latest(id, end if due is None else min(end, due), late)
    rows = {}
    for id in tasks:
        calendar = calendars[tasks[id]["calendar"]]
        free = latest(id, finish, early)
        floats = [calendar.count(early[id][0], at[0]) for at in (late[id], free)]
        rows[id] = [*early[id], *late[id], *floats]
    return {"finish": finish, "tasks": rows}


def solve(question):
    return by_days(question) if question["worked"] else plain(question)


if __name__ == "__main__":
    answer(solve)
