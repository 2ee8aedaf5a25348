/* Studies: bias and variance where both are known, going on from a state, files.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "core/memory.h"
#include "harness.h"
#include "io/file.h"
#include "io/json.h"
#include "io/scratch.h"
#include "nsde/study.h"
#include "nsde/text.h"

/* E X_1^2 of dX = 0.5 X dt + 0.4 X dW from 1 by Euler-Maruyama: ((1 + r h)^2 + s^2 h)^steps, and its
 * derivatives by r, s and x0. */
static const double r = 0.5, s = 0.4;

static void discrete(size_t steps, double truth[4])
{
    const double h = 1.0 / (double)steps, a = 1.0 + r * h, factor = a * a + s * s * h, n = (double)steps;
    truth[3] = pow(factor, n);
    truth[0] = n * truth[3] / factor * 2.0 * a * h;
    truth[1] = n * truth[3] / factor * 2.0 * s * h;
    truth[2] = 2.0 * truth[3];
}

static void exact(double truth[4])
{
    truth[3] = exp(2.0 * r + s * s);
    truth[0] = 2.0 * truth[3];
    truth[1] = 2.0 * s * truth[3];
    truth[2] = 2.0 * truth[3];
}

typedef struct problem {
    nsde_model *model;
    nsde_loss loss;
    nsde_estimate_problem problem;
    nsde_estimate_settings settings;
    const nsde_estimator *estimators[3];
    nsde_study_settings study;
} problem;

static const size_t steps[] = {4, 8, 16}, paths[] = {100, 400};
static const double parameters[] = {0.5, 0.4}, x0 = 1.0;

static void open_problem(problem *p, const char *loss)
{
    const char *const names[] = {"forward", "likelihood_ratio", "reverse"};
    const nsde_text_model text = {.drift = "r*x", .diffusion = "s*x", .parameters = "r=0.5, s=0.4:0:"};
    *p = (problem){0};
    check_ok(nsde_model_from_text(&text, &p->model));
    check_ok(nsde_loss_from_text(loss, p->model, &p->loss));
    p->problem = (nsde_estimate_problem){p->model, &p->loss, parameters, &x0};
    p->settings.run = nsde_gradient_settings_default();
    p->settings.run.seed = 11;
    for (int i = 0; i < 3; i++)
        check_ok(nsde_estimator_find(names[i], &p->estimators[i]));
    p->study = (nsde_study_settings){p->estimators, steps, paths, 3, 3, 2, .replicates = 150};
}

static void close_problem(problem *p)
{
    nsde_loss_release_text(&p->loss);
    nsde_model_destroy(p->model);
}

static nsde_study *study_of(problem *p)
{
    nsde_study *study;
    check_ok(nsde_study_run(&p->problem, &p->settings, &p->study, &study));
    return study;
}

START_TEST(bias_and_variance_are_found)
{
    problem p;
    double truth[4], there[4];
    open_problem(&p, "x^2");
    exact(truth);
    p.study.exact = truth;
    nsde_study *study = study_of(&p);
    ck_assert_uint_eq(study->n, 3);
    ck_assert_uint_eq(study->n_cells, 18);
    ck_assert_str_eq(study->names[1], "s");
    ck_assert_str_eq(study->names[3], "loss");
    for (size_t i = 0; i < study->n_cells; i++) {
        const nsde_study_cell *c = &study->cells[i];
        ck_assert(c->method == p.estimators[i / 6] && c->steps == steps[i / 2 % 3] &&
                  c->paths == paths[i % 2]);
        ck_assert(c->replicates == 150 && c->seconds > 0.0 && c->peak_bytes > 0);
        discrete(c->steps, there);
        for (size_t k = 0; k < 4; k++) {
            ck_assert_msg(fabs(c->bias[k] - (there[k] - truth[k])) < 4.5 * c->bias_error[k],
                          "%s, %zu steps, %s: %g", c->method->name, c->steps, study->names[k], c->bias[k]);
            ck_assert_msg(i / 6 == 1 || fabs(c->variance[k] / c->reported[k] - 1.0) < 0.6,
                          "%s: %g, reported %g", study->names[k], c->variance[k], c->reported[k]);
        }
        /* The noise is the same for all estimators: those of one path's derivative agree. */
        if (i >= 12)
            check_relative(c->mean[0], study->cells[i - 12].mean[0], 1e-12);
    }
    const double *few = study->cells[4].variance, *many = study->cells[5].variance;
    check_relative(few[0] / many[0], 4.0, 0.5);
    const double fall = log(study->cells[1].bias[0] / study->cells[5].bias[0]) / log(4.0);
    check_absolute(fall, 1.0, 0.3);
    ck_assert(study->cells[0].bias[0] < -20.0 * study->cells[0].bias_error[0]); /* and so it can be seen */
    nsde_study_destroy(study);
    p.study.exact = NULL;
    study = study_of(&p);
    for (size_t k = 0; k < 4; k++) { /* by Richardson's rule; the rest falls as h^2 */
        ck_assert(study->extrapolated[k]);
        check_absolute(study->reference[k], truth[k], 0.06 * truth[k]);
    }
    nsde_study_destroy(study);
    p.study.n_steps = 1;
    study = study_of(&p);
    ck_assert(isnan(study->reference[0]) && isnan(study->cells[0].bias[0]) &&
              study->cells[0].variance[0] > 0.0);
    nsde_study_destroy(study);
    close_problem(&p);
}
END_TEST

/* ---- going on ---- */

static bool stop_after(void *left, size_t done, size_t all)
{
    (void)done;
    ck_assert_uint_eq(all, 150);
    return --*(int *)left > 0;
}

static void check_same(const nsde_study *a, const nsde_study *b)
{
    ck_assert_uint_eq(a->n_cells, b->n_cells);
    for (size_t i = 0; i < a->n_cells; i++) {
        const size_t size = (a->n + 1) * sizeof(double);
        ck_assert_mem_eq(a->cells[i].mean, b->cells[i].mean, size);
        ck_assert_mem_eq(a->cells[i].variance, b->cells[i].variance, size);
        ck_assert_mem_eq(a->cells[i].bias, b->cells[i].bias, size);
    }
}

START_TEST(cut_short_and_gone_on_with_it_is_the_same)
{
    problem p;
    int left = 40;
    char *bytes;
    size_t size;
    nsde_study *study;
    open_problem(&p, "x^2");
    nsde_study *whole = study_of(&p);
    scratch place = scratch_open();
    p.study.state = scratch_path(&place, "state");
    p.study.progress = stop_after;
    p.study.progress_context = &left;
    study = study_of(&p);
    ck_assert_uint_eq(study->replicates, 40);
    nsde_study_destroy(study);
    p.study.progress = NULL;
    p.settings.run.threads = 2;
    study = study_of(&p);
    ck_assert_uint_eq(study->resumed, 40);
    ck_assert_uint_eq(study->replicates, 150);
    check_same(study, whole);
    nsde_study_destroy(study);
    /* Of another study, and damaged. */
    p.settings.run.seed = 12;
    check_refused(nsde_study_run(&p.problem, &p.settings, &p.study, &study), NSDE_PARSE, "another study");
    p.settings.run.seed = 11;
    close_problem(&p);
    problem q;
    open_problem(&q, "x^3");
    q.study.state = p.study.state;
    check_refused(nsde_study_run(&q.problem, &q.settings, &q.study, &study), NSDE_PARSE, "another study");
    close_problem(&q);
    open_problem(&p, "x^2");
    p.study.state = q.study.state;
    check_ok(nsde_file_read(p.study.state, &bytes, &size));
    for (size_t at = 0; at < size; at += 61) {
        bytes[at] ^= 16;
        FILE *file = fopen(p.study.state, "wb");
        ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
        fclose(file);
        bytes[at] ^= 16;
        ck_assert_int_eq(nsde_study_run(&p.problem, &p.settings, &p.study, &study), NSDE_PARSE);
        ck_assert_ptr_null(study);
    }
    nsde_free(bytes);
    scratch_close(&place);
    nsde_study_destroy(whole);
    close_problem(&p);
}
END_TEST

/* ---- what does not apply, and what is refused ---- */

static nsde_status jump(void *context, const nsde_ensemble *e, double *loss, double *adjoint)
{
    (void)context, (void)e, (void)adjoint;
    *loss = 0.0;
    return NSDE_OK;
}

START_TEST(bad_input_is_refused)
{
    problem p;
    nsde_study *study;
    open_problem(&p, "x^2");
#define REFUSED(status, text)                                                                                \
    check_refused(nsde_study_run(&p.problem, &p.settings, &p.study, &study), status, text);                  \
    ck_assert_ptr_null(study)
    p.study.replicates = 1;
    REFUSED(NSDE_INVALID, "1 replicates");
    p.study.replicates = 4;
    p.study.steps = (const size_t[]){4, 4, 8};
    REFUSED(NSDE_INVALID, "must rise");
    p.study.steps = steps;
    p.study.n_paths = 0;
    REFUSED(NSDE_INVALID, "paths");
    p.study.n_paths = 2;
    p.settings.run.steps = 16;
    p.settings.run.n_observe = 2;
    p.settings.run.observe = (const size_t[]){6, 16};
    REFUSED(NSDE_INVALID, "falls between 4 steps");
    p.settings.run.observe = (const size_t[]){4, 16};
    nsde_study_destroy(study_of(&p));
    p.settings.run.n_observe = 0;
    p.study.state = "/nowhere/state";
    REFUSED(NSDE_IO, "/nowhere/state");
    p.study.state = NULL;
    p.settings.run.times = (const double[]){0.0, 0.5, 1.0};
    REFUSED(NSDE_UNSUPPORTED, "times must be NULL");
    p.settings.run.times = NULL;
    const nsde_loss ensemble = {.ensemble = jump};
    p.problem.loss = &ensemble;
    REFUSED(NSDE_UNSUPPORTED, "recorded loss");
    close_problem(&p);
}
END_TEST

START_TEST(files_hold_every_cell)
{
    problem p;
    cJSON *root;
    char *text;
    size_t size, lines = 0;
    open_problem(&p, "x^2");
    p.study.replicates = 3;
    nsde_study *study = study_of(&p);
    scratch place = scratch_open();
    check_ok(nsde_study_write_csv(study, scratch_path(&place, "s.csv")));
    check_ok(nsde_file_read(place.path, &text, &size));
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    ck_assert_uint_eq(lines, 1 + 18 * 4);
    ck_assert_ptr_nonnull(strstr(text, "\nlikelihood_ratio,8,0.125,400,3,"));
    nsde_free(text);
    check_ok(nsde_study_write_json(study, scratch_path(&place, "s.json")));
    check_ok(nsde_json_read(place.path, &root));
    const cJSON *cells = cJSON_GetObjectItemCaseSensitive(root, "cells");
    ck_assert_int_eq(cJSON_GetArraySize(cells), 18);
    const cJSON *last = cJSON_GetArrayItem(cells, 17);
    const cJSON *component = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(last, "components"), 1);
    double value;
    check_ok(nsde_json_get_number(component, "variance", &value));
    ck_assert(value == study->cells[17].variance[1]);
    cJSON_Delete(root);
    check_ok(nsde_study_draw_bias(study, 0, scratch_path(&place, "b.svg")));
    check_ok(nsde_study_draw_variance(study, 3, scratch_path(&place, "v.svg")));
    check_refused(nsde_study_draw_variance(study, 4, scratch_path(&place, "w.svg")), NSDE_INVALID,
                  "component 4");
    check_refused(nsde_study_write_csv(study, "/nowhere/s.csv"), NSDE_IO, "/nowhere");
    scratch_close(&place);
    nsde_study_destroy(study);
    close_problem(&p);
}
END_TEST

START_TEST(without_memory_it_says_so)
{
    problem p;
    open_problem(&p, "x^2");
    p.study.replicates = 2;
    p.study.n_estimators = 1;
    p.study.n_steps = 1;
    for (size_t k = 1;; k++) {
        nsde_study *study;
        test_fail_allocation(k);
        const nsde_status status = nsde_study_run(&p.problem, &p.settings, &p.study, &study);
        const bool failed = test_allocation_failed();
        test_fail_allocation(0);
        nsde_study_destroy(study);
        if (!failed)
            break;
        ck_assert_int_eq(status, NSDE_NO_MEMORY);
        ck_assert_ptr_null(study);
    }
    close_problem(&p);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, bias_and_variance_are_found);
    tcase_add_test(cases, cut_short_and_gone_on_with_it_is_the_same);
    tcase_add_test(cases, bad_input_is_refused);
    tcase_add_test(cases, files_hold_every_cell);
    tcase_add_test(cases, without_memory_it_says_so);
}
