"""Many trading environments that are stepped together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from ._common import (
    Masked,
    Path,
    Reward,
    action_space,
    allowed_actions,
    columns,
    fitting,
    observation_space,
    options_of,
)
from ._interface import FIGURES, Environments
from .errors import BacktestKitError

_RETURN, _STEPS = FIGURES.index("return"), FIGURES.index("steps")


class TradingVectorEnv(VectorEnv[npt.NDArray[np.float32], Any, npt.NDArray[Any]]):
    """Environments of one study and manifest that share the market and are stepped in one call.

        env = TradingVectorEnv("study.yaml", "policies/ppo", num_envs=64,
                               episodes={"kind": "window", "length": 250})
        observations, infos = env.reset(seed=7)
        observations, rewards, terminations, truncations, infos = env.step(actions)

    An environment at any index goes through the same bits as a `TradingEnv` with its seed: `reset`
    with a seed gives environment i the seed `seed + i`.

    autoreset: `next-step` begins a new episode with the step after the one that ended, whose action
        is not carried out; `same-step` within the same step, with the last observations in
        `infos["final_obs"]` and the last figures in `infos["final_info"]`.
    copy: whether arrays of a step are copies. Without, they are the memory that the next step
        writes into, and a step costs about a microsecond less.

    The figures are in `infos` as arrays over the environments. All else is as in `TradingEnv`; a
    reward function takes figures that are arrays, and returns an array.
    """

    def __init__(
        self,
        study: Path,
        policy: Path | None = None,
        *,
        num_envs: int = 1,
        autoreset: Literal["next-step", "same-step"] = "next-step",
        reward: Reward = "log_return",
        episodes: str | Mapping[str, Any] = "whole",
        randomise: Mapping[str, Sequence[float]] | None = None,
        record: bool = False,
        seed: int = 0,
        overrides: Sequence[str] = (),
        masked: Masked = "carry-out",
        copy: bool = True,
    ) -> None:
        if autoreset not in ("next-step", "same-step"):
            raise BacktestKitError(f"'autoreset' is {autoreset!r}, not next-step or same-step")
        options = options_of(
            autoreset=autoreset,
            reward=reward,
            episodes=episodes,
            randomise=randomise,
            record=record,
            seed=seed,
            overrides=overrides,
            masked=masked,
        )
        self._environments = environments = Environments(study, policy, num_envs, options)
        self.num_envs = num_envs
        self.single_action_space = action_space(environments)
        self.single_observation_space = observation_space(environments)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.is_same_step = autoreset == "same-step"
        mode = AutoresetMode.SAME_STEP if self.is_same_step else AutoresetMode.NEXT_STEP
        self.metadata = {"render_modes": [], "autoreset_mode": mode}
        self.render_mode = None
        self._copy = copy
        self._reward_function = reward if callable(reward) else None
        self._call, self._argument = environments.call, environments.argument
        self._kind = self._environments.actions.dtype
        self._is_direct = not copy and not callable(reward)
        is_single = environments.description["action"]["kind"] == "discrete"
        self._actions = environments.actions[:, 0] if is_single else environments.actions
        self._shape = self._actions.shape
        every = np.ones(num_envs, np.bool_)
        self._infos: dict[str, Any] = {}
        for name, column in columns(environments.figures).items():
            self._infos[name] = column
            self._infos["_" + name] = every
        if environments.masks is not None:
            self._infos["action_mask"] = environments.masks
            self._infos["_action_mask"] = every
        self._before = environments.figures.copy()
        self._results = (
            environments.observations,
            environments.rewards,
            environments.terminated,
            environments.truncated,
            self._infos,
        )

    @property
    def description(self) -> dict[str, Any]:
        """What the library says of the environments: spaces, symbols, instants."""
        return self._environments.description

    def reset(
        self,
        *,
        seed: int | Sequence[int] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[npt.NDArray[np.float32], dict[str, Any]]:
        """Begins episodes.

        seed: a number, to which the index of each environment is added, or one for each.
        options: `start` and `length` as in `TradingEnv.reset`; `reset_mask` marks the environments
            that begin anew.
        """
        seeds: list[int] | None = None
        if isinstance(seed, (int, np.integer)):
            seeds = [int(seed) + index for index in range(self.num_envs)]
        elif seed is not None:
            seeds = list(seed)
        chosen = dict(options or {})
        which = chosen.pop("reset_mask", None)
        self._environments.reset(which=which, seeds=seeds, options=chosen)
        if isinstance(seed, (int, np.integer)):
            super().reset(seed=int(seed))
        if self._reward_function is not None:
            self._before = self._environments.figures.copy()
        observations = self._environments.observations
        return (observations.copy() if self._copy else observations), self._current_infos()

    def step(
        self, actions: Any
    ) -> tuple[
        npt.NDArray[np.float32],
        npt.NDArray[np.float64],
        npt.NDArray[np.bool_],
        npt.NDArray[np.bool_],
        dict[str, Any],
    ]:
        """Carries out the actions of all environments, and goes on to their next decisions."""
        # The usual array is taken as it is; the checks of all others cost more than a step.
        if (
            actions.__class__ is not np.ndarray
            or actions.dtype is not self._kind
            or actions.shape != self._shape
        ):
            actions = fitting(actions, self._actions)
        self._actions[...] = actions
        ended = self._call(self._argument)
        if ended == 0 and self._is_direct:
            return self._results
        if ended < 0:
            self._environments.fail()
        if self._reward_function is not None:
            self._rate()
        return self._copied(ended)

    def _copied(
        self, ended: int
    ) -> tuple[
        npt.NDArray[np.float32],
        npt.NDArray[np.float64],
        npt.NDArray[np.bool_],
        npt.NDArray[np.bool_],
        dict[str, Any],
    ]:
        environments, infos = self._environments, self._current_infos()
        if ended and self.is_same_step:
            infos = dict(infos)
            over = environments.terminated | environments.truncated
            last = np.full(self.num_envs, None, object)
            for index in np.flatnonzero(over):
                last[index] = environments.final_observations[index].copy()
            infos["final_obs"] = last
            infos["_final_obs"] = over
            final: dict[str, Any] = {}
            for name, column in columns(environments.final_figures.copy()).items():
                final[name] = np.where(over, column, 0.0)
                final["_" + name] = over
            infos["final_info"] = final
            infos["_final_info"] = over
        if not self._copy:
            return *self._results[:4], infos
        return (
            environments.observations.copy(),
            environments.rewards.copy(),
            environments.terminated.copy(),
            environments.truncated.copy(),
            infos,
        )

    def _current_infos(self) -> dict[str, Any]:
        if not self._copy:
            return self._infos
        figures = columns(self._environments.figures.copy())
        infos = {**self._infos, **figures}
        if self._environments.masks is not None:
            infos["action_mask"] = self._environments.masks.copy()
        return infos

    def _rate(self) -> None:
        """Replaces the rewards by those of the reward function."""
        assert self._reward_function is not None
        environments = self._environments
        after = environments.figures.copy()
        over = environments.terminated | environments.truncated
        if self.is_same_step:
            after[over] = environments.final_figures[over]
        after[:, _RETURN] = self._before[:, _RETURN]
        rewards = np.asarray(
            self._reward_function(columns(self._before), columns(after)), np.float64
        )
        if rewards.shape != (self.num_envs,):
            raise BacktestKitError(
                f"the reward function returned the shape {rewards.shape}, not ({self.num_envs},)"
            )
        # A step that only begins an episode earns nothing.
        began = after[:, _STEPS] == 0
        rewards = np.where(began, 0.0, rewards)
        environments.rewards[...] = rewards
        # The sum of rewards is that of the function.
        sums = np.where(began, 0.0, self._before[:, _RETURN] + rewards)
        if self.is_same_step:
            environments.final_figures[over, _RETURN] = sums[over]
            sums[over] = 0.0
        environments.figures[:, _RETURN] = sums
        self._before = environments.figures.copy()

    def action_masks(self) -> npt.NDArray[np.bool_]:
        """The discrete actions that each environment allows now."""
        return allowed_actions(self._environments)

    def result(self, index: int = 0) -> dict[str, Any]:
        """What the run of one environment did so far. Needs `record=True`."""
        return self._environments.result(index)

    def close_extras(self, **kwargs: Any) -> None:
        """Ends the environments."""
        if hasattr(self, "_environments"):
            self._environments.close()
