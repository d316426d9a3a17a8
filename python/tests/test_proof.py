"""What is trained on is what is judged: the same actions give the same run everywhere."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import Case

import backtestkit


def episode(env: backtestkit.TradingEnv, actions: list, seed: int = 1):
    """Steps through a whole episode."""
    first, info = env.reset(seed=seed)
    observations, rewards = [first], []
    env.equity_at_reset = info["equity"]
    for number, action in enumerate(actions):
        observation, reward, terminated, truncated, _ = env.step(action)
        observations.append(observation)
        rewards.append(reward)
        if terminated or truncated:
            assert number == len(actions) - 1 or terminated
            break
    return observations, rewards


def whole_length(case: Case) -> int:
    """The number of steps of an episode over all bars."""
    env = backtestkit.TradingEnv(case.study, case.manifest)
    env.reset()
    action = np.zeros(env.action_space.shape, env.action_space.dtype)
    steps = 0
    while True:
        steps += 1
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            return steps


@pytest.fixture(scope="module")
def recorded(case: Case):
    """A sequence of actions for a case, with what `bt-run` makes of it."""
    env = backtestkit.TradingEnv(case.study, case.manifest, record=True)
    actions = case.actions(env.action_space, whole_length(case), seed=7)
    observations, rewards = episode(env, actions)
    actions = actions[: len(rewards)]
    result = dict(env.result(), first_equity=env.equity_at_reset)
    return actions, observations, rewards, result, case.judged(actions)


def test_env_and_bt_run_agree(recorded):
    actions, observations, rewards, result, (fingerprint, seen, equity) = recorded
    assert len(actions) > 20
    assert result["fingerprint"] == fingerprint
    assert result["final_equity"] == equity
    if not result["ruined"]:
        # The close of the last bar is decided by `bt-run` too.
        assert len(seen) == len(observations)
    for number, numbers in enumerate(seen):
        expected = np.array(numbers, np.float32)
        assert np.array_equal(observations[number].ravel(), expected), f"observation {number}"


def test_rewards_add_up_to_equity(case: Case, recorded):
    _, _, rewards, result, _ = recorded
    if result["ruined"]:
        return
    growth = result["final_equity"] / result["first_equity"]
    assert sum(rewards) == pytest.approx(np.log(growth), abs=1e-9)


@pytest.mark.parametrize("mode", ["next-step", "same-step"])
@pytest.mark.parametrize("index", [0, 2])
def test_vector_agrees_at_any_index(case: Case, recorded, mode, index):
    actions, observations, rewards, result, _ = recorded
    env = backtestkit.TradingVectorEnv(
        case.study, case.manifest, num_envs=3, autoreset=mode, record=True
    )
    others = case.actions(env.single_action_space, len(actions), seed=99)
    env.reset(seed=5)
    for number, action in enumerate(actions):
        batch = [others[number]] * 3
        batch[index] = action
        if number == len(actions) - 1:
            before = env.result(index)
        seen, earned, terminated, truncated, infos = env.step(np.array(batch))
        is_last = number == len(actions) - 1
        assert earned[index] == rewards[number]
        assert bool(terminated[index] or truncated[index]) == is_last
        if is_last and mode == "same-step":
            last = infos["final_obs"][index]
        else:
            last = seen[index]
        assert np.array_equal(last, observations[number + 1])
    if mode == "next-step":
        assert env.result(index)["fingerprint"] == result["fingerprint"]
    else:
        # The run is over and a new one has begun: its last point is all that was missing.
        assert before["points"] >= result["points"] - 30
        assert infos["final_info"]["equity"][index] == result["final_equity"]


def test_forgetting_history_changes_nothing(case: Case, recorded):
    actions, observations, rewards, _, _ = recorded
    env = backtestkit.TradingEnv(case.study, case.manifest, record=False)
    seen, earned = episode(env, actions)
    assert earned == rewards
    assert all(np.array_equal(a, b) for a, b in zip(seen, observations, strict=True))
    with pytest.raises(backtestkit.BacktestKitError, match="record"):
        env.result()


def test_an_episode_can_be_repeated(case: Case, recorded):
    actions, observations, rewards, result, _ = recorded
    env = backtestkit.TradingEnv(case.study, case.manifest, record=True)
    for _ in range(2):
        seen, earned = episode(env, actions)
        assert earned == rewards
        assert env.result()["fingerprint"] == result["fingerprint"]
        assert all(np.array_equal(a, b) for a, b in zip(seen, observations, strict=True))
