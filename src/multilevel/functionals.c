/* The named functionals.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>

#include "core/error.h"
#include "core/names.h"
#include "multilevel/functional.h"

nsde_payoff nsde_payoff_default(void)
{
    return (nsde_payoff){
#define NSDE_SETTING_DEFAULT(type, name, standard, least, most, doc) .name = (standard),
        NSDE_PAYOFF_SETTINGS(NSDE_SETTING_DEFAULT)
#undef NSDE_SETTING_DEFAULT
    };
}

static const nsde_payoff *of(const nsde_functional_at *at)
{
    return at->context;
}

/* The component that is looked at. */
static nsde_var pick(const nsde_functional_at *at, nsde_var a)
{
    return nsde_row(a, of(at)->component);
}

static nsde_var worth(const nsde_functional_at *at, nsde_var paid)
{
    return nsde_mul_real(paid, of(at)->factor);
}

/* max(a - strike, 0) */
static nsde_var call_on(const nsde_functional_at *at, nsde_var a)
{
    return nsde_max(nsde_add_real(a, -of(at)->strike), nsde_real(at->tape, 0.0));
}

static nsde_var call_value(const nsde_functional_at *at)
{
    return worth(at, call_on(at, pick(at, at->x)));
}

/* ---- means over time: trapezia, and what a Brownian bridge adds to them ---- */

static nsde_var asian_step(const nsde_functional_at *at)
{
    const nsde_var chord = nsde_mul_real(nsde_add(pick(at, at->x), pick(at, at->x_next)), 0.5);
    return nsde_add(at->accumulators, nsde_mul(nsde_add(chord, pick(at, at->area)), at->h));
}

static nsde_var asian_value(const nsde_functional_at *at)
{
    return worth(at, call_on(at, nsde_mul_real(at->accumulators, 1.0 / (at->t1 - at->t0))));
}

/* The logarithm moves with the diffusion g / x. */
static nsde_var geometric_step(const nsde_functional_at *at)
{
    const nsde_var x = pick(at, at->x), bridge = nsde_div(pick(at, at->area), x);
    const nsde_var chord = nsde_mul_real(nsde_log(nsde_mul(x, pick(at, at->x_next))), 0.5);
    return nsde_add(at->accumulators, nsde_mul(nsde_add(chord, bridge), at->h));
}

static nsde_var geometric_value(const nsde_functional_at *at)
{
    return worth(at, call_on(at, nsde_exp(nsde_mul_real(at->accumulators, 1.0 / (at->t1 - at->t0)))));
}

/* ---- extremes of Brownian bridges ---- */

static nsde_var lookback_start(const nsde_functional_at *at)
{
    return pick(at, at->x);
}

/* The minimum of a bridge is (x + x' - sqrt((x' - x)^2 + 2 g^2 h E)) / 2 with an exponential E, which is half
 * the sum of two squared normals. */
static nsde_var lookback_step(const nsde_functional_at *at)
{
    const nsde_var x = pick(at, at->x), next = pick(at, at->x_next);
    const nsde_var spread = nsde_mul(nsde_mul(pick(at, at->variance), at->h), nsde_dot(at->z, at->z));
    const nsde_var root = nsde_sqrt(nsde_add(nsde_square(nsde_sub(next, x)), spread));
    return nsde_min(at->accumulators, nsde_mul_real(nsde_sub(nsde_add(x, next), root), 0.5));
}

static nsde_var lookback_value(const nsde_functional_at *at)
{
    return worth(at, nsde_sub(pick(at, at->x), at->accumulators));
}

static nsde_var barrier_start(const nsde_functional_at *at)
{
    return nsde_real(at->tape, 1.0);
}

/* A bridge stays above B with probability 1 - exp(-2 (x - B)^+ (x' - B)^+ / (g^2 h)). */
static nsde_var barrier_step(const nsde_functional_at *at)
{
    const nsde_var zero = nsde_real(at->tape, 0.0);
    const nsde_var over = nsde_max(nsde_add_real(pick(at, at->x), -of(at)->barrier), zero);
    const nsde_var over_next = nsde_max(nsde_add_real(pick(at, at->x_next), -of(at)->barrier), zero);
    const nsde_var spread = nsde_mul(pick(at, at->variance), at->h);
    const nsde_var exponent = nsde_div(nsde_mul(over, over_next), nsde_add_real(spread, 1e-300));
    return nsde_mul(at->accumulators, nsde_neg(nsde_expm1(nsde_mul_real(exponent, -2.0))));
}

static nsde_var barrier_value(const nsde_functional_at *at)
{
    return nsde_mul(at->accumulators, call_value(at));
}

/* ---- the last step's expectation ---- */

static nsde_var digital_step(const nsde_functional_at *at)
{
    const nsde_var deviation = nsde_sqrt(nsde_add_real(nsde_mul(pick(at, at->variance), at->h), 1e-300));
    return nsde_normal_cdf(nsde_div(nsde_add_real(pick(at, at->mean), -of(at)->strike), deviation));
}

static nsde_var digital_value(const nsde_functional_at *at)
{
    return worth(at, nsde_mul_real(at->accumulators, of(at)->strike));
}

/* ---- by name ---- */

typedef struct entry {
    const char *title;
    nsde_functional functional;
} entry;

static const entry entries[] = {
    {"call: max(x - strike, 0) at the end", {.name = "call", .value = call_value}},
    {"call on the mean over time",
     {.name = "asian",
      .accumulators = 1,
      .areas = true,
      .whole_steps = true,
      .step = asian_step,
      .value = asian_value}},
    {"call on the geometric mean over time",
     {.name = "geometric_asian",
      .accumulators = 1,
      .areas = true,
      .whole_steps = true,
      .step = geometric_step,
      .value = geometric_value}},
    {"x at the end less its minimum",
     {.name = "lookback",
      .accumulators = 1,
      .normals = 2,
      .start = lookback_start,
      .step = lookback_step,
      .value = lookback_value}},
    {"call that is worth nothing once x was below the barrier",
     {.name = "barrier",
      .accumulators = 1,
      .start = barrier_start,
      .step = barrier_step,
      .value = barrier_value}},
    {"the strike where x ends above it, else nothing",
     {.name = "digital",
      .accumulators = 1,
      .last_alone = true,
      .step = digital_step,
      .value = digital_value}},
};

size_t nsde_functional_count(void)
{
    return sizeof entries / sizeof *entries;
}

const char *nsde_functional_name(size_t number)
{
    return number < nsde_functional_count() ? entries[number].functional.name : NULL;
}

const char *nsde_functional_title(size_t number)
{
    return number < nsde_functional_count() ? entries[number].title : NULL;
}

nsde_status nsde_functional_find(const char *name, nsde_payoff *payoff, nsde_functional *functional)
{
    if (!name || !payoff || !functional)
        return nsde_fail(NSDE_INVALID, "nsde_functional_find: an argument is NULL");
    char names[NSDE_MESSAGE_SIZE / 2] = "";
    for (size_t i = 0; i < nsde_functional_count(); i++) {
        if (nsde_name_answers(entries[i].functional.name, "", name)) {
            *functional = entries[i].functional;
            functional->context = payoff;
            return NSDE_OK;
        }
        nsde_name_append(names, sizeof names, entries[i].functional.name);
    }
    return nsde_fail(NSDE_NOT_FOUND, "there is no payoff \"%.100s\"; there are %s", name, names);
}

/* Is it one of the above, whose context is a nsde_payoff? */
static bool is_named(const nsde_functional *functional)
{
    for (size_t i = 0; i < nsde_functional_count(); i++)
        if (functional->value == entries[i].functional.value)
            return true;
    return false;
}

static nsde_status check_payoff(const nsde_payoff *settings, size_t dim)
{
    NSDE_PAYOFF_SETTINGS(NSDE_SETTING_CHECK)
    return settings->component < dim ? NSDE_OK
                                     : nsde_fail(NSDE_INVALID, "component %zu of a model with %zu states",
                                                 settings->component, dim);
}

/* ---- a loss as a functional ---- */

static nsde_var loss_value(const nsde_functional_at *at)
{
    const nsde_loss *loss = at->context;
    const nsde_loss_at here = {.tape = at->tape,
                               .x = at->x,
                               .p = at->p,
                               .times = &at->t1,
                               .n_times = 1,
                               .dim = at->dim,
                               .context = loss->context};
    return loss->record(&here);
}

nsde_status nsde_functional_of_loss(nsde_loss *loss, nsde_functional *functional)
{
    if (!loss || !functional)
        return nsde_fail(NSDE_INVALID, "nsde_functional_of_loss: an argument is NULL");
    if (!loss->record || loss->n_data)
        return nsde_fail(NSDE_UNSUPPORTED, "multilevel Monte Carlo takes losses of a path, without data");
    *functional = (nsde_functional){.name = "loss", .value = loss_value, .context = loss};
    return NSDE_OK;
}

nsde_status nsde_functional_check(const nsde_functional *f, size_t dim)
{
    if (!f->value || (f->accumulators && !f->step))
        return nsde_fail(NSDE_INVALID, "functional %s: a value is needed, and a step where it accumulates",
                         f->name ? f->name : "(unnamed)");
    if (f->accumulators > NSDE_FUNCTIONAL_MOST || f->normals > NSDE_FUNCTIONAL_MOST)
        return nsde_fail(NSDE_INVALID, "functional %s: more than %d accumulators or normals",
                         f->name ? f->name : "(unnamed)", NSDE_FUNCTIONAL_MOST);
    return is_named(f) ? check_payoff(f->context, dim) : NSDE_OK;
}
