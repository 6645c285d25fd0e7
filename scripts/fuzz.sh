#!/usr/bin/env bash
# Fuzz the decoder: INPUTS in all (a million if not said), four times SECONDS_EACH at most; the first finding ends
# it. First the C alone, guided by coverage; then Python, which starts from what that has found.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-.venv/bin/python}
inputs=${INPUTS:-1000000}
seed=${SEED:-$(date +%s)}
seconds=${SECONDS_EACH:-100}
build=build/fuzz
flags=(-std=gnu11 -O2 -g -fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all)

command -v clang >/dev/null || {
    echo "fuzz: needs clang and its runtime (Debian: apt-get install clang libclang-rt-14-dev)" >&2
    exit 1
}
mkdir -p "$build/corpus" "$build/findings"
: >"$build/inputs"
"$python" -m tests.fuzz.tables_as_c >"$build/tables.h"

# A short quarantine and short stack traces: most of the time would go into freeing.
export ASAN_OPTIONS=quarantine_size_mb=8:thread_local_quarantine_size_kb=64:malloc_context_size=4

# Run a target: its name, its percentage of the inputs, its seconds, more flags of the compiler.
fuzz() {
    local name=$1 runs=$((inputs * $2 / 100)) most=$3
    shift 3
    clang "${flags[@]}" "$@" -Isrc/fixwatch/fix -I"$build" "tests/fuzz/$name.c" -o "$build/$name"
    "$build/$name" -runs="$runs" -max_total_time="$most" -seed="$((seed % 4294967295))" -max_len=4096 \
        -dict=tests/fuzz/fix.dict -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$build/findings/$name-" "$build/corpus" tests/fuzz/corpus >"$build/$name.log" 2>&1 || {
        tail -60 "$build/$name.log" >&2
        echo "fuzz: $name: a finding; the input is in $build/findings" >&2
        return 1
    }
    echo "fuzz: $name, SEED=$seed, $(grep -o 'cov: [0-9]* ft: [0-9]*' "$build/$name.log" | tail -1)"
    sed -n 's/^stat::number_of_executed_units: */  inputs /p' "$build/$name.log" | tee -a "$build/inputs"
}

# Two at a time. The one in front takes the longest; the one behind starts from what it finds, and tracing
# comparisons took two thirds of its time.
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
fuzz decode_never_crashes 30 $((seconds * 2)) &
fuzz simd_paths_agree 35 "$seconds"
fuzz order_makes_no_difference 10 "$seconds" -fno-sanitize-coverage=trace-cmp
wait $!

# The oracle is slow: twice the time of the others.
"$python" -m tests.fuzz --inputs $((inputs * 25 / 100)) --seed "$seed" --seconds $((seconds * 2)) \
    "$build/corpus" tests/fuzz/corpus | tee -a "$build/inputs"
awk '/^  inputs/ { sum += $2 } END { print "fuzz:", sum, "inputs, no finding" }' "$build/inputs"
