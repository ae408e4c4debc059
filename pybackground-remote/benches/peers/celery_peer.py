"""Measures Celery on Redis as `main.rs` measures this library. Arguments: the port of Redis, calls, the process of Redis."""

import os
import statistics
import subprocess
import sys
import time

from celery import Celery

from processor import seconds

PORT = os.environ.get("PEER_PORT") or sys.argv[1]
URL = f"redis://127.0.0.1:{PORT}/0"
app = Celery("celery_peer", broker=URL, backend=URL)
app.conf.update(task_acks_late=True, worker_prefetch_multiplier=1, task_serializer="pickle",
                result_serializer="pickle", accept_content=["pickle"])


@app.task
def double(number):
    return 2 * number


@app.task
def echo(content):
    return content


def main():
    calls, roots = int(sys.argv[2]), [os.getpid(), int(sys.argv[3])]
    # As root, Celery refuses a worker that reads pickle. Redis listens on this machine only, and ends with the benchmark.
    environment = dict(os.environ, PEER_PORT=PORT, C_FORCE_ROOT="1")
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "celery_peer", "worker", "--concurrency=2", "--loglevel=ERROR"],
        cwd=os.path.dirname(os.path.abspath(__file__)), env=environment, stdout=subprocess.DEVNULL)
    try:
        double.delay(1).get(timeout=60)
        times = []
        for number in range(200):
            begin = time.perf_counter()
            assert double.delay(number).get(timeout=60) == 2 * number
            times.append(time.perf_counter() - begin)
        before = seconds(roots)
        begin = time.perf_counter()
        pending = [double.delay(number) for number in range(calls)]
        assert [call.get(timeout=600) for call in pending] == [2 * number for number in range(calls)]
        throughput = calls / (time.perf_counter() - begin)
        processor = (seconds(roots) - before) / calls
        content = bytes(8 << 20)
        begin = time.perf_counter()
        assert echo.delay(content).get(timeout=60) == content
        large = time.perf_counter() - begin
        print(f"{statistics.median(times)} {throughput} {large} {processor}")
    finally:
        worker.terminate()
        worker.wait()


if __name__ == "__main__":
    main()
