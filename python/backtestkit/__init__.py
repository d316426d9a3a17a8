"""Train on the market simulator that judges: BacktestKit's engine for Python."""

from ._version import version as __version__

__all__ = ["__version__"]
