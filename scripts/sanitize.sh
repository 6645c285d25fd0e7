#!/usr/bin/env bash
# The tests of everything that is compiled, on a build with AddressSanitizer and UndefinedBehaviorSanitizer.
# Before they count, the sanitizers prove that they are on: what is planted has to be found.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-.venv/bin/python}
build=build/sanitize
flags=(-std=gnu11 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g)

fail() {
    echo "sanitize: $*" >&2
    exit 1
}

command -v gcc >/dev/null || fail "needs gcc (Debian: apt-get install gcc)"
runtime=$(gcc -print-file-name=libasan.so)
test -e "$runtime" || fail "gcc has no AddressSanitizer runtime (Debian: apt-get install libgcc-12-dev)"

# No leak check: it would find what Python keeps until its end.
export ASAN_OPTIONS=detect_leaks=0:strict_string_checks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1

echo "sanitize: building"
mkdir -p "$build"
CC=gcc FIXWATCH_SANITIZE=1 "$python" setup.py --quiet build --build-temp "$build/objects" --build-lib "$build/lib"
for source in src/fixwatch/*/_*.pyx; do
    module=${source#src/fixwatch/}
    built=$(echo "$build/lib/fixwatch/${module%.pyx}".*.so)
    grep -q __asan_report_load "$built" || fail "$module was built without AddressSanitizer"
    grep -q __ubsan_handle "$built" || fail "$module was built without UndefinedBehaviorSanitizer"
done

echo "sanitize: the fuzz targets, on their seeds"
"$python" -m tests.fuzz.tables_as_c >"$build/tables.h"
for target in decode_never_crashes order_makes_no_difference simd_paths_agree; do
    gcc "${flags[@]}" -Isrc/fixwatch/fix -I"$build" tests/fuzz/$target.c tests/fuzz/replay.c -o "$build/$target"
    "$build/$target" tests/fuzz/corpus/*.fix
done
for planted in PLANT_OVER_READ:heap-buffer-overflow PLANT_OVERFLOW:'signed integer overflow'; do
    gcc "${flags[@]}" -D"${planted%%:*}" -Isrc/fixwatch/fix -I"$build" tests/fuzz/decode_never_crashes.c \
        tests/fuzz/replay.c -o "$build/planted"
    said=$("$build/planted" tests/fuzz/corpus/execution_report.fix 2>&1) && fail "${planted%%:*} was not found"
    grep -q "${planted#*:}" <<<"$said" || fail "${planted%%:*} was found as something else: $said"
done

echo "sanitize: the tests, in Python"
# The runtime has to be in the process before everything else, and Python's own allocator out of the way: its
# small blocks lie side by side, where nothing sees what is read past one.
export LD_PRELOAD=$runtime PYTHONMALLOC=malloc PYTHONPATH=$build/lib
"$python" -c "import fixwatch.fix._kernel as k; assert '$build/lib' in k.__file__, k.__file__"
# Each matrix once: that its messages may come in any order says nothing more about memory.
"$python" -m pytest -q -p no:cacheprovider -m 'not slow' -k 'not (matrices and (of_arrival or repeats or alone or however_it_comes))' \
    tests/unit/fix tests/unit/ingest tests/unit/logs "$@"
