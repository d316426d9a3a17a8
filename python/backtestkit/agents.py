"""Several agents on one market, as PettingZoo steps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
from pettingzoo import ParallelEnv

from ._common import Path, Reward
from .errors import BacktestKitError
from .vector import TradingVectorEnv


class TradingParallelEnv(ParallelEnv):  # type: ignore[misc]
    """Agents that trade the same bars at the same time, each with an account of its own.

        env = TradingParallelEnv("study.yaml", "policies/ppo", agents=["fast", "slow"])
        observations, infos = env.reset(seed=7)
        observations, rewards, terminations, truncations, infos = env.step(
            {agent: env.action_space(agent).sample() for agent in env.agents})

    All agents go through the same episode, each through the bits of a `TradingEnv` with the same
    seed: what one of them trades does not move the prices of another. An agent whose account is
    ruined leaves; the others go on.

    agents: the names of the agents, or their number.

    All else is as in `TradingVectorEnv`.
    """

    def __init__(
        self,
        study: Path,
        policy: Path | None = None,
        *,
        agents: int | Sequence[str] = 2,
        reward: Reward = "log_return",
        episodes: str | Mapping[str, Any] = "whole",
        randomise: Mapping[str, Sequence[float]] | None = None,
        record: bool = False,
        seed: int = 0,
        overrides: Sequence[str] = (),
    ) -> None:
        if isinstance(agents, int):
            agents = [f"agent_{index}" for index in range(agents)]
        if isinstance(agents, str) or not agents or len(set(agents)) < len(agents):
            raise BacktestKitError(f"'agents' is {agents!r}, not a number or a list of names")
        self.possible_agents = list(agents)
        self.agents: list[str] = []
        self.metadata = {"name": "backtestkit", "render_modes": []}
        self.render_mode = None
        self._seed = seed
        self._envs = TradingVectorEnv(
            study, policy, num_envs=len(agents), reward=reward, episodes=episodes,
            randomise=randomise, record=record, seed=seed, overrides=overrides)
        space = self._envs.action_space
        idle = np.zeros(space.shape or (), space.dtype)
        self._idle = (
            np.clip(idle, space.low, space.high) if isinstance(space, gymnasium.spaces.Box) else idle)
        self._spaces = {
            agent: (self._envs.single_observation_space, self._envs.single_action_space)
            for agent in agents}

    def observation_space(self, agent: str) -> gymnasium.spaces.Space[Any]:
        """What an agent observes."""
        return self._spaces[agent][0]

    def action_space(self, agent: str) -> gymnasium.spaces.Space[Any]:
        """What an agent may do."""
        return self._spaces[agent][1]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, npt.NDArray[np.float32]], dict[str, dict[str, Any]]]:
        """Begins an episode of all agents; without a seed, the one after that before.

        options: `start` and `length` as in `TradingEnv.reset`; others are ignored, as PettingZoo's
            test of environments has it.
        """
        given = options or {}
        known: dict[str, Any] = {key: given[key] for key in ("start", "length") if key in given}
        self._seed = self._seed + 1 if seed is None else seed
        self.agents = list(self.possible_agents)
        observations, infos = self._envs.reset(
            seed=[self._seed] * len(self.agents), options=known)
        return self._by_agent(observations), self._infos(infos)

    def step(
        self, actions: dict[str, Any]
    ) -> tuple[
        dict[str, npt.NDArray[np.float32]], dict[str, float], dict[str, bool], dict[str, bool],
        dict[str, dict[str, Any]],
    ]:
        """Carries out the actions of the agents that are left, and goes on to the next decisions."""
        unknown = set(actions) ^ set(self.agents)
        if unknown:
            raise BacktestKitError(
                f"the actions are those of {sorted(actions)}, not of {sorted(self.agents)}")
        # Those that have left go on with an action that nobody looks at.
        every = self._idle.copy()
        for index, agent in enumerate(self.possible_agents):
            if agent in actions:
                every[index] = actions[agent]
        observations, rewards, terminated, truncated, infos = self._envs.step(every)
        results = (
            self._by_agent(observations),
            {agent: float(value) for agent, value in self._by_agent(rewards).items()},
            {agent: bool(value) for agent, value in self._by_agent(terminated).items()},
            {agent: bool(value) for agent, value in self._by_agent(truncated).items()},
            self._infos(infos),
        )
        self.agents = [agent for agent in self.agents if not (results[2][agent] or results[3][agent])]
        return results

    def _by_agent(self, values: npt.NDArray[Any]) -> dict[str, Any]:
        return {
            agent: values[index]
            for index, agent in enumerate(self.possible_agents) if agent in self.agents}

    def _infos(self, infos: dict[str, Any]) -> dict[str, dict[str, Any]]:
        named = {name: values for name, values in infos.items() if not name.startswith("_")}
        return {
            agent: {name: values[index] for name, values in named.items()}
            for index, agent in enumerate(self.possible_agents) if agent in self.agents}

    def result(self, agent: str) -> dict[str, Any]:
        """What the run of an agent did so far. Needs `record=True`."""
        return self._envs.result(self.possible_agents.index(agent))

    def close(self) -> None:
        """Ends the environments."""
        self._envs.close()
