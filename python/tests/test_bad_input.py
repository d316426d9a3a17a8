"""Every mistake is an exception with the library's own text, and the interpreter goes on."""

from __future__ import annotations

import ctypes
import json
import threading

import numpy as np
import pytest
from conftest import Case, make

import backtestkit
from backtestkit import BacktestKitError
from backtestkit._interface import Environments, _Buffers, library


def rewritten(path, change, name):
    document = json.loads(path.read_text())
    change(document)
    other = path.parent / name
    other.write_text(json.dumps(document))
    return other


def test_unknown_study_key(daily: Case):
    wrong = rewritten(daily.study, lambda d: d["execution"].update(comission=1), "wrong.json")
    with pytest.raises(BacktestKitError, match=r"wrong\.json.*comission.*commission"):
        backtestkit.TradingEnv(wrong, daily.manifest)


def test_missing_files(daily: Case):
    with pytest.raises(BacktestKitError, match="no-such"):
        backtestkit.TradingEnv(daily.folder / "no-such.yaml", daily.manifest)
    with pytest.raises(BacktestKitError, match="no-such"):
        backtestkit.TradingEnv(daily.study, daily.folder / "no-such")
    with pytest.raises(BacktestKitError, match="NUL"):
        backtestkit.TradingEnv("a\0b", daily.manifest)


def test_study_without_a_policy(daily: Case):
    wrong = rewritten(
        daily.study, lambda d: d.update(strategy={"name": "buy-and-hold"}), "hold.json")
    with pytest.raises(BacktestKitError, match="no single policy.*manifest"):
        backtestkit.TradingEnv(wrong)


def test_manifests_that_do_not_fit(daily: Case, tmp_path):
    def assets(document):
        document["action"].update(
            assets=["GOLD"], kind="box", size=1, low=[0], high=[1], transform="clip")
        for key in ("rule", "targets"):
            del document["action"][key]

    wrong = rewritten(daily.manifest, assets, "gold.json")
    with pytest.raises(BacktestKitError, match="GOLD.*not in the universe"):
        backtestkit.TradingEnv(daily.study, wrong)
    wrong = rewritten(daily.manifest, lambda d: d["observation"].update(shape=[8]), "shape.json")
    with pytest.raises(BacktestKitError, match="shape"):
        backtestkit.TradingEnv(daily.study, wrong)

    def predictor(document):
        del document["action"]
        document["output"] = {"kind": "regression"}

    wrong = rewritten(daily.manifest, predictor, "predictor.json")
    with pytest.raises(BacktestKitError, match="predict"):
        backtestkit.TradingEnv(daily.study, wrong)
    stocks = make("stocks-ledger", tmp_path)
    with pytest.raises(BacktestKitError, match="name them in 'action.assets'"):
        backtestkit.TradingEnv(stocks.study, daily.manifest)
    units = make("stocks-units", tmp_path / "units")
    weights = make("stocks-weights", tmp_path / "weights")
    with pytest.raises(BacktestKitError, match="account of weights"):
        backtestkit.TradingEnv(weights.study, units.manifest)


@pytest.mark.parametrize("options, text", [
    ({"reward": "sharpe"}, "log_return"),
    ({"reward": None}, "a name such as"),
    ({"reward": {}}, "a name such as"),
    ({"reward": 5}, "a name such as"),
    ({"reward": {"name": "log_return", "weight": 1}}, "weight"),
    ({"reward": {"name": "turnover_penalised", "weight": -1}}, "at least 0"),
    ({"episodes": "some"}, "whole"),
    ({"episodes": {"kind": "window"}}, "length"),
    ({"episodes": {"kind": "window", "length": 0}}, "at least 1"),
    ({"episodes": {"kind": "window", "length": 10**6}}, "do not fit"),
    ({"episodes": {"kind": "regime", "length": 10, "regimes": ["sideways"]}}, "sideways.*bear"),
    ({"episodes": {"kind": "curriculum"}}, "stages"),
    ({"randomise": {"costs": [2, 1]}}, "lower one first"),
    ({"randomise": {"fees": [1, 2]}}, "fees"),
    ({"seed": -1}, "seed"),
    ({"overrides": ["execution.fill=never"]}, "fill"),
    ({"overrides": ["nonsense"]}, "key=value"),
    ({"info": "always"}, "episode-end"),
    ({"episodes": {"kind": "window", "length": float("nan")}}, "JSON"),
])
def test_options(daily: Case, options, text):
    with pytest.raises(BacktestKitError, match=text):
        backtestkit.TradingEnv(daily.study, daily.manifest, **options)


@pytest.mark.parametrize("action", [
    3, -1, 1.0, None, "buy", [1], np.array([1, 1]), np.array(1.0), np.nan, 2**70,
])
def test_discrete_actions(daily: Case, action):
    env = backtestkit.TradingEnv(daily.study, daily.manifest)
    env.reset(seed=1)
    _, _, _, _, before = env.step(1)
    with pytest.raises((BacktestKitError, OverflowError)):
        env.step(action)
    _, _, _, _, after = env.step(1)
    assert after["steps"] == before["steps"] + 1


@pytest.mark.parametrize("action", [
    np.array([0.1, np.nan, 0, 0]), np.array([0.1, np.inf, 0, 0]), np.array([0.1, 1.1, 0, 0]),
    np.array([0.1, -0.1, 0, 0]), np.array([0.1]), np.zeros((4, 1)), 0.5, None, ["a"] * 4,
    np.zeros(4, complex),
])
def test_box_actions(tmp_path, action):
    case = make("stocks-ledger", tmp_path)
    env = backtestkit.TradingEnv(case.study, case.manifest)
    env.reset(seed=1)
    with pytest.raises(BacktestKitError, match="action"):
        env.step(action)
    assert env.step(np.zeros(4))[4]["steps"] == 1


def test_one_wrong_action_of_many_steps_nothing(daily: Case):
    env = backtestkit.TradingVectorEnv(daily.study, daily.manifest, num_envs=3)
    env.reset(seed=1)
    with pytest.raises(BacktestKitError, match="environment 2.*3"):
        env.step(np.array([1, 1, 3]))
    assert env.step(np.array([0, 1, 2]))[4]["steps"].tolist() == [1, 1, 1]
    for actions in (np.array([1, 1]), np.ones((3, 1), int), np.ones(3), [0, 1, None], "abc", 1):
        with pytest.raises(BacktestKitError, match="actions"):
            env.step(actions)
    with pytest.raises(BacktestKitError, match="18446744073709551615"):
        env.step(np.array([2**64 - 1, 1, 1], np.uint64))
    with pytest.raises(BacktestKitError, match="seeds"):
        env.reset(seed=[1, 2])
    with pytest.raises(BacktestKitError, match="mask"):
        env.reset(options={"reset_mask": np.array([True])})


def test_the_order_of_calls(daily: Case):
    window = {"kind": "window", "length": 2}
    env = backtestkit.TradingEnv(daily.study, daily.manifest, episodes=window)
    with pytest.raises(BacktestKitError, match="reset it first"):
        env.step(1)
    env.reset()
    env.step(1)
    assert env.step(1)[3]
    with pytest.raises(BacktestKitError, match="over: reset it first"):
        env.step(1)
    env.reset()
    env.step(1)
    env.close()
    env.close()
    for call in (lambda: env.step(1), env.reset, env.result):
        with pytest.raises(backtestkit.ClosedError, match="closed"):
            call()


@pytest.mark.parametrize("options, text", [
    ({"start": 2}, "first decision"), ({"start": 10**6}, "first decision"),
    ({"start": 100, "length": 10**6}, "length"), ({"length": 0}, "at least 1"),
    ({"begin": 3}, "begin"), ({"start": "2001-01-01"}, "start"),
])
def test_reset_options(daily: Case, options, text):
    env = backtestkit.TradingEnv(daily.study, daily.manifest)
    env.reset(seed=1)
    env.step(1)
    with pytest.raises(BacktestKitError, match=text):
        env.reset(options=options)
    # The episode that was under way goes on.
    assert env.step(1)[4]["steps"] == 2


def test_the_number_of_environments(daily: Case):
    for count in (0, -1, 2**31, 2**21, 1.5):
        with pytest.raises(BacktestKitError, match="number of environments"):
            backtestkit.TradingVectorEnv(daily.study, daily.manifest, num_envs=count)


@pytest.mark.parametrize(("options", "message"), [
    ({"episodes": 5}, "'episodes' is 5; give a kind such as 'whole'"),
    ({"episodes": {"kind": "curriculum", "stages": [{"length": 60}, {"length": 70}]}},
     "only the last one may leave it out"),
    ({"randomise": [1, 2]}, "'randomise' is \\[1, 2\\]; give a dictionary of bounds"),
    ({"randomise": {"costs": 1}}, "give a dictionary of bounds"),
    ({"overrides": "data.to=2015-12-31"}, "'overrides' is a list of texts"),
])
def test_options_of_the_wrong_kind(daily: Case, options, message):
    with pytest.raises(BacktestKitError, match=message):
        backtestkit.TradingEnv(daily.study, daily.manifest, **options)


@pytest.mark.parametrize("name", ["slippage", "latency"])
def test_weights_have_neither_slippage_nor_latency(weights: Case, name):
    with pytest.raises(BacktestKitError, match="which accounting by weights does not have"):
        backtestkit.TradingEnv(weights.study, weights.manifest, randomise={name: [1, 2]})


def test_runs(daily: Case, tmp_path):
    with pytest.raises(BacktestKitError, match="no-such"):
        backtestkit.run(tmp_path / "no-such.yaml")
    hold = rewritten(
        daily.study, lambda d: d.update(strategy={"name": "buy-and-hold"}), "hold.json")
    with pytest.raises(BacktestKitError, match="fill"):
        backtestkit.run(hold, overrides=["execution.fill=never"])
    with pytest.raises(BacktestKitError, match="not the result"):
        backtestkit.Result(tmp_path)


class TestCInterface:
    """Misuse of the C functions themselves."""

    def test_bad_handles(self):
        functions = library()
        text = ctypes.create_string_buffer(200)
        for handle in (0, -1, 1, 12345, 2**62, -(2**63), 7 << 20):
            assert functions.backtestkit_step(ctypes.c_int64(handle)) == -1
            assert functions.backtestkit_reset(handle, None, None, None) == -1
            assert functions.backtestkit_bind(handle, None) == -1
            assert functions.backtestkit_describe(handle, text, len(text)) == -1
            assert functions.backtestkit_result(handle, 0, text, len(text)) == -1
            assert functions.backtestkit_close(handle) == -1
            assert functions.backtestkit_error(handle, text, len(text)) > 0
            assert b"closed" in text.value

    def test_nulls(self, daily: Case):
        functions = library()
        text = ctypes.create_string_buffer(200)
        assert functions.backtestkit_create(None, None, None, 1, text, len(text)) == 0
        assert b"no study" in text.value
        assert functions.backtestkit_create(None, None, None, 1, None, 0) == 0
        assert functions.backtestkit_run(None, None, None, text, len(text)) == -1
        made = Environments(daily.study, daily.manifest, 1, {})
        handle = made._handle
        assert functions.backtestkit_bind(handle, None) == -1
        assert functions.backtestkit_describe(handle, None, 0) > 100
        # A text that does not fit is cut and ends.
        short = ctypes.create_string_buffer(b"\xff" * 8, 8)
        assert functions.backtestkit_describe(handle, short, 5) > 100
        assert short.raw[4:6] == b"\0\xff"

    def test_wrong_sizes(self, daily: Case):
        functions = library()
        made = Environments(daily.study, daily.manifest, 2, {})
        made.reset()
        numbers = np.zeros(100)

        def bind(**changes):
            buffers = _Buffers(struct_size=ctypes.sizeof(_Buffers))
            for part in ("actions", "observations", "rewards", "terminated", "truncated"):
                array = getattr(made, part)
                setattr(buffers, part, array.ctypes.data)
                setattr(buffers, part + "_size", array.nbytes)
            for name, value in changes.items():
                setattr(buffers, name, value)
            status = functions.backtestkit_bind(made._handle, ctypes.byref(buffers))
            return status, made._text("backtestkit_error") if status else ""

        assert bind() == (0, "")
        for changes, text in (
            ({"struct_size": 8}, "struct_size"),
            ({"rewards_size": 8}, "'rewards' has 8 bytes, but 16"),
            ({"rewards": None}, "'rewards'"),
            ({"rewards": None, "rewards_size": 0}, "needed"),
            ({"actions": None, "actions_size": 0}, "needed"),
            ({"observations": numbers.ctypes.data + 1}, "multiple of 4"),
            ({"figures": numbers.ctypes.data, "figures_size": 800}, "figures"),
            ({"masks": numbers.ctypes.data, "masks_size": 1}, "masks"),
        ):
            status, found = bind(**changes)
            assert status == -1 and text in found
        # What was bound before is still bound.
        made.actions[:] = 1
        assert made.step() == 0

    def test_no_memory(self, daily: Case):
        functions = library()
        text = ctypes.create_string_buffer(4096)
        handle = functions.backtestkit_create(
            str(daily.study).encode(), str(daily.manifest).encode(), None, 1, text, len(text))
        assert handle > 0
        assert functions.backtestkit_step(ctypes.c_int64(handle)) == -1
        functions.backtestkit_error(handle, text, len(text))
        assert b"no memory" in text.value
        assert functions.backtestkit_close(handle) == 0

    def test_handles_are_not_used_again(self, daily: Case):
        handles = set()
        for _ in range(5):
            made = Environments(daily.study, daily.manifest, 1, {})
            handles.add(made._handle)
            made.close()
        assert len(handles) == 5

    def test_threads_take_turns(self, daily: Case):
        env = backtestkit.TradingVectorEnv(
            daily.study, daily.manifest, num_envs=4, episodes={"kind": "window", "length": 50})
        env.reset(seed=1)
        made, failures = env._environments, []

        def work():
            try:
                for number in range(3000):
                    made.step()
                    if number % 100 == 0:
                        made.reset()
            except Exception as error:  # noqa: BLE001
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures

    def test_closing_while_others_step(self, daily: Case):
        for _ in range(20):
            made = Environments(daily.study, daily.manifest, 2, {"autoreset": "same-step"})
            made.reset()
            ended = []

            def work(made=made, ended=ended):
                try:
                    while True:
                        made.step()
                except backtestkit.ClosedError:
                    ended.append(True)

            threads = [threading.Thread(target=work) for _ in range(2)]
            for thread in threads:
                thread.start()
            made.close()
            for thread in threads:
                thread.join()
            assert ended == [True, True]
