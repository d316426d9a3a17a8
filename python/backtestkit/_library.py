"""Finds the dynamic library of the environments, or builds it."""

import ctypes
import os
import pathlib
import shutil
import subprocess
import sys

VARIABLE = "BACKTESTKIT_LIBRARY"
FILE = "libBacktestEnvironment" + (".dylib" if sys.platform == "darwin" else ".so")
# The version of the C interface for which this package was written.
INTERFACE = 1


class LibraryError(ImportError):
    """The dynamic library is not there, or is of another version."""


def source_tree() -> pathlib.Path | None:
    """The Swift package in which this Python package lies, if it lies in one."""
    for folder in pathlib.Path(__file__).resolve().parents:
        if (folder / "Package.swift").exists() and (folder / "Sources/BacktestKit").exists():
            return folder
    return None


def find() -> pathlib.Path | None:
    """The library, where there is one.

    The environment variable BACKTESTKIT_LIBRARY is asked first, then the folder of this package,
    then the builds of the source tree.
    """
    named = os.environ.get(VARIABLE)
    if named:
        path = pathlib.Path(named)
        if path.is_dir():
            path = path / FILE
        if not path.exists():
            raise LibraryError(f"{VARIABLE} names {named}, where there is no {FILE}")
        return path
    beside = pathlib.Path(__file__).resolve().parent / FILE
    if beside.exists():
        return beside
    tree = source_tree()
    if tree is not None:
        for configuration in ("release", "debug"):
            built = tree / ".build" / configuration / FILE
            if built.exists():
                return built
    return None


def build(tree: pathlib.Path) -> pathlib.Path:
    """Builds the library in the source tree, which takes some minutes the first time."""
    swift = shutil.which("swift")
    if swift is None:
        raise LibraryError(f"to build {FILE} in {tree}, install Swift 6.2 or later")
    print(f"backtestkit: building {FILE} in {tree}", file=sys.stderr)
    command = [swift, "build", "-c", "release", "--product", "BacktestEnvironment"]
    # What Swift writes must not mix with the output of the program that imports this package.
    finished = subprocess.run(command, cwd=tree, stdout=sys.stderr, check=False)
    path = tree / ".build" / "release" / FILE
    if finished.returncode != 0 or not path.exists():
        raise LibraryError(f"'{' '.join(command)}' failed in {tree}")
    return path


def load() -> ctypes.CDLL:
    """The library, loaded and of the right version."""
    path = find()
    if path is None:
        tree = source_tree()
        if tree is None:
            raise LibraryError(
                f"{FILE} is neither beside the package nor in a source tree; build it with 'swift "
                f"build -c release --product BacktestEnvironment' and set {VARIABLE} to its path"
            )
        path = build(tree)
    library = ctypes.CDLL(str(path))
    try:
        found = library.backtestkit_interface_version()
    except AttributeError:
        raise LibraryError(f"{path} is not the library of BacktestKit's environments") from None
    if found != INTERFACE:
        raise LibraryError(
            f"{path} has version {found} of the interface, but this package needs {INTERFACE}; "
            "build or install both from the same source"
        )
    return library
