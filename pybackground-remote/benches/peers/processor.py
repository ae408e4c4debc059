"""The processor time of processes."""

import os


def _stat(process):
    try:
        with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()
    except OSError:
        return None


def seconds(roots):
    """Returns the seconds of processor time of these processes and of all below, those that have ended included."""
    stats = {int(name): _stat(name) for name in os.listdir("/proc") if name.isdigit()}
    stats = {process: stat for process, stat in stats.items() if stat}
    found = set()
    waiting = [process for process in roots if process in stats]
    while waiting:
        process = waiting.pop()
        if process not in found:
            found.add(process)
            waiting += [child for child, stat in stats.items() if int(stat[1]) == process]
    ticks = sum(int(tick) for process in found for tick in stats[process][11:15])
    return ticks / os.sysconf("SC_CLK_TCK")
