"""Runs ReadVolumes (Java) and read_volumes.py in turn and prints medians, ratios and peak memory.

Called by t3d-bench/compare-io, which says what the arguments mean.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent


def run(command, cores):
    """(result, seconds of the whole process)"""
    # Settings of BLAS do not reach scipy.ndimage, but may slow NumPy's import down.
    env = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    start = time.perf_counter()
    done = subprocess.run(
        ["taskset", "-c", cores, *command], env=env, stdout=subprocess.PIPE, check=True, text=True
    )
    seconds = time.perf_counter() - start
    return json.loads(done.stdout.splitlines()[-1]), seconds


def same(a, b):
    """The two must have done the same work. pydicom's spacing is decimal, NIfTI's is float32."""
    assert a["size"] == b["size"], (a["size"], b["size"])
    worst = max(abs(x - y) for x, y in zip(a["voxels"], b["voxels"]))
    assert worst < 0.02, worst


def compare(name, java, python, runs, cores, whole):
    times, peaks = {"java": [], "python": []}, {}
    for _ in range(runs):
        results = {}
        for side, command in (("java", java), ("python", python)):
            result, seconds = run(command, cores)
            times[side].append(seconds if whole else result["seconds"])
            peaks[side] = max(peaks.get(side, 0), result["peakMiB"])
            results[side] = result
        same(results["java"], results["python"])
    j, p = (statistics.median(times[s]) for s in ("java", "python"))
    row = f"| {name} | {j:.2f} s | {p:.2f} s | {p / j:.1f} |"
    print(f"{row} {peaks['java']} MiB | {peaks['python']} MiB |", flush=True)


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--classpath", required=True)
    args.add_argument("--scan", required=True)
    args.add_argument("--runs", type=int, default=3)
    args.add_argument("--volumes", type=int, default=10)
    args.add_argument("--only", choices=["process", "volumes"])
    a = args.parse_args()
    java = ["java", "-cp", a.classpath, "io.t3d.bench.data.ReadVolumes", a.scan]
    python = [sys.executable, str(HERE / "read_volumes.py"), a.scan]
    both = ",".join(map(str, sorted(os.sched_getaffinity(0))[:2]))
    one = both.split(",")[0]
    print("| what | T3D | Python | ratio | peak T3D | peak Python |\n| --- | --- | --- | --- | --- | --- |")
    if a.only != "volumes":
        single = ["1", "1"]
        for name, cores in (("one core", one), ("two cores", both)):
            compare(
                f"whole process, {name}", java + single, python + single, a.runs, cores, True
            )
    if a.only != "process":
        n = str(a.volumes)
        for workers, cores, name in (("1", one, "one core"), ("2", both, "two workers")):
            many = [n, workers]
            compare(f"per volume of {n}, {name}", java + many, python + many, 1, cores, False)


main()
