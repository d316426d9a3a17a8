"""Several agents on one market: PettingZoo's own test, and each agent beside an environment alone."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import make

import backtestkit

pytest.importorskip("pettingzoo")


@pytest.mark.parametrize("name", ["daily-ledger", "daily-window", "stocks-ledger"])
def test_pettingzoo_checks_it(name, tmp_path):
    from pettingzoo.test import parallel_api_test

    case = make(name, tmp_path)
    parallel_api_test(backtestkit.TradingParallelEnv(case.study, case.manifest), num_cycles=300)


def test_each_agent_is_an_environment_alone(daily):
    window = {"kind": "window", "length": 40}
    env = backtestkit.TradingParallelEnv(
        daily.study, daily.manifest, agents=["first", "second", "third"], episodes=window)
    alone = [backtestkit.TradingEnv(daily.study, daily.manifest, episodes=window) for _ in range(3)]
    generator = np.random.default_rng(3)
    instants = set()
    for seed in (4, 9):
        observations, infos = env.reset(seed=seed)
        for agent, one in zip(env.possible_agents, alone, strict=True):
            expected, info = one.reset(seed=seed)
            assert (observations[agent] == expected).all()
            assert infos[agent]["instant"] == info["instant"]
        instants.add(infos["first"]["instant"])
        steps = 0
        while env.agents:
            actions = {agent: int(generator.integers(3)) for agent in env.agents}
            observations, rewards, terminated, truncated, infos = env.step(actions)
            for agent, one in zip(env.possible_agents, alone, strict=True):
                expected, reward, *ends, info = one.step(actions[agent])
                assert (observations[agent] == expected).all() and rewards[agent] == reward
                assert [terminated[agent], truncated[agent]] == ends
                assert infos[agent]["equity"] == info["equity"]
            steps += 1
        assert steps == 40
    assert len(instants) == 2


def test_bad_input(daily):
    for agents in (0, "ab", ["a", "a"], []):
        with pytest.raises(backtestkit.BacktestKitError, match="not a number or a list of names"):
            backtestkit.TradingParallelEnv(daily.study, daily.manifest, agents=agents)
    env = backtestkit.TradingParallelEnv(daily.study, daily.manifest)
    env.reset()
    with pytest.raises(backtestkit.BacktestKitError, match="the actions are those of"):
        env.step({"agent_0": 1})
