# SPDX-License-Identifier: GPL-3.0-or-later
"""torchsde: sdeint with backpropagation through the solver, and sdeint_adjoint."""
import os

from common import Variant, main


def variants():
    import torch
    import torchsde

    from torch_net import coefficients, parameters, PRECISION

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))

    class Equation(torch.nn.Module):
        sde_type = "ito"

        def __init__(self, w, noise_type, weights):
            super().__init__()
            self.w, self.noise_type = w, noise_type
            self.p = torch.nn.ParameterList(torch.nn.Parameter(a.detach()) for a in weights)

        def f_and_g(self, t, x):
            f, g = coefficients(self.w, list(self.p), x, t)
            return f, g if self.noise_type == "diagonal" else torch.diag_embed(g)

    def evaluator(w, precision, noise_type, solve):
        dtype = PRECISION[precision]
        kept = Equation(w, noise_type, parameters(w, precision))
        ts = torch.tensor([0] + w.observed, dtype=torch.float64).div(w.steps).to(dtype)
        targets = torch.sin(ts[1:])[:, None, None]
        # a hair more than 1/steps, or rounding would have a tiny step more in the end
        h = (1.0 + 1e-5) / w.steps

        def evaluate(seed, weights):
            equation = kept if weights is None else Equation(w, noise_type, parameters(w, precision, weights))
            for a in equation.p:
                a.grad = None
            x0 = torch.zeros(w.paths, w.dim, dtype=dtype)
            noise = torchsde.BrownianInterval(
                0.0, 1.0, size=(w.paths, w.dim), dtype=dtype, entropy=seed, dt=1.0 / w.steps, cache_size=None
            )
            x = solve(equation, x0, ts, noise, h)[1:]
            loss = torch.square(x - targets).sum() / (11 * w.paths)
            loss.backward()
            return loss.detach(), [a.grad for a in equation.p]

        return evaluate

    def backward(w, precision):
        def solve(equation, x0, ts, noise, h):
            return torchsde.sdeint(equation, x0, ts, bm=noise, method="euler", dt=h)

        return {"sdeint": evaluator(w, precision, "diagonal", solve)}

    def adjoint(noise_type):
        def solve(equation, x0, ts, noise, h):
            return torchsde.sdeint_adjoint(
                equation, x0, ts, bm=noise, method="euler", adjoint_method="euler", dt=h
            )

        def create(w, precision):
            return {"sdeint_adjoint": evaluator(w, precision, noise_type, solve)}

        return create

    # The adjoint equation is discretised, rather than the gradient of the discretisation taken: it is off by the
    # scheme's error. Where g_i sees other states than x_i, noise_type "diagonal" misses terms of its Ito correction
    # and the error does not vanish with the step; "general" has them, and is the same gradient as the others'.
    return [
        Variant("torchsde_backprop", backward),
        Variant("torchsde_adjoint", adjoint("general"), tolerance=0.1),
        Variant("torchsde_adjoint_diagonal", adjoint("diagonal"), tolerance=0.5),
    ]


if __name__ == "__main__":
    main("torchsde", ["torch", "torchsde"], variants)
