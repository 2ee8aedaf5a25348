/* Positions and velocities: BAOAB's moments in a harmonic well, without statistical error.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "problems/convergence.h"

/* A well of stiffness 2, friction 0.7, temperature 0.3. */
static nsde_var spring(const nsde_at *at)
{
    const nsde_var q = nsde_row(at->x, 0), v = nsde_row(at->x, 1);
    return nsde_stack(2, (nsde_var[]){v, nsde_sub(nsde_mul_real(q, -2.0), nsde_mul_real(v, 0.7))});
}

static nsde_var heat(const nsde_at *at)
{
    return nsde_stack(2, (nsde_var[]){nsde_real(at->tape, 0.0), nsde_real(at->tape, sqrt(2.0 * 0.7 * 0.3))});
}

static const nsde_model_definition harmonic = {
    .name = "harmonic", .dim = 2, .noise_dim = 1, .second_order = true, .drift = spring, .diffusion = heat};

typedef struct second_moments {
    double qq, qv, vv;
} second_moments;

/* What a step makes of q, v and dW is linear: its columns are the steps from (1, 0), from (0, 1) and of
 * dW = sqrt(h). Second moments after `steps` steps from rest. */
static second_moments heated(const char *method, double h, size_t steps)
{
    const double states[3][2] = {{1.0, 0.0}, {0.0, 1.0}, {0.0, 0.0}}, dW[3] = {0.0, 0.0, sqrt(h)};
    double column[3][2];
    nsde_model *model;
    check_ok(nsde_model_create(&harmonic, &model));
    for (int k = 0; k < 3; k++) {
        nsde_brownian *noise;
        nsde_simulation *s;
        nsde_simulate_settings settings = nsde_simulate_settings_default();
        check_ok(nsde_brownian_stored(1, 1, 1, h, &dW[k], &noise));
        check_ok(nsde_integrator_find(method, &settings.integrator));
        settings.steps = 1;
        settings.t1 = h;
        settings.noise = noise;
        check_ok(nsde_simulate(model, NULL, states[k], &settings, &s));
        column[k][0] = *nsde_simulation_row(s, 1, 0);
        column[k][1] = *nsde_simulation_row(s, 1, 1);
        nsde_simulation_destroy(s);
        nsde_brownian_destroy(noise);
    }
    nsde_model_destroy(model);
    second_moments m = {0.0, 0.0, 0.0};
    const double a = column[0][0], b = column[1][0], c = column[0][1], d = column[1][1];
    for (size_t k = 0; k < steps; k++)
        m = (second_moments){a * a * m.qq + 2.0 * a * b * m.qv + b * b * m.vv + column[2][0] * column[2][0],
                             a * c * m.qq + (a * d + b * c) * m.qv + b * d * m.vv +
                                 column[2][0] * column[2][1],
                             c * c * m.qq + 2.0 * c * d * m.qv + d * d * m.vv + column[2][1] * column[2][1]};
    return m;
}

/* The stationary variance of q is temperature / stiffness for any step; that of v is off by -k h^2 / 4. */
START_TEST(positions_keep_their_temperature)
{
    for (double h = 0.05; h < 1.0; h *= 2.0) {
        const second_moments m = heated("baoab", h, 4000);
        check_relative(m.qq, 0.15, 1e-12);
        check_relative(m.vv, 0.3 * (1.0 - 0.5 * h * h), 1e-12);
    }
    ck_assert(fabs(heated("em", 0.05, 4000).qq / 0.15 - 1.0) > 0.05); /* the control */
}
END_TEST

START_TEST(weak_order_two)
{
    double error[LEVELS], rough[LEVELS];
    const second_moments fine = heated("baoab", 0x1p-13, 1 << 13);
    for (int level = 3; level <= 7; level++) {
        error[level] = fabs(heated("baoab", ldexp(1.0, -level), (size_t)1 << level).qv - fine.qv);
        rough[level] = fabs(heated("em", ldexp(1.0, -level), (size_t)1 << level).qv - fine.qv);
    }
    check_absolute(slope_of(error, 3, 7), 2.0, 0.1);
    check_absolute(slope_of(rough, 3, 7), 1.0, 0.15);
}
END_TEST

static nsde_var odd_spring(const nsde_at *at)
{
    return nsde_mul(spring(at), nsde_row(at->x, 1));
}

static nsde_var heat_on_both(const nsde_at *at)
{
    return nsde_real(at->tape, 0.5);
}

START_TEST(what_are_no_velocities_is_seen)
{
    nsde_model *model;
    const nsde_integrator *baoab;
    nsde_model_definition wrong = harmonic;
    wrong.drift = odd_spring;
    check_refused(nsde_model_create(&wrong, &model), NSDE_INVALID, "positions and velocities");
    wrong = harmonic;
    wrong.noise_dim = 2;
    wrong.diffusion = heat_on_both;
    check_refused(nsde_model_create(&wrong, &model), NSDE_INVALID, "noise on its positions");
    check_ok(nsde_integrator_find("baoab", &baoab));
    check_ok(nsde_model_open("ou", &model));
    check_refused(nsde_integrator_check(baoab, model), NSDE_UNSUPPORTED, "velocities");
    nsde_model_destroy(model);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, positions_keep_their_temperature);
    tcase_add_test(cases, weak_order_two);
    tcase_add_test(cases, what_are_no_velocities_is_seen);
}
