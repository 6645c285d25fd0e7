"""The one thing pyproject.toml cannot say yet: which files Cython compiles, and how."""

import os
import sys
from glob import glob

from Cython.Build import cythonize
from setuptools import Extension, setup

if sys.platform == "win32":
    raise SystemExit("fixwatch runs on Linux and macOS; on Windows use WSL 2.")

# FIXWATCH_BOUNDSCHECK=1 builds the kernel with every index checked: what the safety tests run on.
checked = os.environ.get("FIXWATCH_BOUNDSCHECK") == "1"

setup(
    ext_modules=cythonize(
        [
            Extension(
                f"fixwatch.{module.replace('/', '.')}",
                [f"src/fixwatch/{module}.pyx"],
                depends=sorted(glob("src/fixwatch/fix/_*.h") + glob("src/fixwatch/fix/_*.pxd")),
                extra_compile_args=["-O3"],
            )
            for module in ("fix/_kernel", "fix/_tables", "ingest/_components", "logs/_splitter")
        ],
        compiler_directives={
            "language_level": 3,
            "boundscheck": checked,
            "wraparound": checked,
            "cdivision": True,
            "initializedcheck": False,
        },
    )
)
