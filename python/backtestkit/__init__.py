"""Train on the market simulator that judges: BacktestKit's engine for Python.

    import backtestkit

    result = backtestkit.run("study.yaml")
    env = backtestkit.TradingEnv("study.yaml", "policies/ppo")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ._version import version as __version__
from .errors import BacktestKitError, ClosedError

if TYPE_CHECKING:
    from .agents import TradingParallelEnv
    from .env import TradingEnv
    from .results import Result, run
    from .sb3 import TradingVecEnv
    from .vector import TradingVectorEnv

__all__ = [
    "BacktestKitError",
    "ClosedError",
    "Result",
    "TradingEnv",
    "TradingParallelEnv",
    "TradingVecEnv",
    "TradingVectorEnv",
    "__version__",
    "run",
]

# Imported when they are first asked for: not everybody has every library that they need.
_HOMES = {
    "Result": "results",
    "TradingEnv": "env",
    "TradingParallelEnv": "agents",
    "TradingVecEnv": "sb3",
    "TradingVectorEnv": "vector",
    "run": "results",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
