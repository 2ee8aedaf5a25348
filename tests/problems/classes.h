/* One problem for every class of noise: two states, drifts and noises that are nonlinear, depend on time and
 * on every parameter, and couple the states, so that no term of a scheme is spared.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TESTS_CLASSES_H
#define NSDE_TESTS_CLASSES_H

#include "harness.h"
#include "nsde/step.h"

enum { CLASS_PARAMETERS = 4 };

static const nsde_parameter_definition class_parameters[CLASS_PARAMETERS] = {
    {"k", "rate of the first drift", -INFINITY, INFINITY, 0.5, 1},
    {"c", "size of the second drift", -INFINITY, INFINITY, 0.4, 1},
    {"s", "size of the first noise", -INFINITY, INFINITY, 0.7, 1},
    {"r", "size of the second noise", -INFINITY, INFINITY, 0.6, 1},
};
static const double class_values[CLASS_PARAMETERS] = {0.5, 0.4, 0.7, 0.6};
static const double class_x0[2] = {0.3, 0.45};

/* f = (k (sin 2 y - x / 2), c cos 2 x + (t - y) / 2) */
static inline nsde_var class_drift(const nsde_at *at)
{
    const nsde_var x = nsde_row(at->x, 0), y = nsde_row(at->x, 1);
    const nsde_var k = nsde_row(at->p, 0), c = nsde_row(at->p, 1);
    const nsde_var moving = nsde_mul_real(nsde_sub(at->t, y), 0.5);
    const nsde_var one = nsde_sub(nsde_sin(nsde_mul_real(y, 2.0)), nsde_mul_real(x, 0.5));
    const nsde_var two = nsde_cos(nsde_mul_real(x, 2.0));
    return nsde_stack(2, (nsde_var[]){nsde_mul(k, one), nsde_add(nsde_mul(c, two), moving)});
}

/* A pendulum: dq = v dt, dv = (t / 2 - k sin q - c v) dt + noise */
static inline nsde_var pendulum_drift(const nsde_at *at)
{
    const nsde_var q = nsde_row(at->x, 0), v = nsde_row(at->x, 1);
    const nsde_var pulled = nsde_mul(nsde_row(at->p, 0), nsde_sin(q));
    const nsde_var force = nsde_sub(nsde_mul_real(at->t, 0.5), pulled);
    return nsde_stack(2, (nsde_var[]){v, nsde_sub(force, nsde_mul(nsde_row(at->p, 1), v))});
}

/* The sizes of the noises at that time. */
static inline nsde_var class_size(const nsde_at *at, size_t j)
{
    return nsde_mul(nsde_row(at->p, 2 + j), nsde_add_real(nsde_mul_real(at->t, 0.5), 1.0));
}

/* ((s, 0.4 r), (-0.3 s, 0.8 r)) */
static inline nsde_var additive_noise(const nsde_at *at)
{
    const nsde_var s = class_size(at, 0), r = class_size(at, 1);
    return nsde_stack(4,
                      (nsde_var[]){s, nsde_mul_real(r, 0.4), nsde_mul_real(s, -0.3), nsde_mul_real(r, 0.8)});
}

static inline nsde_var velocity_noise(const nsde_at *at)
{
    const nsde_var size = nsde_mul(class_size(at, 0), nsde_row(at->p, 3));
    return nsde_stack(2, (nsde_var[]){nsde_real(at->tape, 0.0), size});
}

static inline nsde_var scalar_noise(const nsde_at *at)
{
    const nsde_var x = nsde_row(at->x, 0), y = nsde_row(at->x, 1);
    return nsde_stack(2,
                      (nsde_var[]){nsde_mul(class_size(at, 0), nsde_cos(y)),
                                   nsde_mul(class_size(at, 1), nsde_add_real(nsde_mul_real(x, 0.5), 1.0))});
}

/* sqrt(1 + a^2) */
static inline nsde_var slant(nsde_var a)
{
    return nsde_sqrt(nsde_add_real(nsde_square(a), 1.0));
}

static inline nsde_var diagonal_noise(const nsde_at *at)
{
    const nsde_var x = nsde_row(at->x, 0), y = nsde_row(at->x, 1);
    const nsde_var s = nsde_mul_real(class_size(at, 0), 0.7), r = nsde_mul_real(class_size(at, 1), 0.7);
    return nsde_stack(2, (nsde_var[]){nsde_mul(s, slant(x)), nsde_mul(r, nsde_add_real(nsde_cos(y), 1.5))});
}

/* Constant fields in the coordinates arsinh x and arsinh y: they commute. */
static inline nsde_var commutative_noise(const nsde_at *at)
{
    const nsde_var X = slant(nsde_row(at->x, 0)), Y = slant(nsde_row(at->x, 1));
    const nsde_var s = nsde_mul_real(class_size(at, 0), 0.7), r = nsde_mul_real(class_size(at, 1), 0.7);
    return nsde_stack(4, (nsde_var[]){nsde_mul(s, X), nsde_mul(nsde_mul_real(r, -0.4), X),
                                      nsde_mul(nsde_mul_real(s, 0.5), Y), nsde_mul(r, Y)});
}

/* Does not commute, and acts on both states. */
static inline nsde_var general_noise(const nsde_at *at)
{
    const nsde_var x = nsde_row(at->x, 0), y = nsde_row(at->x, 1);
    const nsde_var s = class_size(at, 0), r = class_size(at, 1);
    return nsde_stack(4, (nsde_var[]){s, nsde_mul(nsde_mul_real(r, 0.5), nsde_sin(y)),
                                      nsde_mul(nsde_mul_real(s, 0.5), x), nsde_mul(r, nsde_cos(x))});
}

/* Two geometric Brownian motions, whose solution is known. */
static inline nsde_var solved_drift(const nsde_at *at)
{
    return nsde_mul(nsde_slice(at->p, 0, 2), at->x);
}

static inline nsde_var solved_noise(const nsde_at *at)
{
    return nsde_mul(nsde_slice(at->p, 2, 2), at->x);
}

static inline nsde_var solved_solution(const nsde_at *from, nsde_var h, nsde_var W)
{
    const nsde_var sigma = nsde_slice(from->p, 2, 2);
    const nsde_var rate = nsde_sub(nsde_slice(from->p, 0, 2), nsde_mul_real(nsde_square(sigma), 0.5));
    return nsde_mul(from->x, nsde_exp(nsde_add(nsde_mul(rate, h), nsde_mul(sigma, W))));
}

#define CLASS_COMMON .dim = 2, .parameters = class_parameters, .n_parameters = CLASS_PARAMETERS

/* A problem, and the scheme that is its far finer solution. */
typedef struct class_problem {
    nsde_model_definition model;
    const char *reference;
} class_problem;

static const class_problem class_problems[] = {
    {{.name = "none", CLASS_COMMON, .drift = class_drift}, "dormand_prince"},
    {{.name = "additive",
      CLASS_COMMON,
      .noise_dim = 2,
      .noise = NSDE_NOISE_ADDITIVE,
      .drift = class_drift,
      .diffusion = additive_noise},
     "sra1"},
    {{.name = "second order",
      CLASS_COMMON,
      .noise_dim = 1,
      .noise = NSDE_NOISE_ADDITIVE,
      .second_order = true,
      .drift = pendulum_drift,
      .diffusion = velocity_noise},
     "sra1"},
    {{.name = "scalar",
      CLASS_COMMON,
      .noise_dim = 1,
      .noise = NSDE_NOISE_SCALAR,
      .drift = class_drift,
      .diffusion = scalar_noise},
     "sriw1"},
    {{.name = "diagonal",
      CLASS_COMMON,
      .noise_dim = 2,
      .noise = NSDE_NOISE_DIAGONAL,
      .drift = class_drift,
      .diffusion = diagonal_noise},
     "sriw1"},
    {{.name = "solved",
      CLASS_COMMON,
      .noise_dim = 2,
      .noise = NSDE_NOISE_DIAGONAL,
      .drift = solved_drift,
      .diffusion = solved_noise,
      .solution = solved_solution},
     "sriw1"},
    {{.name = "commutative",
      CLASS_COMMON,
      .noise_dim = 2,
      .noise = NSDE_NOISE_COMMUTATIVE,
      .drift = class_drift,
      .diffusion = commutative_noise},
     "milstein"},
    {{.name = "general",
      CLASS_COMMON,
      .noise_dim = 2,
      .noise = NSDE_NOISE_GENERAL,
      .drift = class_drift,
      .diffusion = general_noise},
     "milstein"},
    {{.name = "Stratonovich",
      CLASS_COMMON,
      .noise_dim = 2,
      .noise = NSDE_NOISE_GENERAL,
      .calculus = NSDE_STRATONOVICH,
      .drift = class_drift,
      .diffusion = general_noise},
     "milstein"},
};
enum { CLASS_PROBLEMS = sizeof class_problems / sizeof *class_problems };

static inline nsde_model *class_model(const class_problem *problem)
{
    nsde_model *model;
    check_ok(nsde_model_create(&problem->model, &model));
    return model;
}

/* The strong order an integrator claims on a problem. */
static inline double claimed_order(const nsde_integrator *m, const class_problem *problem)
{
    if (!problem->model.diffusion || problem->model.noise == NSDE_NOISE_ADDITIVE)
        return m->additive_order;
    return problem->model.noise < NSDE_NOISE_GENERAL ? m->commutative_order : m->strong_order;
}

#endif
