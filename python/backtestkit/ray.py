"""Runs the shards of a job of bt-run on Ray, and merges them to the result of the whole job.

    python -m backtestkit.ray sweep study.yaml --workers 8 --out Reports/sweep

The study, the files that it reads and the program are sent to the workers, so that they need
nothing but Ray. A worker that is lost is replaced and its shard is done again, from what it had
done where it ran on the same machine. A job that is interrupted goes on where it stopped when it is
started again with the same options.
"""

import argparse
import importlib.util
import os
import pathlib
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import ray

from backtestkit import _shards
from backtestkit._shards import Bundle, InputError, ShardedJob, ShardLostError

PROGRAM = "python -m backtestkit.ray"


# The number of a shard, its files, its numbers of units, and why it was refused.
Outcome = tuple[int, dict[str, bytes], dict[str, int], str]


class Progress:
    """How far the shards are, for the terminal and for Ray's metrics."""

    def __init__(self, name: str, shards: int, quiet: bool) -> None:
        from ray.util.metrics import Gauge

        self.name, self.shards, self.quiet = name, shards, quiet
        self.done, self.units = 0, 0
        self.start = time.monotonic()
        tags = {"job": name}
        self.gauges = {
            key: Gauge(f"backtestkit_{key}", description=text, tag_keys=("job",))
            for key, text in (
                ("shards", "Shards of the job"),
                ("shards_finished", "Shards that are finished"),
                ("units_finished", "Units in finished shards"),
            )
        }
        for gauge in self.gauges.values():
            gauge.set_default_tags(tags)
        self._measure()

    def _measure(self) -> None:
        # All of them each time: Ray exports what was set since it exported last.
        self.gauges["shards"].set(self.shards)
        self.gauges["shards_finished"].set(self.done)
        self.gauges["units_finished"].set(self.units)

    def finish_shard(self, units: int) -> None:
        """Notes that a shard is finished."""
        self.done += 1
        self.units += units
        self._measure()
        if self.quiet:
            return
        passed = time.monotonic() - self.start
        left = passed / self.done * (self.shards - self.done)
        text = f"{self.name}: {self.done}/{self.shards} shards, {self.units} units"
        if self.done < self.shards:
            text += f", ETA {int(left) // 60}:{int(left) % 60:02d}"
        is_terminal = sys.stderr.isatty()
        end = "\n" if not is_terminal or self.done == self.shards else ""
        print(("\r\033[K" if is_terminal else "") + text, end=end, file=sys.stderr, flush=True)

    def report(self, text: str) -> None:
        """Shows a message."""
        if not self.quiet:
            print(f"{self.name}: {text}", file=sys.stderr, flush=True)


def run_shards(
    bundle: Bundle, job: ShardedJob, folder: pathlib.Path, name: str, retries: int = 5,
    quiet: bool = False,
) -> None:
    """Does all shards of a job on the Ray that this process is connected to.

    Parameters: `folder` gets a folder for each shard, and what is in it already is not done again;
    `retries` is how often a shard is done again whose worker or process was lost.

    Raises InputError with the message of bt-run where a shard refuses its input.
    """
    # Workers on other machines need not have this package.
    cloudpickle: Any = ray.cloudpickle
    cloudpickle.register_pickle_by_value(_shards)

    def work(bundle: Bundle, shard: int, before: dict[str, bytes]) -> Outcome:
        try:
            files, counts = _shards.do_shard(bundle, job, shard, before)
            return shard, files, counts, ""
        except InputError as error:
            # As a value, so that the error is that of bt-run and not one of Ray.
            return shard, {}, {}, str(error)

    decorate: Any = ray.remote
    remote: Any = decorate(
        num_cpus=job.threads, max_retries=retries, retry_exceptions=[ShardLostError])
    task = remote(work)
    progress = Progress(name, job.shards, quiet)
    sent = ray.put(bundle)
    waiting: list[Any] = []
    for shard in range(job.shards):
        before = _shards.read_shard(folder / job.folder_name(shard))
        # The dashboard lists tasks by their names.
        named = task.options(name=f"{name}, shard {shard} of {job.shards}")
        waiting.append(named.remote(sent, shard, before))
    while waiting:
        ready, waiting = ray.wait(waiting, num_returns=1)
        try:
            shard, files, counts, refusal = ray.get(ready[0])
        except (ShardLostError, ray.exceptions.RayError) as error:
            refusal = f"a shard was lost {retries + 1} times: {error}"
        if refusal:
            for other in waiting:
                ray.cancel(other, force=True)
            raise InputError(refusal)
        _shards.write_shard(folder / job.folder_name(shard), files)
        progress.finish_shard(counts.get("units", 0))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description="Run the shards of a job of bt-run on Ray, and merge them.",
        epilog="The files of the result are, byte for byte, those of bt-run without shards.")
    parser.add_argument("command", choices=_shards.JOBS, help="the command of bt-run")
    parser.add_argument("study", help="the study file, or the batch file of a batch")
    parser.add_argument(
        "--workers", type=int, default=None, metavar="N",
        help="processors of a Ray that is started here (default: all); with --address, only the "
        "default of --shards follows from it")
    parser.add_argument(
        "--shards", type=int, default=None, metavar="N",
        help="into how many shards the work is divided (default: 4 for each worker)")
    parser.add_argument(
        "--address", default=None,
        help="a Ray cluster that is running, such as auto or ray://head:10001 (default: start one "
        "on this machine)")
    parser.add_argument("--out", default=None, help="where the results go (as for bt-run)")
    parser.add_argument(
        "--shards-folder", default=None,
        help="where shards are kept (default: <out>.shards, else "
        "Reports/<study>-<command>.shards)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides",
        help="override a key of the study; may be repeated")
    parser.add_argument(
        "--include", action="append", default=[], metavar="PATH",
        help="a file or folder that the workers need besides those that the study names, such as "
        "the program of an external policy; may be repeated")
    parser.add_argument(
        "--threads", type=int, default=1, metavar="N", help="processors of a shard (default: 1)")
    parser.add_argument(
        "--store", default=None, help="the store of trials, or none (as for bt-run)")
    parser.add_argument(
        "--program", default=None, help="the bt-run to send (default: that of PATH)")
    parser.add_argument(
        "--retries", type=int, default=5, metavar="N",
        help="how often a shard is done again whose worker was lost (default: 5)")
    parser.add_argument("--force", action="store_true", help="replace another study's result")
    parser.add_argument(
        "--dashboard", action="store_true",
        help="start Ray's dashboard with the Ray of this machine; needs ray[default]")
    parser.add_argument("-q", "--quiet", action="store_true", help="print only errors")
    return parser


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _check_address(address: str) -> None:
    """Checks that somebody listens at an address with a port: Ray itself tries for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
    except (OSError, OverflowError) as error:
        raise InputError(f"--address {address}: there is no Ray: {error}") from None


def _check_folder(option: str, path: str | None) -> None:
    """Checks before any work is done that a folder can be made or is there."""
    if path and os.path.exists(path) and not os.path.isdir(path):
        raise InputError(f"{option} {path}: this is a file; name a folder")


def _start(arguments: argparse.Namespace) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray's workers give way to every other process of the machine unless they are told not to.
    os.environ.setdefault("RAY_worker_niceness", "0")
    options: dict[str, Any] = {"logging_level": "error", "log_to_driver": False}
    if arguments.address:
        _check_address(arguments.address)
        try:
            ray.init(address=arguments.address, **options)
        except Exception as error:
            raise InputError(
                f"--address {arguments.address}: there is no Ray: {_first_line(error)}") from None
        return
    if arguments.dashboard and importlib.util.find_spec("aiohttp") is None:
        raise InputError("--dashboard needs more of Ray: pip install 'ray[default]'")
    try:
        context: Any = ray.init(
            num_cpus=arguments.workers, include_dashboard=arguments.dashboard, **options)
    except Exception as error:
        raise InputError(f"Ray did not start on this machine: {_first_line(error)}") from None
    if arguments.dashboard and not arguments.quiet:
        print(
            f"dashboard: http://{context.dashboard_url} (where it asks for a token, "
            "'ray get-auth-token' prints it)", file=sys.stderr)


def main(words: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status, which is that of bt-run for the same fault."""
    parser = _parser()
    arguments = parser.parse_args(words)
    for name in ("workers", "shards", "threads"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            parser.error(f"--{name} must be 1 or more, not {value}")
    if arguments.retries < 0:
        parser.error(f"--retries must be 0 or more, not {arguments.retries}")
    try:
        return _perform(arguments)
    except InputError as error:
        print(f"{error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; start it again to go on where it stopped", file=sys.stderr)
        return 130


def _perform(arguments: argparse.Namespace) -> int:
    program = _shards.find_program(arguments.program)
    _check_folder("--out", arguments.out)
    _check_folder("--shards-folder", arguments.shards_folder)
    # This refuses what bt-run cannot read.
    bundle = Bundle.of(program, arguments.study, arguments.overrides, arguments.include)
    if arguments.command == "batch":
        _check_batch(arguments.study)
    workers = arguments.workers or os.cpu_count() or 1
    shards = arguments.shards or 4 * workers
    stem = pathlib.Path(arguments.study).stem
    folder = pathlib.Path(
        arguments.shards_folder
        or f"{(arguments.out or f'Reports/{stem}-{arguments.command}').rstrip('/')}.shards")
    job = ShardedJob(
        arguments.command, shards, tuple(arguments.overrides), arguments.threads,
        keeps_trials=arguments.store != "none")
    _start(arguments)
    try:
        run_shards(
            bundle, job, folder, f"{stem} {arguments.command}", arguments.retries,
            arguments.quiet)
    finally:
        ray.shutdown()
    places = [str(folder / job.folder_name(shard)) for shard in range(shards)]
    words = ["merge", *places, "--study-folder", os.path.dirname(arguments.study) or "."]
    for name in ("out", "store"):
        value = getattr(arguments, name)
        if value:
            words += [f"--{name}", value]
    words += ["--force"] if arguments.force else []
    words += ["-q"] if arguments.quiet else []
    # A batch in which entries have failed is merged, and the status says so.
    return subprocess.run([str(program), *words], check=False).returncode


def _check_batch(path: str) -> None:
    """Checks that the entries of a batch leave nothing but lines of its tables."""
    import yaml

    try:
        text = pathlib.Path(path).read_text()
        batch = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        # bt-run says what is wrong with it.
        return
    if not isinstance(batch, dict) or "studies" not in batch:
        raise InputError(f"{path}: this is a study, not a batch file with the key 'studies'")
    if batch.get("results", "all") != "none":
        raise InputError(
            f"{path}: entries that run on other machines leave no files of their own here; write "
            "'results: none' into the batch file")


if __name__ == "__main__":
    sys.exit(main())
