"""The one thing pyproject.toml cannot say yet: which files Cython compiles, and how."""

import os
import sys
from glob import glob

from Cython.Build import cythonize
from setuptools import Extension, setup

if sys.platform == "win32":
    raise SystemExit("fixwatch runs on Linux and macOS; on Windows use WSL 2.")

# FIXWATCH_SANITIZE=1 compiles AddressSanitizer and UndefinedBehaviorSanitizer in: see `make sanitize`.
SANITIZE = "-fsanitize=address,undefined"
sanitized = os.environ.get("FIXWATCH_SANITIZE") == "1"
compile_flags = [SANITIZE, "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-O1", "-g"]

setup(
    ext_modules=cythonize(
        [
            Extension(
                f"fixwatch.{module.replace('/', '.')}",
                [f"src/fixwatch/{module}.pyx"],
                depends=sorted(glob("src/fixwatch/*/_*.h") + glob("src/fixwatch/*/_*.pxd")),
                extra_compile_args=compile_flags if sanitized else ["-O3"],
                extra_link_args=[SANITIZE] if sanitized else [],
            )
            for module in (
                "fix/_kernel",
                "fix/_tables",
                "ingest/_chains",
                "ingest/_group_entries",
                "ingest/_order_merge",
                "ingest/_orders",
                "ingest/_rollups",
                "ingest/_rows",
                "ingest/_session_merge",
                "ingest/_sessions",
                "ingest/_trades",
                "ingest/_trading_days",
                "logs/_splitter",
                "store/_binary",
            )
        ],
        compiler_directives={
            "language_level": 3,
            "boundscheck": False,
            "wraparound": False,
            "cdivision": True,
            "initializedcheck": False,
        },
    )
)
