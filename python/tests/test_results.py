"""Plain runs: the same bytes as `bt-run`, as arrays and data frames."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import pytest
from conftest import Case, bt_run

import backtestkit


@pytest.fixture(scope="module")
def study(daily: Case):
    document = json.loads(daily.study.read_text())
    document["strategy"] = {"name": "sma-crossover", "parameters": {"fast": 20, "slow": 100}}
    path = daily.folder / "crossover.json"
    path.write_text(json.dumps(document))
    return path


def test_the_files_are_those_of_bt_run(study, tmp_path):
    result = backtestkit.run(study, out=tmp_path / "ours", overrides=["execution.slippage.basis-points=1"])
    subprocess.run(
        [bt_run(), "run", study, "--out", tmp_path / "theirs", "--quiet", "--store", "none",
         "--set", "execution.slippage.basis-points=1"],
        check=True,
    )
    names = {path.name for path in (tmp_path / "ours").iterdir()}
    assert {"equity.csv", "fills.csv", "trades.csv", "result.json", "report.html"} <= names
    for path in (tmp_path / "theirs").glob("*.csv"):
        assert path.read_bytes() == (tmp_path / "ours" / path.name).read_bytes()
    theirs = json.loads((tmp_path / "theirs" / "result.json").read_text())
    assert result.fingerprint == theirs["fingerprint"]
    assert result.metrics == theirs["metrics"]


def test_arrays_and_frames(study):
    pandas = pytest.importorskip("pandas")
    result = backtestkit.run(study)
    assert result.equity.dtype == np.float64 and len(result.equity) > 4000
    assert result.equity[-1] == result.record["final-equity"]
    assert len(result.returns) == result.record["returns"]
    assert np.prod(1 + result.returns) == pytest.approx(result.equity[-1] / result.equity[0])
    assert result.times.dtype == np.dtype("datetime64[ns]")
    assert (np.diff(result.times) > np.timedelta64(0)).all()
    frame = result.equity_frame()
    assert isinstance(frame.index, pandas.DatetimeIndex) and str(frame.index.tz) == "UTC"
    assert frame["equity"].to_numpy().tolist() == result.equity.tolist()
    assert frame.index[0].tz_localize(None) == pandas.Timestamp(result.times[0])
    trades = result.trades_frame()
    assert len(trades) > 20 and len(trades) == len(result.trades["quantity"])
    # The folder is gone; everything was read.
    assert not result.folder.exists() and len(result.table("fills")["price"]) > 40
    with pytest.raises(backtestkit.BacktestKitError, match="no table 'sales'"):
        result.table("sales")


def test_a_result_is_never_mixed_with_another(study, tmp_path):
    out = tmp_path / "out"
    first = backtestkit.run(study, out=out)
    backtestkit.run(study, out=out, overrides=["account.cash=5000"])
    with pytest.raises(backtestkit.BacktestKitError, match="the result of another run by now"):
        _ = first.equity
    # Another study's result and other files are kept.
    other = study.with_name("other.json")
    other.write_text(study.read_text())
    with pytest.raises(backtestkit.BacktestKitError, match="holds the result of another study"):
        backtestkit.run(other, out=out)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("kept")
    with pytest.raises(backtestkit.BacktestKitError, match="is no folder of results"):
        backtestkit.run(study, out=tmp_path / "notes")
    with pytest.raises(backtestkit.BacktestKitError, match="overrides is a list of texts"):
        backtestkit.run(study, overrides="account.cash=5000")
