"""What is raised where something is wrong."""


class BacktestKitError(ValueError):
    """Something that the library cannot use; the text is the library's own."""


class ClosedError(BacktestKitError):
    """The environment was closed."""
