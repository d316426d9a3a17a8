"""Optuna behind the pipe of bt-run tune."""

import io
import json
import pathlib
import subprocess
import sys
from typing import Any

import pytest

optuna = pytest.importorskip("optuna")

from backtestkit import _shards, optuna_sampler  # noqa: E402

GREETING = {
    "protocol": "backtestkit.sampler/1", "direction": "maximize", "seed": 7, "trials": 60,
    "space": [
        {"name": "x", "kind": "number", "from": -5.0, "to": 10.0, "log": False},
        {"name": "n", "kind": "integer", "from": 1, "to": 60, "step": 1, "log": True},
        {"name": "kind", "kind": "choice", "values": ["a", "b", 3]},
    ],
}


def talk(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    output = io.StringIO()
    optuna_sampler.serve(
        io.StringIO("".join(json.dumps(one) + "\n" for one in messages)), output, "tpe")
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_it_learns() -> None:
    conversation = optuna_sampler.Conversation(GREETING, "tpe")
    values = []
    for trial in range(60):
        asked = conversation.answer({"ask": trial, "attempt": 0})["parameters"]
        assert -5 <= asked["x"] <= 10 and 1 <= asked["n"] <= 60 and asked["kind"] in ["a", "b", 3]
        values.append(-((asked["x"] - 2) ** 2) - (asked["kind"] != "b"))
        conversation.answer({"tell": trial, "state": "complete", "value": values[-1]})
    assert sum(values[-20:]) / 20 > sum(values[:20]) / 20


def test_the_conversation() -> None:
    answers = talk([
        GREETING, {"ask": 0, "attempt": 0}, {"ask": 0, "attempt": 1},
        {"tell": 0, "state": "complete", "value": 0.5}, {"ask": 1, "attempt": 0},
        {"tell": 1, "state": "pruned", "value": 0.1}, {"ask": 2, "attempt": 0},
        {"tell": 2, "state": "complete", "value": None}, {"what": 1},
    ])
    assert answers[0] == {"ready": True}
    assert answers[1]["ask"] == answers[2]["ask"] == 0
    assert answers[3] == {"tell": 0} and answers[5] == {"tell": 1} and answers[7] == {"tell": 2}
    assert "refuse" in answers[8]
    assert talk([{**GREETING, "protocol": "other/1"}])[0].keys() == {"refuse"}


def test_bt_run_tunes_with_it(tmp_path: pathlib.Path) -> None:
    try:
        program = _shards.find_program()
    except _shards.InputError as error:
        pytest.skip(str(error))
    prices = pathlib.Path(__file__).resolve().parents[2] / "Fixtures/prices/sp500.csv"
    (tmp_path / "study.yaml").write_text(f"""
data:
  calendar: XNYS
  from: 2010-01-01
  files: [{{path: {prices}, symbol: SPX, asset-class: index}}]
strategy: {{name: sma-crossover, parameters: {{fast: 10, slow: 50}}}}
tune:
  space: {{fast: {{from: 2, to: 60}}, slow: {{from: 20, to: 250, log: true}}}}
  trials: 20
  program: [{sys.executable}, -m, backtestkit.optuna_sampler]
""")
    tables = []
    for name in ("one", "two"):
        subprocess.run(
            [program, "tune", tmp_path / "study.yaml", "--out", tmp_path / name, "-q", "--store",
             "none"], check=True)
        tables.append((tmp_path / name / "tune.csv").read_text())
    # The same seed gives the same trials.
    assert tables[0] == tables[1]
    assert len(tables[0].splitlines()) == 21
