"""The shards of a job as processes of bt-run: what they need, and what they leave behind.

Nothing here knows of Ray, so that other schedulers can use it as well.
"""

import ctypes
import dataclasses
import hashlib
import io
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Sequence

JOBS = ("run", "sweep", "walkforward", "crossval", "batch")
# What the folder of a shard holds; the stores of a batch have numbers.
SHARD_FILES = ("shard.json", "units", "trials*.sqlite")
VARIABLE = "BACKTESTKIT_BT_RUN"


class InputError(Exception):
    """The input or the command line is wrong; the text is that of bt-run."""


class ShardLostError(Exception):
    """A shard ended before it was done, by no fault of its input; it can be done again."""


def find_program(named: str | None = None) -> pathlib.Path:
    """The program bt-run: the one that is named, else $BACKTESTKIT_BT_RUN, else that of PATH, else
    the newest build of the source tree around this package."""
    name = named or os.environ.get(VARIABLE) or shutil.which("bt-run")
    if name:
        path = pathlib.Path(name).resolve()
        if not os.access(path, os.X_OK) or path.is_dir():
            raise InputError(f"{name}: this is no program; name bt-run with --program")
        if name == named and not _is_bt_run(path):
            raise InputError(f"{name}: this is not bt-run; name it with --program")
        return path
    for folder in pathlib.Path(__file__).resolve().parents:
        for configuration in ("release", "debug"):
            built = folder / ".build" / configuration / "bt-run"
            if built.exists():
                return built.resolve()
    raise InputError(f"bt-run was not found; name it with --program or ${VARIABLE}")


def _is_bt_run(path: pathlib.Path) -> bool:
    try:
        done = subprocess.run(
            [str(path), "--version"], capture_output=True, text=True, check=False, timeout=60,
            stdin=subprocess.DEVNULL)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.startswith("bt-run ")


def run_program(program: pathlib.Path, words: Sequence[str]) -> str:
    """Runs bt-run to its end and returns what it printed.

    Raises InputError with its message where it refuses the input.
    """
    done = subprocess.run([str(program), *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        message = done.stderr.strip() or f"bt-run ended with status {done.returncode}"
        raise InputError(message)
    return done.stdout


@dataclasses.dataclass(frozen=True)
class Bundle:
    """All that a shard needs on another machine, as bytes that can be sent there."""

    program: bytes
    files: bytes
    """A tar archive of the study and of all files that it reads."""
    study: str
    """The path of the study in it."""
    start: str
    """The folder in it from which paths count, as they do where the bundle was made."""
    digest: str
    """A digest of all of it, by which machines know what they have already."""

    @staticmethod
    def of(
        program: pathlib.Path, study: str, overrides: Sequence[str] = (), more: Sequence[str] = ()
    ) -> "Bundle":
        """Collects what a study needs.

        `more` are files or folders that bt-run cannot know of, such as the programs that an
        external policy starts.
        """
        sets = [word for override in overrides for word in ("--set", override)]
        listed = json.loads(run_program(program, ["inputs", study, "--json", *sets]))
        paths = [pathlib.Path(os.path.abspath(path)) for path in [*listed, *more]]
        for path in paths:
            if not path.exists():
                raise InputError(f"{path}: there is no such file")
        own = pathlib.Path(os.path.abspath(study))
        start = pathlib.Path.cwd()
        root = pathlib.Path(os.path.commonpath([start, *(path.parent for path in [*paths, own])]))
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as archive:
            for path in sorted(set([*paths, own])):
                # What a link leads to is sent, not the link.
                archive.add(os.path.realpath(path), arcname=str(path.relative_to(root)))
        binary = program.read_bytes()
        digest = hashlib.sha256(binary)
        for path in sorted(set([*paths, own])):
            digest.update(str(path.relative_to(root)).encode() + b"\0")
        # Times of files are part of the archive, but of no result.
        digest.update(stream.getvalue())
        return Bundle(
            program=binary, files=stream.getvalue(), study=str(own.relative_to(root)),
            start=str(start.relative_to(root)), digest=digest.hexdigest()[:32])

    def unpack(self) -> pathlib.Path:
        """Unpacks the bundle on this machine, once for all of its processes.

        Returns its folder, which has `bt-run` and the files below `study`.
        """
        place = pathlib.Path(tempfile.gettempdir()) / f"backtestkit-{os.getuid()}" / self.digest
        if place.exists():
            return place
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        work = pathlib.Path(tempfile.mkdtemp(prefix=".unpacking-", dir=place.parent))
        with tarfile.open(fileobj=io.BytesIO(self.files)) as archive:
            archive.extractall(work / "study", filter="data")
        (work / "bt-run").write_bytes(self.program)
        (work / "bt-run").chmod(0o700)
        try:
            work.rename(place)
        except OSError:
            # Another process was quicker.
            shutil.rmtree(work)
        return place


@dataclasses.dataclass(frozen=True)
class ShardedJob:
    """A command of bt-run that is done in shards."""

    command: str
    shards: int
    overrides: tuple[str, ...] = ()
    threads: int = 1
    keeps_trials: bool = True

    def folder_name(self, shard: int) -> str:
        """How bt-run names the folder of a shard."""
        return f"{shard}-of-{self.shards}"

    def shard_folder(self, out: pathlib.Path, shard: int) -> pathlib.Path:
        """Where bt-run keeps a shard whose `--out` is given."""
        # The shards of a batch share the folder of its entries, and keep their own beside it.
        parent = out.with_name(f"{out.name}.shards") if self.command == "batch" else out
        return parent / self.folder_name(shard)


def read_shard(folder: pathlib.Path) -> dict[str, bytes]:
    """The files of a shard's folder; none where there is none yet."""
    paths = [path for name in SHARD_FILES for path in sorted(folder.glob(name))]
    return {path.name: path.read_bytes() for path in paths}


def write_shard(folder: pathlib.Path, files: dict[str, bytes]) -> None:
    """Writes the files of a shard, the one that says what it is last."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in read_shard(folder).keys() - files.keys():
        (folder / name).unlink()
    for name in sorted(files, key=lambda name: name == "shard.json"):
        part = folder / f".{name}.part"
        part.write_bytes(files[name])
        part.replace(folder / name)


def _die_with_parent() -> None:
    # A worker that is killed takes its shard with it, which would else keep the folder locked.
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(1, signal.SIGKILL)


def do_shard(
    bundle: Bundle, job: ShardedJob, shard: int, before: dict[str, bytes],
    patience: float = 30, sleep: Callable[[float], None] = time.sleep,
) -> tuple[dict[str, bytes], dict[str, int]]:
    """Does one shard on this machine.

    Parameters: `before` is what is known of it already; what this machine has of it from an earlier
    attempt is taken where it is more.

    Returns the files of its folder, and the numbers of units that bt-run reports.
    Raises InputError where bt-run refuses the input, and ShardLostError where it was ended.
    """
    place = bundle.unpack()
    options = hashlib.sha256(repr(job).encode()).hexdigest()[:16]
    out = place / "shards" / f"{job.command}-{options}"
    folder = job.shard_folder(out, shard)
    if len(before.get("units", b"")) > len(read_shard(folder).get("units", b"")):
        write_shard(folder, before)
    # From the same folder, so that messages which results keep name files as they do there.
    start = place / "study" / bundle.start
    start.mkdir(parents=True, exist_ok=True)
    words = [
        str(place / "bt-run"), job.command, os.path.relpath(bundle.study, bundle.start), "--json",
        "--shards", str(job.shards), "--shard", str(shard), "--out", str(out),
        "--threads", str(job.threads),
    ]
    words += [word for override in job.overrides for word in ("--set", override)]
    if not job.keeps_trials:
        words += ["--store", "none"]
    while True:
        done = subprocess.run(
            words, capture_output=True, text=True, check=False, cwd=start,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None)
        if done.returncode == 0:
            report = json.loads(done.stdout)
            counts = {key: value for key, value in report.items() if isinstance(value, int)}
            return read_shard(folder), counts
        if done.returncode < 0 or done.returncode == 130:
            raise ShardLostError(f"shard {shard} was ended by signal {-done.returncode}")
        message = done.stderr.strip().replace(str(place / "study") + "/", "")
        # The process of a worker that was lost may take a moment to end.
        if "another job is doing this shard" in message and patience > 0:
            patience -= 0.5
            sleep(0.5)
            continue
        if done.returncode == 2:
            raise InputError(message)
        raise ShardLostError(message or f"bt-run ended with status {done.returncode}")
