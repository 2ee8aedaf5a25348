/* Definitions that are wrong in every way, blocks of parameters, ownership of the context, bounds.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <stdio.h>

#include "failing.h"
#include "nsde/model.h"

/* ---- coefficients, right and wrong, for two states ---- */

static nsde_var two_rows(const nsde_at *at)
{
    return nsde_mul_real(at->x, 2.385);
}

static nsde_var one_row(const nsde_at *at)
{
    return nsde_real(at->tape, 0.5);
}

static nsde_var three_rows(const nsde_at *at)
{
    return nsde_stack(2, (nsde_var[]){at->x, at->t});
}

static nsde_var four_rows(const nsde_at *at)
{
    return nsde_stack(2, (nsde_var[]){at->x, at->x});
}

static nsde_var six_rows(const nsde_at *at)
{
    return nsde_stack(3, (nsde_var[]){at->x, at->x, at->x});
}

static nsde_var mistaken(const nsde_at *at)
{
    return nsde_row(at->x, 7);
}

static nsde_var nothing(const nsde_at *at)
{
    (void)at;
    return (nsde_var){0};
}

static nsde_var refusing(const nsde_at *at)
{
    return nsde_tape_fail(at->tape, "no coefficient on %s", "Tuesdays");
}

static void count_release(void *context)
{
    ++*(int *)context;
}

static const nsde_parameter_definition parameters[] = {
    {"W", "a block", -1.0, 3.0, 0.5, 3},
    {"b", "a number", 0.0, INFINITY, 2.385, 0},
};

static nsde_model_definition sound(void)
{
    return (nsde_model_definition){.name = "sound",
                                   .dim = 2,
                                   .noise = NSDE_NOISE_GENERAL,
                                   .drift = two_rows,
                                   .diffusion = two_rows,
                                   .parameters = parameters,
                                   .n_parameters = 2};
}

/* ---- what is wrong with a definition ---- */

/* It is refused with these words, and its context released once. */
static void check_wrong(nsde_model_definition d, nsde_status status, const char *part)
{
    int released = 0;
    nsde_model *model = (nsde_model *)&released;
    d.context = &released;
    d.release = count_release;
    check_refused(nsde_model_create(&d, &model), status, part);
    ck_assert_ptr_null(model);
    ck_assert_int_eq(released, 1);
    if (d.name && *d.name)
        ck_assert_ptr_nonnull(strstr(nsde_error_message(), d.name));
}

#define WRONG(status, part, ...)                                                                             \
    do {                                                                                                     \
        nsde_model_definition d = sound();                                                                   \
        __VA_ARGS__;                                                                                         \
        check_wrong(d, status, part);                                                                        \
    } while (0)

START_TEST(wrong_definitions_are_refused)
{
    nsde_model *model;
    nsde_model_definition right = sound();
    check_ok(nsde_model_create(&right, &model)); /* the control */
    nsde_model_destroy(model);
    nsde_model_destroy(NULL);
    check_refused(nsde_model_create(NULL, &model), NSDE_INVALID, "definition");
    ck_assert_ptr_null(model);
    WRONG(NSDE_INVALID, "name", d.name = NULL);
    WRONG(NSDE_INVALID, "name", d.name = "");
    WRONG(NSDE_INVALID, "drift", d.drift = NULL);
    WRONG(NSDE_INVALID, "diffusion", d.diffusion = NULL);
    WRONG(NSDE_INVALID, "0 states", d.dim = 0);
    WRONG(NSDE_INVALID, "not possible", d.dim = SIZE_MAX);
    WRONG(NSDE_INVALID, "not possible", d.noise_dim = SIZE_MAX);
    WRONG(NSDE_INVALID, "not possible", d.dim = 1 << 20; d.noise_dim = 1 << 20);
    WRONG(NSDE_INVALID, "parameters is NULL", d.parameters = NULL);
    WRONG(NSDE_INVALID, "noise class", d.noise = (nsde_noise_class)17);
    WRONG(NSDE_INVALID, "calculus", d.calculus = (nsde_calculus)17);
    WRONG(NSDE_INVALID, "scalar noise cannot have 2", d.noise = NSDE_NOISE_SCALAR);
    WRONG(NSDE_INVALID, "diagonal noise cannot have 3", d.noise = NSDE_NOISE_DIAGONAL; d.noise_dim = 3);
    WRONG(NSDE_INVALID, "state", d.state_lower = 2.0; d.state_upper = 1.0);
    WRONG(NSDE_INVALID, "state", d.state_lower = NAN; d.state_upper = 1.0);
}
END_TEST

START_TEST(wrong_coefficients_are_refused)
{
    WRONG(NSDE_INVALID, "drift has 3 rows for 2 states", d.drift = three_rows);
    WRONG(NSDE_INVALID, "drift has 4 rows for 2 states", d.drift = four_rows);
    WRONG(NSDE_INVALID, "diffusion has 3 rows", d.diffusion = three_rows);
    WRONG(NSDE_INVALID, "diffusion has 2 rows", d.noise_dim = 3);
    WRONG(NSDE_INVALID, "not 4", d.diffusion = four_rows; d.noise = NSDE_NOISE_DIAGONAL);
    WRONG(NSDE_RECORDING, "drift: ", d.drift = mistaken);
    WRONG(NSDE_RECORDING, "diffusion: ", d.diffusion = mistaken);
    WRONG(NSDE_RECORDING, "no coefficient on Tuesdays", d.drift = refusing);
    WRONG(NSDE_INVALID, "drift has 0 rows", d.drift = nothing);
    WRONG(NSDE_INVALID, "diffusion has 0 rows", d.diffusion = nothing);
}
END_TEST

START_TEST(wrong_parameters_are_refused)
{
    const struct {
        nsde_parameter_definition p;
        nsde_status status;
        const char *part;
    } wrong[] = {
        {{NULL, "", 0.0, 1.0, 0.5, 1}, NSDE_INVALID, "parameter 1 has no name"},
        {{"", "", 0.0, 1.0, 0.5, 1}, NSDE_INVALID, "parameter 1 has no name"},
        {{"W", "", 0.0, 1.0, 0.5, 1}, NSDE_INVALID, "two parameters are called W"},
        {{"W[1]", "", 0.0, 1.0, 0.5, 1}, NSDE_INVALID, "W[1]"},
        {{"a=b", "", 0.0, 1.0, 0.5, 1}, NSDE_INVALID, "a=b"},
        {{"b", "", 1.0, 0.0, 0.5, 1}, NSDE_INVALID, "b starts at 0.5, outside its bounds (1, 0)"},
        {{"b", "", 1.0, 1.0, 1.0, 1}, NSDE_INVALID, "b starts at 1"},
        {{"b", "", 0.0, 1.0, 0.0, 1}, NSDE_INVALID, "b starts at 0"},
        {{"b", "", 0.0, 1.0, 1.0, 1}, NSDE_INVALID, "b starts at 1"},
        {{"b", "", 0.0, 1.0, NAN, 1}, NSDE_INVALID, "b starts at nan"},
        {{"b", "", NAN, 1.0, 0.5, 1}, NSDE_INVALID, "b starts"},
        {{"b", "", 0.0, INFINITY, INFINITY, 1}, NSDE_INVALID, "b starts at inf"},
        {{"b", "", 0.0, 1.0, 0.5, SIZE_MAX / 2}, NSDE_OVERFLOW, "too many"},
        {{"b", "", 0.0, 1.0, 0.5, (size_t)1 << 32}, NSDE_OVERFLOW, "too many"},
    };
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        nsde_model_definition d = sound();
        const nsde_parameter_definition both[] = {parameters[0], wrong[k].p};
        d.parameters = both;
        check_wrong(d, wrong[k].status, wrong[k].part);
    }
}
END_TEST

/* ---- what a model is then ---- */

START_TEST(blocks_are_spelled_out_and_found)
{
    const char *const names[] = {"W[0]", "W[1]", "W[2]", "b"};
    nsde_model *model;
    const nsde_model_definition d = sound();
    size_t number;
    check_ok(nsde_model_create(&d, &model));
    const nsde_model_definition *made = nsde_model_describe(model);
    ck_assert_uint_eq(made->n_parameters, 4);
    ck_assert_uint_eq(made->noise_dim, 2);
    for (size_t i = 0; i < 4; i++) {
        const nsde_parameter_definition *p = &made->parameters[i];
        ck_assert_str_eq(p->name, names[i]);
        ck_assert_uint_eq(p->count, 1);
        ck_assert(p->lower == parameters[i == 3].lower && p->upper == parameters[i == 3].upper &&
                  p->start == parameters[i == 3].start);
        check_ok(nsde_model_parameter(model, names[i], &number));
        ck_assert_uint_eq(number, i);
    }
    check_refused(nsde_model_parameter(model, "W", &number), NSDE_NOT_FOUND, "it has W[0], W[1], W[2], b");
    check_refused(nsde_model_parameter(model, "W[3]", &number), NSDE_NOT_FOUND, "\"W[3]\"");
    check_refused(nsde_model_parameter(model, NULL, &number), NSDE_INVALID, "name");
    check_refused(nsde_model_parameter(model, "b", NULL), NSDE_INVALID, "NULL");
    nsde_model_destroy(model);
}
END_TEST

START_TEST(parameters_lie_strictly_within_their_bounds)
{
    nsde_model *model;
    nsde_model_definition d = sound();
    check_ok(nsde_model_create(&d, &model));
    const double good[] = {-0.999, 0.0, 2.999, 1e300};
    check_ok(nsde_model_check_parameters(model, good));
    const struct {
        size_t number;
        double value;
        const char *part;
    } wrong[] = {{0, -1.0, "W[0] = -1 is outside its bounds (-1, 3)"},
                 {1, 3.0, "W[1] = 3"},
                 {2, NAN, "W[2] is nan"},
                 {3, INFINITY, "b is inf"},
                 {3, 0.0, "b = 0 is outside its bounds (0, inf)"}};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        double p[4];
        memcpy(p, good, sizeof p);
        p[wrong[k].number] = wrong[k].value;
        check_refused(nsde_model_check_parameters(model, p), NSDE_INVALID, wrong[k].part);
    }
    check_refused(nsde_model_check_parameters(model, NULL), NSDE_INVALID, "needed");
    nsde_model_destroy(model);
    d.n_parameters = 0;
    check_ok(nsde_model_create(&d, &model));
    check_ok(nsde_model_check_parameters(model, NULL));
    nsde_model_destroy(model);
}
END_TEST

/* Rows of the diffusion decide between its diagonal and the full matrix. */
START_TEST(shapes_of_the_diffusion)
{
    const struct {
        nsde_var (*diffusion)(const nsde_at *at);
        size_t noise_dim, rows;
        bool diagonal;
    } shapes[] = {{two_rows, 0, 2, true},
                  {one_row, 0, 2, true},
                  {four_rows, 0, 4, false},
                  {six_rows, 3, 6, false},
                  {two_rows, 1, 2, false}};
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        nsde_model_definition d = sound();
        nsde_model *model;
        nsde_tape *tape;
        d.diffusion = shapes[k].diffusion;
        d.noise_dim = shapes[k].noise_dim;
        check_ok(nsde_model_create(&d, &model));
        check_ok(nsde_tape_create(&tape));
        const nsde_var x = nsde_input(tape, 2), t = nsde_uniform(tape, 1);
        const nsde_var g =
            nsde_model_diffusion(model, x, t, nsde_model_record_parameters(model, tape), (nsde_var){0});
        ck_assert_uint_eq(nsde_rows(g), shapes[k].rows);
        ck_assert(nsde_model_is_diagonal(model) == shapes[k].diagonal);
        nsde_tape_destroy(tape);
        nsde_model_destroy(model);
    }
}
END_TEST

/* ---- ownership ---- */

static nsde_status create_and_destroy(void *context)
{
    nsde_model_definition d = sound();
    nsde_model *model;
    int *const released = context;
    d.context = context;
    d.release = count_release;
    *released = 0;
    const nsde_status status = nsde_model_create(&d, &model);
    ck_assert_int_eq(*released, status ? 1 : 0);
    nsde_model_destroy(model);
    ck_assert_int_eq(*released, 1);
    return status;
}

START_TEST(the_context_is_released_once_whatever_fails)
{
    int released = 0;
    nsde_model_definition d = sound();
    check_failing_allocations(create_and_destroy, &released, 5);
    d.context = &released;
    d.release = count_release;
    released = 0;
    check_refused(nsde_model_create(&d, NULL), NSDE_INVALID, "NULL");
    ck_assert_int_eq(released, 1);
}
END_TEST

static nsde_status open_and_close(void *name)
{
    nsde_model *model;
    const nsde_status status = nsde_model_open(name, &model);
    ck_assert((model == NULL) == (status != NSDE_OK));
    nsde_model_destroy(model);
    return status;
}

START_TEST(opening_a_shipped_model_may_fail_anywhere)
{
    for (size_t i = 0; i < nsde_shipped_count(); i++) {
        char name[64];
        snprintf(name, sizeof name, "%s", nsde_shipped(i)->name);
        check_failing_allocations(open_and_close, name, 3);
    }
    ck_assert_ptr_null(nsde_shipped(nsde_shipped_count()));
    nsde_model *model;
    check_refused(nsde_model_open(NULL, &model), NSDE_INVALID, "name");
    check_refused(nsde_model_open("ou", NULL), NSDE_INVALID, "place");
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, wrong_definitions_are_refused);
    tcase_add_test(cases, wrong_coefficients_are_refused);
    tcase_add_test(cases, wrong_parameters_are_refused);
    tcase_add_test(cases, blocks_are_spelled_out_and_found);
    tcase_add_test(cases, parameters_lie_strictly_within_their_bounds);
    tcase_add_test(cases, shapes_of_the_diffusion);
    tcase_add_test(cases, the_context_is_released_once_whatever_fails);
    tcase_add_test(cases, opening_a_shipped_model_may_fail_anywhere);
}
