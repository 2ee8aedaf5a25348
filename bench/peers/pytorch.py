# SPDX-License-Identifier: GPL-3.0-or-later
"""PyTorch: a plain loop over Euler-Maruyama's steps, eager and compiled."""
import os

from common import Variant, main


def variants():
    import torch

    from torch_net import coefficients, parameters, PRECISION

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))

    def several(w, p, x, times, dW):
        """The states after the steps of dW [steps][paths][dim]."""
        states = []
        for t, increment in zip(times, dW.unbind()):
            f, g = coefficients(w, p, x, t)
            x = torch.addcmul(torch.add(x, f, alpha=1.0 / w.steps), g, increment)
            states.append(x)
        return states

    def loop(w, steps, stride, p, dW, times):
        """The loss, by so many steps a call of `steps`."""
        x = torch.zeros_like(dW[0])
        loss = 0.0
        for first in range(0, w.steps, stride):
            states = steps(w, p, x, times[first : first + stride], dW[first : first + stride])
            x = states[-1]
            for k in w.observed:
                if first < k <= first + stride:
                    loss = loss + torch.square(states[k - first - 1] - torch.sin(times[k])).sum()
        return loss / (11 * w.paths)

    def evaluator(w, precision, steps, stride, chunk):
        kept = parameters(w, precision)
        dtype = PRECISION[precision]
        times = torch.arange(w.steps + 1, dtype=torch.float64).div(w.steps).to(dtype).unbind()

        def evaluate(seed, weights):
            p = kept if weights is None else parameters(w, precision, weights)
            torch.manual_seed(seed)
            for a in p:
                a.grad = None
            total = 0.0
            for _ in range(0, w.paths, chunk):
                dW = torch.randn(w.steps, chunk, w.dim, dtype=dtype).mul_(w.steps**-0.5)
                loss = loop(w, steps, stride, p, dW, times)
                loss.backward()  # adds to the gradient
                total = total + loss.detach()
            return total, [a.grad for a in p]

        return evaluate

    def eager(w, precision):
        """Fewer paths at a time stay in the caches."""
        sizes = sorted({w.paths, max(w.paths // 4, 64)}, reverse=True)
        return {f"{n} paths at a time": evaluator(w, precision, several, w.steps, n) for n in sizes}

    def compiled(w, precision):
        """A whole loop takes minutes to compile: some steps together."""
        torch._dynamo.reset()
        return {
            f"{n} steps at a time": evaluator(w, precision, torch.compile(several, dynamic=False), n, w.paths)
            for n in (1, 10)
        }

    return [Variant("torch_eager", eager), Variant("torch_compiled", compiled)]


if __name__ == "__main__":
    main("torch", ["torch"], variants)
