/* Coarse paths: their noise is that of the fine steps, and they have the law of the level before.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "multilevel/market.h"
#include "multilevel/record.h"
#include "nsde/simulate.h"
#include "nsde/text.h"

/* ---- noise ---- */

static void run_step(nsde_workspace *w, const double *x, size_t rows, double t, double h, size_t paths)
{
    const size_t stride = nsde_workspace_stride(w);
    nsde_workspace_prepare(w);
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < stride; k++)
            nsde_workspace_input(w, 0)[i * stride + k] = x[i];
    *nsde_workspace_uniform(w, 0) = t;
    *nsde_workspace_uniform(w, 1) = h;
    nsde_forward(w, paths);
}

/* A step over pieces is the scheme's own step on coarsened noise, whatever it needs of that. */
START_TEST(coarse_steps_add_up_the_noise)
{
    static const struct row {
        const char *scheme;
        const char *diffusion;
        nsde_noise_detail detail;
    } rows[] = {{"euler_maruyama", "0.3*x2, x1; 1, 0.2*x1", NSDE_INCREMENTS},
                {"sra1", "0.3, 0.5; 1, 0.2", NSDE_SPACE_TIME},
                {"milstein", "0.3*x2, x1, 0.1; 1, 0.2*x1, x2*x1", NSDE_LEVY},
                {"reversible_heun", "0.3*x2; x1", NSDE_INCREMENTS}};
    enum { PATHS = 16 };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t pieces = 2; pieces <= 4; pieces++) {
            nsde_model *model;
            nsde_program *ours, *own;
            nsde_workspace *a, *b;
            nsde_brownian *fine, *coarse;
            const double h = 0.2, x0[] = {0.7, 0.4};
            check_ok(nsde_model_from_text(
                &(nsde_text_model){.drift = "-x1 + x2; sin(x1)", .diffusion = rows[i].diffusion}, &model));
            nsde_functional f = {.name = "none"};
            const nsde_multilevel_problem problem = {model, &f, NULL, x0, NULL, 0};
            nsde_multilevel_settings settings = nsde_multilevel_settings_default();
            check_ok(nsde_integrator_find(rows[i].scheme, &settings.integrator));
            const nsde_bundle bundle = nsde_bundle_of(&problem, &settings);
            ck_assert_int_eq(bundle.detail, rows[i].detail);
            check_ok(nsde_bundle_step(&bundle, pieces, true, &ours));
            check_ok(nsde_step_compile(settings.integrator, model, &(nsde_step_options){0}, &own));
            check_ok(nsde_workspace_create(ours, PATHS, NSDE_FORWARD, &a));
            check_ok(nsde_workspace_create(own, PATHS, NSDE_FORWARD, &b));
            check_ok(nsde_brownian_grid(5, nsde_model_describe(model)->noise_dim, &fine));
            check_ok(nsde_brownian_coarsen(fine, pieces, &coarse));
            check_ok(nsde_brownian_rows(fine, bundle.detail, h / (double)pieces, 0, PATHS, 3 * pieces, pieces,
                                        PATHS, nsde_workspace_input(a, NSDE_BUNDLE_NOISE)));
            check_ok(nsde_brownian_rows(coarse, bundle.detail, h, 0, PATHS, 3, 1, PATHS,
                                        nsde_workspace_input(b, NSDE_STEP_NOISE)));
            double start[6];
            for (size_t k = 0; k < bundle.states; k++)
                start[k] = x0[k % 2];
            run_step(a, start, bundle.states, 0.1, h, PATHS);
            run_step(b, start, bundle.states, 0.1, h, PATHS);
            for (size_t k = 0; k < bundle.states * PATHS; k++)
                check_absolute(nsde_workspace_output(a, 0)[k], nsde_workspace_output(b, 0)[k], 1e-14);
            nsde_workspace_destroy(a), nsde_workspace_destroy(b);
            nsde_program_destroy(ours), nsde_program_destroy(own);
            nsde_brownian_destroy(coarse), nsde_brownian_destroy(fine);
            nsde_model_destroy(model);
        }
}
END_TEST

/* ---- laws ---- */

START_TEST(coarse_paths_have_the_law_of_the_level_before)
{
    const char *const schemes[] = {"euler_maruyama", "milstein"};
    for (size_t i = 0; i < N_PRICES; i++)
        for (size_t s = 0; s < 2; s++)
            for (size_t refinement = 2; refinement <= 3; refinement++) {
                market m;
                market_open(&m, prices[i].name, schemes[s]);
                m.problem.n_derivatives = 2;
                m.derivatives[0] = SPOT;
                m.derivatives[1] = SIGMA;
                m.settings.refinement = refinement;
                m.payoff.barrier = 95.0;
                const nsde_multilevel_result *r = market_study(&m, 3, 10000);
                for (size_t k = 0; k < 3; k++)
                    ck_assert_msg(worst_consistency(r, k) < 1.0, "%s, %s, %zu: %g", prices[i].name,
                                  schemes[s], refinement, worst_consistency(r, k));
                market_close(&m);
            }
}
END_TEST

/* The minimum at the ends of pieces: on the coarse path that looks at more points than on the level before.
 * And a digital that looks for its last step's mean where the coarse path already knows the noise. */
static nsde_var least_of_ends(const nsde_functional_at *at)
{
    return nsde_min(at->accumulators, at->x_next);
}

static nsde_var first_state(const nsde_functional_at *at)
{
    return at->x;
}

static nsde_var accumulated(const nsde_functional_at *at)
{
    return at->accumulators;
}

START_TEST(consistency_sees_a_wrong_law)
{
    for (int whole = 0; whole < 2; whole++) {
        market m;
        market_open(&m, NULL, "milstein");
        m.functional = (nsde_functional){.name = "least of ends",
                                         .accumulators = 1,
                                         .whole_steps = whole,
                                         .start = first_state,
                                         .step = least_of_ends,
                                         .value = accumulated};
        const double worst = worst_consistency(market_study(&m, 3, 10000), 0);
        ck_assert_msg(whole ? worst < 1.0 : worst > 2.0, "consistency %g", worst);
        market_close(&m);
    }
}
END_TEST

/* What pieces are told agrees with what they are, on both paths. */
static nsde_var pieces_add_up(const nsde_functional_at *at)
{
    const nsde_var from = nsde_slice(at->accumulators, 0, 1), time = nsde_slice(at->accumulators, 1, 1);
    const nsde_var jump = nsde_abs(nsde_sub(from, nsde_row(at->x, 0)));
    const nsde_var late = nsde_abs(nsde_sub(time, at->t));
    const nsde_var wrong = nsde_add(nsde_slice(at->accumulators, 2, 1), nsde_add(jump, late));
    const nsde_var moved = nsde_add(nsde_row(at->mean, 0), nsde_mul(nsde_row(at->g, 0), nsde_row(at->dW, 0)));
    const nsde_var gap = nsde_sub(moved, nsde_row(at->x_next, 0)); /* Euler-Maruyama's mean and its noise */
    const nsde_var spread = nsde_sub(nsde_row(at->variance, 0), nsde_square(nsde_row(at->g, 0)));
    const nsde_var errors = nsde_add(wrong, nsde_add(nsde_abs(gap), nsde_abs(spread)));
    return nsde_stack(3, (nsde_var[]){nsde_row(at->x_next, 0), nsde_add(at->t, at->h), errors});
}

static nsde_var at_start(const nsde_functional_at *at)
{
    return nsde_stack(3, (nsde_var[]){nsde_row(at->x, 0), at->t, nsde_real(at->tape, 0.0)});
}

static nsde_var errors_of(const nsde_functional_at *at)
{
    const nsde_var end = nsde_abs(nsde_add_real(nsde_row(at->accumulators, 1), -at->t1));
    return nsde_add(nsde_row(at->accumulators, 2), end);
}

START_TEST(pieces_join)
{
    for (size_t refinement = 2; refinement <= 5; refinement++) {
        market m;
        market_open(&m, NULL, "euler_maruyama");
        m.functional = (nsde_functional){.name = "pieces",
                                         .accumulators = 3,
                                         .start = at_start,
                                         .step = pieces_add_up,
                                         .value = errors_of};
        m.settings.refinement = refinement;
        m.settings.t0 = 0.25;
        m.settings.t1 = 1.5;
        m.settings.max_levels = 4;
        const nsde_multilevel_result *r = market_study(&m, 3, 50);
        for (size_t l = 0; l < 3; l++) {
            ck_assert(r->levels[l].sums[5] < 1e-20);
            ck_assert(r->levels[l].sums[1] < 1e-20);
        }
        market_close(&m);
    }
}
END_TEST

/* ---- models of other kinds ---- */

typedef struct kind {
    const char *model, *scheme, *loss;
    double parameters[5], x0[2];
} kind;

/* The finest level is what a simulation gives, coarse paths what that of the level before gives. */
START_TEST(models_of_every_kind)
{
    static const kind kinds[] = {
        {"heston", "milstein", "max(x1 - 1, 0)", {0.05, 2.0, 0.09, 0.2, -0.6}, {1.0, 0.09}},
        {"ou_2d", "sra1", "x1*x2", {0.0}, {1.0, 0.5}},
        {"gbm_stratonovich", "reversible_heun", "x^2", {0.1, 0.3}, {1.0}},
        {"gbm_stratonovich", "milstein", "x^2", {0.1, 0.3}, {1.0}},
        {"cir", "euler_maruyama", "exp(-x)", {1.2, 0.06, 0.1}, {0.05}},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const kind *k = &kinds[i];
        nsde_model *model;
        nsde_loss loss;
        nsde_functional functional;
        nsde_multilevel *multilevel;
        const nsde_multilevel_result *r;
        double parameters[16];
        check_ok(nsde_model_open(k->model, &model));
        const nsde_model_definition *d = nsde_model_describe(model);
        for (size_t p = 0; p < d->n_parameters; p++)
            parameters[p] = k->parameters[0] != 0.0 ? k->parameters[p] : d->parameters[p].start;
        check_ok(nsde_loss_from_text(k->loss, model, &loss));
        check_ok(nsde_functional_of_loss(&loss, &functional));
        const size_t derivatives[] = {0, d->n_parameters};
        const nsde_multilevel_problem problem = {model, &functional, parameters, k->x0, derivatives, 2};
        nsde_multilevel_settings settings = nsde_multilevel_settings_default();
        settings.coarsest = 4;
        check_ok(nsde_integrator_find(k->scheme, &settings.integrator));
        check_ok(nsde_multilevel_create(&problem, &settings, &multilevel));
        check_ok(nsde_multilevel_study(multilevel, 4, 4000, &r));
        for (size_t c = 0; c < 3; c++)
            ck_assert_msg(worst_consistency(r, c) < 1.0 && r->beta[c] > 0.6, "%s, %s: %g, beta %g", k->model,
                          k->scheme, worst_consistency(r, c), r->beta[c]);
        check_absolute(r->value[0], nsde_multilevel_describe(r, 3, 0).fine_mean,
                       4.0 * sqrt(nsde_multilevel_describe(r, 3, 0).fine_variance / 4000.0) +
                           4.0 * r->std_error[0]);
        nsde_multilevel_destroy(multilevel);
        nsde_loss_release_text(&loss);
        nsde_model_destroy(model);
    }
}
END_TEST

/* Without noise there is nothing to average: one path a level, and the value is the scheme's. */
START_TEST(equations_without_noise)
{
    nsde_model *model;
    nsde_loss loss;
    nsde_functional functional;
    nsde_multilevel *multilevel;
    const nsde_multilevel_result *r;
    const double a = 1.01, x0 = 0.5;
    const nsde_model_definition *gbm;
    check_ok(nsde_model_open("gbm", &model));
    gbm = nsde_model_describe(model);
    nsde_model_definition still = *gbm;
    nsde_model *ode;
    still.diffusion = NULL;
    still.noise = NSDE_NOISE_ADDITIVE;
    still.noise_dim = 0;
    still.log_density = NULL;
    still.solution = NULL;
    check_ok(nsde_model_create(&still, &ode));
    check_ok(nsde_loss_from_text("x", ode, &loss));
    check_ok(nsde_functional_of_loss(&loss, &functional));
    const double parameters[] = {a, 0.5};
    const nsde_multilevel_problem problem = {ode, &functional, parameters, &x0, NULL, 0};
    nsde_multilevel_settings settings = nsde_multilevel_settings_default();
    settings.first_samples = 2;
    check_ok(nsde_multilevel_create(&problem, &settings, &multilevel));
    check_ok(nsde_multilevel_run(multilevel, 0.001, &r));
    ck_assert(r->end == NSDE_MULTILEVEL_REACHED && r->std_error[0] == 0.0);
    const double steps = (double)r->levels[r->n_levels - 1].steps;
    check_relative(r->value[0], x0 * pow(1.0 + a / steps, steps), 1e-12);
    check_absolute(r->value[0], x0 * exp(a), 0.001);
    ck_assert(r->bias[0] > x0 * exp(a) - r->value[0] && r->bias[0] < 2.0 * (x0 * exp(a) - r->value[0]));
    nsde_multilevel_destroy(multilevel);
    nsde_loss_release_text(&loss);
    nsde_model_destroy(ode), nsde_model_destroy(model);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, coarse_steps_add_up_the_noise);
    tcase_add_test(cases, coarse_paths_have_the_law_of_the_level_before);
    tcase_add_test(cases, consistency_sees_a_wrong_law);
    tcase_add_test(cases, pieces_join);
    tcase_add_test(cases, models_of_every_kind);
    tcase_add_test(cases, equations_without_noise);
}
