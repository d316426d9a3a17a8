"""Initial weights, episodes without a decision, and what environments refuse."""

import copy
import json
import pathlib

import backtestkit
import pytest

CLOSES = [100 + (7 * day) % 11 for day in range(60)]


def write(folder: pathlib.Path, features: list, *, volume: int = 1) -> tuple[str, str]:
    rows = ["date,open,high,low,close,volume"]
    for day, close in enumerate(CLOSES):
        date = f"2020-{1 + day // 28:02d}-{1 + day % 28:02d}"
        rows.append(f"{date},{close},{close + 1},{close - 1},{close},{volume if day < 8 else 0}")
    (folder / "prices.csv").write_text("\n".join(rows) + "\n")
    accounting = {"rule": "weights", "initial-weights": "equal"}
    study = {
        "name": "initial weights",
        "data": {"calendar": "24x7", "files": [{"path": "prices.csv", "symbol": "AAA"}]},
        "account": {"cash": 1000, "accounting": accounting},
    }
    manifest = {
        "format": "backtestkit.policy/1", "name": "m", "algorithm": "none",
        "observation": {
            "shape": [len(features)], "dtype": "float32", "price": "close",
            "features": features, "normalise": {"kind": "none"},
        },
        "action": {
            "kind": "discrete", "size": 3, "rule": "argmax", "meaning": "target_weights",
            "targets": [0, 1, -1],
        },
    }
    (folder / "study.json").write_text(json.dumps(study))
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return str(folder / "study.json"), str(folder / "manifest.json")


@pytest.mark.parametrize("record", [False, True])
def test_initial_weights_begin_to_earn_at_the_first_decision(
    tmp_path: pathlib.Path, record: bool
) -> None:
    features = [{"name": "log_return", "lag": 1}] + [
        {"state": state} for state in ("unrealized_return", "trade_duration", "real_position")
    ]
    env = backtestkit.TradingEnv(*write(tmp_path, features), record=record)
    observation, info = env.reset()
    first = int(info["instant"])
    assert first == 2 and info["equity"] == 1000
    for step in range(20):
        change = CLOSES[first + step] / CLOSES[first] - 1
        assert observation[1:] == pytest.approx([change, step, 1], abs=1e-7)
        assert info["equity"] == pytest.approx(1000 * (1 + change))
        observation, _, _, _, info = env.step(1)


def test_an_episode_without_a_decision_is_refused(tmp_path: pathlib.Path) -> None:
    # After the first days there is no volume, of which the logarithm would be taken.
    paths = write(tmp_path, [{"name": "log_volume_over_sma", "period": 2}])
    env = backtestkit.TradingEnv(*paths)
    env.reset()
    with pytest.raises(backtestkit.BacktestKitError, match="number 0 of the observation has no"):
        env.reset(options={"start": 30})
    vector = backtestkit.TradingVectorEnv(*paths, num_envs=2)
    with pytest.raises(backtestkit.BacktestKitError, match="environment 0 cannot be stepped"):
        vector.reset(options={"start": 30})


def test_what_cannot_be_done_with_environments_is_said(tmp_path: pathlib.Path) -> None:
    paths = write(tmp_path, [{"name": "log_return", "lag": 1}])
    env = backtestkit.TradingEnv(*paths)
    vector = backtestkit.TradingVectorEnv(*paths, num_envs=2)
    for seed in (-1, 2**64, "a", 0.5):
        with pytest.raises(backtestkit.BacktestKitError, match="no whole number from 0"):
            env.reset(seed=seed)
        with pytest.raises(backtestkit.BacktestKitError, match="no whole number from 0"):
            vector.reset(seed=[seed, 1])
    for one in (env, vector):
        with pytest.raises(backtestkit.BacktestKitError, match="cannot be copied"):
            copy.deepcopy(one)
