"""Measures Dask.distributed as `main.rs` measures this library. Arguments: ignored, calls, ignored."""

import os
import statistics
import sys
import time

from distributed import Client, LocalCluster

from processor import seconds


def double(number):
    return 2 * number


def echo(content):
    return content


def main():
    calls, roots = int(sys.argv[2]), [os.getpid(), int(sys.argv[3])]
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster, \
            Client(cluster) as client:
        client.submit(double, 1, pure=False).result()
        times = []
        for number in range(200):
            begin = time.perf_counter()
            assert client.submit(double, number, pure=False).result() == 2 * number
            times.append(time.perf_counter() - begin)
        before = seconds(roots)
        begin = time.perf_counter()
        pending = [client.submit(double, number, pure=False) for number in range(calls)]
        assert client.gather(pending) == [2 * number for number in range(calls)]
        throughput = calls / (time.perf_counter() - begin)
        processor = (seconds(roots) - before) / calls
        content = bytes(8 << 20)
        begin = time.perf_counter()
        assert client.submit(echo, content, pure=False).result() == content
        large = time.perf_counter() - begin
        print(f"{statistics.median(times)} {throughput} {large} {processor}")


if __name__ == "__main__":
    main()
