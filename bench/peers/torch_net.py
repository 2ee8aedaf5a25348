# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of the workloads in PyTorch, for the scripts that use it."""
import torch

from common import initial_weights

PRECISION = {"double": torch.float64, "single": torch.float32}


def parameters(w, precision, weights=None):
    arrays = initial_weights(w) if weights is None else weights
    return [torch.tensor(a, dtype=PRECISION[precision], requires_grad=True) for a in arrays]


def coefficients(w, p, x, t):
    """f and g at x [paths][dim] and t: one product for the first layers of both."""
    hidden = torch.tanh(torch.addmm(torch.addcmul(p[1], p[0][w.dim], t), x, p[0][: w.dim]))
    drift, diffusion = hidden[:, : w.width], hidden[:, w.width :]
    f = torch.addmm(p[5], torch.tanh(torch.addmm(p[3], drift, p[2])), p[4])
    return f, torch.nn.functional.softplus(torch.addmm(p[7], diffusion, p[6]))
