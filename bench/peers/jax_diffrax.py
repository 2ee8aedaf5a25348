# SPDX-License-Identifier: GPL-3.0-or-later
"""JAX: Euler-Maruyama by lax.scan, compiled as a whole; and diffrax, the same by its own solver and noise."""
from common import Variant, initial_weights, main


def variants():
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    dtypes = {"double": jnp.float64, "single": jnp.float32}

    def coefficients(w, p, x, t):
        hidden = jnp.tanh(x @ p[0][: w.dim] + (t * p[0][w.dim] + p[1]))
        f = jnp.tanh(hidden[..., : w.width] @ p[2] + p[3]) @ p[4] + p[5]
        return f, jax.nn.softplus(hidden[..., w.width :] @ p[6] + p[7])

    def evaluator(w, precision, loss, implementation):
        dtype = dtypes[precision]
        kept = [jnp.asarray(a, dtype) for a in initial_weights(w)]
        both = jax.jit(jax.value_and_grad(loss))

        def evaluate(seed, weights):
            p = kept if weights is None else [jnp.asarray(a, dtype) for a in weights]
            return jax.block_until_ready(both(p, jax.random.key(seed, impl=implementation)))

        return evaluate

    def scanned(w, dtype, unroll, chunk):
        """The loss by a scan over steps, for `chunk` paths at a time."""
        times = jnp.arange(w.steps + 1, dtype=jnp.float64) / w.steps
        seen = jnp.zeros(w.steps).at[jnp.asarray(w.observed) - 1].set(1.0).astype(dtype)
        inputs = (times[:-1].astype(dtype), jnp.sin(times[1:]).astype(dtype), seen)
        h = dtype(1.0 / w.steps)

        def some(p, key):
            dW = h**0.5 * jax.random.normal(key, (w.steps, chunk, w.dim), dtype)

            def step(carry, at):
                x, sum_ = carry
                (t, target, observed), dw = at
                f, g = coefficients(w, p, x, t)
                x = x + f * h + g * dw
                return (x, sum_ + observed * jnp.sum((x - target) ** 2, axis=1)), None

            start = (jnp.zeros((chunk, w.dim), dtype), jnp.zeros(chunk, dtype))
            (_, sums), _ = jax.lax.scan(step, start, (inputs, dW), unroll=unroll)
            return jnp.sum(sums) / (11 * w.paths)

        return some

    def scan(w, precision):
        dtype = dtypes[precision]
        unrolls = (1, 5)
        return {
            f"unrolled by {n}": evaluator(w, precision, scanned(w, dtype, n, w.paths), "rbg") for n in unrolls
        }

    return [Variant("jax_scan", scan)] + diffrax_variants(evaluator, dtypes)


def diffrax_variants(evaluator, dtypes):
    import diffrax
    import jax
    import jax.numpy as jnp
    import lineax

    def drift(w, p, x, t):
        hidden = jnp.tanh(x @ p[0][: w.dim, : w.width] + (t * p[0][w.dim, : w.width] + p[1][: w.width]))
        return jnp.tanh(hidden @ p[2] + p[3]) @ p[4] + p[5]

    def diffusion(w, p, x, t):
        hidden = jnp.tanh(x @ p[0][: w.dim, w.width :] + (t * p[0][w.dim, w.width :] + p[1][w.width :]))
        return jax.nn.softplus(hidden @ p[6] + p[7])

    def tree(w, precision):
        """All paths as one state, for one walk down the tree serves them all."""
        dtype = dtypes[precision]
        size = w.paths * w.dim
        grid = jnp.arange(w.steps + 1, dtype=dtype) / w.steps
        seen = jnp.asarray(w.observed)

        def each(function, p, x, t):
            return function(w, p, x.reshape(w.paths, w.dim), t.astype(dtype)).ravel()

        def loss(p, key):
            noise = diffrax.VirtualBrownianTree(
                0.0, 1.0, tol=0.5 / w.steps, shape=jax.ShapeDtypeStruct((size,), dtype), key=key
            )
            terms = diffrax.MultiTerm(
                diffrax.ODETerm(lambda t, x, p: each(drift, p, x, t)),
                diffrax.ControlTerm(lambda t, x, p: lineax.DiagonalLinearOperator(each(diffusion, p, x, t)), noise),
            )
            solution = diffrax.diffeqsolve(
                terms,
                diffrax.Euler(),
                0.0,
                1.0,
                None,
                jnp.zeros(size, dtype),
                args=p,
                saveat=diffrax.SaveAt(steps=True),
                stepsize_controller=diffrax.StepTo(ts=grid),
                max_steps=w.steps,
                adjoint=diffrax.RecursiveCheckpointAdjoint(checkpoints=w.steps),
            )
            gaps = solution.ys[seen - 1] - jnp.sin(grid[seen])[:, None]
            return jnp.sum(gaps**2) / (11 * w.paths)

        return {"VirtualBrownianTree": evaluator(w, precision, loss, "threefry2x32")}

    return [Variant("diffrax", tree)]


def environment(threads):
    flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1" if threads == 1 else ""
    return {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}


if __name__ == "__main__":
    main("jax", ["jax", "diffrax"], variants, environment)
