"""The search for settings of a training: real trainings of two seconds each."""

import csv
import importlib.util
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import zipfile

import pytest

pytest.importorskip("stable_baselines3")
pytest.importorskip("optuna")

import torch  # noqa: E402
from stable_baselines3 import PPO  # noqa: E402

from backtestkit import tune  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "Examples" / "training"
SPACE = {"learning_rate": {"from": 1e-4, "to": 1e-2, "log": True}, "net_arch": [[8], [16, 16]],
         "n_steps": [32], "batch_size": [64]}


@pytest.fixture(autouse=True)
def _no_other_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BACKTESTKIT_STORE", raising=False)


def words(folder: pathlib.Path, *more: str) -> list[str]:
    space = folder.parent / "space.json"
    space.write_text(json.dumps(SPACE))
    return [
        str(EXAMPLES / "study.yaml"), str(EXAMPLES / "discrete.json"), "--train-to", "2012-12-31",
        "--space", str(space), "--steps", "1024", "--store", "none", "--out", str(folder), "-q",
        *more]


def rows(folder: pathlib.Path) -> list[dict[str, str]]:
    with (folder / "trials.csv").open() as file:
        return list(csv.DictReader(file))


def test_the_best_trial_is_a_policy_that_verifies(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "out"
    store = ["--store", str(tmp_path / "runs.sqlite")]
    assert tune.main(words(folder, "--trials", "3", "--pruner", "none", *store)) == 0
    best = json.loads((folder / "best.json").read_text())
    made = rows(folder)
    assert len(made) == 3 and best["trials"] == 3
    assert best["value"] == max(float(row["value"]) for row in made)
    # The value is that of bt-run, on bars after the training.
    result = json.loads((folder / best["policy"] / ".." / "result" / "result.json").read_text())
    assert result["metrics"]["sharpe"] == best["value"]
    with (folder / best["policy"] / ".." / "result" / "equity.csv").open() as file:
        assert next(csv.DictReader(file))["time"] >= "2013-01-01"
    assert (folder / best["policy"] / "manifest.json").exists()
    # The winner's own result knows of the trials after it, and is none more.
    judged = json.loads((folder / "best" / "result.json").read_text())
    assert judged["trials"]["counted"] == 3
    assert best["deflated-sharpe"] == judged["trials"]["deflated-sharpe"]
    assert "Best of 3 trials" in capsys.readouterr().out
    # The same command finds all trials done; other options are refused.
    before = (folder / "trials.csv").read_bytes()
    assert tune.main(words(folder, "--trials", "3", "--pruner", "none", *store)) == 0
    assert (folder / "trials.csv").read_bytes() == before
    assert tune.main(words(folder, "--trials", "3", "--steps", "2048")) == 2
    assert "with other options" in capsys.readouterr().err


@pytest.mark.parametrize("pruner", ["none", "asha"])
def test_a_killed_search_loses_one_part_of_a_training(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, pruner: str
) -> None:
    whole, broken = tmp_path / "whole" / "out", tmp_path / "broken" / "out"
    for folder in (whole, broken):
        folder.parent.mkdir()
    more = ["--trials", "3", "--sampler", "random", "--pruner", pruner, "--objective", "reward"]
    command = [sys.executable, "-m", "backtestkit.tune", *words(broken, *more)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    # Killed within a training, once one is done and this one was evaluated.
    kept = broken / "trials" / "00001" / "checkpoint.zip"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not kept.exists():
        assert process.poll() is None
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert len(rows(broken)) == 1
    with zipfile.ZipFile(kept) as archive:
        done = len(json.loads(archive.read("state.json"))["episodes"])
    assert 1 <= done <= 4
    assert tune.main(words(whole, *more)) == 0
    parts: list[int] = []
    learn = PPO.learn

    def counted(model: PPO, *arguments: object, **named: object) -> object:
        parts.append(model.num_timesteps)
        return learn(model, *arguments, **named)

    monkeypatch.setattr(PPO, "learn", counted)
    assert tune.main(words(broken, *more)) == 0
    # What was done, and what was under way, is as if nothing had happened; the third trial, which
    # the sampler of a new process proposes, begins from nothing.
    assert rows(broken)[:2] == rows(whole)[:2]
    assert len(rows(broken)) == 3
    again = parts.index(0)
    assert parts[:again] == [256 * part for part in range(done, done + again)]
    if rows(whole)[1]["state"] == "complete":
        assert again == 4 - done
    assert not list(broken.glob("trials/*/checkpoint*"))


@pytest.mark.parametrize("algorithm", ["ppo", "a2c", "recurrent-ppo", "sac", "td3"])
def test_a_training_goes_on_to_the_same_bits(tmp_path: pathlib.Path, algorithm: str) -> None:
    from backtestkit import _training

    if algorithm == "recurrent-ppo":
        pytest.importorskip("sb3_contrib")
    is_continuous = algorithm in ("sac", "td3")
    job = _training.TrainingJob(
        study=str(EXAMPLES / "study.yaml"),
        manifest=str(EXAMPLES / ("continuous.json" if is_continuous else "discrete.json")),
        algorithm=algorithm, steps=480, seed=3, envs=4,
        episodes={"kind": "window", "length": 50}, reward="log_return", objective="reward",
        train=("data.to=2012-12-31",), evaluate=("data.from=2013-01-01",), reports=3, program=None,
        store="none")
    parameters = {"net_arch": [8], **({} if is_continuous else {"n_steps": 8}),
                  **({"buffer_size": 90, "learning_starts": 40} if is_continuous else {})}
    seen: list[tuple[int, float]] = []

    def report(step: int, value: float) -> bool:
        seen.append((step, value))
        if broken and step == 2 and len(seen) == 2:
            raise KeyboardInterrupt
        return False

    values, tensors = [], []
    for broken in (False, True):
        folder = tmp_path / str(broken)
        seen.clear()
        if broken:
            with pytest.raises(KeyboardInterrupt):
                _training.run_training(job, 1, parameters, folder, report)
        values.append(_training.run_training(job, 1, parameters, folder, report))
        model = _training.constructor(algorithm).load(folder / "model.zip", device="cpu")
        tensors.append(model.policy.state_dict())
    # The evaluations before the interruption are reported again, the same.
    assert [step for step, _ in seen] == [1, 2, 1, 2] and seen[:2] == seen[2:]
    assert values[0] == values[1]
    assert tensors[0].keys() == tensors[1].keys()
    assert all(torch.equal(one, tensors[1][name]) for name, one in tensors[0].items())
    # A checkpoint of other settings is not gone on from.
    other = _training.Checkpoint(tmp_path / "True", job, 4, {**parameters, "gamma": 0.5})
    assert other.path.exists() and other.load(_training.constructor(algorithm), None) is None


def test_bad_input_is_refused(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refusal(space: object, *more: str) -> str:
        path = tmp_path / "bad.json"
        path.write_text(json.dumps(space))
        given = words(tmp_path / "out", "--trials", "1", *more)
        given[given.index("--space") + 1] = str(path)
        assert tune.main(given) == 2
        return capsys.readouterr().err

    assert "has no parameter 'learning_rat'" in refusal({"learning_rat": [1]})
    assert "goes from 1 to 1" in refusal({"gamma": {"from": 1, "to": 1}})
    assert "lists a value twice" in refusal({"gamma": [0.9, 0.9]})
    assert "has no key 'lg'" in refusal({"gamma": {"from": 0.1, "to": 1.0, "lg": True}})
    assert "has at least one" in refusal({})
    assert "not a day" in refusal({"gamma": [0.9]}, "--train-to", "2012")
    good = {"gamma": [0.9]}
    assert "no bars in the chosen period" in refusal(good, "--train-to", "2090-01-01")
    assert "td3 does not fit" in refusal(good, "--algorithm", "td3")
    missing = words(tmp_path / "out", "--trials", "1")
    missing[missing.index("--space") + 1] = "missing.json"
    assert tune.main(missing) == 2
    assert "missing.json: it cannot be read: No such file" in capsys.readouterr().err
    assert not (tmp_path / "out" / "trials.csv").exists()
    assert "--trials is 0" in refusal({"gamma": [0.9]}, "--trials", "0")


@pytest.mark.parametrize(("more", "message"), [
    (["--out", "/proc/version/out"], "--out /proc/version/out: Not a directory"),
    (["--storage", "nothing://here"], "nothing://here: Optuna cannot use this storage"),
    (["--sampler", "cmaes"], "--sampler: the sampler 'cmaes' needs a package: pip install cmaes"),
])
def test_what_cannot_be_used_is_one_message(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    more: list[str], message: str,
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "cmaes" else found(name))
    assert tune.main(words(tmp_path / "out", *more)) == 2
    errors = capsys.readouterr().err
    assert errors.startswith(f"tune: {message}") and errors.count("\n") == 1
