"""The Python package pebble, as a reference for the `process` table.

Usage: pebble_pool.py cold|warm|echo|kill; prints the figure in nanoseconds; of warm, the median and then
what one call in a hundred exceeds.
"""

import os
import sys
import time

try:
    import pebble
except ImportError:
    sys.exit("skipped: python3 has no pebble")

LIMIT = 0.2
WARM_UP = 100
CALLS = 3000
MANY = 64 << 20


def double(n):
    return 2 * n


def same(data):
    return data


def pid():
    return os.getpid()


def endless():
    while True:
        pass


def gone(process):
    try:
        with open(f"/proc/{process}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(") ", 1)[1][0] in "ZX"
    except FileNotFoundError:
        return True


def cold():
    call = pebble.concurrent.process(double)
    assert call(1).result() == 2
    start = time.perf_counter()
    assert call(2).result() == 4
    return time.perf_counter() - start


def warm():
    with pebble.ProcessPool(max_workers=1) as pool:
        assert pool.submit(double, None, 1).result() == 2
        times = []
        for n in range(WARM_UP + CALLS):
            start = time.perf_counter()
            assert pool.submit(double, None, n).result() == 2 * n
            times.append(time.perf_counter() - start)
        times = sorted(times[WARM_UP:])
        return times[CALLS // 2], times[CALLS * 99 // 100]


def echo():
    with pebble.ProcessPool(max_workers=1) as pool:
        assert pool.submit(double, None, 1).result() == 2
        data = bytes(MANY)
        start = time.perf_counter()
        assert len(pool.submit(same, None, data).result()) == MANY
        return time.perf_counter() - start


def kill():
    with pebble.ProcessPool(max_workers=1) as pool:
        process = pool.submit(pid, None).result()
        start = time.perf_counter()
        try:
            pool.submit(endless, LIMIT).result()
        except TimeoutError:
            pass
        while not gone(process):
            pass
        return time.perf_counter() - start - LIMIT


ROWS = {"cold": cold, "warm": warm, "echo": echo, "kill": kill}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in ROWS:
        sys.exit(f"usage: pebble_pool.py {'|'.join(ROWS)}")
    seconds = ROWS[sys.argv[1]]()
    print(*(figure * 1e9 for figure in (seconds if isinstance(seconds, tuple) else (seconds,))))
