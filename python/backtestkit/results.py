"""Runs of studies, for people who never train."""

from __future__ import annotations

import csv
import ctypes
import functools
import json
import pathlib
import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ._common import Path
from ._interface import library, path_bytes
from .errors import BacktestKitError

if TYPE_CHECKING:
    import pandas

_ERROR_SIZE = 1 << 16


def run(study: Path, *, out: Path | None = None, overrides: Sequence[str] = ()) -> Result:
    """Runs a study as `bt-run run` does, and writes the same files.

        result = backtestkit.run("study.yaml", overrides=["execution.slippage.basis-points=2"])
        print(result.metrics["sharpe"])
        result.equity_frame().plot()

    study: a study file.
    out: the folder of the results, which may hold an earlier result of this study and nothing else;
        None keeps none of the files.
    overrides: keys of the study, such as `data.to=2015-12-31`.
    """
    if isinstance(overrides, str):
        raise BacktestKitError(f"overrides is a list of texts, such as [{overrides!r}]")
    error = ctypes.create_string_buffer(_ERROR_SIZE)

    def into(folder: Path) -> Result:
        status = library().backtestkit_run(
            path_bytes(study),
            json.dumps(list(overrides)).encode() if overrides else None,
            path_bytes(folder),
            error,
            len(error),
        )
        if status != 0:
            raise BacktestKitError(error.value.decode())
        return Result(folder)

    if out is not None:
        return into(out)
    with tempfile.TemporaryDirectory(prefix="backtestkit-") as folder:
        result = into(pathlib.Path(folder) / "result")
        result.load()
        return result


class Result:
    """The result of a run: the files of a results folder as dictionaries and arrays.

    Tables are read when they are first asked for.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = pathlib.Path(folder)
        path = self.folder / "result.json"
        try:
            self.record: dict[str, Any] = json.loads(path.read_bytes())
            self._written = _stamp(path)
        except (OSError, ValueError) as error:
            raise BacktestKitError(f"{path} is not the result of a run: {error}") from None
        self._tables: dict[str, dict[str, npt.NDArray[Any]]] = {}

    @property
    def fingerprint(self) -> str:
        """The hash of all fills and of equity."""
        return str(self.record["fingerprint"])

    @functools.cached_property
    def metrics(self) -> dict[str, float]:
        """All metrics that have a value, by name."""
        return dict(self.record["metrics"])

    def table(self, name: str) -> dict[str, npt.NDArray[Any]]:
        """A table such as `equity`, `fills`, `trades` or `orders`: an array for each column.

        Columns of numbers are float64, with NaN where a field is empty; all others are texts.
        """
        if name not in self._tables:
            table = _read(self.folder / f"{name}.csv")
            # The record is written last, so a table of another run has another record beside it.
            if not self._is_there():
                raise BacktestKitError(
                    f"{self.folder} has the result of another run by now; call load() to read all "
                    "tables at once, or give each run a folder")
            self._tables[name] = table
        return self._tables[name]

    def _is_there(self) -> bool:
        try:
            return _stamp(self.folder / "result.json") == self._written
        except OSError:
            return False

    def load(self) -> None:
        """Reads all tables, so that the folder is not needed any more."""
        for path in sorted(self.folder.glob("*.csv")):
            self.table(path.stem)

    @property
    def equity(self) -> npt.NDArray[np.float64]:
        """Equity at each point of the curve."""
        return self.table("equity")["equity"]

    @property
    def times(self) -> npt.NDArray[np.datetime64]:
        """The time of each point of the curve, UTC."""
        stamps = [stamp.rstrip("Z") for stamp in self.table("equity")["time"].tolist()]
        return np.array(stamps, "datetime64[ns]")

    @property
    def returns(self) -> npt.NDArray[np.float64]:
        """The simple return from each point of the curve to the next."""
        equity = self.equity
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(equity[:-1] == 0, 0.0, equity[1:] / equity[:-1] - 1)

    @property
    def trades(self) -> dict[str, npt.NDArray[Any]]:
        """The trades, a column each."""
        return self.table("trades")

    def frame(self, name: str) -> pandas.DataFrame:
        """A table as a data frame."""
        import pandas

        frame = pandas.DataFrame(self.table(name))
        for column in frame.columns:
            if column == "time" or column.endswith("_time"):
                frame[column] = pandas.to_datetime(frame[column], utc=True, errors="coerce")
        return frame

    def equity_frame(self) -> pandas.DataFrame:
        """The equity curve as a data frame indexed by time."""
        return self.frame("equity").set_index("time")

    def trades_frame(self) -> pandas.DataFrame:
        """The trades as a data frame."""
        return self.frame("trades")

    def __repr__(self) -> str:
        return (
            f"<Result {self.record['name']!r}: {self.record['from']} to {self.record['to']}, "
            f"final equity {self.record['final-equity']}, fingerprint {self.fingerprint}>"
        )


def _stamp(path: pathlib.Path) -> tuple[int, int]:
    """What tells a file from one that has taken its place."""
    status = path.stat()
    return status.st_ino, status.st_mtime_ns


def _read(path: pathlib.Path) -> dict[str, npt.NDArray[Any]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
    except OSError as error:
        raise BacktestKitError(f"there is no table {path.stem!r}: {error}") from None
    names, body = (rows[0], rows[1:]) if rows else ([], [])
    return {name: _column([row[index] for row in body]) for index, name in enumerate(names)}


def _column(fields: list[str]) -> npt.NDArray[Any]:
    try:
        return np.array([float(field) if field else np.nan for field in fields], np.float64)
    except ValueError:
        return np.array(fields, np.str_)
