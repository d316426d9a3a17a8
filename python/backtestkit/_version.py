"""The version of the package, which is that of the library."""

version = "0.1.0"
