"""The library's C interface with numpy arrays as its memory."""

from __future__ import annotations

import ctypes
import functools
import json
import os
import threading
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from . import _library
from .errors import BacktestKitError, ClosedError

# The figures of an environment, in the order of the C interface.
FIGURES = (
    "equity",
    "cash",
    "exposure",
    "costs",
    "turnover",
    "fills",
    "steps",
    "instant",
    "time",
    "return",
)

# The most environments of one handle.
LARGEST_COUNT = 1 << 20

_PARTS = (
    "actions",
    "observations",
    "rewards",
    "terminated",
    "truncated",
    "figures",
    "final_observations",
    "final_figures",
    "masks",
)


class _Buffers(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t)] + [
        field
        for part in _PARTS
        for field in ((part, ctypes.c_void_p), (part + "_size", ctypes.c_size_t))
    ]


@functools.cache
def library() -> ctypes.CDLL:
    """The library with the types of its functions."""
    loaded = _library.load()
    text, size, handle = ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int64
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "backtestkit_create": (handle, [text, text, text, ctypes.c_int32, text, size]),
        "backtestkit_describe": (ctypes.c_int64, [handle, text, size]),
        "backtestkit_bind": (ctypes.c_int32, [handle, ctypes.POINTER(_Buffers)]),
        "backtestkit_reset": (ctypes.c_int32, [handle, ctypes.c_void_p, ctypes.c_void_p, text]),
        "backtestkit_result": (ctypes.c_int64, [handle, ctypes.c_int32, text, size]),
        "backtestkit_error": (ctypes.c_int64, [handle, text, size]),
        "backtestkit_close": (ctypes.c_int32, [handle]),
        "backtestkit_run": (ctypes.c_int32, [text, text, text, text, size]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    # No argument types: the handle is a ctypes number already, and a step is called often.
    loaded.backtestkit_step.restype = ctypes.c_int32
    return loaded


@functools.cache
def short_step() -> Any:
    """The step of a few environments, which keeps Python's lock.

    Giving the lock away and taking it back costs more than a step of one environment.
    """
    kept = ctypes.PyDLL(None, handle=library()._handle).backtestkit_step
    kept.restype = ctypes.c_int32
    return kept


def path_bytes(path: str | os.PathLike[str]) -> bytes:
    """A path as the library takes it."""
    encoded = os.fsencode(path)
    if b"\0" in encoded:
        raise BacktestKitError(f"the path {path!r} holds a NUL character")
    return encoded


class Environments:
    """A number of environments in the library, and the arrays that it writes into.

    The arrays are written in place by `reset` and `step`: `observations` (count, numbers),
    `rewards` (count,), `terminated` and `truncated` (count,), `figures` (count, figures),
    `final_observations` and `final_figures` of the episodes that ended in a step which began new
    ones, and `masks` (count, actions) where the manifest has masks.
    """

    def __init__(
        self,
        study: str | os.PathLike[str],
        policy: str | os.PathLike[str] | None,
        count: int,
        options: dict[str, Any],
    ) -> None:
        self._lock = threading.Lock()
        self._handle = 0
        loaded = library()
        if not isinstance(count, (int, np.integer)) or not 1 <= count <= LARGEST_COUNT:
            raise BacktestKitError(
                f"the number of environments is {count}, not a whole number from 1 to "
                f"{LARGEST_COUNT}"
            )
        error = ctypes.create_string_buffer(1 << 16)
        handle = loaded.backtestkit_create(
            path_bytes(study),
            None if policy is None else path_bytes(policy),
            _json(options),
            count,
            error,
            len(error),
        )
        if handle == 0:
            raise BacktestKitError(error.value.decode())
        self._handle = handle
        # A step without the way through Python's objects: `call(argument)`, negative on failure.
        self.argument = ctypes.c_int64(handle)
        self.call = short_step() if count <= 64 else loaded.backtestkit_step
        self.count = count
        self.description: dict[str, Any] = json.loads(self._text("backtestkit_describe"))
        self._allocate()

    def _allocate(self) -> None:
        shape = tuple(self.description["observation"]["shape"])
        action = self.description["action"]
        count, sizes = self.count, action["sizes"]
        self.is_box = action["kind"] == "box"
        width = sizes[0] if self.is_box else len(sizes)
        self.actions: npt.NDArray[Any] = np.zeros(
            (count, width), np.float32 if self.is_box else np.int64
        )
        self.observations = np.zeros((count, *shape), np.float32)
        self.rewards = np.zeros(count)
        self.terminated = np.zeros(count, np.bool_)
        self.truncated = np.zeros(count, np.bool_)
        self.figures = np.zeros((count, len(FIGURES)))
        self.final_observations = np.zeros_like(self.observations)
        self.final_figures = np.zeros_like(self.figures)
        self.masks: npt.NDArray[np.bool_] | None = None
        if action["masks"]:
            self.masks = np.ones((count, sizes[0]), np.bool_)
        buffers = _Buffers(struct_size=ctypes.sizeof(_Buffers))
        for part in _PARTS:
            array = getattr(self, part)
            if array is not None:
                setattr(buffers, part, array.ctypes.data)
                setattr(buffers, part + "_size", array.nbytes)
        self._check(library().backtestkit_bind(self._handle, ctypes.byref(buffers)))

    def __reduce__(self) -> str | tuple[Any, ...]:
        raise BacktestKitError(
            "environments cannot be copied or pickled: make others of the same study and manifest")

    def reset(
        self,
        which: npt.NDArray[np.bool_] | None = None,
        seeds: Sequence[int] | None = None,
        options: dict[str, Any] | None = None,
    ) -> None:
        """Begins new episodes: of all environments, or of those that `which` marks."""
        chosen = None if which is None else np.ascontiguousarray(which, np.bool_)
        if chosen is not None and chosen.shape != (self.count,):
            raise BacktestKitError(
                f"the mask of a reset has the shape {chosen.shape}, not ({self.count},)"
            )
        for seed in seeds or ():
            if not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**64:
                raise BacktestKitError(f"the seed {seed!r} is no whole number from 0 to 2**64 - 1")
        numbers = None if seeds is None else np.array(seeds, np.uint64)
        if numbers is not None and numbers.shape != (self.count,):
            raise BacktestKitError(f"{len(numbers)} seeds for {self.count} environments")
        with self._lock:
            self._check(
                library().backtestkit_reset(
                    self._handle,
                    None if chosen is None else chosen.ctypes.data,
                    None if numbers is None else numbers.ctypes.data,
                    None if not options else _json(options),
                )
            )

    def step(self) -> int:
        """Carries out `actions`; gives the number of episodes that ended."""
        ended: int = self.call(self.argument)
        if ended < 0:
            self.fail()
        return ended

    def result(self, index: int = 0) -> dict[str, Any]:
        """What the run of one environment did so far, with its fingerprint."""
        found: dict[str, Any] = json.loads(self._text("backtestkit_result", ctypes.c_int32(index)))
        return found

    def close(self) -> None:
        """Ends the environments; closing again does nothing."""
        with self._lock:
            handle, self._handle = self._handle, 0
            self.argument.value = 0
        if handle:
            library().backtestkit_close(handle)

    @property
    def is_closed(self) -> bool:
        """Whether the environments were closed."""
        return self._handle == 0

    def __del__(self) -> None:
        if getattr(self, "_handle", 0):
            self.close()

    def _text(self, function: str, *arguments: Any) -> str:
        call = getattr(library(), function)
        size = 1 << 12
        while True:
            text = ctypes.create_string_buffer(size)
            length = call(self._handle, *arguments, text, size)
            if length < 0:
                self.fail()
            if length < size:
                return text.value.decode()
            size = length + 1

    def _check(self, status: int) -> None:
        if status < 0:
            self.fail()

    def fail(self) -> NoReturn:
        """Raises what went wrong last."""
        if self._handle == 0:
            raise ClosedError("the environment was closed; make a new one")
        raise BacktestKitError(self._text("backtestkit_error"))


def _json(options: dict[str, Any]) -> bytes:
    try:
        return json.dumps(options, default=_plain, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise BacktestKitError(f"the options cannot be written as JSON: {error}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, (np.integer, np.floating, np.bool_)):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is neither a number, a text, a list nor a table")
