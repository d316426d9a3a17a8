"""Puts the dynamic library of the source tree beside the package."""

import os
import pathlib
import runpy
import shutil

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

HERE = pathlib.Path(__file__).resolve().parent
library = runpy.run_path(str(HERE / "backtestkit" / "_library.py"))


class BuildWithLibrary(build_py):
    """Copies the library into the build; builds it where the source tree has none.

    Without a source tree, or with BACKTESTKIT_WITHOUT_LIBRARY, the package goes without: it then
    needs BACKTESTKIT_LIBRARY where it runs.
    """

    def run(self) -> None:
        super().run()
        if self.editable_mode or os.environ.get("BACKTESTKIT_WITHOUT_LIBRARY"):
            return
        path = library["find"]()
        tree = library["source_tree"]()
        if path is None and tree is not None and shutil.which("swift"):
            path = library["build"](tree)
        if path is not None:
            shutil.copy2(path, pathlib.Path(self.build_lib) / "backtestkit" / library["FILE"])


class PlatformWheel(bdist_wheel):
    """A wheel for any Python 3 of this system."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


class BinaryDistribution(Distribution):
    def has_ext_modules(self) -> bool:
        return True


setup(
    cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": PlatformWheel},
    distclass=BinaryDistribution,
)
