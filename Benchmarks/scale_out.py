#!/usr/bin/env python3
"""What shards and Ray cost: a sweep of 1,000 sets of about 50 ms on two processors.

    PYTHONPATH=python python3 Benchmarks/scale_out.py [--bars N] [--sets N]

Needs a release build of bt-run, ray, and a machine with two idle processors. Prints

- the time of one process with one thread, and of one with two;
- the efficiency of two shards: half the time of one thread over that of two shards and the merge;
- the overhead of Ray: its time on two workers over that of the same shards as plain processes.
"""

import argparse
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import time

import ray

from backtestkit import _shards
from backtestkit import ray as backtestkit_ray


def prices(path: pathlib.Path, bars: int) -> None:
    wander = random.Random(1)
    cents = 10_000
    with path.open("w") as file:
        file.write("time,open,high,low,close,volume\n")
        for minute in range(bars):
            start = cents
            cents = max(1_000, cents + wander.randint(-15, 15))
            high, low = max(start, cents) + 2, min(start, cents) - 2
            stamp = time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime(1_262_304_000 + 60 * minute))
            file.write(f"{stamp},{start / 100},{high / 100},{low / 100},{cents / 100},1000\n")


def study(sets: int) -> str:
    slow = list(range(100, 100 + 4 * max(sets // 20, 1), 4))
    return f"""
data:
  calendar: 24x7
  timeframe: 1m
  cache: cache
  files: [{{path: prices.csv, symbol: AAA}}]
execution: {{slippage: {{basis-points: 1}}}}
strategy: {{name: sma-crossover, parameters: {{fast: 10, slow: 100}}}}
sweep: {{grid: {{fast: {list(range(5, 45, 2))}, slow: {slow}}}}}
"""


def timed(*commands: list[str]) -> float:
    """The seconds that commands take side by side."""
    began = time.perf_counter()
    running = [subprocess.Popen(words) for words in commands]
    for process in running:
        assert process.wait() == 0
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what shards and Ray cost.")
    parser.add_argument("--bars", type=int, default=1_000_000)
    parser.add_argument("--sets", type=int, default=1_000)
    arguments = parser.parse_args()
    program = str(_shards.find_program())
    folder = tempfile.mkdtemp(prefix="bt")
    os.chdir(folder)
    prices(pathlib.Path("prices.csv"), arguments.bars)
    pathlib.Path("study.yaml").write_text(study(arguments.sets))
    sweep = [program, "sweep", "study.yaml", "-q", "--store", "none"]
    subprocess.run([program, "run", "study.yaml", "-q", "--store", "none"], check=True)
    one = timed([*sweep, "--out", "one", "--threads", "1"])
    two = timed([*sweep, "--out", "two", "--threads", "2"])

    def shards(count: int, out: str) -> float:
        seconds = 0.0
        for first in range(0, count, 2):
            seconds += timed(*(
                [*sweep, "--out", out, "--threads", "1", "--shards", str(count), "--shard", str(k)]
                for k in range(first, min(first + 2, count))))
        return seconds + timed(
            [program, "merge", out, "--out", f"{out}-merged", "-q", "--store", "none"])

    plain = shards(2, "plain")
    eight = shards(8, "eight")
    print(f"{arguments.sets} sets, {1_000 * one / arguments.sets:.1f} ms each on one thread")
    print(f"one process: {one:.2f} s on one thread, {two:.2f} s on two")
    print(f"two shards and the merge: {plain:.2f} s, efficiency {one / 2 / plain:.3f}")

    bundle = _shards.Bundle.of(pathlib.Path(program), "study.yaml", more=["cache"])
    job = _shards.ShardedJob("sweep", 8, keeps_trials=False)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_worker_niceness", "0")
    began = time.perf_counter()
    ray.init(num_cpus=2, include_dashboard=False, logging_level="error", log_to_driver=False)
    started = time.perf_counter()
    backtestkit_ray.run_shards(bundle, job, pathlib.Path("ray"), "bench", quiet=True)
    merge = timed(
        [program, "merge", "ray", "--study-folder", ".", "--out", "ray-merged", "-q", "--store",
         "none"])
    done = time.perf_counter() - started
    ray.shutdown()
    print(
        f"eight shards: {eight:.2f} s as processes, {done:.2f} s on Ray (merge {merge:.2f} s), "
        f"overhead {done / eight - 1:.1%}; Ray itself starts in {started - began:.2f} s")
    for name in ("two", "plain-merged", "ray-merged"):
        assert subprocess.run(["diff", "-r", "-q", "one", name]).returncode == 0
    os.chdir("/")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
