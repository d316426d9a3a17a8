"""What all recipes share: from a trained model to a policy that `bt-run policy verify` accepts."""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "python"))


def bt_run(*arguments: object) -> None:
    """Runs `bt-run`: the one that BT_RUN names, that of this source tree, or that of PATH."""
    built = ROOT / ".build" / "release" / "bt-run"
    program = os.environ.get("BT_RUN") or (str(built) if built.exists() else "bt-run")
    finished = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if finished.returncode != 0:
        sys.exit(f"bt-run {' '.join(map(str, arguments))} failed:\n{finished.stderr}")
    if finished.stdout.strip():
        print(finished.stdout.strip())


def arguments(description: str, name: str, steps: int) -> argparse.ArgumentParser:
    """The options that all recipes take."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--study", default=HERE / "study.yaml", type=pathlib.Path)
    parser.add_argument("--from", dest="start", help="the first day of the training")
    parser.add_argument("--to", dest="end", default="2012-12-31", help="the last day")
    parser.add_argument("--steps", type=int, default=steps, help="steps of the training")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=pathlib.Path, default=HERE / "policies" / name)
    parser.add_argument("--checkpoint", type=pathlib.Path,
                        help="writes this file alone, as a walk-forward asks for it")
    return parser


def overrides(options: argparse.Namespace) -> list[str]:
    """The study's period of training."""
    period = [f"data.to={options.end}"]
    return period + ([f"data.from={options.start}"] if options.start else [])


def deterministic(seed: int) -> None:
    """The same numbers on every run on one machine."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    np.random.seed(seed)


def observations(env, count: int = 64) -> np.ndarray:
    """Observations of one episode in the order of time, from a fixed behaviour."""
    observation, _ = env.reset(options={})
    rows = [observation]
    env.action_space.seed(1)
    while len(rows) < count:
        observation, _, terminated, truncated, _ = env.step(env.action_space.sample())
        rows.append(observation)
        if terminated or truncated:
            break
    return np.array(rows)


def write_policy(model, rows: np.ndarray, manifest: pathlib.Path, out: pathlib.Path,
                 trained_until: str, **more) -> None:
    """Writes a policy with golden decisions, and lets `bt-run` verify it."""
    import backtestkit_policy

    wanted = json.loads(manifest.read_text())
    action = {key: value for key, value in wanted["action"].items()
              if key in ("meaning", "targets", "assets", "hmax", "cost", "table")}
    with tempfile.TemporaryDirectory() as folder:
        export = pathlib.Path(folder)
        backtestkit_policy.export(
            model, rows, export, features=wanted["observation"]["features"],
            action={**action, **more.pop("action", {})}, execution=wanted["execution"],
            trained={"data_end": trained_until}, **more)
        weights = next(path for path in export.iterdir() if path.name != "answers.json")
        if out.exists():
            shutil.rmtree(out)
        out.parent.mkdir(parents=True, exist_ok=True)
        bt_run("policy", "import", weights, "--with", export / "answers.json", "--out", out)
    bt_run("policy", "verify", out)
