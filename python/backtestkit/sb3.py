"""Trading environments as Stable-Baselines3 takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from stable_baselines3.common.vec_env import VecEnv

from ._common import (
    Masked,
    Path,
    Reward,
    action_space,
    allowed_actions,
    fitting,
    observation_space,
    options_of,
)
from ._interface import FIGURES, Environments
from .errors import BacktestKitError

_RETURN, _STEPS = FIGURES.index("return"), FIGURES.index("steps")


class TradingVecEnv(VecEnv):  # type: ignore[misc, unused-ignore]
    """Environments of one study and manifest as a `VecEnv`, all stepped in one call.

        env = TradingVecEnv("study.yaml", "policies/ppo", n_envs=8)
        model = PPO("MlpPolicy", env, seed=7)

    An episode that ends is followed by a new one within the same step; its last observation is in
    `terminal_observation`, and its reward and length are in `episode`, so that no `Monitor` is
    needed. The arguments are those of `TradingVectorEnv`.
    """

    def __init__(
        self,
        study: Path,
        policy: Path | None = None,
        *,
        n_envs: int = 1,
        reward: Reward = "log_return",
        episodes: str | Mapping[str, Any] = "whole",
        randomise: Mapping[str, Sequence[float]] | None = None,
        record: bool = False,
        seed: int = 0,
        overrides: Sequence[str] = (),
        masked: Masked = "carry-out",
    ) -> None:
        if callable(reward):
            raise BacktestKitError(
                "a reward function goes with TradingVectorEnv or TradingEnv; wrap a TradingEnv in "
                "a DummyVecEnv, or give a reward by name"
            )
        self._environments = Environments(
            study,
            policy,
            n_envs,
            options_of(
                autoreset="same-step",
                reward=reward,
                episodes=episodes,
                randomise=randomise,
                record=record,
                seed=seed,
                overrides=overrides,
                masked=masked,
            ),
        )
        self._first_seeds = [seed + index for index in range(n_envs)]
        self._no_infos: list[dict[str, Any]] = [{} for _ in range(n_envs)]
        is_single = self._environments.description["action"]["kind"] == "discrete"
        actions = self._environments.actions
        self._actions = actions[:, 0] if is_single else actions
        self._kind, self._shape = self._actions.dtype, self._actions.shape
        super().__init__(
            n_envs, observation_space(self._environments), action_space(self._environments)
        )

    @property
    def description(self) -> dict[str, Any]:
        """What the library says of the environments: spaces, symbols, instants."""
        return self._environments.description

    def reset(self) -> npt.NDArray[np.float32]:
        """Begins episodes, with the seeds of `seed` where it came before."""
        seeds = [seed for seed in self._seeds if seed is not None]
        self._environments.reset(seeds=seeds if len(seeds) == self.num_envs else None)
        self._reset_seeds()
        self._reset_options()
        return self._environments.observations.copy()

    def step_async(self, actions: npt.NDArray[Any]) -> None:
        """Takes the actions of all environments."""
        # The usual array is taken as it is; the checks of all others cost more than a step.
        if (
            actions.__class__ is not np.ndarray
            or actions.dtype is not self._kind
            or actions.shape != self._shape
        ):
            actions = fitting(actions, self._actions)
        self._actions[...] = actions

    def step_wait(
        self,
    ) -> tuple[
        npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.bool_], list[dict[str, Any]]
    ]:
        """Carries out the actions."""
        environments = self._environments
        infos, over = self._no_infos, environments.truncated
        if environments.step():
            over = environments.terminated | environments.truncated
            infos = [{} for _ in range(self.num_envs)]
            for index in np.flatnonzero(over):
                figures = environments.final_figures[index].tolist()
                infos[index] = {
                    "terminal_observation": environments.final_observations[index].copy(),
                    "TimeLimit.truncated": bool(environments.truncated[index]),
                    "episode": {"r": figures[_RETURN], "l": int(figures[_STEPS]), "t": 0.0},
                    **dict(zip(FIGURES, figures)),
                }
        return (
            environments.observations.copy(),
            environments.rewards.astype(np.float32),
            over.copy(),
            infos,
        )

    @property
    def figures(self) -> dict[str, npt.NDArray[np.float64]]:
        """The figures of all environments by name."""
        return dict(zip(FIGURES, self._environments.figures.T.copy()))

    def action_masks(self) -> npt.NDArray[np.bool_]:
        """The discrete actions that each environment allows now."""
        return allowed_actions(self._environments)

    def result(self, index: int = 0) -> dict[str, Any]:
        """What the run of one environment did so far. Needs `record=True`."""
        return self._environments.result(index)

    def close(self) -> None:
        """Ends the environments."""
        self._environments.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """An attribute for each environment; all share those of the vector."""
        return [getattr(self, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Sets an attribute of the vector."""
        setattr(self, attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any
    ) -> list[Any]:
        """Calls `action_masks` for each environment."""
        if method_name != "action_masks":
            raise AttributeError(f"the environments of the library have no method {method_name}")
        masks = self.action_masks()
        return [masks[index] for index in self._get_indices(indices)]

    def has_attr(self, attr_name: str) -> bool:
        """Whether there is an attribute; masks only where the manifest has them."""
        if attr_name == "action_masks":
            return self._environments.masks is not None
        return hasattr(self, attr_name)

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        """Nothing is wrapped."""
        return [False for _ in self._get_indices(indices)]
