"""One trading environment."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from operator import index
from typing import Any, Literal

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from ._common import (
    Masked,
    Path,
    Reward,
    action_space,
    allowed_actions,
    misshapen,
    observation_space,
    options_of,
)
from ._interface import FIGURES, Environments
from .errors import BacktestKitError

_RETURN = FIGURES.index("return")


class TradingEnv(gymnasium.Env[npt.NDArray[np.float32], Any]):
    """The engine's own run, one decision at a time.

        env = TradingEnv("study.yaml", "policies/ppo")
        observation, info = env.reset(seed=7)
        observation, reward, terminated, truncated, info = env.step(env.action_space.sample())

    The observation and the meaning of actions are those of the manifest, and the market, the
    account, the costs and the rules of execution those of the study: what is trained on is what
    `bt-run run` judges.

    study: a study file.
    policy: a manifest, or the folder of a `manifest.json`; its network need not be there. None
        takes the policy of the study.
    reward: `log_return`, `differential_sharpe`, `drawdown_penalised`, `turnover_penalised` or
        `prediction_bonus`; a dictionary with the `name` and its numbers; or a function of the
        figures before and after a step.
    episodes: `whole`, or a dictionary such as `{"kind": "window", "length": 250}`,
        `{"kind": "regime", "length": 250, "regimes": ["bear"]}` or
        `{"kind": "curriculum", "stages": [...]}`.
    randomise: bounds between which `costs` and `slippage` (multiples) and `latency` (seconds) are
        drawn for each episode.
    record: whether the run keeps its history, so that `result()` has its fingerprint.
    seed: what decides which episodes come, until a reset gives another.
    overrides: keys of the study, such as `data.to=2015-12-31`.
    masked: what becomes of an action that the manifest's masks do not allow: `carry-out` does what it
        says, `refuse` raises a BacktestKitError and changes nothing.
    info: when the figures of the account are in the dictionary `info`: at every step, at the end of
        an episode (and at its beginning), or never.

    A step returns a new array. Reading figures costs a microsecond; where nobody reads them,
    `info="episode-end"` saves it.
    """

    metadata: dict[str, Any] = {"render_modes": []}

    def __init__(
        self,
        study: Path,
        policy: Path | None = None,
        *,
        reward: Reward = "log_return",
        episodes: str | Mapping[str, Any] = "whole",
        randomise: Mapping[str, Sequence[float]] | None = None,
        record: bool = False,
        seed: int = 0,
        overrides: Sequence[str] = (),
        masked: Masked = "carry-out",
        info: Literal["step", "episode-end", "never"] = "step",
        render_mode: None = None,
    ) -> None:
        if info not in ("step", "episode-end", "never"):
            raise BacktestKitError(f"'info' is {info!r}, not step, episode-end or never")
        self.render_mode = render_mode
        options = options_of(
            autoreset="none",
            reward=reward,
            episodes=episodes,
            randomise=randomise,
            record=record,
            seed=seed,
            overrides=overrides,
            masked=masked,
        )
        self._environments = environments = Environments(study, policy, 1, options)
        self.action_space = action_space(environments)
        self.observation_space: spaces.Space[Any] = observation_space(environments)
        self._reward_function = reward if callable(reward) else None
        self._info = info
        self._call, self._argument = environments.call, environments.argument
        # Numbers that are read and written at every step, without an array around them.
        self._observation = environments.observations[0]
        self._reward = ctypes.c_double.from_buffer(environments.rewards.data)
        self._terminated = ctypes.c_bool.from_buffer(environments.terminated.data)
        self._figures = environments.figures[0]
        self._before: dict[str, float] = {}
        self._is_watched = info == "step" or callable(reward)
        self._actions = environments.actions[0]
        self._choice: ctypes.c_int64 | None = None
        self._size = 0
        if environments.description["action"]["kind"] == "discrete":
            self._size = environments.description["action"]["sizes"][0]
            self._choice = ctypes.c_int64.from_buffer(environments.actions.data)

    @property
    def description(self) -> dict[str, Any]:
        """What the library says of the environment: spaces, symbols, instants."""
        return self._environments.description

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[npt.NDArray[np.float32], dict[str, Any]]:
        """Begins an episode.

        seed: decides which episodes come from now on.
        options: `start` and `length` choose the bars of this episode: the number of the first
            decision's instant, and the number of bars.
        """
        self._environments.reset(seeds=None if seed is None else [seed], options=options)
        super().reset(seed=seed)
        info = {} if self._info == "never" else self._figures_now()
        if self._reward_function is not None:
            self._before = self._figures_now()
        return self._observation.copy(), info

    def step(
        self, action: Any
    ) -> tuple[npt.NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Carries out an action, and goes on to the next decision."""
        if self._choice is None:
            self._take_array(action)
        else:
            try:
                choice = index(action)
            except TypeError:
                raise misshapen(action, ()) from None
            if not 0 <= choice < self._size:
                raise BacktestKitError(
                    f"the action is {choice}, not a whole number from 0 to {self._size - 1}"
                )
            self._choice.value = choice
        ended = self._call(self._argument)
        if ended or self._is_watched:
            return self._watched(ended)
        return self._observation.copy(), self._reward.value, False, False, {}

    def _watched(
        self, ended: int
    ) -> tuple[npt.NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """What a step returns where more than the plain numbers is asked for."""
        if ended < 0:
            self._environments.fail()
        reward: float = self._reward.value
        if self._reward_function is not None:
            # The sum of rewards is that of the function; it sees the sum before this step.
            sum_before = self._before["return"]
            after = {**self._figures_now(), "return": sum_before}
            reward = float(self._reward_function(self._before, after))
            self._figures[_RETURN] = after["return"] = sum_before + reward
            self._before = after
        is_shown = self._info == "step" or (ended and self._info == "episode-end")
        terminated = bool(ended and self._terminated.value)
        truncated = bool(ended) and not terminated
        info = self._figures_now() if is_shown else {}
        return self._observation.copy(), reward, terminated, truncated, info

    def action_masks(self) -> npt.NDArray[np.bool_]:
        """The discrete actions that are allowed now, as MaskablePPO asks for them."""
        allowed: npt.NDArray[np.bool_] = allowed_actions(self._environments)[0]
        return allowed

    def result(self) -> dict[str, Any]:
        """What the run did so far: its fingerprint, its final equity. Needs `record=True`."""
        return self._environments.result()

    def close(self) -> None:
        """Ends the environment; closing again does nothing."""
        if hasattr(self, "_environments"):
            self._environments.close()

    def _figures_now(self) -> dict[str, float]:
        return dict(zip(FIGURES, self._figures.tolist()))

    def _take_array(self, action: Any) -> None:
        try:
            given = np.asarray(action)
            if given.shape != self.action_space.shape or not np.can_cast(
                given.dtype, self._actions.dtype, "same_kind"
            ):
                raise misshapen(action, self.action_space.shape or (), self._actions.dtype)
        except (TypeError, ValueError) as error:
            if isinstance(error, BacktestKitError):
                raise
            raise misshapen(action, self.action_space.shape or (), self._actions.dtype) from None
        self._actions[...] = given
