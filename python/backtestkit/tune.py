"""Searches for the settings of a training: Stable-Baselines3 on environments, Optuna, and Ray.

    python -m backtestkit.tune study.yaml policies/ppo.json --algorithm ppo --trials 40 \\
        --train-to 2012-12-31 --out Reports/tuning

Each trial trains a policy on the bars up to --train-to, imports it, and lets bt-run judge it on the
bars after that day. bt-run keeps every trial in its store, so that the deflated Sharpe ratio of the
best one knows how many there were. A search that is interrupted goes on when the same command is
given again; a training that was under way goes on from its last evaluation (--reports).
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import datetime
import inspect
import json
import os
import pathlib
import socket
import sys
import time
from collections.abc import Sequence
from typing import Any

import optuna
from optuna.trial import TrialState

from . import _training
from ._shards import InputError
from ._training import (
    ALGORITHMS,
    NETWORK_PARAMETERS,
    Checkpoint,
    TrainingJob,
    UndefinedError,
)
from .errors import BacktestKitError
from .optuna_sampler import distribution, make_sampler

PROGRAM = "python -m backtestkit.tune"
PRUNERS = ("median", "asha", "none")
# A choice among lists, such as widths of layers: Optuna's choices are texts and numbers.
_Encoded = dict[str, dict[str, Any]]


def read_space(path: str | None, algorithm: str) -> dict[str, Any]:
    """The space of a file, or that of the algorithm.

    Raises InputError for what the algorithm does not have.
    """
    if path is None:
        return ALGORITHMS[algorithm].space
    try:
        space = json.loads(pathlib.Path(path).read_text())
    except OSError as error:
        raise InputError(f"{path}: it cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{path}: it is no JSON: {error}") from None
    if not isinstance(space, dict) or not space:
        raise InputError(f"{path}: a space is an object of parameters, and has at least one")
    known = set(inspect.signature(_training.constructor(algorithm).__init__).parameters)
    known -= {"self", "policy", "env", "seed", "device", "policy_kwargs", "_init_setup_model"}
    known |= set(NETWORK_PARAMETERS)
    for name in space:
        if name not in known:
            raise InputError(
                f"{path}: {algorithm} has no parameter '{name}'; known are "
                + ", ".join(sorted(known)))
    return space


def dimensions(space: dict[str, Any], source: str) -> tuple[dict[str, Any], _Encoded]:
    """Optuna's distributions, and what the texts of choices stand for."""
    found: dict[str, Any] = {}
    encoded: _Encoded = {}
    for name, given in space.items():
        if isinstance(given, list) and given:
            texts = {json.dumps(value): value for value in given}
            if len(texts) < len(given):
                raise InputError(f"{source}: '{name}' lists a value twice")
            encoded[name] = texts
            found[name] = distribution({"kind": "choice", "values": list(texts)})
            continue
        try:
            unknown = set(given) - {"from", "to", "log", "step"}
            if unknown:
                raise InputError(f"{source}: '{name}' has no key '{sorted(unknown)[0]}'")
            low, high = given["from"], given["to"]
            if not low < high:
                raise InputError(f"{source}: '{name}' goes from {low} to {high}, not upwards")
            is_whole = isinstance(low, int) and isinstance(high, int)
            found[name] = distribution({
                "kind": "integer" if is_whole else "number", "name": name, "from": low, "to": high,
                "log": bool(given.get("log", False)), "step": given.get("step", 1)})
        except (TypeError, KeyError, ValueError) as error:
            raise InputError(
                f"{source}: '{name}' is a list of values, or has 'from' and 'to': {error}"
            ) from None
    return found, encoded


def decoded(parameters: dict[str, Any], encoded: _Encoded) -> dict[str, Any]:
    """The parameters that a class takes."""
    return {
        name: encoded[name][value] if name in encoded else value
        for name, value in parameters.items()}


def make_pruner(name: str, reports: int) -> optuna.pruners.BasePruner:
    """A pruner by its name."""
    if name == "median":
        return optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=0)
    if name == "asha":
        return optuna.pruners.SuccessiveHalvingPruner(
            min_resource=1, reduction_factor=2 if reports < 6 else 3)
    return optuna.pruners.NopPruner()


# How a trial ended, its value, and why it failed.
Outcome = tuple[TrialState, float | None, str]


def run_trial(
    job: TrainingJob, trial: optuna.Trial, parameters: dict[str, Any], folder: str
) -> Outcome:
    """Does a trial in this process."""

    def report(step: int, value: float) -> bool:
        # What was decided before an interruption stays decided: pruners remember what they were
        # asked, so that a second answer could differ.
        decided: dict[str, bool] = trial.user_attrs.get("decided", {})
        if str(step) not in decided:
            trial.report(value, step)
            decided = {**decided, str(step): bool(trial.should_prune())}
            trial.set_user_attr("decided", decided)
        return decided[str(step)]

    try:
        value, is_pruned = _training.run_training(
            job, trial.number, parameters, pathlib.Path(folder), report)
    except UndefinedError as error:
        return TrialState.FAIL, None, str(error)
    except BacktestKitError:
        # Wrong for every trial.
        raise
    except (ValueError, AssertionError) as error:
        # What the classes say of settings that do not go together.
        return TrialState.FAIL, None, f"{type(error).__name__}: {error}"
    return (TrialState.PRUNED if is_pruned else TrialState.COMPLETE), value, ""


class Tuning:
    """A search: its folder, and the trials that were made."""

    def __init__(self, options: argparse.Namespace, job: TrainingJob) -> None:
        self.options, self.job = options, job
        self.folder = pathlib.Path(options.out).resolve()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"--out {options.out}: {error.strerror}: {error.filename}") from None
        space = read_space(options.space, job.algorithm)
        self.dimensions, self.encoded = dimensions(space, options.space or job.algorithm)
        self.storage = options.storage or f"sqlite:///{self.folder / 'tuning.sqlite'}"
        # Whose trials these are, in a database that several machines share.
        self.place = f"{socket.gethostname()}:{self.folder}" if options.storage else ""
        self.name = "training"
        try:
            self.study = optuna.create_study(
                study_name=self.name, storage=self.storage, load_if_exists=True,
                direction="maximize", pruner=make_pruner(options.pruner, job.reports))
        # Each kind of storage has errors of its own.
        except Exception as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{self.storage}: Optuna cannot use this storage: {reason}") from None
        try:
            # A sampler proposes by the number of trials so far, so that going on repeats none.
            self.study.sampler = make_sampler(
                options.sampler, job.seed + 1_000_003 * len(self.study.trials))
        except ValueError as error:
            raise InputError(f"--sampler: {error}") from None
        same = {key: value for key, value in dataclasses.asdict(job).items()
                if key not in ("program", "store")}
        identity = json.dumps({"job": same, "space": space}, sort_keys=True)
        if self.study.user_attrs.get("identity", identity) != identity:
            raise InputError(
                f"{self.folder}: this folder holds a search with other options; give another --out")
        self.study.set_user_attr("identity", identity)
        # Trials that were under way when the search was interrupted.
        self.interrupted = [
            one for one in self.study.trials
            if one.state == TrialState.RUNNING and one.user_attrs.get("place", "") == self.place]

    def counted(self) -> list[optuna.trial.FrozenTrial]:
        """The trials that came to an end; one that failed has a reason, else it was interrupted."""
        return [
            one for one in self.study.trials
            if one.state in (TrialState.COMPLETE, TrialState.PRUNED) or "reason" in one.user_attrs]

    def ask(self) -> tuple[optuna.Trial, dict[str, Any], str]:
        """A new trial, or one that was interrupted; its parameters and its folder."""
        if self.interrupted:
            # With its number and so its seed, and with what pruners know of it.
            trial = optuna.Trial(self.study, self.interrupted.pop(0)._trial_id)
        else:
            trial = self.study.ask()
            trial.set_user_attr("place", self.place)
        for name, one in self.dimensions.items():
            trial._suggest(name, one)
        return trial, decoded(trial.params, self.encoded), str(self.folder_of(trial))

    def folder_of(self, trial: optuna.Trial) -> pathlib.Path:
        """The folder of a trial."""
        return self.folder / "trials" / f"{trial.number:05d}"

    def tell(self, trial: optuna.Trial, outcome: Outcome) -> None:
        """Keeps how a trial ended."""
        state, value, reason = outcome
        if reason:
            trial.set_user_attr("reason", reason)
        if value is not None:
            trial.set_user_attr("value", value)
        self.study.tell(trial, value if state == TrialState.COMPLETE else None, state=state)
        Checkpoint.remove(self.folder_of(trial))
        self.write_table()
        if not self.options.quiet:
            shown = reason or (f"{value:.4f}" if value is not None else "")
            print(f"trial {trial.number}: {state.name.lower()} {shown}", file=sys.stderr, flush=True)

    def write_table(self) -> None:
        """Writes a line for each trial."""
        names = list(self.dimensions)
        temporary = self.folder / "trials.csv.part"
        with temporary.open("w", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(["trial", "state", "value", *names, "reason"])
            for one in self.counted():
                value = one.user_attrs.get("value", "")
                table.writerow([
                    one.number, one.state.name.lower(), value,
                    *(one.params.get(name, "") for name in names),
                    one.user_attrs.get("reason", "")])
        temporary.replace(self.folder / "trials.csv")

    def finish(self) -> None:
        """Writes and prints the best trial.

        Raises InputError where no trial was completed.
        """
        counted = self.counted()
        complete = [one for one in counted if one.state == TrialState.COMPLETE]
        if not complete:
            raise InputError(f"{self.folder / 'trials.csv'}: no trial of {len(counted)} was completed")
        best = max(complete, key=lambda one: one.value or 0.0)
        parameters = decoded(best.params, self.encoded)
        policy = f"trials/{best.number:05d}/policy"
        record = {
            "trial": best.number, "value": best.value, "objective": self.job.objective,
            "parameters": parameters, "trials": len(counted), "policy": policy}
        # Again, since what is counted grew with every trial after it; it is no trial more.
        judged = _training.judge(self.job, self.folder / policy, self.folder / "best")
        deflated = (judged.get("trials") or {}).get("deflated-sharpe")
        record["deflated-sharpe"] = deflated
        (self.folder / "best.json").write_text(json.dumps(record, indent=2) + "\n")
        lines = [f"Best of {len(counted)} trials: {best.number}, {self.job.objective} {best.value:.4f}"]
        lines += [f"  {name}: {value}" for name, value in parameters.items()]
        if deflated is not None:
            lines.append(f"Deflated Sharpe ratio, for all trials in the store: {deflated:.2f}")
        lines.append(f"Its policy: {self.folder / policy}, its report: {self.folder / 'best'}")
        print("\n".join(lines))


def run_here(tuning: Tuning) -> None:
    """Does the trials one after another in this process."""
    while len(tuning.counted()) < tuning.options.trials:
        trial, parameters, folder = tuning.ask()
        tuning.tell(trial, run_trial(tuning.job, trial, parameters, folder))


def run_on_ray(tuning: Tuning) -> None:
    """Does some trials at once, as tasks of Ray."""
    # Processes at a lower priority would starve beside others; Ray reads this when it starts.
    os.environ.setdefault("RAY_worker_niceness", "0")
    import ray

    ray.init(num_cpus=tuning.options.workers, include_dashboard=False, log_to_driver=False)
    task: Any = ray.remote(num_cpus=1, max_retries=2)(run_trial)
    running: dict[Any, optuna.Trial] = {}
    try:
        while running or len(tuning.counted()) < tuning.options.trials:
            while (len(running) < tuning.options.workers
                   and len(tuning.counted()) + len(running) < tuning.options.trials):
                trial, parameters, folder = tuning.ask()
                running[task.remote(tuning.job, trial, parameters, folder)] = trial
            done, _ = ray.wait(list(running), num_returns=1)
            # An error of a task is raised here as one of its own class, too.
            tuning.tell(running.pop(done[0]), ray.get(done[0]))
    finally:
        ray.shutdown()


class _WriteSpace(argparse.Action):
    """Prints a space and ends, whatever else is missing."""

    def __call__(self, parser: argparse.ArgumentParser, *given: Any, **_: Any) -> None:
        print(json.dumps(ALGORITHMS[given[1]].space, indent=2))
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """The options."""
    result = argparse.ArgumentParser(
        prog=PROGRAM, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = result.add_argument
    add("study", help="the study: its data, account, costs and rules")
    add("manifest", help="what is observed and what actions mean: a manifest without weights")
    add("--algorithm", choices=sorted(ALGORITHMS), default="ppo")
    add("--space", help="a JSON file of the parameters to search (default: the algorithm's)")
    add("--write-space", action=_WriteSpace, choices=sorted(ALGORITHMS),
        help="print the space of an algorithm and end")
    add("--trials", type=int, default=20, help="trainings in all (default: 20)")
    add("--steps", type=int, default=20_000, help="steps of each training (default: 20000)")
    add("--reports", type=int, default=4, help="evaluations of each training (default: 4)")
    add("--train-from", help="the first day of the training")
    add("--train-to", required=True, help="the last day of the training, such as 2012-12-31")
    add("--objective", choices=("sharpe", "reward"), default="sharpe",
        help="of the bars after --train-to: bt-run's Sharpe ratio, or the reward of an episode")
    add("--reward", default="log_return", help="the reward by name (default: log_return)")
    add("--episode", type=int, default=250, help="bars of an episode of training (default: 250)")
    add("--envs", type=int, default=8, help="environments that are stepped together (default: 8)")
    add("--sampler", choices=("tpe", "random", "cmaes", "gp"), default="tpe")
    add("--pruner", choices=PRUNERS, default="median")
    add("--seed", type=int, default=0, help="what all randomness follows from (default: 0)")
    add("--backend", choices=("optuna", "ray"), default="optuna")
    add("--workers", type=int, default=2, help="with ray: trainings at once (default: 2)")
    add("--storage", help="a database of Optuna (default: tuning.sqlite in --out)")
    add("--store", help="bt-run's store of trials, or none (default: beside the study)")
    add("--program", help="bt-run (default: $BACKTESTKIT_BT_RUN, PATH, or this source tree's)")
    add("--out", default="Reports/tuning", help="the folder of the search")
    add("-q", "--quiet", action="store_true", help="say nothing of single trials")
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; gives its exit status."""
    options = parser().parse_args(arguments)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        for name in ("trials", "steps", "reports", "episode", "envs", "workers"):
            if getattr(options, name) < 1:
                raise InputError(f"--{name} is {getattr(options, name)}, not 1 or more")
        try:
            last = datetime.date.fromisoformat(options.train_to)
        except ValueError:
            raise InputError(
                f"--train-to is '{options.train_to}', not a day such as 2012-12-31") from None
        after = last + datetime.timedelta(days=1)
        train = [f"data.to={last}"]
        if options.train_from:
            train.append(f"data.from={options.train_from}")
        job = TrainingJob(
            study=str(pathlib.Path(options.study).resolve()),
            manifest=str(pathlib.Path(options.manifest).resolve()), algorithm=options.algorithm,
            steps=options.steps, seed=options.seed, envs=options.envs,
            episodes={"kind": "window", "length": options.episode}, reward=options.reward,
            objective=options.objective, train=tuple(train), evaluate=(f"data.from={after}",),
            reports=options.reports, program=options.program, store=options.store)
        start = time.monotonic()
        _training.check(job)
        tuning = Tuning(options, job)
        (run_on_ray if options.backend == "ray" else run_here)(tuning)
        tuning.finish()
        if not options.quiet:
            print(f"{time.monotonic() - start:.0f} s", file=sys.stderr)
        return 0
    except (InputError, BacktestKitError, OSError) as error:
        print(f"tune: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; start it again to go on where it stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
