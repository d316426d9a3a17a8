"""Optuna as the sampler of bt-run tune: asked and told by lines of JSON.

In a study:

    tune:
      program: [python3, -m, backtestkit.optuna_sampler, --sampler, tpe]
"""

import argparse
import importlib.util
import json
import sys
from collections.abc import Sequence
from typing import Any, TextIO

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import Trial, TrialState

PROTOCOL = "backtestkit.sampler/1"
STATES = {
    "complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "infeasible": TrialState.FAIL}


def distribution(dimension: dict[str, Any]) -> BaseDistribution:
    """The distribution of a dimension as the greeting has it."""
    kind = dimension["kind"]
    if kind == "choice":
        return CategoricalDistribution(dimension["values"])
    if kind == "integer":
        is_logarithmic, step = dimension["log"], dimension["step"]
        if is_logarithmic and step != 1:
            raise ValueError(
                f"Optuna has no logarithmic range in steps: {dimension['name']}; leave out 'step' "
                "or 'log'")
        return IntDistribution(dimension["from"], dimension["to"], log=is_logarithmic, step=step)
    if kind == "number":
        return FloatDistribution(dimension["from"], dimension["to"], log=dimension["log"])
    raise ValueError(f"unknown kind of dimension: {kind}")


# What samplers need besides Optuna.
PACKAGES = {"cmaes": ("cmaes",), "gp": ("scipy", "torch")}


def make_sampler(name: str, seed: int) -> optuna.samplers.BaseSampler:
    """A sampler by its name; its proposals follow from the seed and from what it is told.

    Raises ValueError where a package that it needs is not installed.
    """
    for package in PACKAGES.get(name, ()):
        if importlib.util.find_spec(package) is None:
            raise ValueError(f"the sampler '{name}' needs a package: pip install {package}")
    seed %= 2**32
    if name == "tpe":
        return optuna.samplers.TPESampler(seed=seed)
    if name == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    if name == "cmaes":
        return optuna.samplers.CmaEsSampler(seed=seed)
    return optuna.samplers.GPSampler(seed=seed)


class Conversation:
    """One tuning, from the greeting to its last trial."""

    def __init__(self, greeting: dict[str, Any], sampler: str) -> None:
        if greeting.get("protocol") != PROTOCOL:
            raise ValueError(f"the protocol is {greeting.get('protocol')}, not {PROTOCOL}")
        self.space = {one["name"]: distribution(one) for one in greeting["space"]}
        self.study = optuna.create_study(
            direction=greeting["direction"], sampler=make_sampler(sampler, greeting["seed"]))
        self.trials: dict[int, Trial] = {}

    def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """The answer to one message."""
        if "ask" in message:
            number = message["ask"]
            # A proposal that could not be used ends as a failure, of which samplers learn nothing.
            if number in self.trials:
                self.study.tell(self.trials[number], state=TrialState.FAIL)
            trial = self.study.ask(self.space)
            self.trials[number] = trial
            return {"ask": number, "parameters": trial.params}
        number = message["tell"]
        state = STATES[message["state"]]
        value = message["value"]
        trial = self.trials.pop(number)
        if value is None or state == TrialState.FAIL:
            self.study.tell(trial, state=TrialState.FAIL)
        elif state == TrialState.PRUNED:
            # The last reported value is that of a pruned trial.
            trial.report(value, step=0)
            self.study.tell(trial, state=TrialState.PRUNED)
        else:
            self.study.tell(trial, value)
        return {"tell": number}


def serve(lines: TextIO, output: TextIO, sampler: str) -> None:
    """Answers each line with one line until there are no more."""
    conversation: Conversation | None = None
    for line in lines:
        try:
            message = json.loads(line)
            if conversation is None:
                conversation = Conversation(message, sampler)
                answer: dict[str, Any] = {"ready": True}
            else:
                answer = conversation.answer(message)
        except (KeyError, TypeError, ValueError) as error:
            answer = {"refuse": str(error)}
        print(json.dumps(answer), file=output, flush=True)


def main(words: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m backtestkit.optuna_sampler",
        description="Propose parameters to bt-run tune by a sampler of Optuna.")
    parser.add_argument(
        "--sampler", choices=["tpe", "random", "cmaes", "gp"], default="tpe",
        help="the sampler of Optuna (default: tpe)")
    arguments = parser.parse_args(words)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    serve(sys.stdin, sys.stdout, arguments.sampler)
    return 0


if __name__ == "__main__":
    sys.exit(main())
