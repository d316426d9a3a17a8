#!/usr/bin/env python3
"""Trains a CNN-LSTM with PyTorch to predict the next day's return, and a policy that observes it.

    python3 Examples/training/cnn_lstm.py       # policies/cnn_lstm, then policies/hybrid

The predictor sees ten days of five features and is trained on the observations that the engine itself
makes, so no feature is computed twice. The hybrid is PPO with the prediction as one more feature: the
engine computes the network's prediction at every close. Both are verified by `bt-run policy verify`.
"""

from __future__ import annotations

import argparse
import json

import numpy as np

import recipes

WINDOW, WIDTH = 10, 5
FEATURES = [
    {"name": "log_return", "scale": 50},
    {"name": "log_close_over_sma", "period": 20, "scale": 20},
    {"name": "log_return_std", "period": 20, "ddof": 1, "scale": 50},
    {"name": "rsi_simple_mean_unit", "period": 14},
    {"name": "range_over_close", "scale": 50},
]


def window_manifest() -> dict:
    """A manifest whose observations are the predictor's; its action is never taken."""
    manifest = json.loads((recipes.HERE / "discrete.json").read_text())
    manifest["observation"] = {
        "shape": [WINDOW, WIDTH], "dtype": "float32", "window": WINDOW, "features": FEATURES,
        "normalise": {"kind": "none"},
    }
    return manifest


def build():
    import torch
    from torch import nn

    class Predictor(nn.Module):
        """Two convolutions over time, an LSTM, and the expected log return in per cent."""

        def __init__(self) -> None:
            super().__init__()
            self.convolution = nn.Conv1d(WIDTH, 16, 3)
            self.lstm = nn.LSTM(16, 24, batch_first=True)
            self.head = nn.Linear(24, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = torch.relu(self.convolution(x.transpose(1, 2))).transpose(1, 2)
            return self.head(self.lstm(x)[0][:, -1])

    return Predictor()


NETWORK = [
    {"op": "transpose_time_channel"},
    {"op": "conv1d", "params": "convolution", "kernel": 3},
    {"op": "relu"},
    {"op": "transpose_time_channel"},
    {"op": "lstm", "params": "lstm", "hidden": 24},
    {"op": "last_step"},
    {"op": "linear", "params": "head"},
]


def market_rows(options, manifest) -> tuple[np.ndarray, np.ndarray]:
    """The observation of every close, and the log return to the next one in per cent."""
    import backtestkit

    env = backtestkit.TradingEnv(options.study, manifest, overrides=recipes.overrides(options))
    observation, _ = env.reset()
    rows = [observation]
    while True:
        observation, _, terminated, truncated, _ = env.step(0)
        rows.append(observation)
        if terminated or truncated:
            break
    rows = np.array(rows)
    return rows[:-1], rows[1:, -1, 0] / FEATURES[0]["scale"] * 100


def train_predictor(options) -> None:
    import torch

    folder = options.out.parent / "cnn_lstm"
    folder.parent.mkdir(parents=True, exist_ok=True)
    manifest = folder.parent / "cnn_lstm_window.json"
    manifest.write_text(json.dumps(window_manifest()))
    rows, moves = market_rows(options, manifest)
    model = build()
    optimiser = torch.optim.Adam(model.parameters(), lr=2e-3)
    x, y = torch.tensor(rows), torch.tensor(moves[:, None], dtype=torch.float32)
    for _ in range(options.epochs):
        for batch in torch.randperm(len(x)).split(256):
            optimiser.zero_grad()
            torch.nn.functional.mse_loss(model(x[batch]), y[batch]).backward()
            optimiser.step()
    model.eval()
    write_predictor(model, rows[-64:], folder, options.end)
    manifest.unlink()


def write_predictor(model, rows: np.ndarray, folder, trained_until: str) -> None:
    """Writes the manifest itself, since a predictor has no actions to import."""
    import shutil

    import torch

    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
    torch.save(model.state_dict(), folder / "model.pt")
    with torch.no_grad():
        outputs = model(torch.tensor(rows)).double().numpy()
    manifest = {
        "format": "backtestkit.policy/1",
        "name": "cnn_lstm",
        "algorithm": "CNN-LSTM",
        "weights": [{"file": "model.pt", "format": "torch-zip"}],
        "network": {"predict": NETWORK},
        "observation": window_manifest()["observation"],
        "output": {"kind": "regression", "unit": "percent_log_return"},
        "trained": {"data_end": trained_until},
        "golden": [
            {"observation": row.ravel().tolist(), "outputs": output.tolist()}
            for row, output in zip(rows.astype(float), outputs)
        ],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    recipes.bt_run("policy", "verify", folder)


def train_hybrid(options) -> None:
    import backtestkit
    from stable_baselines3 import PPO

    manifest = json.loads((recipes.HERE / "discrete.json").read_text())
    # The prediction is named from the folder of the manifest, as it will be in policies/hybrid.
    features = manifest["observation"]["features"]
    features.insert(-1, {"prediction": "../cnn_lstm", "field": "signal", "scale": 100})
    manifest["observation"]["shape"] = [len(features)]
    folder = options.out.parent / "hybrid_untrained"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "manifest.json"
    path.write_text(json.dumps(manifest))
    overrides = recipes.overrides(options)
    env = backtestkit.TradingVecEnv(
        options.study, path, n_envs=8, seed=options.seed, overrides=overrides,
        episodes={"kind": "window", "length": 250})
    model = PPO("MlpPolicy", env, n_steps=256, batch_size=256, ent_coef=0.01, seed=options.seed,
                device="cpu", policy_kwargs=dict(net_arch=[32, 32]))
    model.learn(options.steps)
    rows = recipes.observations(backtestkit.TradingEnv(options.study, path, overrides=overrides))
    recipes.write_policy(model, rows, path, options.out, options.end, name="hybrid")
    path.unlink()
    folder.rmdir()


def main() -> None:
    parser: argparse.ArgumentParser = recipes.arguments(
        "Trains a CNN-LSTM predictor and a hybrid.", "hybrid", 40_960)
    parser.add_argument("--epochs", type=int, default=8)
    options = parser.parse_args()
    recipes.deterministic(options.seed)
    train_predictor(options)
    train_hybrid(options)


if __name__ == "__main__":
    main()
