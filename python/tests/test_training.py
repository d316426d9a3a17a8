"""A training from beginning to end, without a library for it."""

from __future__ import annotations

import json

import numpy as np
from conftest import DISCRETE, WEIGHTS, Case, manifest

import backtestkit

PHI, DAYS = 0.5, 1500


def market(folder) -> tuple[Case, np.ndarray]:
    """A seeded AR(1) market: the best there is goes with the sign of the last return."""
    folder.mkdir(exist_ok=True)
    generator = np.random.default_rng(5)
    returns = np.zeros(DAYS)
    for day in range(1, DAYS):
        returns[day] = PHI * returns[day - 1] + 0.01 * generator.standard_normal()
    close = (100 * np.exp(np.cumsum(returns))).tolist()
    lines = ["date,open,high,low,close,volume"]
    for day, price in enumerate(close):
        date = np.datetime64("2010-01-01") + day
        lines.append(f"{date},{price},{price},{price},{price},1")
    (folder / "toy.csv").write_text("\n".join(lines) + "\n")
    files = [{"path": str(folder / "toy.csv"), "symbol": "TOY"}]
    study = {"data": {"calendar": "24x7", "files": files}, **WEIGHTS}
    study["account"] = {"cash": 1, "accounting": {"rule": "weights"}}
    observation = {"shape": [2], "features": [
        {"name": "log_return", "scale": 100}, {"state": "position_weight"}]}
    return Case(folder, study, manifest(observation, DISCRETE)), returns


def total(env, parameters: np.ndarray) -> np.ndarray:
    """What linear policies earn, one in each environment, over one episode."""
    observations, _ = env.reset(seed=1)
    earned = np.zeros(len(parameters))
    running = np.ones(len(parameters), bool)
    while running.any():
        scores = np.einsum("noi,ni->no", parameters[:, :, :2], observations) + parameters[:, :, 2]
        observations, rewards, terminated, truncated, _ = env.step(scores.argmax(1))
        earned += np.where(running, rewards, 0)
        running &= ~(terminated | truncated)
    return earned


def test_evolution_finds_the_planted_edge(tmp_path):
    case, returns = market(tmp_path / "toy")
    count = 48
    train = backtestkit.TradingVectorEnv(
        case.study, case.manifest, num_envs=count, overrides=["data.to=2012-12-31"])
    generator = np.random.default_rng(1)
    mean, deviation = np.zeros((3, 3)), np.ones((3, 3))
    for _ in range(8):
        tried = mean + deviation * generator.standard_normal((count, 3, 3))
        best = tried[np.argsort(total(train, tried))[-8:]]
        mean, deviation = best.mean(0), best.std(0) + 0.05
    test = backtestkit.TradingVectorEnv(
        case.study, case.manifest, num_envs=1, overrides=["data.from=2013-01-01"])
    found = total(test, mean[None])[0]
    first = 1 + (np.datetime64("2013-01-01") - np.datetime64("2010-01-01")).astype(int)
    signs = np.sign(returns[first:-1])
    optimum = np.log1p(signs * np.expm1(returns[first + 1 :])).sum()
    assert optimum > 0.5
    assert 0.9 * optimum < found < 1.1 * optimum
    assert json.loads(case.manifest.read_text())["name"] == "untrained"
