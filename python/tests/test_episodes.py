"""Rewards, episodes and what changes between them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from conftest import Case, make

import backtestkit


def run(env, actions, seed=1, options=None):
    _, info = env.reset(seed=seed, options=options)
    infos, rewards = [info], []
    for action in actions:
        _, reward, terminated, truncated, info = env.step(action)
        infos.append(info)
        rewards.append(reward)
        if terminated or truncated:
            break
    return np.array(rewards), {key: np.array([i[key] for i in infos]) for key in info}


ACTIONS = np.random.default_rng(4).integers(0, 3, 300).tolist()


def env(case: Case, **more):
    return backtestkit.TradingEnv(case.study, case.manifest, **more)


@pytest.mark.parametrize("name", ["daily-ledger", "daily-weights"])
def test_rewards_are_their_formulas(name, tmp_path):
    case = make(name, tmp_path)
    rewards, figures = run(env(case), ACTIONS)
    equity = figures["equity"]
    growth = equity[1:] / equity[:-1]
    returns, logs = growth - 1, np.log(growth)
    assert rewards == pytest.approx(logs, abs=1e-15)

    peak = np.maximum.accumulate(equity)
    deepening = np.maximum(np.diff(1 - equity / peak), 0)
    penalised, _ = run(env(case, reward={"name": "drawdown_penalised", "weight": 0.5}), ACTIONS)
    assert penalised == pytest.approx(logs - 0.5 * deepening, abs=1e-12)

    traded = np.diff(figures["turnover"]) / equity[:-1]
    assert traded.max() > 0.5
    penalised, _ = run(env(case, reward={"name": "turnover_penalised", "weight": 0.01}), ACTIONS)
    assert penalised == pytest.approx(logs - 0.01 * traded, abs=1e-12)

    # The change of a Sharpe ratio to the first order of the adaptation, by differences.
    found, _ = run(env(case, reward={"name": "differential_sharpe", "adaptation": 0.02}), ACTIONS)
    mean = square = 0.0
    for number, gain in enumerate(returns):
        def ratio(rate, mean=mean, square=square, gain=gain):
            m, s = mean + rate * (gain - mean), square + rate * (gain * gain - square)
            return m / np.sqrt(s - m * m)
        if number > 20:
            slope = (ratio(1e-6) - ratio(-1e-6)) / 2e-6
            assert found[number] == pytest.approx(slope, rel=1e-4, abs=1e-6)
        mean += 0.02 * (gain - mean)
        square += 0.02 * (gain * gain - square)

    scaled, _ = run(env(case, reward={"name": "log_return", "scale": 100}), ACTIONS)
    assert scaled == pytest.approx(100 * logs, abs=1e-12)


def test_prediction_bonus(weights: Case):
    logs, figures = run(env(weights), ACTIONS)
    found, _ = run(env(weights, reward={"name": "prediction_bonus", "weight": 0.25}), ACTIONS)
    closes = np.loadtxt(
        json.loads(weights.study.read_text())["data"]["files"][0]["path"],
        delimiter=",", skiprows=1, usecols=4)
    instants = figures["instant"].astype(int)
    moves = np.sign(closes[instants[1:]] - closes[instants[:-1]])
    side = np.array([0, 1, -1])[np.array(ACTIONS)]
    assert found - logs == pytest.approx(0.25 * moves * side, abs=1e-12)
    assert {-1, 0, 1} == set(moves * side)


def test_a_reward_function_gets_figures(daily: Case):
    def gain(before, after):
        return (after["equity"] - before["equity"]) / 1000

    found, figures = run(env(daily, reward=gain), ACTIONS)
    assert found == pytest.approx(np.diff(figures["equity"]) / 1000, abs=1e-12)
    assert figures["return"] == pytest.approx(np.cumsum([0.0, *found]), abs=1e-9)
    for mode in ("next-step", "same-step"):
        vector = backtestkit.TradingVectorEnv(
            daily.study, daily.manifest, num_envs=2, reward=gain, autoreset=mode,
            episodes={"kind": "window", "length": 20})
        single = env(daily, reward=gain, episodes={"kind": "window", "length": 20})
        vector.reset(seed=8)
        single.reset(seed=8)
        for number in range(60):
            _, rewards, terminated, truncated, infos = vector.step(np.array([ACTIONS[number]] * 2))
            if mode == "next-step" and number % 21 == 20:
                assert rewards.tolist() == [0, 0] == infos["return"].tolist()
                single.reset()
                continue
            _, reward, _, over, info = single.step(ACTIONS[number])
            assert rewards[0] == reward
            ended = "final_info" in infos
            assert (infos["final_info"] if ended else infos)["return"][0] == info["return"]
            assert not ended or infos["return"][0] == 0
            if over and mode == "same-step":
                single.reset()


def test_windows_come_from_the_seed(daily: Case):
    window = {"kind": "window", "length": 30}
    chosen = env(daily, episodes=window)
    first = [chosen.reset(seed=5)[1]["instant"]] + [chosen.reset()[1]["instant"] for _ in range(40)]
    again = [chosen.reset(seed=5)[1]["instant"]] + [chosen.reset()[1]["instant"] for _ in range(40)]
    other = [chosen.reset(seed=6)[1]["instant"]] + [chosen.reset()[1]["instant"] for _ in range(40)]
    assert first == again and first != other
    description = chosen.description
    assert min(first) >= description["first"] and max(first) <= description["last"] - 30
    assert len(set(first)) > 35 and max(first) - min(first) > 2500
    rewards, figures = run(chosen, [1] * 100)
    assert len(rewards) == 30


def test_a_window_is_the_same_stretch_of_the_whole(weights: Case):
    """An account of weights begins at the window's first decision, and earns what the whole does."""
    whole, figures = run(env(weights), ACTIONS)
    start = int(figures["instant"][100])
    part, shown = run(env(weights), ACTIONS[100:], options={"start": start, "length": 50})
    assert shown["instant"][0] == start and len(part) == 50
    # Only the first step has another position before it.
    assert part[1:] == pytest.approx(whole[101:150], abs=1e-12)


def test_regimes_choose_where_windows_begin(daily: Case):
    study = json.loads(daily.study.read_text())
    found = {}
    for regime in ("bear", "bull"):
        chosen = env(daily, episodes={
            "kind": "regime", "by": "bull-bear", "regimes": [regime], "length": 20})
        found[regime] = {chosen.reset(seed=1 if not n else None)[1]["time"] for n in range(150)}
    years = {name: {1970 + int(time // 31556952) for time in times} for name, times in found.items()}
    assert {2001, 2008} <= years["bear"] and not {2004, 2005, 2013, 2014} & years["bear"]
    assert {2004, 2013} <= years["bull"]
    assert study


def test_curriculum_goes_through_its_stages(daily: Case):
    stages = [{"episodes": 2, "length": 10, "costs": 0}, {"episodes": 1, "length": 20}, {}]
    chosen = env(daily, episodes={"kind": "curriculum", "stages": stages})
    lengths, costs = [], []
    for number in range(5):
        rewards, figures = run(chosen, ACTIONS * 20, seed=1 if number == 0 else None)
        lengths.append(len(rewards))
        costs.append(figures["costs"][-1])
    assert lengths[:3] == [10, 10, 20] and lengths[3] == lengths[4] > 5000
    assert costs[0] == costs[1] == 0 and min(costs[2:]) > 0


def test_randomised_costs_are_those_of_other_studies(daily: Case):
    """Fixed bounds of 3 and 3 are the study with three times its costs."""
    study = json.loads(daily.study.read_text())
    study["execution"]["commission"] = {"basis-points": 6}
    study["execution"]["slippage"] = {"basis-points": 9}
    dearer = daily.folder / "dearer.json"
    dearer.write_text(json.dumps(study))
    expected, _ = run(backtestkit.TradingEnv(dearer, daily.manifest), ACTIONS)
    found, _ = run(env(daily, randomise={"costs": [3, 3]}), ACTIONS)
    assert found == pytest.approx(expected, abs=1e-14)
    study["execution"]["commission"] = {"basis-points": 2}
    dearer.write_text(json.dumps(study))
    expected, _ = run(backtestkit.TradingEnv(dearer, daily.manifest), ACTIONS)
    found, _ = run(env(daily, randomise={"slippage": [3, 3]}), ACTIONS)
    assert found == pytest.approx(expected, abs=1e-14)
    drawn = env(daily, randomise={"costs": [0, 4]})
    totals = [run(drawn, [1, 2, 1, 0], seed=n)[1]["costs"][-1] for n in range(12)]
    assert len(set(totals)) == 12


def test_latency_delays_fills(tmp_path):
    case = make("intraday-ledger", tmp_path)
    prompt, _ = run(env(case, randomise={"latency": [0, 0]}), ACTIONS)
    late, _ = run(env(case, randomise={"latency": [1000, 1000]}), ACTIONS)
    assert not np.array_equal(prompt, late)
    as_written, _ = run(env(case), ACTIONS)
    same, _ = run(env(case, randomise={"latency": [1, 1]}), ACTIONS)
    assert np.array_equal(as_written, same)


def test_masks_follow_the_position(tmp_path):
    case = make("daily-ledger", tmp_path)
    changed = json.loads(case.manifest.read_text())
    changed["action"]["masks"] = {"short": [0, 2], "flat": [0, 1, 2], "long": [0, 1]}
    case.manifest.write_text(json.dumps(changed))
    masked = env(case)
    masked.reset(seed=1)
    assert masked.action_masks().tolist() == [True, True, True]
    masked.step(1)
    assert masked.action_masks().tolist() == [True, True, False]
    masked.step(2)
    assert masked.action_masks().tolist() == [True, False, True]
    vector = backtestkit.TradingVectorEnv(case.study, case.manifest, num_envs=2)
    vector.reset(seed=1)
    *_, infos = vector.step(np.array([1, 2]))
    assert infos["action_mask"].tolist() == [[True, True, False], [True, False, True]]


@pytest.mark.parametrize("name", ["daily-ledger", "daily-weights"])
def test_masked_actions_are_refused_where_that_is_asked_for(tmp_path, name):
    case = make(name, tmp_path)
    with pytest.raises(backtestkit.BacktestKitError, match="the manifest has no masks"):
        env(case, masked="refuse")
    with pytest.raises(backtestkit.BacktestKitError, match="masked"):
        env(case, masked="forbid")
    changed = json.loads(case.manifest.read_text())
    changed["action"]["masks"] = {"short": [0, 2], "flat": [0, 1, 2], "long": [0, 1]}
    case.manifest.write_text(json.dumps(changed))
    plain, strict = env(case), env(case, masked="refuse")
    for one in (plain, strict):
        one.reset(seed=1)
        for _ in range(5):
            one.step(1)
    with pytest.raises(
        backtestkit.BacktestKitError, match="the action 2 is masked: the position allows 0 and 1. Choose among"
    ):
        strict.step(2)
    # Nothing has changed: both go on to the same bits.
    after = [one.step(0) for one in (plain, strict)]
    assert np.array_equal(after[0][0], after[1][0]) and after[0][4] == after[1][4]
    # By default it does what it says.
    plain.step(1)
    plain.step(2)
    assert plain.action_masks().tolist() == [True, False, True]
    vector = backtestkit.TradingVectorEnv(case.study, case.manifest, num_envs=2, masked="refuse")
    vector.reset(seed=1)
    for _ in range(3):
        *_, infos = vector.step(np.array([1, 2]))
    assert infos["action_mask"].tolist() == [[True, True, False], [True, False, True]]
    with pytest.raises(backtestkit.BacktestKitError, match="environment 1: the action 1 is masked"):
        vector.step(np.array([1, 1]))


def test_ruin_terminates(tmp_path):
    case = make("daily-ledger", tmp_path)
    study = json.loads(case.study.read_text())
    study["account"]["leverage"] = 50
    case.study.write_text(json.dumps(study))
    changed = json.loads(case.manifest.read_text())
    changed["action"]["targets"] = [0, 40, -40]
    case.manifest.write_text(json.dumps(changed))
    chosen = env(case)
    chosen.reset(seed=1)
    while True:
        _, reward, terminated, truncated, info = chosen.step(1)
        if terminated or truncated:
            break
    assert terminated and not truncated
    assert info["equity"] == 0
    assert reward == pytest.approx(np.log(1e-6))
