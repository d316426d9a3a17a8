"""What is trained on is what is judged: the same actions give the same run everywhere."""

from __future__ import annotations

import json

import numpy as np
import pytest
from conftest import Case, make

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
    recording = backtestkit.TradingEnv(case.study, case.manifest, record=True)
    assert env.reset(seed=1)[1] == recording.reset(seed=1)[1]
    for action in actions:
        assert env.step(action)[2:] == recording.step(action)[2:]


@pytest.mark.parametrize("name", ["daily-weights", "stocks-weights"])
@pytest.mark.parametrize(
    "change", ["ruin", "account", "masks", "threshold", "windows", "targets", "cooldown", "initial"]
)
def test_weights_that_are_stated_at_once(tmp_path, name, change):
    """Without a history an account of weights goes a shorter way, to the same bits."""
    case = make(name, tmp_path)
    study, manifest = (json.loads(path.read_text()) for path in (case.study, case.manifest))
    observation, options = manifest["observation"], {}
    assets = manifest["action"].get("assets") or [None]
    if name == "stocks-weights":
        manifest["action"] |= {"meaning": "target_weights", "low": [-1.0] * 4}
    if change == "ruin":
        study["account"]["accounting"]["fee"] = 0.6
    elif change == "account":
        kinds = ["real_position", "shares", "unrealized_return", "trade_duration", "last_action"]
        observation["features"] += [
            {"state": kind, **({"asset": one} if one else {})} for kind in kinds for one in assets
        ] + [{"state": "cash"}]
        observation["shape"] = [observation["shape"][0] + len(kinds) * len(assets) + 1]
    elif change == "masks" and name == "daily-weights":
        manifest["action"]["masks"] = {"short": [0, 2], "flat": [0, 1, 2], "long": [0, 1]}
    elif change == "threshold":
        study["strategy"] = {"rebalance-threshold": 0.3, "drift": "rebalance"}
    elif change == "windows":
        options["episodes"] = {"kind": "window", "length": 37}
        options["randomise"] = {"costs": [0, 5]}
    elif change == "targets":
        # Nothing but the last target is looked at, so that nothing else is kept.
        target = "position_weight" if assets == [None] else "asset_weight"
        observation["features"] = observation["features"][:3] + [
            {"state": kind, **({"asset": one} if one else {})}
            for kind in (target, "last_action") for one in assets
        ]
        observation["shape"] = [3 + 2 * len(assets)]
    elif change == "cooldown":
        manifest["cooldown"] = 3
    elif change == "initial":
        study["account"]["accounting"]["initial-weights"] = "equal"
        options["episodes"] = {"kind": "window", "length": 37}
    case.study.write_text(json.dumps(study))
    case.manifest.write_text(json.dumps(manifest))
    envs = [
        backtestkit.TradingEnv(case.study, case.manifest, record=record, **options)
        for record in (False, True)
    ]
    actions = case.actions(envs[0].action_space, 2000, seed=11)
    seen = [env.reset(seed=4) for env in envs]
    terminations = 0
    for action in actions:
        for one, other in zip(*seen, strict=True):
            assert np.array_equal(one, other) if isinstance(one, np.ndarray) else one == other
        seen = [env.step(action) for env in envs]
        terminations += seen[0][2]
        if seen[0][2] or seen[0][3]:
            assert seen[0][1:] == seen[1][1:] and np.array_equal(seen[0][0], seen[1][0])
            seen = [env.reset() for env in envs]
    assert (terminations > 0) == (change == "ruin")


@pytest.mark.parametrize("mode", ["next-step", "same-step"])
@pytest.mark.parametrize("seen", ["position_weight", "real_position"])
@pytest.mark.parametrize("reward", ["log_return", "differential_sharpe"])
def test_a_vector_that_forgets_its_history_agrees(tmp_path, mode, seen, reward):
    """Many accounts of one weight are stepped in one loop, to the bits of the engine's own run."""
    case = make("daily-weights", tmp_path)
    manifest = json.loads(case.manifest.read_text())
    manifest["observation"]["features"][5:] = [{"state": seen}, {"state": "last_action"}]
    case.manifest.write_text(json.dumps(manifest))
    envs = [
        backtestkit.TradingVectorEnv(
            case.study, case.manifest, num_envs=5, autoreset=mode, record=record, reward=reward,
            episodes={"kind": "window", "length": 23}, randomise={"costs": [0, 5]})
        for record in (False, True)
    ]
    ends = 0
    every = [env.reset(seed=4) for env in envs]
    envs[0].action_space.seed(2)
    for number in range(300):
        if number % 40 == 17:
            mask = {"reset_mask": np.arange(5) % 2 == 0}
            every = [env.reset(options=dict(mask)) for env in envs]
        every = [env.step(action) for action in [envs[0].action_space.sample()] for env in envs]
        (one, other) = every
        ends += int((one[2] | one[3]).sum())
        for a, b in zip(one[:4], other[:4], strict=True):
            assert np.array_equal(a, b)
        assert one[4].keys() == other[4].keys()
        for name in ("equity", "cash", "exposure", "costs", "turnover", "steps", "time", "return"):
            assert np.array_equal(one[4][name], other[4][name]), name
        for a, b in zip(one[4].get("final_obs", ()), other[4].get("final_obs", ()), strict=True):
            assert (a is None and b is None) or np.array_equal(a, b)
    assert ends > 40


def test_an_episode_can_be_repeated(case: Case, recorded):
    actions, observations, rewards, result, _ = recorded
    env = backtestkit.TradingEnv(case.study, case.manifest, record=True)
    for _ in range(2):
        seen, earned = episode(env, actions)
        assert earned == rewards
        assert env.result()["fingerprint"] == result["fingerprint"]
        assert all(np.array_equal(a, b) for a, b in zip(seen, observations, strict=True))
