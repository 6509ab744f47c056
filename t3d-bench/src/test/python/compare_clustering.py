"""Runs Clustering (Java) and clustering.py in turn on the same inputs; prints medians and ratios.

Called by t3d-bench/compare-clustering, which says what the arguments mean.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import time

import torch
from safetensors.torch import load_file, save_file

import clustering

SIZES = {  # pairs, token grid, prototypes, dim
    "tiny": (2, (2, 3, 4), 8, 16),
    "base": (4, (8, 8, 16), 512, 256),
    "large": (8, (16, 16, 16), 512, 256),
}


class Java:
    """A process that runs a stage when told to."""

    def __init__(self, classpath, inputs, outputs):
        command = ["java", "-Xmx2g", "-cp", classpath, "io.t3d.bench.kernel.Clustering", inputs, outputs]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def seconds(self, stage, save):
        print(stage, "save" if save else "time", file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("The Java side ended")
        result = json.loads(line)
        return result["seconds"], result["cpu"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def python_seconds(stage, tensors):
    start, cpu = time.perf_counter(), time.thread_time()
    result = clustering.STAGES[stage](tensors)
    return (time.perf_counter() - start, time.thread_time() - cpu), result


def check(stage, theirs, ours):
    """Both must have done the same work."""
    for i, expected in enumerate(theirs):
        got = ours[str(i)].reshape(expected.shape)
        if stage == "match" and i == 0:
            expected, got = expected * theirs[1], got * theirs[1]  # masked indices are free
        scale = expected.abs().max().clamp(min=1e-12)
        worst = ((got - expected).abs().max() / scale).item()
        if not worst < 1e-3:
            raise SystemExit(f"{stage}: output {i} differs by {worst} of its largest value")


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--classpath", required=True)
    args.add_argument("--work", required=True, type=pathlib.Path)
    args.add_argument("--size", choices=SIZES, default="base")
    args.add_argument("--runs", type=int, default=7)
    args.add_argument("--only", choices=clustering.STAGES)
    args.add_argument("--dim", type=int)
    a = args.parse_args()
    pairs, grid, prototypes, dim = SIZES[a.size]
    dim = a.dim or dim
    inputs, outputs = a.work / "inputs.safetensors", a.work / "outputs.safetensors"
    tensors = clustering.inputs(pairs, grid, prototypes, dim)
    save_file(tensors, inputs)
    java = Java(a.classpath, str(inputs), str(outputs))
    tokens = tensors["similarities"].shape[0]
    print(f"{tokens} tokens x {prototypes} prototypes, E {dim}; {torch.__version__}")
    print("| stage | T3D | PyTorch | ratio | processor time | | ratio |\n| --- | --- | --- | --- | --- | --- | --- |")
    for stage in [a.only] if a.only else clustering.STAGES:
        for _ in range(2):
            java.seconds(stage, True)
            theirs = python_seconds(stage, tensors)[1]
        check(stage, theirs, load_file(outputs))
        del theirs
        j, p = [], []
        for _ in range(a.runs):
            j.append(java.seconds(stage, False))
            p.append(python_seconds(stage, tensors)[0])
        (j, j_cpu), (p, p_cpu) = (
            [statistics.median(times) * 1e3 for times in zip(*side)] for side in (j, p)
        )
        print(
            f"| {stage} | {j:.1f} ms | {p:.1f} ms | {p / j:.2f}"
            f" | {j_cpu:.1f} ms | {p_cpu:.1f} ms | {p_cpu / j_cpu:.2f} |",
            flush=True,
        )
    java.close()


main()
