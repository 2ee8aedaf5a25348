# SPDX-License-Identifier: GPL-3.0-or-later
"""What the peers share: the workloads W2, W3 and W4 of bench/neural.c, how they are timed, how they are checked.

A peer is a script that gives `main` its variants. Every figure is printed as a line `name value unit`.
Each number of threads has a process of its own, for libraries read it once, when they are loaded.
"""
import argparse
import importlib
import os
import subprocess
import sys
import time
from typing import NamedTuple


class Workload(NamedTuple):
    """dX = f(X, t) dt + g(X, t) dW from 0 over [0, 1] by Euler-Maruyama, W as wide as X, g diagonal.

    f is a network (x, t) -> width -> width -> dim and g a network (x, t) -> width -> dim with tanh between layers;
    g ends in softplus. The loss is the mean over paths and over eleven times of the squared distance from sin(t) in
    every component. Wanted are the loss and its gradient by all weights, with new noise in each call.
    """

    name: str
    dim: int
    width: int
    paths: int
    steps: int

    @property
    def observed(self):
        """After how many steps the state is observed."""
        return [k * self.steps // 11 for k in range(1, 11)] + [self.steps]


WORKLOADS = [
    Workload("w2", 2, 64, 1024, 100),
    Workload("w3", 8, 128, 4096, 100),
    Workload("w4", 1, 16, 64, 50),
]
CHECKED = Workload("check", 2, 24, 256, 50)


def initial_weights(w):
    """Glorot weights and no biases, in double precision. The first layers of both networks are one matrix,
    [x, t][drift, diffusion]: one product in place of two. Order: first, its bias; drift's second, its bias;
    drift's third, its bias; diffusion's second, its bias."""
    import numpy

    rng = numpy.random.default_rng(20250)
    weights = []
    shapes = [(w.dim + 1, w.width, 2), (w.width, w.width, 1), (w.width, w.dim, 1), (w.width, w.dim, 1)]
    for inputs, outputs, copies in shapes:
        limit = (6.0 / (inputs + outputs)) ** 0.5
        weights += [rng.uniform(-limit, limit, (inputs, outputs * copies)), numpy.zeros(outputs * copies)]
    return weights


def reference_losses(w, weights, seed):
    """The loss of each path, by NumPy and noise of its own: what a peer's mean loss is compared with."""
    import numpy

    rng = numpy.random.default_rng(seed)
    first, first_bias, second, second_bias, third, third_bias, last, last_bias = weights
    h = 1.0 / w.steps
    x = numpy.zeros((w.paths, w.dim))
    losses = numpy.zeros(w.paths)
    for k in range(w.steps):
        hidden = numpy.tanh(x @ first[: w.dim] + (k * h * first[w.dim] + first_bias))
        f = numpy.tanh(hidden[:, : w.width] @ second + second_bias) @ third + third_bias
        g = numpy.logaddexp(0.0, hidden[:, w.width :] @ last + last_bias)
        x = x + f * h + g * (h**0.5 * rng.standard_normal(x.shape))
        if k + 1 in w.observed:
            losses += ((x - numpy.sin((k + 1) * h)) ** 2).sum(axis=1) / 11
    return losses


class Variant(NamedTuple):
    """A way to compute the workloads. create(workload, precision) returns evaluate(seed, weights), which returns the
    loss and the gradient as the library's own arrays, all work done; weights as NumPy arrays are converted, and the
    first ones taken if None. It may return several such functions, by name: the fastest counts."""

    name: str
    create: object
    tolerance: float = 1e-6  # of the slope against a difference quotient with the same noise, relative


def difference(variant):
    """Relative error of the slope along a direction, against a central difference with the same noise; raises
    AssertionError if it is too large or if the loss is not that of the reference."""
    import numpy

    weights = initial_weights(CHECKED)
    losses = reference_losses(CHECKED, weights, 7)
    deviation = (2.0 / losses.size) ** 0.5 * losses.std()  # of the difference of two such means
    worst = 0.0
    for how, evaluate in variant.create(CHECKED, "double").items():
        rng = numpy.random.default_rng(31)
        loss, gradient = evaluate(5, weights)
        loss, gradient = float(loss), [numpy.array(g) for g in gradient]
        # half along the gradient, so that the slope is not small by chance, half at random
        along = unit(gradient) + unit([rng.standard_normal(a.shape) for a in weights])
        slope = float(unit(gradient, 1.0) @ along)
        e, ends = 1e-5, []
        for sign in (1.0, -1.0):
            moves = numpy.split(sign * e * along, numpy.cumsum([a.size for a in weights])[:-1])
            ends.append(float(evaluate(5, [a + m.reshape(a.shape) for a, m in zip(weights, moves)])[0]))
        quotient = (ends[0] - ends[1]) / (2.0 * e)
        relative = abs(slope - quotient) / abs(quotient)
        assert relative < variant.tolerance, f"{variant.name}, {how}: slope {slope}, differenced {quotient}"
        assert abs(loss - losses.mean()) < 5.0 * deviation, f"{variant.name}, {how}: loss {loss}, not {losses.mean()}"
        worst = max(worst, relative)
    return worst


def unit(arrays, length=None):
    """All numbers in a row, divided by their norm or by `length`."""
    import numpy

    row = numpy.concatenate([a.ravel() for a in arrays])
    return row / (length or numpy.linalg.norm(row))


LONG = 8.0  # seconds: what takes longer is measured once


def seconds(evaluate, least):
    """The least time of a call, over at least three calls and `least` seconds; two calls before, to warm up."""
    start = time.perf_counter()
    evaluate(1, None)
    if time.perf_counter() - start < LONG:
        evaluate(2, None)
    best, total, calls = float("inf"), 0.0, 0
    while best == float("inf") or total < LONG and (calls < 3 or total < least):
        start = time.perf_counter()
        evaluate(3 + calls, None)
        taken = time.perf_counter() - start
        best, total, calls = min(best, taken), total + taken, calls + 1
    return best


def measure(variants, arguments):
    """All figures of one number of threads, in this process."""
    for variant in variants:
        if arguments.threads == 1 and (not arguments.only or arguments.check):
            print(f"peer.{variant.name}.slope_error {difference(variant):.3g} ratio", flush=True)
        for w in WORKLOADS:
            for precision in ("double", "single"):
                name = f"{w.name}.gradient.{precision}.t{arguments.threads}.seconds"
                if not name.startswith(arguments.only):
                    continue
                times = {
                    how: seconds(evaluate, arguments.least) for how, evaluate in variant.create(w, precision).items()
                }
                fastest = min(times, key=times.get)
                print(f"peer.{variant.name}.{name} {times[fastest]:.6g} s", flush=True)
                if len(times) > 1:
                    print(f"# peer.{variant.name}.{name}: {fastest} is the fastest of {', '.join(times)}", flush=True)


def main(peer, packages, variants, environment=lambda threads: {}):
    """Runs a peer. `packages` are what it needs beside NumPy; `variants()` is called where they are loaded;
    `environment` gives what else the process with so many threads finds in its environment."""
    parser = argparse.ArgumentParser(description=f"nsde's neural workloads in {peer}")
    parser.add_argument("--only", default="", metavar="PREFIX", help="figures that begin so, e.g. w2.gradient.double")
    parser.add_argument("--least", type=float, default=1.0, metavar="SECONDS", help="repeat each for so long")
    parser.add_argument("--check", action="store_true", help="check the gradients even where --only is given")
    parser.add_argument("--threads", type=int, help="in this process, whose environment is set")
    arguments = parser.parse_args()
    if arguments.threads:
        measure(variants(), arguments)
        return
    for package in ["numpy"] + packages:
        try:
            importlib.import_module(package)
        except ImportError:
            print(f"peer.{peer} not installed")
            return
    from importlib.metadata import version

    print(f"# versions: {', '.join(f'{p} {version(p)}' for p in ['numpy'] + packages)}", flush=True)
    failed = False
    for threads in (1, 2):
        count = str(threads)
        own = {k: count for k in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        # glibc hands large blocks back at once and every new one is touched afresh: keep them
        own.update(MALLOC_MMAP_THRESHOLD_=str(1 << 30), MALLOC_TRIM_THRESHOLD_=str(1 << 34))
        command = [sys.executable, sys.argv[0], "--threads", count] + sys.argv[1:]
        processors = sorted(os.sched_getaffinity(0))[-threads:]
        failed |= bool(
            subprocess.run(
                command,
                env={**os.environ, **own, **environment(threads)},
                preexec_fn=lambda: os.sched_setaffinity(0, processors),
            ).returncode
        )
    sys.exit(failed)
