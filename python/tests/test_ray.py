"""Shards on a real Ray: the result is that of bt-run alone, whatever happens to workers."""

import collections.abc
import os
import pathlib
import random
import signal
import subprocess
import tempfile
import threading
import time

import pytest

ray = pytest.importorskip("ray")

from backtestkit import _shards  # noqa: E402
from backtestkit import ray as backtestkit_ray  # noqa: E402

FAST = [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16]
SLOW = [40, 50, 60, 70, 80, 90, 100, 120, 140, 160, 180, 200]
STUDY = f"""
data:
  calendar: weekdays
  files: [{{path: prices/a.csv, symbol: AAA}}]
execution: {{slippage: {{basis-points: 2}}}}
strategy: {{name: sma-crossover, parameters: {{fast: 5, slow: 50}}}}
sweep: {{grid: {{fast: {FAST}, slow: {SLOW}}}}}
"""


def program() -> str:
    try:
        return str(_shards.find_program())
    except _shards.InputError as error:
        pytest.skip(str(error))


def prices(days: int) -> str:
    """Daily bars on weekdays, wandering by whole cents."""
    import datetime

    wander = random.Random(1)
    day, cents = datetime.date(2001, 1, 1), 10_000
    rows = ["date,open,high,low,close,volume"]
    while len(rows) <= days:
        if day.weekday() < 5:
            start = cents
            cents = max(1_000, cents + wander.randint(-150, 152))
            high, low = max(start, cents) + 20, min(start, cents) - 20
            values = [start / 100, high / 100, low / 100, cents / 100, wander.randint(1, 9)]
            rows.append(",".join([str(day), *map(str, values)]))
        day += datetime.timedelta(days=1)
    return "\n".join(rows) + "\n"


@pytest.fixture
def work(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> collections.abc.Iterator[pathlib.Path]:
    (tmp_path / "prices").mkdir()
    (tmp_path / "prices/a.csv").write_text(prices(4_000))
    (tmp_path / "study.yaml").write_text(STUDY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BACKTESTKIT_BT_RUN", program())
    monkeypatch.setenv("RAY_worker_niceness", "0")
    # Paths of sockets must be short, so the folder of pytest does not do.
    with tempfile.TemporaryDirectory(prefix="bt") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        monkeypatch.setenv("TMPDIR", folder)
        yield tmp_path


def files(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in pathlib.Path(folder).iterdir()}


def whole(folder: str, *more: str) -> dict[str, bytes]:
    words = [program(), "sweep", "study.yaml", "--out", folder, "-q", *more]
    subprocess.run(words, check=True)
    return files(folder)


def workers(job: str) -> list[int]:
    """The processes in which the Ray that this process started does shards of a job."""
    parents: dict[int, int] = {}
    names: dict[int, str] = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
                names[int(entry.name)] = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    own = []
    for number, name in names.items():
        above = number
        while above in parents and above != os.getpid():
            above = parents[above]
        if above == os.getpid() and name.startswith(f"ray::{job}, shard "):
            own.append(number)
    return own


def test_the_result_is_that_of_the_whole_sweep(work: pathlib.Path) -> None:
    expected = whole("out", "--store", "kept.sqlite")
    for path in pathlib.Path().glob("kept.sqlite*"):
        path.unlink()
    for path in pathlib.Path("out").iterdir():
        path.unlink()
    words = [
        "sweep", "study.yaml", "--workers", "2", "--shards", "3", "--out", "out", "-q", "--store",
        "kept.sqlite"]
    assert backtestkit_ray.main(words) == 0
    assert files("out") == expected
    # What is there already is not done again: the shards' files stay as they are.
    units = pathlib.Path("out.shards/1-of-3/units").read_bytes()
    assert backtestkit_ray.main(words) == 0
    assert pathlib.Path("out.shards/1-of-3/units").read_bytes() == units
    assert files("out") == expected


def test_workers_that_are_killed_lose_nothing(work: pathlib.Path) -> None:
    expected = whole("expected", "--store", "none")
    job = _shards.ShardedJob("sweep", 6, keeps_trials=False)
    bundle = _shards.Bundle.of(_shards.find_program(), "study.yaml")
    folder = pathlib.Path("parts")
    killed = []
    is_over = threading.Event()

    def kill() -> None:
        chance = random.Random(5)
        while not is_over.is_set() and len(killed) < 5:
            time.sleep(chance.uniform(0.1, 0.6))
            found = workers("killed")
            if found:
                victim = chance.choice(found)
                os.kill(victim, signal.SIGKILL)
                killed.append(victim)

    ray.init(num_cpus=2, include_dashboard=False, logging_level="error", log_to_driver=False)
    try:
        killer = threading.Thread(target=kill)
        killer.start()
        backtestkit_ray.run_shards(bundle, job, folder, "killed", retries=20, quiet=True)
    finally:
        is_over.set()
        killer.join()
        ray.shutdown()
    assert killed, "no worker was killed"
    subprocess.run(
        [program(), "merge", "parts", "--study-folder", ".", "--out", "merged", "-q", "--store",
         "none"], check=True)
    assert files("merged") == expected


def test_the_input_is_refused_with_the_words_of_bt_run(
    work: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (work / "bad.yaml").write_text(STUDY.replace("fast: 5", "fats: 5"))
    assert backtestkit_ray.main(["sweep", "bad.yaml", "--workers", "1"]) == 2
    assert "did you mean 'fast'" in capsys.readouterr().err
    assert backtestkit_ray.main(["sweep", "gone.yaml", "--workers", "1"]) == 2
    # What only a shard finds out.
    (work / "flat.yaml").write_text(STUDY.replace("sweep:", "# sweep:"))
    assert backtestkit_ray.main(["sweep", "flat.yaml", "--workers", "1", "--shards", "2"]) == 2
    assert "neither a 'sweep' nor a 'walk-forward'" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        backtestkit_ray.main(["sweep", "study.yaml", "--workers", "0"])
    assert ended.value.code == 2


BATCH = """
studies: [{path: study.yaml}, {path: gone.yaml}]
parameters: {fast: [5, 9], slow: [30, 40]}
command: run
results: none
"""


def test_a_batch_gives_the_tables_of_one_machine(
    work: pathlib.Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (work / "batch.yaml").write_text(BATCH)
    words = [program(), "batch", "batch.yaml", "--out", "whole", "-q", "--store", "whole.sqlite"]
    # The entries of a study that is not there fail, and the rest is done.
    assert subprocess.run(words, check=False).returncode == 2
    words = [
        "batch", "batch.yaml", "--workers", "2", "--shards", "3", "--out", "out", "-q", "--store",
        "kept.sqlite"]
    assert backtestkit_ray.main(words) == 2
    assert "4 of 8 entries failed" in capfd.readouterr().err
    assert files("out") == files("whole")
    listed = [
        subprocess.run(
            [program(), "runs", "list", "--store", store, "--json"], capture_output=True,
            check=True).stdout.count(b'"fingerprint"')
        for store in ("whole.sqlite", "kept.sqlite")]
    assert listed[0] == listed[1] > 0
    (work / "batch.yaml").write_text(BATCH.replace("results: none", "results: all"))
    assert backtestkit_ray.main(["batch", "batch.yaml", "--workers", "1"]) == 2
    assert "write 'results: none'" in capfd.readouterr().err


def test_what_cannot_work_is_refused_before_any_shard(
    work: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (work / "file").write_text("")
    (work / "batch.yaml").write_text(BATCH)
    (work / "bad.yaml").write_text(BATCH.replace("none", "sometimes"))
    for words, part in [
        (["sweep", "study.yaml", "--out", "file"], "--out file: this is a file; name a folder"),
        (["sweep", "study.yaml", "--address", "127.0.0.1:1"], "127.0.0.1:1: there is no Ray:"),
        (["batch", "study.yaml"], "study.yaml: this is a study, not a batch file"),
        (["batch", "bad.yaml"], "'results' must be all or none"),
        (["batch", "batch.yaml", "--set", "nonsense"], "--set nonsense: write --set key.key"),
    ]:
        assert backtestkit_ray.main([*words, "--program", program()]) == 2
        errors = capsys.readouterr().err
        assert part in errors and errors.count("\n") == 1, errors
    assert backtestkit_ray.main(["sweep", "study.yaml", "--program", "/bin/ls"]) == 2
    assert "/bin/ls: this is not bt-run" in capsys.readouterr().err


def test_a_dashboard_that_is_not_installed_is_said(
    work: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(backtestkit_ray.importlib.util, "find_spec", lambda name: None)
    status = backtestkit_ray.main(["sweep", "study.yaml", "--dashboard", "--program", program()])
    assert status == 2
    assert capsys.readouterr().err == "--dashboard needs more of Ray: pip install 'ray[default]'\n"
