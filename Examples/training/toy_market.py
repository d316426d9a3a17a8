#!/usr/bin/env python3
"""A market whose best policy is known: PPO has to find it.

Log returns are a seeded AR(1) series, r[t+1] = 0.4 r[t] + noise. Without costs nothing is better than to be
long after a rise and short after a fall, so the Sharpe ratio of that rule is the best there is. PPO is
trained on 4,000 days, and `bt-run` judges it on 2,000 later ones.

    python3 Examples/training/toy_market.py
"""

from __future__ import annotations

import json
import pathlib
import sys
import tempfile
import time

import numpy as np

import recipes

DAYS, TRAINED, PHI = 6_000, 4_000, 0.4
MANIFEST = {
    "format": "backtestkit.policy/1",
    "name": "toy",
    "algorithm": "untrained",
    "observation": {
        "shape": [2],
        "dtype": "float32",
        "features": [{"name": "log_return", "scale": 100}, {"state": "position_weight"}],
        "normalise": {"kind": "none"},
    },
    "action": {"kind": "discrete", "size": 3, "rule": "argmax", "meaning": "target_weights",
               "targets": [0, 1, -1]},
    "execution": "close_t",
}


def write_market(folder: pathlib.Path) -> tuple[np.ndarray, list[str]]:
    """Prices in `toy.csv`; gives their log returns, and the days."""
    generator = np.random.default_rng(2024)
    returns = np.zeros(DAYS)
    for day in range(1, DAYS):
        returns[day] = PHI * returns[day - 1] + 0.01 * generator.standard_normal()
    close = 100 * np.exp(np.cumsum(returns))
    days = [str(np.datetime64("2005-01-01") + day) for day in range(DAYS)]
    lines = ["date,open,high,low,close,volume"]
    for day in range(DAYS):
        begin, end = (close[day - 1] if day else 100.0), close[day]
        lines.append(f"{days[day]},{begin!r},{max(begin, end)!r},{min(begin, end)!r},{end!r},1000"
                     .replace("np.float64(", "").replace(")", ""))
    (folder / "toy.csv").write_text("\n".join(lines) + "\n")
    return returns, days


def main() -> None:
    import backtestkit
    from stable_baselines3 import PPO

    began = time.perf_counter()
    recipes.deterministic(7)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        returns, days = write_market(folder)
        study, manifest = folder / "study.json", folder / "manifest.json"
        manifest.write_text(json.dumps(MANIFEST))
        study.write_text(json.dumps({
            "name": "Toy market",
            "data": {"calendar": "24x7", "files": [{"path": "toy.csv", "symbol": "TOY"}]},
            "account": {"cash": 1, "accounting": {"rule": "weights"}},
            "strategy": {"policy": "policy"},
        }))
        env = backtestkit.TradingVecEnv(
            study, manifest, n_envs=8, seed=7, overrides=[f"data.to={days[TRAINED - 1]}"],
            reward={"name": "log_return", "scale": 100}, episodes={"kind": "window", "length": 250})
        model = PPO("MlpPolicy", env, n_steps=256, batch_size=512, n_epochs=6, gamma=0.5,
                    learning_rate=1e-3, seed=7, device="cpu", policy_kwargs=dict(net_arch=[32, 32]))
        model.learn(49_152)
        rows = recipes.observations(backtestkit.TradingEnv(study, manifest))
        recipes.write_policy(model, rows, manifest, folder / "policy", days[TRAINED - 1],
                             name="toy")
        result = backtestkit.run(study, overrides=[f"data.from={days[TRAINED]}"])
        earned = np.diff(result.equity) / result.equity[:-1]
        test = np.exp(returns[TRAINED:]) - 1
        best = np.sign(returns[TRAINED:-1]) * test[1:]
        sharpe, optimum = (float(np.mean(x) / np.std(x, ddof=1)) for x in (earned, best))
        share, took = sharpe / optimum, time.perf_counter() - began
        print(f"Sharpe per day {sharpe:.4f}, best possible {optimum:.4f}: {share:.1%} in {took:.0f} s")
        if share < 0.9:
            sys.exit("the policy has not found the edge")


if __name__ == "__main__":
    main()
