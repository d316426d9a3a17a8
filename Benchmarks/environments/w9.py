#!/usr/bin/env python3
"""W9: steps of training environments per CPU second, from Python, one JSON line a figure.

    script/bench W9 [ROW ...] [--seconds S] [--repeats N] [--training] [--peers DIR]

An episode is 4,970 days of the S&P 500 (adjusted closes, the first 60 days are warm-up). An
observation is 17 numbers: ten log returns, six indicators, the position. An action is flat, long or
short, and a change of the position costs 5 basis points. Rows `weights-*` have an account of
weights, as most environments of others do; rows `orders-*` are the engine with orders that fill at
the next open. The stream of actions is that of a linear congruential generator, so that two steps
in three trade.

--peers names a folder with `w9.py`, whose rows are run in turn with ours.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = ["plain", "gym_sync_8", "sb3_dummy_8", "c_batch_8", "c_batch_64", "envpool_cartpole_8",
         "anytrading_17", "trading_env"]
ROWS = ["single", "single-info", "vector-8", "vector-64", "vector-1024", "vector-8-copy", "sb3-8"]
ROWS = [f"{rules}-{row}" for rules in ("weights", "orders") for row in ROWS]

FEATURES = [{"name": "log_return", "lag": lag} for lag in range(9, -1, -1)] + [
    {"name": "log_close_over_sma", "period": 10},
    {"name": "log_close_over_sma", "period": 50},
    {"name": "rsi_simple_mean_unit", "period": 14},
    {"name": "log_return_std", "period": 20, "ddof": 1},
    {"name": "range_over_close"},
    {"name": "log_volume_over_sma", "period": 20},
    {"state": "position_weight"},
]
MANIFEST = {
    "format": "backtestkit.policy/1",
    "name": "w9",
    "algorithm": "none",
    "observation": {
        "shape": [17], "dtype": "float32", "price": "adjusted_close", "features": FEATURES,
        "normalise": {"kind": "none"},
    },
    "action": {
        "kind": "discrete", "size": 3, "rule": "argmax", "meaning": "target_weights",
        "targets": [0, 1, -1],
    },
}
RULES = {
    "weights": {"account": {"cash": 1, "accounting": {"rule": "weights", "fee": 0.0005}}},
    "orders": {
        "account": {"cash": 1000000, "leverage": 2},
        "execution": {"fill": "next-open", "commission": {"basis-points": 5}},
    },
}


def write_study(folder: pathlib.Path, rules: str) -> tuple[pathlib.Path, pathlib.Path]:
    """The study and the manifest of a row."""
    study, manifest = folder / f"{rules}.json", folder / "manifest.json"
    files = [{"path": str(ROOT / "Fixtures/prices/sp500.csv"), "symbol": "SPX"}]
    data = {"calendar": "XNYS", "price": "adjusted", "files": files}
    study.write_text(json.dumps({"name": "W9", "data": data, "warmup": 60, **RULES[rules]}))
    manifest.write_text(json.dumps(MANIFEST))
    return study, manifest


def action_stream(count: int):
    import numpy as np

    state, actions = 12345, np.empty(count, np.int64)
    for index in range(count):
        state = (1103515245 * state + 12345) % 2**31
        actions[index] = (state >> 16) % 3
    return actions


def measure(step, steps_a_call: int, seconds: float) -> dict:
    """Calls `step` with a number that counts up, for some seconds of CPU time."""
    for number in range(2000):
        step(number)
    calls, cpu, wall = 0, time.process_time(), time.perf_counter()
    while time.process_time() - cpu < seconds:
        for number in range(1000):
            step(calls + number)
        calls += 1000
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {
        "value": round(calls * steps_a_call / cpu),
        "unit": "steps per CPU second",
        "wall": round(calls * steps_a_call / wall),
        "us_per_call": round(1e6 * cpu / calls, 3),
    }


def single(study, manifest, seconds: float, info: str) -> dict:
    import backtestkit

    env = backtestkit.TradingEnv(study, manifest, info=info)
    env.reset(seed=1)
    actions = action_stream(1 << 14).tolist()
    step, reset = env.step, env.reset

    def call(number: int) -> None:
        _, _, terminated, truncated, _ = step(actions[number & 16383])
        if terminated or truncated:
            reset()

    return measure(call, 1, seconds)


def vector(study, manifest, seconds: float, count: int, copy: bool) -> dict:
    import backtestkit
    import numpy as np

    env = backtestkit.TradingVectorEnv(study, manifest, num_envs=count, copy=copy,
                                       autoreset="same-step")
    env.reset(seed=1)
    stream = action_stream(1 << 14)
    # Each environment has actions of its own.
    actions = [np.roll(stream, -number)[np.arange(count) * 37 % len(stream)].copy()
               for number in range(4096)]
    # As far apart as they would be in a training that has gone on for a while.
    for index in range(count):
        mask = np.zeros(count, bool)
        mask[index] = True
        env.reset(options={"start": 60 + 4900 * index // count, "reset_mask": mask})
    step = env.step

    def call(number: int) -> None:
        step(actions[number & 4095])

    return measure(call, count, seconds)


def sb3(study, manifest, seconds: float, count: int) -> dict:
    import backtestkit
    import numpy as np

    env = backtestkit.TradingVecEnv(study, manifest, n_envs=count)
    env.reset()
    stream = action_stream(1 << 14)
    actions = [stream[number : number + count].copy() for number in range(4096)]
    return measure(lambda number: env.step(actions[number & 4095]), count, seconds)


def memory(study, manifest) -> dict:
    """Resident bytes that a further environment takes, measured after a whole episode of each."""
    import backtestkit
    import numpy as np

    def resident() -> int:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()

    def run(count: int) -> object:
        env = backtestkit.TradingVectorEnv(study, manifest, num_envs=count, copy=False)
        env.reset(seed=1)
        actions = action_stream(5000)
        for number in range(4975):
            env.step(np.full(count, actions[number]))
        return env

    kept = [run(1)]
    before = resident()
    kept.append(run(1001))
    after = resident()
    return {"value": round((after - before) / 1001), "unit": "bytes per environment",
            "kept": len(kept)}


def training(study, manifest) -> dict:
    """The environments' share of PPO's training: 8 environments, 51,200 steps."""
    import backtestkit
    import torch
    from stable_baselines3 import PPO

    torch.set_num_threads(1)
    env = backtestkit.TradingVecEnv(study, manifest, n_envs=8)
    spent, step = [0.0], env.step

    def timed(actions):
        begin = time.process_time()
        result = step(actions)
        spent[0] += time.process_time() - begin
        return result

    env.step = timed
    model = PPO("MlpPolicy", env, n_steps=256, batch_size=256, seed=0, device="cpu")
    begin = time.process_time()
    model.learn(51200)
    total = time.process_time() - begin
    return {"value": round(spent[0] / total, 5), "unit": "share of CPU time",
            "steps_per_cpu_second": round(51200 / total)}


def run_row(row: str, seconds: float) -> dict:
    rules, kind = row.split("-", 1)
    with tempfile.TemporaryDirectory() as folder:
        study, manifest = write_study(pathlib.Path(folder), rules)
        if kind == "single":
            return single(study, manifest, seconds, "episode-end")
        if kind == "single-info":
            return single(study, manifest, seconds, "step")
        if kind == "memory":
            return memory(study, manifest)
        if kind == "training":
            return training(study, manifest)
        words = kind.split("-")
        if words[0] == "sb3":
            return sb3(study, manifest, seconds, int(words[1]))
        return vector(study, manifest, seconds, int(words[1]), copy="copy" in words)


def in_fresh_process(command: list[str]) -> dict | None:
    environment = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    finished = subprocess.run(command, capture_output=True, text=True, env=environment)
    lines = [line for line in finished.stdout.splitlines() if line.startswith("{")]
    if finished.returncode != 0 or not lines:
        last = (finished.stderr.strip().splitlines() or ["no output"])[-1]
        print(f"{' '.join(command[1:])}: {last}", file=sys.stderr)
        return None
    return json.loads(lines[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("rows", nargs="*", help=f"of {', '.join(ROWS)}, RULES-memory (default: all)")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--training", action="store_true", help="also the share of PPO's training")
    parser.add_argument("--peers", help="a folder with the peers' w9.py")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    rows = [row for row in options.rows if row != "W9"]
    if options.here:
        print(json.dumps(run_row(rows[0], options.seconds)))
        return
    if not rows:
        rows = ROWS + [f"{rules}-memory" for rules in RULES]
        rows += ["weights-training"] if options.training else []
    found: dict[str, list[dict]] = {}
    # Ours and theirs in turn, so that a slow minute of the machine is everybody's.
    for _ in range(options.repeats):
        for row in rows:
            command = [sys.executable, __file__, row, "--here", "--seconds", str(options.seconds)]
            result = in_fresh_process(command)
            if result:
                found.setdefault(row, []).append(result)
        for peer in PEERS if options.peers else []:
            script = str(pathlib.Path(options.peers) / "w9.py")
            result = in_fresh_process([sys.executable, script, peer, str(options.seconds)])
            if result:
                value = {"value": round(result["value_cpu"]), "unit": "steps per CPU second"}
                found.setdefault(f"peer-{peer}", []).append(value)
    for row, results in found.items():
        values = sorted(result["value"] for result in results)
        middle = min(results, key=lambda r: abs(r["value"] - statistics.median(values)))
        print(json.dumps({"workload": "W9", "row": row, **middle, "lowest": values[0],
                          "highest": values[-1], "n": len(values)}))


if __name__ == "__main__":
    main()
