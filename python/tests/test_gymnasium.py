"""The rules of gymnasium and Stable-Baselines3, by their checkers."""

from __future__ import annotations

import warnings

import gymnasium
import numpy as np
import pytest
from conftest import Case, make
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import backtestkit

WINDOW = {"kind": "window", "length": 40}


@pytest.mark.parametrize("name", ["daily-ledger", "stocks-ledger", "daily-window"])
@pytest.mark.parametrize("info", ["step", "episode-end", "never"])
def test_gymnasium_checks_the_env(name, info, tmp_path):
    case = make(name, tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Observations have no bounds, which the checker only remarks.
        warnings.filterwarnings("ignore", message=".*Box observation space.*")
        warnings.filterwarnings("ignore", message=".*we recommend.*")
        warnings.filterwarnings("ignore", message=".*spec.*")
        check_env(backtestkit.TradingEnv(case.study, case.manifest, info=info), skip_render_check=True)


@pytest.mark.parametrize("name", ["daily-ledger", "stocks-ledger"])
def test_stable_baselines_checks_the_env(name, tmp_path):
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    case = make(name, tmp_path)
    checker.check_env(backtestkit.TradingEnv(case.study, case.manifest), warn=False)


def episodes(env, steps, seed):
    observations, _ = env.reset(seed=seed)
    env.action_space.seed(3)
    rows = [observations.copy()]
    for _ in range(steps):
        found = env.step(env.action_space.sample())
        rows.append([np.copy(one) for one in found[:4]] + [found[4]])
    return rows


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@pytest.mark.parametrize("copy", [True, False])
def test_vector_is_gymnasiums_own_vector_of_envs(daily: Case, mode, copy):
    """gymnasium's SyncVectorEnv over single environments is the definition of both modes."""
    ours = backtestkit.TradingVectorEnv(
        daily.study, daily.manifest, num_envs=3, episodes=WINDOW, copy=copy,
        autoreset="next-step" if mode == AutoresetMode.NEXT_STEP else "same-step",
    )
    theirs = SyncVectorEnv(
        [lambda: backtestkit.TradingEnv(daily.study, daily.manifest, episodes=WINDOW)] * 3,
        autoreset_mode=mode,
    )
    assert ours.metadata["autoreset_mode"] == mode
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    a, b = episodes(ours, 130, seed=11), episodes(theirs, 130, seed=11)
    assert np.array_equal(a[0], b[0])
    ends = 0
    for ours_now, theirs_now in zip(a[1:], b[1:], strict=True):
        for one, other in zip(ours_now[:4], theirs_now[:4], strict=True):
            assert np.array_equal(one, other)
        ends += int(ours_now[3].sum())
        if mode == AutoresetMode.SAME_STEP and ours_now[3].any():
            for index in np.flatnonzero(ours_now[3]):
                final = ours_now[4]["final_obs"][index]
                assert np.array_equal(final, theirs_now[4]["final_obs"][index])
                equity = theirs_now[4]["final_info"]["equity"][index]
                assert ours_now[4]["final_info"]["equity"][index] == equity
    assert ends >= 9


def test_figures_are_those_of_single_envs(daily: Case):
    single = backtestkit.TradingEnv(daily.study, daily.manifest)
    vector = backtestkit.TradingVectorEnv(daily.study, daily.manifest, num_envs=2)
    single.reset(seed=1)
    vector.reset(seed=1)
    for action in (1, 1, 2, 0, 2, 1):
        *_, info = single.step(action)
        *_, infos = vector.step(np.array([action, 0]))
        assert {name: infos[name][0] for name in info} == info
    assert info["costs"] > 0 and info["fills"] >= 4 and info["steps"] == 6


def test_parts_can_begin_anew(daily: Case):
    env = backtestkit.TradingVectorEnv(daily.study, daily.manifest, num_envs=3, copy=True)
    env.reset(seed=1)
    for _ in range(5):
        env.step(np.array([1, 1, 1]))
    _, infos = env.reset(options={"reset_mask": np.array([False, True, False]), "start": 100})
    assert infos["steps"].tolist() == [5, 0, 5]
    assert infos["instant"][1] == 100


def test_stable_baselines_vector(daily: Case):
    pytest.importorskip("stable_baselines3")
    from stable_baselines3.common.vec_env import DummyVecEnv

    def single():
        return backtestkit.TradingEnv(daily.study, daily.manifest, episodes=WINDOW)

    ours = backtestkit.TradingVecEnv(daily.study, daily.manifest, n_envs=2, episodes=WINDOW)
    theirs = DummyVecEnv([single, single])
    ours.seed(5)
    theirs.seed(5)
    assert np.array_equal(ours.reset(), theirs.reset())
    generator = np.random.default_rng(1)
    for _ in range(100):
        actions = generator.integers(0, 3, 2)
        a, b = ours.step(actions), theirs.step(actions)
        assert all(np.array_equal(one, other) for one, other in zip(a[:3], b[:3], strict=True))
        for one, other in zip(a[3], b[3], strict=True):
            assert ("terminal_observation" in one) == ("terminal_observation" in other)
            if "terminal_observation" in one:
                assert np.array_equal(one["terminal_observation"], other["terminal_observation"])
                assert one["TimeLimit.truncated"] == other["TimeLimit.truncated"]
                assert one["episode"]["l"] == 40


def test_training_is_reproducible(daily: Case):
    sb3 = pytest.importorskip("stable_baselines3")
    import torch

    torch.set_num_threads(1)

    def trained():
        env = backtestkit.TradingVecEnv(
            daily.study, daily.manifest, n_envs=4, seed=3, episodes=WINDOW)
        model = sb3.PPO("MlpPolicy", env, n_steps=64, seed=3, device="cpu")
        model.learn(512)
        return torch.cat([p.detach().flatten() for p in model.policy.parameters()]).numpy()

    assert np.array_equal(trained(), trained())


def test_make_knows_nothing_of_us():
    """The package registers nothing behind the user's back."""
    assert not [name for name in gymnasium.registry if name.lower().startswith("backtestkit")]
