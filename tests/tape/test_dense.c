/* The dense kernels of every machine up to this one, in both precisions, against sums written out.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "harness.h"
#include "tape/dense.h"

enum { MOST = 96, LANES = 80, STRIDE = 96 };

static double w[MOST * MOST], x[MOST * STRIDE], y[MOST * STRIDE], bias[MOST], sums[MOST * MOST];
static float ws[MOST * MOST], xs[MOST * STRIDE], ys[MOST * STRIDE], biases[MOST];

static const size_t shapes[][3] = {{1, 1, 16},   {2, 3, 16},   {3, 64, 48},  {64, 3, 80},
                                   {5, 7, 32},   {8, 8, 64},   {13, 17, 80}, {64, 64, 64},
                                   {33, 66, 80}, {96, 96, 80}, {7, 16, 48},  {9, 65, 16}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void fill(void)
{
    for (size_t i = 0; i < MOST * MOST; i++)
        ws[i] = (float)(w[i] = sin(2.385 * (double)i));
    for (size_t i = 0; i < MOST * STRIDE; i++) {
        xs[i] = (float)(x[i] = cos(1.7 * (double)i));
        ys[i] = (float)(y[i] = sin(0.3 * (double)i));
    }
    for (size_t i = 0; i < MOST; i++)
        biases[i] = (float)(bias[i] = 0.1 * (double)i - 3.0);
}

/* What y[i][lane] should be. */
static double entry(size_t i, size_t lane, size_t depth, size_t w_row, size_t w_step, double start)
{
    for (size_t k = 0; k < depth; k++)
        start += w[i * w_row + k * w_step] * x[k * STRIDE + lane];
    return start;
}

static void check_product(nsde_machine machine, size_t m, size_t depth, size_t lanes, bool transposed,
                          int start)
{
    const size_t w_row = transposed ? 1 : depth, w_step = transposed ? m : 1;
    fill();
    const bool add = start == 2;
    nsde_dense_double_of(machine)->product(m, depth, lanes, w, w_row, w_step, x, STRIDE,
                                           start == 1 ? bias : NULL, add, y, STRIDE);
    nsde_dense_single_of(machine)->product(m, depth, lanes, ws, w_row, w_step, xs, STRIDE,
                                           start == 1 ? biases : NULL, add, ys, STRIDE);
    for (size_t i = 0; i < m; i++)
        for (size_t lane = 0; lane < STRIDE; lane++) {
            const double before = sin(0.3 * (double)(i * STRIDE + lane));
            double expected = before; /* beyond the lanes nothing is touched */
            if (lane < lanes)
                expected = entry(i, lane, depth, w_row, w_step, add ? before : start == 1 ? bias[i] : 0.0);
            check_absolute(y[i * STRIDE + lane], expected, 1e-13);
            check_absolute((double)ys[i * STRIDE + lane], expected, 1e-4);
        }
}

START_TEST(products)
{
    for (int machine = NSDE_NARROW; machine <= (int)nsde_machine_here(); machine++)
        for (size_t s = 0; s < SHAPES; s++)
            for (int transposed = 0; transposed <= 1; transposed++)
                for (int start = 0; start <= 2; start++)
                    check_product((nsde_machine)machine, shapes[s][0], shapes[s][1], shapes[s][2], transposed,
                                  start);
}
END_TEST

static void check_outer(nsde_machine machine, size_t m, size_t n, size_t lanes, bool single)
{
    fill();
    for (size_t i = 0; i < m * n; i++)
        sums[i] = 0.5 * (double)i;
    if (single)
        nsde_dense_single_of(machine)->outer(m, n, lanes, ys, STRIDE, xs, STRIDE, sums);
    else
        nsde_dense_double_of(machine)->outer(m, n, lanes, y, STRIDE, x, STRIDE, sums);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double expected = 0.5 * (double)(i * n + j);
            for (size_t lane = 0; lane < lanes; lane++)
                expected += y[i * STRIDE + lane] * x[j * STRIDE + lane];
            check_absolute(sums[i * n + j], expected, single ? 1e-4 : 1e-11);
        }
    for (size_t i = 0; i < m; i++)
        sums[i] = 1.5;
    if (single)
        nsde_dense_single_of(machine)->sums(m, lanes, ys, STRIDE, sums);
    else
        nsde_dense_double_of(machine)->sums(m, lanes, y, STRIDE, sums);
    for (size_t i = 0; i < m; i++) {
        double expected = 1.5;
        for (size_t lane = 0; lane < lanes; lane++)
            expected += y[i * STRIDE + lane];
        check_absolute(sums[i], expected, single ? 1e-4 : 1e-12);
    }
}

START_TEST(outer_products_and_sums)
{
    for (int machine = NSDE_NARROW; machine <= (int)nsde_machine_here(); machine++)
        for (size_t s = 0; s < SHAPES; s++)
            for (int single = 0; single <= 1; single++)
                check_outer((nsde_machine)machine, shapes[s][0], shapes[s][1], shapes[s][2], single);
}
END_TEST

/* A lane's result does not depend on the width of the panel or its place in it, to the last bit. */
START_TEST(lanes_do_not_see_each_other)
{
    const nsde_dense_double *kernels = nsde_dense_double_of(nsde_machine_here());
    static double whole[MOST * STRIDE], part[MOST * STRIDE];
    fill();
    kernels->product(33, 66, LANES, w, 66, 1, x, STRIDE, bias, false, whole, STRIDE);
    for (size_t first = 0; first < LANES; first += 16)
        for (size_t lanes = 16; first + lanes <= LANES; lanes += 16) {
            kernels->product(33, 66, lanes, w, 66, 1, x + first, STRIDE, bias, false, part, STRIDE);
            for (size_t i = 0; i < 33; i++)
                ck_assert_mem_eq(part + i * STRIDE, whole + i * STRIDE + first, lanes * sizeof *part);
        }
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, products);
    tcase_add_test(cases, outer_products_and_sums);
    tcase_add_test(cases, lanes_do_not_see_each_other);
}
