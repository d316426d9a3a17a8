"""What single environments and vectors of them have in common."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from ._interface import FIGURES, Environments
from .errors import BacktestKitError

Path = str | os.PathLike[str]
Figures = Mapping[str, Any]
RewardFunction = Callable[[Figures, Figures], Any]
Reward = str | Mapping[str, Any] | RewardFunction
Masked = Literal["carry-out", "refuse"]
Autoreset = Literal["none", "next-step", "same-step"]


def options_of(
    *,
    autoreset: Autoreset,
    reward: Reward,
    episodes: str | Mapping[str, Any],
    randomise: Mapping[str, Sequence[float]] | None,
    record: bool,
    seed: int,
    overrides: Sequence[str],
    masked: Masked = "carry-out",
) -> dict[str, Any]:
    """The options of environments as the library reads them."""
    if not isinstance(episodes, (str, Mapping)):
        raise BacktestKitError(
            f"'episodes' is {episodes!r}; give a kind such as 'whole', or a dictionary with a 'kind'"
        )
    if isinstance(overrides, str):
        raise BacktestKitError(f"'overrides' is a list of texts, such as [{overrides!r}]")
    options: dict[str, Any] = {
        "autoreset": autoreset,
        "episodes": {"kind": episodes} if isinstance(episodes, str) else dict(episodes),
        "record": record,
        "seed": seed,
    }
    if isinstance(reward, str):
        options["reward"] = {"name": reward}
    elif isinstance(reward, Mapping) and "name" in reward:
        options["reward"] = dict(reward)
    elif not callable(reward):
        raise BacktestKitError(
            f"the reward is {reward!r}; give a name such as 'log_return', a dictionary with a "
            "'name', or a function"
        )
    if randomise:
        if not isinstance(randomise, Mapping) or not all(
            isinstance(bounds, Sequence) and not isinstance(bounds, str)
            for bounds in randomise.values()
        ):
            raise BacktestKitError(
                f"'randomise' is {randomise!r}; give a dictionary of bounds such as "
                "{'costs': [0.5, 2]}"
            )
        options["randomise"] = {key: list(bounds) for key, bounds in randomise.items()}
    if masked != "carry-out":
        options["masked"] = masked
    if overrides:
        options["set"] = list(overrides)
    return options


def action_space(environments: Environments) -> spaces.Space[Any]:
    """The space of the actions of one environment."""
    action = environments.description["action"]
    sizes = action["sizes"]
    if action["kind"] == "discrete":
        return spaces.Discrete(sizes[0])
    if action["kind"] == "multi_discrete":
        return spaces.MultiDiscrete(sizes)
    return spaces.Box(
        np.array(action["low"], np.float32), np.array(action["high"], np.float32), dtype=np.float32
    )


def observation_space(environments: Environments) -> spaces.Box:
    """The space of the observations of one environment."""
    shape = tuple(environments.description["observation"]["shape"])
    return spaces.Box(-np.inf, np.inf, shape, np.float32)


def columns(figures: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.float64]]:
    """The figures by name, each an array over the environments that shares their memory."""
    return {name: figures[:, index] for index, name in enumerate(FIGURES)}


def allowed_actions(environments: Environments) -> npt.NDArray[np.bool_]:
    """The discrete actions that are allowed now: a row for each environment."""
    if environments.masks is None:
        raise BacktestKitError("the manifest has no masks: all actions are allowed")
    masks: npt.NDArray[np.bool_] = environments.masks.copy()
    return masks


def fitting(actions: Any, memory: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Actions as an array that the memory can take."""
    try:
        given = np.asarray(actions)
    except ValueError:
        raise misshapen(repr(actions), memory.shape, memory.dtype) from None
    if given.shape != memory.shape or not np.can_cast(given.dtype, memory.dtype, "same_kind"):
        raise misshapen(given, memory.shape, memory.dtype)
    # A cast would make a number below zero of it.
    is_unsigned = memory.dtype.kind == "i" and given.dtype.kind == "u"
    if is_unsigned and given.size and given.max() > np.iinfo(np.int64).max:
        raise BacktestKitError(f"an action is {given.max()}, which no action of the manifest is")
    return given


def misshapen(
    actions: Any, expected: tuple[int, ...], wanted: npt.DTypeLike = np.int64
) -> BacktestKitError:
    """The error of actions that do not fit."""
    shape = np.shape(actions) if not isinstance(actions, str) else None
    found = f"the shape {shape}" if shape is not None else repr(actions)
    kind = getattr(np.asarray(actions), "dtype", type(actions).__name__)
    numbers = "whole numbers" if np.dtype(wanted).kind == "i" else "numbers"
    return BacktestKitError(
        f"the actions have {found} and the type {kind}; the action space takes {numbers} of the "
        f"shape {expected}"
    )
