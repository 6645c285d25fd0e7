"""Apache Kafka's jars: Maven resolves `pom.xml` into its own repository; the class path is kept in `.kafka/`."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final, NoReturn

import pytest

#: What is to be resolved.
POM: Final = Path(__file__).with_name("pom.xml")
#: Where class paths are kept between runs.
CACHE: Final = POM.parents[2] / ".kafka"
#: The oldest Java that runs a Kafka 4 broker (KIP-1013).
JAVA: Final = 17
#: How long Maven may take, s: the first time it fetches 50 MB.
RESOLVE_LIMIT: Final = 600


class KafkaUnavailable(Exception):
    """Apache Kafka cannot run on this machine; says what is missing."""


def skip_without(missing: KafkaUnavailable) -> NoReturn:
    """Skip what needs Apache Kafka where it cannot run, or fail it if FIXWATCH_REQUIRE_KAFKA=1."""
    if os.environ.get("FIXWATCH_REQUIRE_KAFKA") == "1":
        pytest.fail(str(missing), pytrace=False)
    pytest.skip(str(missing))


def program(name: str) -> str:
    """The path of a program that Apache Kafka needs.

    Raises KafkaUnavailable if there is none.
    """
    found = shutil.which(name)
    if found is None:
        raise KafkaUnavailable(
            f"Apache Kafka needs {name}, which is not here (Debian: apt-get install default-jre-headless maven)."
        )
    return found


def java() -> str:
    """A Java that is new enough.

    Raises KafkaUnavailable if there is none.
    """
    found = program("java")
    said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < JAVA:
        raise KafkaUnavailable(f"Apache Kafka needs Java {JAVA} or later; {found} says: {said.strip()}")
    return found


def class_path() -> str:
    """What `java -cp` takes. Maven is asked only if `pom.xml` is new or a jar is gone.

    Raises KafkaUnavailable if there is no Maven, or Maven cannot resolve it.
    """
    known = CACHE / f"classpath-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"
    if known.exists():
        kept = known.read_text()
        if all(map(os.path.exists, kept.split(os.pathsep))):
            return kept
    CACHE.mkdir(exist_ok=True)
    fresh = known.with_suffix(f".{os.getpid()}")
    command = [program("mvn"), "-B", "-q", "-f", str(POM), "dependency:build-classpath"]
    try:
        done = subprocess.run(
            [*command, f"-Dmdep.outputFile={fresh}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=RESOLVE_LIMIT,
        )
    except subprocess.TimeoutExpired as error:
        raise KafkaUnavailable(f"Maven does not resolve {POM.name} within {RESOLVE_LIMIT} s.") from error
    if done.returncode != 0:
        reason = (done.stdout + done.stderr).strip().partition("\n")[0]
        raise KafkaUnavailable(f"Maven cannot resolve {POM.name}: {reason}")
    fresh.replace(known)
    return known.read_text()
