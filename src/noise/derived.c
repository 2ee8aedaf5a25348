/* Brownian motions made of another one: coarse steps, antithetic pairs, correlated components.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "noise/brownian.h"

typedef struct derived {
    nsde_brownian base;
    const nsde_brownian *of;
    size_t factor; /* of coarse steps */
} derived;

static bool seed_of(const nsde_brownian *brownian, uint64_t *seed)
{
    return nsde_brownian_seed(((const derived *)brownian)->of, seed);
}

static nsde_status create(const nsde_brownian_kind *kind, const nsde_brownian *of, nsde_brownian **brownian)
{
    if (!of) {
        if (brownian)
            *brownian = NULL;
        return nsde_fail(NSDE_INVALID, "Brownian motion: what it is to be made of is NULL");
    }
    const nsde_status status = nsde_brownian_create(kind, sizeof(derived), of->components, brownian);
    if (!status) {
        ((derived *)*brownian)->of = of;
        (*brownian)->correlated = of->correlated;
        (*brownian)->lengths = of->lengths;
    }
    return status;
}

/* ---- coarse steps ---- */

enum { SCRATCH = 8192 }; /* numbers of fine steps held at once */

/* Adds a fine step of length h to a coarse one that has lasted `so_far` such steps. H is held as the integral
 * of W: over the whole it is I + h W_before + h (H + dW / 2). Areas by Chen's relation. */
static void append(const nsde_increments_at *at, size_t components, double h, size_t lanes,
                   const double *fine, double *coarse)
{
    const size_t stride = at->stride, pairs_at = 2 * components;
    size_t pair = 0;
    for (size_t i = 0; i < components && at->detail >= NSDE_LEVY; i++)
        for (size_t j = i + 1; j < components; j++, pair++) {
            const double *Wi = coarse + i * stride, *Wj = coarse + j * stride;
            const double *dWi = fine + i * lanes, *dWj = fine + j * lanes;
            const double *dA = fine + (pairs_at + pair) * lanes;
            double *A = coarse + (pairs_at + pair) * stride;
            for (size_t k = 0; k < lanes; k++)
                A[k] += dA[k] + 0.5 * (Wi[k] * dWj[k] - Wj[k] * dWi[k]);
        }
    for (size_t c = 0; c < components; c++) {
        double *W = coarse + c * stride, *I = W + components * stride;
        const double *dW = fine + c * lanes, *H = dW + components * lanes;
        for (size_t k = 0; k < lanes && at->detail >= NSDE_SPACE_TIME; k++)
            I[k] += h * (W[k] + H[k] + 0.5 * dW[k]);
        for (size_t k = 0; k < lanes; k++)
            W[k] += dW[k];
    }
}

/* One coarse step of `lanes` lanes from `done` on, a few fine steps at a time. */
static nsde_status coarse_step(const derived *d, const nsde_increments_at *at, uint64_t step, size_t done,
                               size_t lanes, double *rows)
{
    double fine[SCRATCH];
    const double h = at->h / (double)d->factor;
    const size_t components = d->base.components, at_once = SCRATCH / (lanes * at->rows);
    const size_t paths = at->paths - done < lanes ? at->paths - done : lanes;
    for (size_t r = 0; r < at->rows; r++)
        memset(rows + r * at->stride + done, 0, lanes * sizeof *rows);
    for (size_t k = 0; k < d->factor;) {
        const size_t left = d->factor - k, steps = left < at_once ? left : at_once;
        const nsde_status status = nsde_brownian_rows(d->of, at->detail, h, at->first_path + done, paths,
                                                      step * d->factor + k, steps, lanes, fine);
        if (status)
            return status;
        for (size_t n = 0; n < steps; n++)
            append(at, components, h, lanes, fine + n * at->rows * lanes, rows + done);
        k += steps;
    }
    for (size_t c = 0; c < components && at->detail >= NSDE_SPACE_TIME; c++) {
        double *W = rows + c * at->stride + done, *H = W + components * at->stride;
        for (size_t k = 0; k < lanes; k++)
            H[k] = H[k] / at->h - 0.5 * W[k];
    }
    return NSDE_OK;
}

static nsde_status coarse_rows(const nsde_brownian *brownian, const nsde_increments_at *at, double *rows)
{
    const derived *d = (const derived *)brownian;
    size_t lanes = 64;
    while (lanes > 1 && lanes * at->rows * 2 > SCRATCH)
        lanes /= 2;
    if (at->rows > SCRATCH)
        return nsde_fail(NSDE_UNSUPPORTED, "coarse steps of %zu rows of noise (%d at most)", at->rows,
                         SCRATCH);
    if (at->step + at->steps > UINT64_MAX / d->factor)
        return nsde_fail(NSDE_INVALID, "coarse step %llu is beyond the last", (unsigned long long)at->step);
    for (size_t k = 0; k < at->steps; k++)
        for (size_t done = 0; done < at->stride; done += lanes) {
            const size_t left = at->stride - done, wide = left < lanes ? left : lanes;
            double *to = rows + k * at->rows * at->stride;
            if (done >= at->paths) {
                for (size_t r = 0; r < at->rows; r++)
                    memset(to + r * at->stride + done, 0, wide * sizeof *to);
                continue;
            }
            const nsde_status status = coarse_step(d, at, at->step + k, done, wide, to);
            if (status)
                return status;
        }
    return NSDE_OK;
}

nsde_status nsde_brownian_coarsen(const nsde_brownian *fine, size_t factor, nsde_brownian **brownian)
{
    static const nsde_brownian_kind kind = {.rows = coarse_rows, .seed = seed_of};
    if (factor == 0) {
        if (brownian)
            *brownian = NULL;
        return nsde_fail(NSDE_INVALID, "nsde_brownian_coarsen: a factor of 0");
    }
    const nsde_status status = create(&kind, fine, brownian);
    if (!status) {
        ((derived *)*brownian)->factor = factor;
        (*brownian)->lengths = NSDE_LENGTHS_EQUAL; /* the fine steps are equal parts */
    }
    return status;
}

/* ---- antithetic pairs ---- */

/* Path i of a row is path i / 2 of the half, whose numbers stand at its beginning: spread from the end.
 * Increments and space-time areas change sign with W, Levy areas do not. */
static void spread(double *row, const nsde_increments_at *at, bool odd_in_W)
{
    const uint64_t first = at->first_path / 2;
    for (size_t i = at->paths; i-- > 0;) {
        const uint64_t path = at->first_path + i;
        const double value = row[path / 2 - first];
        row[i] = path % 2 && odd_in_W ? -value : value;
    }
}

static size_t antithetic_halves(const nsde_increments_at *at, uint64_t *first)
{
    *first = at->first_path / 2;
    return (size_t)((at->first_path + at->paths - 1) / 2 - *first) + 1;
}

static void antithetic_spread(const derived *d, const nsde_increments_at *at, double *rows)
{
    for (size_t k = 0; k < at->steps; k++)
        for (size_t r = 0; r < at->rows; r++)
            spread(rows + (k * at->rows + r) * at->stride, at, r < 2 * d->base.components);
}

static nsde_status antithetic_rows(const nsde_brownian *brownian, const nsde_increments_at *at, double *rows)
{
    const derived *d = (const derived *)brownian;
    uint64_t first;
    if (at->paths == 0)
        return NSDE_OK;
    const size_t halves = antithetic_halves(at, &first);
    const nsde_status status =
        nsde_brownian_rows(d->of, at->detail, at->h, first, halves, at->step, at->steps, at->stride, rows);
    if (!status)
        antithetic_spread(d, at, rows);
    return status;
}

static nsde_status antithetic_interval(const nsde_brownian *brownian, const nsde_increments_at *at, double s,
                                       double t, double *rows)
{
    const derived *d = (const derived *)brownian;
    uint64_t first;
    if (at->paths == 0)
        return NSDE_OK;
    const size_t halves = antithetic_halves(at, &first);
    const nsde_status status =
        nsde_brownian_interval(d->of, at->detail, s, t, first, halves, at->stride, rows);
    if (!status)
        antithetic_spread(d, at, rows);
    return status;
}

nsde_status nsde_brownian_antithetic(const nsde_brownian *half, nsde_brownian **brownian)
{
    static const nsde_brownian_kind kind = {
        .rows = antithetic_rows, .seed = seed_of, .interval = antithetic_interval};
    return create(&kind, half, brownian);
}

/* ---- correlated components ---- */

/* Rows become L times themselves, from the last up: row i needs the rows before it. */
static void mix(const double *L, size_t n, size_t stride, double *rows)
{
    for (size_t i = n; i-- > 0;)
        for (size_t k = 0; k < stride; k++) {
            double sum = 0.0;
            for (size_t j = 0; j <= i; j++)
                sum += L[i * n + j] * rows[j * stride + k];
            rows[i * stride + k] = sum;
        }
}

static nsde_status check_correlated(const derived *d, const nsde_increments_at *at)
{
    if (at->detail == NSDE_LEVY && d->base.components > 1)
        return nsde_fail(NSDE_UNSUPPORTED, "correlated noise has no Levy areas; put the correlation into the "
                                           "model's diffusion instead");
    return NSDE_OK;
}

static void mix_steps(const derived *d, const nsde_increments_at *at, double *rows)
{
    const size_t n = d->base.components, block = n * at->stride;
    for (size_t k = 0; k < at->steps; k++)
        for (size_t part = 0; part < at->rows / n; part++)
            mix(d->base.memory, n, at->stride, rows + k * at->rows * at->stride + part * block);
}

static nsde_status correlated_rows(const nsde_brownian *brownian, const nsde_increments_at *at, double *rows)
{
    const derived *d = (const derived *)brownian;
    nsde_status status = check_correlated(d, at);
    if (!status)
        status = nsde_brownian_rows(d->of, at->detail, at->h, at->first_path, at->paths, at->step, at->steps,
                                    at->stride, rows);
    if (!status)
        mix_steps(d, at, rows);
    return status;
}

static nsde_status correlated_interval(const nsde_brownian *brownian, const nsde_increments_at *at, double s,
                                       double t, double *rows)
{
    const derived *d = (const derived *)brownian;
    nsde_status status = check_correlated(d, at);
    if (!status)
        status = nsde_brownian_interval(d->of, at->detail, s, t, at->first_path, at->paths, at->stride, rows);
    if (!status)
        mix_steps(d, at, rows);
    return status;
}

nsde_status nsde_brownian_correlate(const nsde_brownian *independent, const double *matrix,
                                    nsde_brownian **brownian)
{
    static const nsde_brownian_kind kind = {
        .rows = correlated_rows, .seed = seed_of, .interval = correlated_interval};
    size_t numbers;
    nsde_status status = create(&kind, independent, brownian);
    if (status)
        return status;
    const size_t n = independent->components;
    (*brownian)->correlated = true;
    status =
        nsde_size_mul(n, n, &numbers) ? NSDE_OK : nsde_fail(NSDE_OVERFLOW, "correlations of %zu noises", n);
    if (!status)
        status = nsde_alloc(numbers, sizeof(double), "correlations", &(*brownian)->memory);
    if (!status)
        status = nsde_cholesky(n, matrix, (*brownian)->memory);
    if (status) {
        nsde_brownian_destroy(*brownian);
        *brownian = NULL;
    }
    return status;
}
