"""Alternates training steps of T3D (StepRunner.java) and PyTorch (step_reference.py), prints seconds and ratios."""
import argparse
import json
import os
import pathlib
import statistics
import subprocess

REFERENCE = str(pathlib.Path(__file__).with_name("step_reference.py"))
SIDES = ("plain", "float32", "bfloat16", "torch-float32", "torch-float32-ncdhw", "torch-bfloat16")


def command(side, options):
    if side.startswith("torch-"):
        precision, *contiguous = side.removeprefix("torch-").split("-")
        return [options.python, REFERENCE, options.model, precision, "--device", options.device] + (
            ["--contiguous"] if contiguous else [])
    jvm = ["java", "-Xmx2g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", options.classpath]
    if side == "plain":
        return [*jvm, "-Dt3d.bridge=off", "io.t3d.bench.step.StepRunner", options.model, "float32", options.device]
    return [*jvm, "io.t3d.bench.step.StepRunner", options.model, side, options.device]


class Side:
    def __init__(self, name, options):
        self.name, self.times, self.last = name, [], {}
        self.process = subprocess.Popen(command(name, options), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True,
                                        env=os.environ | {"OMP_NUM_THREADS": str(options.threads)})
        self.expect("ready")
        self.say(f"pairs {options.pairs}")

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def expect(self, start):
        for line in self.process.stdout:
            if line.startswith(start):
                return line
        raise SystemExit(f"{self.name} ended with code {self.process.wait()}; run it alone to see why")

    def step(self, warm):
        self.say("step")
        self.last = json.loads(self.expect("{"))
        print(f"  {self.name:20s} {self.last['seconds']:8.3f} s  {self.last['cpu']:8.2f} s cpu  loss {self.last['loss']:.4f}", flush=True)
        if warm:
            self.times.append(self.last)

    def count(self):
        """Operations that compute, by part of the step."""
        self.say("count")
        return json.loads(self.expect("{"))

    def profile(self):
        print(f"\n{self.name}: where a step's time goes")
        self.say("profile")
        for line in self.process.stdout:
            if line.strip() == "end of profile":
                return
            print(f"  {line}", end="", flush=True)

    def median(self, key):
        return statistics.median(step[key] for step in self.times)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def count_operations(names, options):
    """One side after the other; the second step of each, since some tables are made once."""
    totals = {}
    for name in names:
        side = Side(name, options)
        side.step(False)
        counted = side.count()
        side.close()
        totals[name] = counted["total"]
        print(f"{name}: {counted['total']} operations that compute, {counted['calls']} calls of libtorch")
        for part, operations in sorted(counted["parts"].items()):
            most = sorted(operations.items(), key=lambda item: -item[1])[:12]
            print(f"  {sum(operations.values()):5d}  {part}: " + ", ".join(f"{n} {k}" for k, n in most))
    print(f"\n{options.model}: ratios of the counts")
    for a in names:
        for b in names:
            if a.startswith("torch") and not b.startswith("torch"):
                print(f"  {b} / {a}: {totals[b] / totals[a]:.2f}")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("model", nargs="?", default="resnet50",
                           choices=("resnet50", "vit-base", "resnet50-narrow", "vit-base-narrow"))
    arguments.add_argument("--device", default="cpu", help="cpu, gpu, gpu1; both sides at once on it")
    arguments.add_argument("--pairs", type=int, default=2)
    arguments.add_argument("--steps", type=int, default=3, help="after one to warm up")
    arguments.add_argument("--threads", type=int, default=os.cpu_count())
    arguments.add_argument("--sides", default="plain,float32,torch-float32")
    arguments.add_argument("--profile", action="store_true", help="of one more step of each side")
    arguments.add_argument("--count-operations", action="store_true", help="of one step of each side, in place of times")
    arguments.add_argument("--python", default="python3")
    arguments.add_argument("--classpath", required=True)
    options = arguments.parse_args()
    names = options.sides.split(",")
    if unknown := set(names) - set(SIDES):
        arguments.error(f"unknown sides {unknown}; there are {', '.join(SIDES)}")
    if options.count_operations:
        count_operations(names, options)
        return
    sides = [Side(name, options) for name in names]
    for step in range(1 + options.steps):
        print("warm-up" if step == 0 else f"step {step}", flush=True)
        for side in sides:
            side.step(step > 0)
    print(f"\n{options.model}, {options.pairs} pairs on {options.device}, {options.threads} threads: median seconds and processor seconds per step, peak memory")
    for side in sides:
        print(f"  {side.name:20s} {side.median('seconds'):8.3f} s {side.median('cpu'):8.2f} s cpu"
              f" {side.last['peakMiB']:6d} MiB")
    print("ratios of the medians: seconds, processor seconds")
    for a in sides:
        for b in sides:
            if a is not b and not b.name.startswith("torch") and b.name != "plain":
                ratios = [a.median(key) / b.median(key) for key in ("seconds", "cpu")]
                print(f"  {a.name} / {b.name}: {ratios[0]:.2f}, {ratios[1]:.2f}")
    for side in sides:
        if options.profile:
            side.profile()
        side.close()


if __name__ == "__main__":
    main()
