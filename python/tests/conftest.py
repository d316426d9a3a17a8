"""Studies and manifests that the tests share, and `bt-run` beside them."""

from __future__ import annotations

import json
import math
import os
import pathlib
import random
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRICES = ROOT / "Fixtures" / "prices"

# Answers with recorded actions, and keeps the observations that it is sent.
REPLAY = """
import json, sys
recorded = json.load(open("actions.json"))
kept = open("observations.jsonl", "w")
number = 0
for line in sys.stdin:
    message = json.loads(line)
    if "protocol" in message:
        print(json.dumps({"ready": True}), flush=True)
        continue
    kept.write(json.dumps(message["observation"]) + "\\n")
    kept.flush()
    # The close of the last bar is decided too, where nothing may change any more.
    actions = recorded["actions"]
    action = actions[number] if number < len(actions) else recorded["after"]
    number += 1
    print(json.dumps({"id": message["id"], "action": action}), flush=True)
"""


def bt_run() -> pathlib.Path:
    """The command-line program of this source tree."""
    named = os.environ.get("BT_RUN")
    if named:
        return pathlib.Path(named)
    for configuration in ("release", "debug"):
        path = ROOT / ".build" / configuration / "bt-run"
        if path.exists():
            return path
    pytest.fail("bt-run is not built: swift build -c release --product bt-run, or set BT_RUN")


class Case:
    """A study and a manifest, written into a folder."""

    def __init__(self, folder: pathlib.Path, study: dict[str, Any], manifest: dict[str, Any]):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.manifest = folder / "manifest.json"
        self.manifest.write_text(json.dumps(manifest))
        self.study = folder / "study.json"
        self.study.write_text(json.dumps({"name": "case", **study}))
        self.action = manifest["action"]

    def actions(self, space: Any, count: int, seed: int) -> list[Any]:
        """Seeded actions; some are held for a while, as policies do."""
        generator = np.random.default_rng(seed)
        actions: list[Any] = []
        space.seed(seed)
        while len(actions) < count:
            actions += [space.sample()] * int(generator.integers(1, 4))
        return actions[:count]

    def judged(self, actions: list[Any]) -> tuple[str, list[list[float]], float]:
        """The fingerprint that `bt-run` gives to the actions, and the observations it made."""
        plain = [np.asarray(action).tolist() for action in actions]
        trades_units = self.action["meaning"] == "share_deltas"
        after = [0.0] * self.action["size"] if trades_units else plain[-1]
        (self.folder / "actions.json").write_text(json.dumps({"actions": plain, "after": after}))
        (self.folder / "replay.py").write_text(REPLAY)
        study = json.loads(self.study.read_text())
        study["strategy"] = {
            "command": [sys.executable, "replay.py"],
            "manifest": "manifest.json",
            **{k: v for k, v in study.get("strategy", {}).items() if k not in ("name", "manifest")},
        }
        path = self.folder / "judged.json"
        path.write_text(json.dumps(study))
        finished = subprocess.run(
            [bt_run(), "run", path, "--out", self.folder / "judged", "--quiet"],
            capture_output=True,
            text=True,
        )
        assert finished.returncode == 0, finished.stderr
        record = json.loads((self.folder / "judged" / "result.json").read_text())
        lines = (self.folder / "observations.jsonl").read_text().splitlines()
        observations = [json.loads(line) for line in lines]
        return record["fingerprint"], observations, record["final-equity"]


def features(assets: list[str] | None = None) -> list[dict[str, Any]]:
    """Returns, indicators and numbers about the account."""
    market = [
        *({"name": "log_return", "lag": lag} for lag in (2, 1, 0)),
        {"name": "log_close_over_sma", "period": 10},
        {"name": "rsi_simple_mean_unit", "period": 5},
    ]
    if assets is None:
        return [*market, {"state": "position_weight"}, {"state": "real_position"}]
    rows = [dict(feature, asset=asset) for asset in assets for feature in market]
    return rows + [{"state": "asset_weight", "asset": asset} for asset in assets]


def manifest(observation: dict[str, Any], action: dict[str, Any]) -> dict[str, Any]:
    """A manifest that is yet to be trained."""
    return {
        "format": "backtestkit.policy/1",
        "name": "untrained",
        "algorithm": "PPO",
        "observation": {"dtype": "float32", "normalise": {"kind": "none"}, **observation},
        "action": action,
    }


DISCRETE = {
    "kind": "discrete",
    "size": 3,
    "rule": "argmax",
    "meaning": "target_weights",
    "targets": [0, 1, -1],
}


def box(size: int, meaning: str, assets: list[str], low: float = 0.0, **more: Any) -> dict[str, Any]:
    """A box of one number for each asset."""
    return {
        "kind": "box",
        "size": size,
        "low": [low] * size,
        "high": [1.0] * size,
        "transform": "clip",
        "meaning": meaning,
        "assets": assets,
        **more,
    }


LEDGER = {
    "account": {"cash": 100000, "leverage": 2},
    "execution": {
        "fill": "next-open",
        "commission": {"basis-points": 2},
        "slippage": {"basis-points": 3},
    },
}
WEIGHTS = {"account": {"cash": 1, "accounting": {"rule": "weights", "fee": 0.0005}}}
STOCKS = ["AAPL", "GOOG", "IBM", "MSFT"]


def sp500(**more: Any) -> dict[str, Any]:
    """The S&P 500."""
    files = [{"path": str(PRICES / "sp500.csv"), "symbol": "SPX"}]
    return {"data": {"calendar": "XNYS", "files": files, **more}}


def stocks(**more: Any) -> dict[str, Any]:
    """Four stocks, of which one begins later than the others."""
    files = [{"path": str(PRICES / f"{symbol}.csv"), "symbol": symbol} for symbol in STOCKS]
    return {"data": {"calendar": "XNYS", "files": files, **more}}


def intraday(folder: pathlib.Path, symbols: list[str], gaps: float = 0.0) -> dict[str, Any]:
    """Bars of 15 minutes of a random walk; of several, each lacks some bars of the others."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for number, symbol in enumerate(symbols):
        walk = random.Random(number)
        price, lines = 100.0, ["time,open,high,low,close,volume"]
        for day in range(4, 29):
            for bar in range(26):
                minutes = 14 * 60 + 30 + 15 * bar
                if number > 0 and walk.random() < gaps:
                    continue
                begin = price * math.exp(walk.gauss(0, 0.0005))
                close = begin * math.exp(walk.gauss(0, 0.002))
                high, low = max(begin, close) * 1.0005, min(begin, close) * 0.9995
                stamp = f"2021-01-{day:02d}T{minutes // 60:02d}:{minutes % 60:02d}:00Z"
                lines.append(f"{stamp},{begin:.4f},{high:.4f},{low:.4f},{close:.4f},1000")
                price = close
        path = folder / f"{symbol}.csv"
        path.write_text("\n".join(lines) + "\n")
        files.append({"path": str(path), "symbol": symbol})
    return {"data": {"timeframe": "15m", "calendar": "24x7", "files": files}}


CASES = [
    "daily-ledger",
    "daily-ledger-normalised",
    "daily-weights",
    "daily-window",
    "stocks-ledger",
    "stocks-weights",
    "stocks-units",
    "stocks-financed",
    "stocks-limited",
    "intraday-ledger",
    "intraday-weights",
    "intraday-sessions",
    "intraday-two-grids",
]


def make(name: str, folder: pathlib.Path) -> Case:
    """One of the cases by its name."""
    single = {"shape": [7], "features": features()}
    four = {"shape": [24], "features": features(STOCKS)}
    match name:
        case "daily-ledger":
            return Case(folder, {**sp500(), **LEDGER}, manifest(single, DISCRETE))
        case "daily-ledger-normalised":
            normalise = {
                "kind": "vecnormalize",
                "mean": [0.001 * index for index in range(7)],
                "var": [0.01 + index for index in range(7)],
                "epsilon": 1e-8,
                "clip": 2,
            }
            return Case(
                folder, {**sp500(), **LEDGER}, manifest({**single, "normalise": normalise}, DISCRETE)
            )
        case "daily-weights":
            return Case(folder, {**sp500(), **WEIGHTS}, manifest(single, DISCRETE))
        case "daily-window":
            window = {"shape": [6, 7], "window": 6, "features": features()}
            return Case(folder, {**sp500(), **LEDGER}, manifest(window, DISCRETE))
        case "stocks-ledger":
            study = {**stocks(), **LEDGER, "strategy": {"rebalance-threshold": 0.02}}
            return Case(folder, study, manifest(four, box(4, "softmax_weights", STOCKS)))
        case "stocks-weights":
            account = {"account": {"cash": 1, "accounting": {
                "rule": "weights", "fee": 0.0005, "initial-weights": "equal"}}}
            return Case(
                folder, {**stocks(), **account}, manifest(four, box(4, "softmax_weights", STOCKS))
            )
        case "stocks-units":
            units = [{"state": "cash"}, *({"state": "shares", "asset": one} for one in STOCKS)]
            shape = {"shape": [25], "features": features(STOCKS)[:20] + units}
            action = box(4, "share_deltas", STOCKS, low=-1.0, hmax=100, cost=0.001)
            return Case(folder, {**stocks(), **LEDGER}, manifest(shape, action))
        case "stocks-financed":
            study = stocks(actions=str(PRICES / "actions.csv"), price="raw")
            study |= {**LEDGER, "account": {
                "cash": 100000, "margin": {"preset": "reg-t"},
                "financing": {"interest": 0.06, "borrow": 0.005}}}
            action = box(4, "target_weights", STOCKS, low=-0.4)
            return Case(folder, study, manifest(four, action))
        case "stocks-limited":
            study = {**stocks(), **LEDGER, "exits": {"stop-loss": "5%", "take-profit": "10%"},
                     "risk": {"leverage": 1.2, "drawdown": {"halt": 0.5}}}
            action = box(4, "target_weights", STOCKS, low=-0.4)
            return Case(folder, study, manifest(four, action))
        case "intraday-ledger":
            study = {**intraday(folder, ["AAA"]), **LEDGER}
            study["execution"] = {**LEDGER["execution"], "latency": "1s"}
            return Case(folder, study, manifest(single, DISCRETE))
        case "intraday-weights":
            return Case(folder, {**intraday(folder, ["AAA"]), **WEIGHTS}, manifest(single, DISCRETE))
        case "intraday-sessions":
            study = {**intraday(folder, ["AAA"]), **LEDGER, "decide": "all-closed"}
            short = {"shape": [2], "features": [{"name": "log_return"}, {"state": "real_position"}]}
            return Case(folder, study, manifest(short, DISCRETE))
        case "intraday-two-grids":
            study = {**intraday(folder, ["AAA", "BBB"], gaps=0.2), **LEDGER}
            two = {"shape": [12], "features": features(["AAA", "BBB"])}
            return Case(
                folder, study, manifest(two, box(2, "target_weights", ["AAA", "BBB"], low=-0.5))
            )
    raise ValueError(name)


@pytest.fixture(scope="session", params=CASES)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Each of the cases."""
    return make(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="session")
def daily(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The S&P 500 with orders."""
    return make("daily-ledger", tmp_path_factory.mktemp("daily"))


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The S&P 500 in an account of weights."""
    return make("daily-weights", tmp_path_factory.mktemp("weights"))
