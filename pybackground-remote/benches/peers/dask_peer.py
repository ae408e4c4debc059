"""Measures Dask.distributed as `main.rs` measures this library. Arguments: ignored, calls."""

import statistics
import sys
import time

from distributed import Client, LocalCluster


def double(number):
    return 2 * number


def echo(content):
    return content


def main():
    calls = int(sys.argv[2])
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster, \
            Client(cluster) as client:
        client.submit(double, 1, pure=False).result()
        times = []
        for number in range(200):
            begin = time.perf_counter()
            assert client.submit(double, number, pure=False).result() == 2 * number
            times.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        pending = [client.submit(double, number, pure=False) for number in range(calls)]
        assert client.gather(pending) == [2 * number for number in range(calls)]
        throughput = calls / (time.perf_counter() - begin)
        content = bytes(8 << 20)
        begin = time.perf_counter()
        assert client.submit(echo, content, pure=False).result() == content
        large = time.perf_counter() - begin
        print(f"{statistics.median(times)} {throughput} {large}")


if __name__ == "__main__":
    main()
