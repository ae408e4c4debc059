"""The scheme of the Python module from 2008, as a reference for the `peers` table.

`background(f)(args)` starts a thread and returns a proxy. The thread puts the result into a queue;
the first use of the proxy joins the thread and takes the result from there.

Usage: thread_per_call.py ROW; prints the figure in nanoseconds and what else the row tells.
"""

import queue
import sys
import threading
import time

SLEEP = 0.2
LONG_ENOUGH = 0.15


class Proxy:
    """A value on its way; adding to it joins."""

    def __init__(self, thread, results):
        self._thread = thread
        self._results = results

    def value(self):
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            self._value = self._results.get()
        return self._value

    def __add__(self, other):
        return self.value() + other

    __radd__ = __add__


def background(function):
    def call(*arguments):
        results = queue.Queue()
        thread = threading.Thread(target=lambda: results.put(function(*arguments)))
        thread.start()
        return Proxy(thread, results)

    return call


@background
def identity(number):
    return number


def per_unit(units, one_pass):
    """Nanoseconds a unit of `one_pass`, repeated until the clock is no matter."""
    start = time.perf_counter()
    passes = 0
    while True:
        one_pass()
        passes += 1
        elapsed = time.perf_counter() - start
        if elapsed >= LONG_ENOUGH:
            return elapsed / (units * passes) * 1e9


def at_once():
    def round_trips():
        for number in range(100):
            assert identity(number) + 0 == number

    round_trips()
    print(per_unit(100, round_trips))


def join_all():
    calls = 10_000

    def one_pass():
        values = [identity(number) for number in range(calls)]
        assert sum(values) == calls * (calls - 1) // 2

    print(per_unit(calls, one_pass))


class Gauge:
    """How many are in at once."""

    def __init__(self):
        self.lock = threading.Lock()
        self.now = 0
        self.most = 0

    def __enter__(self):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_):
        with self.lock:
            self.now -= 1


def sleepers(bodies):
    gauge = Gauge()

    @background
    def sleeper():
        with gauge:
            time.sleep(SLEEP)
        return 1

    start = time.perf_counter()
    assert sum([sleeper() for _ in range(bodies)]) == bodies
    print((time.perf_counter() - start) * 1e9, gauge.most)


ROWS = {
    "at-once": at_once,
    "join-all": join_all,
    "sleep-1000": lambda: sleepers(1_000),
    "sleep-5000": lambda: sleepers(5_000),
}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in ROWS:
        sys.exit(f"usage: thread_per_call.py {'|'.join(ROWS)}")
    ROWS[sys.argv[1]]()
