"""One training with Stable-Baselines3 on environments, and what bt-run makes of its policy."""

from __future__ import annotations

import dataclasses
import importlib
import io
import json
import pathlib
import shutil
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np

from ._shards import InputError, find_program, run_program

# What `report` answers: whether the training is not worth going on with.
Report = Callable[[int, float], bool]


@dataclasses.dataclass(frozen=True)
class Algorithm:
    """An algorithm of Stable-Baselines3 or sb3-contrib."""

    module: str
    name: str
    policy: str
    space: dict[str, Any]
    """What is searched where no file says it; dimensions as in Documentation/Tuning.md."""


_RATE = {"from": 1e-5, "to": 1e-2, "log": True}
_GAMMA = [0.9, 0.95, 0.98, 0.99, 0.995, 0.999]
_WIDTHS = [[32, 32], [64, 64], [128, 128]]
_ON_POLICY = {
    "learning_rate": _RATE,
    "gamma": _GAMMA,
    "ent_coef": {"from": 1e-8, "to": 0.1, "log": True},
    "vf_coef": {"from": 0.2, "to": 1.0},
    "gae_lambda": [0.8, 0.9, 0.95, 0.98, 1.0],
    "net_arch": _WIDTHS,
}
_PROXIMAL = {
    **_ON_POLICY,
    "clip_range": [0.1, 0.2, 0.3],
    "n_epochs": [3, 5, 10, 20],
    "batch_size": [64, 128, 256, 512],
    "n_steps": [64, 128, 256],
}
_OFF_POLICY = {
    "learning_rate": _RATE,
    "gamma": _GAMMA,
    "tau": {"from": 0.001, "to": 0.08, "log": True},
    "batch_size": [64, 128, 256],
    "train_freq": [1, 4, 8],
    "net_arch": _WIDTHS,
}
ALGORITHMS = {
    "ppo": Algorithm("stable_baselines3", "PPO", "MlpPolicy", _PROXIMAL),
    "a2c": Algorithm(
        "stable_baselines3", "A2C", "MlpPolicy", {**_ON_POLICY, "n_steps": [5, 8, 16, 32, 64]}),
    "sac": Algorithm("stable_baselines3", "SAC", "MlpPolicy", _OFF_POLICY),
    "td3": Algorithm("stable_baselines3", "TD3", "MlpPolicy", _OFF_POLICY),
    "recurrent-ppo": Algorithm(
        "sb3_contrib", "RecurrentPPO", "MlpLstmPolicy",
        {**_PROXIMAL, "lstm_hidden_size": [16, 32, 64]}),
}
# Parameters of the network, which the classes take as `policy_kwargs`.
NETWORK_PARAMETERS = ("net_arch", "lstm_hidden_size")


@dataclasses.dataclass(frozen=True)
class TrainingJob:
    """What all trainings of a tuning have in common."""

    study: str
    manifest: str
    algorithm: str
    steps: int
    seed: int
    envs: int
    episodes: Any
    reward: str
    objective: str
    """`reward`: the sum of rewards of an episode over the bars of the evaluation; `sharpe`: the
    Sharpe ratio that bt-run finds there."""
    train: tuple[str, ...]
    evaluate: tuple[str, ...]
    """Keys of the study that say which bars are trained on, and which are evaluated on."""
    reports: int
    """How often a training is evaluated before it ends."""
    program: str | None
    store: str | None


class UndefinedError(Exception):
    """A training has no value, such as the Sharpe ratio of a policy that never trades."""


def constructor(name: str) -> Any:
    """The class of an algorithm."""
    algorithm = ALGORITHMS[name]
    try:
        return getattr(importlib.import_module(algorithm.module), algorithm.name)
    except ImportError as error:
        raise InputError(f"{name} needs {algorithm.module}: {error}") from None


def check(job: TrainingJob) -> None:
    """Makes what every training needs, so that what is wrong is said once and before the first.

    Raises BacktestKitError for the study, the manifest and the days, and InputError for an
    algorithm that cannot take such actions.
    """
    from .env import TradingEnv
    from .sb3 import TradingVecEnv

    TradingEnv(job.study, job.manifest, reward=job.reward, overrides=job.evaluate).close()
    env = TradingVecEnv(
        job.study, job.manifest, n_envs=job.envs, episodes=job.episodes, reward=job.reward,
        overrides=job.train)
    try:
        constructor(job.algorithm)(ALGORITHMS[job.algorithm].policy, env, device="cpu")
    except AssertionError as error:
        raise InputError(f"{job.algorithm} does not fit {job.manifest}: {error}") from None
    finally:
        env.close()


def run_training(
    job: TrainingJob, number: int, parameters: dict[str, Any], folder: pathlib.Path, report: Report
) -> tuple[float, bool]:
    """Trains a policy, lets bt-run judge it, and returns its value and whether it was cut short.

    The folder gets the model, the policy that was imported from it, and the result of bt-run. A
    training that finds its own checkpoint there goes on from it, to the same bits.
    """
    import torch

    from .env import TradingEnv
    from .sb3 import TradingVecEnv

    torch.set_num_threads(1)
    seed = job.seed + number
    env = TradingVecEnv(
        job.study, job.manifest, n_envs=job.envs, seed=seed, episodes=job.episodes,
        reward=job.reward, overrides=job.train)
    evaluation = TradingEnv(
        job.study, job.manifest, reward=job.reward, overrides=job.evaluate, info="never")
    folder.mkdir(parents=True, exist_ok=True)
    settings = {key: parameters[key] for key in parameters if key not in NETWORK_PARAMETERS}
    network = {key: parameters[key] for key in parameters if key in NETWORK_PARAMETERS}
    kind = constructor(job.algorithm)
    checkpoint = Checkpoint(folder, job, seed, parameters)
    found = checkpoint.load(kind, env)
    model, episodes = found or (kind(
        ALGORITHMS[job.algorithm].policy, env, seed=seed, device="cpu", policy_kwargs=network,
        **settings), [])
    is_pruned = False
    for step in range(1, job.reports + 1):
        if step > len(episodes):
            if step > 1:
                # A part begins with new episodes and random numbers of its own, so that one that
                # follows a checkpoint does what it would have done without.
                model.set_random_seed((seed + 1_000_003 * (step - 1)) % 2**31)
                model._last_obs = None
            target = job.steps * step // job.reports
            model.learn(target - model.num_timesteps, reset_num_timesteps=step == 1)
            rewards = _episode(model, evaluation)
            episodes.append([float(rewards.sum()), float(rewards.mean()), float(rewards.std())])
            checkpoint.save(model, episodes)
        total, mean, deviation = episodes[step - 1]
        value = total if job.objective == "reward" else (mean / deviation if deviation > 0 else 0.0)
        if step < job.reports and report(step, value):
            is_pruned = True
            break
    model.save(folder / "model.zip")
    rows = _observations(TradingEnv(
        job.study, job.manifest, overrides=job.train, info="never"))
    env.close()
    evaluation.close()
    sharpe = _import_and_judge(job, model, rows, folder)
    if job.objective == "reward":
        return episodes[-1][0], is_pruned
    if sharpe is None:
        raise UndefinedError("the Sharpe ratio is undefined: the policy never changed its equity")
    return sharpe, is_pruned


class Checkpoint:
    """What a training needs to go on: one file, written whole after each evaluation.

    It holds the model with its optimisers and steps as Stable-Baselines3 saves it, the filled part
    of a replay buffer, and the evaluations so far. The environments need no more than their seed:
    each part of a training begins with new episodes.
    """

    FILE = "checkpoint.zip"

    def __init__(
        self, folder: pathlib.Path, job: TrainingJob, seed: int, parameters: dict[str, Any]
    ) -> None:
        self.path = folder / self.FILE
        same = {key: value for key, value in dataclasses.asdict(job).items()
                if key not in ("program", "store")}
        self._identity = json.dumps(
            {"job": same, "seed": seed, "parameters": parameters}, sort_keys=True)

    def save(self, model: Any, episodes: list[list[float]]) -> None:
        """Replaces the checkpoint by that of now."""
        part = self.path.with_suffix(".part")
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
            buffer = getattr(model, "replay_buffer", None)
            archive.writestr("state.json", json.dumps({
                "identity": self._identity, "episodes": episodes,
                "next": None if buffer is None else buffer.pos}))
            saved = io.BytesIO()
            model.save(saved)
            archive.writestr("model.zip", saved.getvalue())
            if buffer is not None:
                filled = buffer.buffer_size if buffer.full else buffer.pos
                for name in _REPLAYED:
                    with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                        np.lib.format.write_array(file, getattr(buffer, name)[:filled])
        part.replace(self.path)

    def load(self, kind: Any, env: Any) -> tuple[Any, list[list[float]]] | None:
        """The model and its evaluations; None where there is no checkpoint of this training."""
        try:
            with zipfile.ZipFile(self.path) as archive:
                state = json.loads(archive.read("state.json"))
                if state["identity"] != self._identity:
                    return None
                model = kind.load(io.BytesIO(archive.read("model.zip")), env=env, device="cpu")
                buffer = getattr(model, "replay_buffer", None)
                if buffer is not None:
                    for name in _REPLAYED:
                        with archive.open(f"{name}.npy") as file:
                            kept = np.lib.format.read_array(file)
                        getattr(buffer, name)[: len(kept)] = kept
                        buffer.full = len(kept) == buffer.buffer_size
                    buffer.pos = state["next"]
        except (FileNotFoundError, zipfile.BadZipFile):
            return None
        return model, state["episodes"]

    @classmethod
    def remove(cls, folder: pathlib.Path) -> None:
        """Removes the checkpoint of a training whose value is kept."""
        (folder / cls.FILE).unlink(missing_ok=True)


# What a replay buffer holds of steps.
_REPLAYED = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


def _episode(model: Any, env: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The rewards of an episode in which the policy does not explore."""
    observation, _ = env.reset(seed=0)
    state, start = None, np.ones(1, dtype=bool)
    rewards: list[float] = []
    while True:
        action, state = model.predict(
            observation, state=state, episode_start=start, deterministic=True)
        start = np.zeros(1, dtype=bool)
        observation, reward, terminated, truncated, _ = env.step(action)
        rewards.append(float(reward))
        if terminated or truncated:
            return np.array(rewards)


def _observations(env: Any, count: int = 64) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Observations in the order of time, for the golden decisions of the policy."""
    observation, _ = env.reset(seed=0)
    env.action_space.seed(1)
    rows = [observation]
    while len(rows) < count:
        observation, _, terminated, truncated, _ = env.step(env.action_space.sample())
        rows.append(observation)
        if terminated or truncated:
            break
    env.close()
    return np.array(rows)


def _import_and_judge(
    job: TrainingJob, model: Any, rows: Any, folder: pathlib.Path
) -> float | None:
    """The Sharpe ratio of bt-run, which counts the run as a trial in its store."""
    export_policy: Any = importlib.import_module("backtestkit_policy").export

    manifest = pathlib.Path(job.manifest)
    wanted = json.loads((manifest / "manifest.json" if manifest.is_dir() else manifest).read_text())
    action = {
        key: value for key, value in wanted["action"].items()
        if key in ("meaning", "targets", "assets", "hmax", "cost", "table")}
    export, policy, result = folder / "export", folder / "policy", folder / "result"
    for old in (export, policy, result):
        shutil.rmtree(old, ignore_errors=True)
    answers = {"features": wanted["observation"]["features"], "action": action}
    if "execution" in wanted:
        answers["execution"] = wanted["execution"]
    # One name for all, by which the store knows that they are trials of one search.
    name = f"{wanted.get('name', 'policy')}, {job.algorithm}"
    export_policy(model, rows, export, name=name, **answers)
    program = find_program(job.program)
    weights = next(path for path in export.iterdir() if path.name != "answers.json")
    run_program(program, [
        "policy", "import", str(weights), "--with", str(export / "answers.json"),
        "--out", str(policy)])
    shutil.rmtree(export)
    sharpe = judge(job, policy, result)["metrics"].get("sharpe")
    return None if sharpe is None else float(sharpe)


def judge(job: TrainingJob, policy: pathlib.Path, result: pathlib.Path) -> dict[str, Any]:
    """Lets bt-run judge a policy on the bars of the evaluation; gives its result.json."""
    words = ["run", job.study, "--out", str(result), "-q", "--set", f"strategy.policy={policy}"]
    for key in job.evaluate:
        words += ["--set", key]
    run_program(find_program(job.program), words + (["--store", job.store] if job.store else []))
    record: dict[str, Any] = json.loads((result / "result.json").read_text())
    return record
