/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/watch.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/number.h"

/* The component that x, or x1, x2, …, is. */
static nsde_status read_component(const char *name, size_t dim, size_t *component)
{
    double number = 1.0;
    const bool alone = strcmp(name, "x") == 0;
    if (name[0] != 'x' || (alone && dim > 1) || (!alone && nsde_parse_number(name + 1, &number)) ||
        !(number >= 1.0 && number <= (double)dim) || number != floor(number))
        return nsde_fail(NSDE_INVALID, "--passage: there is no state \"%.40s\" of %zu, x1, x2, …", name, dim);
    *component = (size_t)number - 1;
    return NSDE_OK;
}

/* One part, which is changed. */
static nsde_status read_passage(char *part, size_t dim, nsde_passage_watch *watch)
{
    char *sign = strpbrk(part, "<>");
    if (!sign)
        return nsde_fail(NSDE_INVALID, "--passage: \"%.40s\" is neither like x>1 nor like x2<-0.5", part);
    watch->from_above = *sign == '<';
    *sign = '\0';
    nsde_status status = read_component(part, dim, &watch->component);
    if (!status)
        status = nsde_parse_number(sign + 1, &watch->level);
    return status ? nsde_fail_within(status, "--passage") : NSDE_OK;
}

nsde_status cli_read_passages(const char *text, size_t dim, bool bridge, nsde_passage_watch **watches,
                              size_t *n)
{
    char *copy;
    void *memory;
    *watches = NULL;
    *n = 1;
    for (const char *c = text; *c; c++)
        *n += *c == ',';
    nsde_status status = nsde_copy_string(text, &copy);
    if (status)
        return status;
    status = nsde_alloc(*n, sizeof(nsde_passage_watch), "passages", &memory);
    *watches = memory;
    char *part = copy;
    for (size_t q = 0; q < *n && !status; q++) {
        char *end = part + strcspn(part, ",");
        const bool last = *end == '\0';
        *end = '\0';
        (*watches)[q].bridge = bridge;
        status = read_passage(part, dim, &(*watches)[q]);
        part = last ? end : end + 1;
    }
    nsde_free(copy);
    if (status) {
        nsde_free(*watches);
        *watches = NULL;
    }
    return status;
}

void cli_print_statistics(const nsde_statistics *s)
{
    enum { LINES = 10, MOST = 8 };
    const size_t shown = s->dim <= MOST ? s->dim : MOST;
    printf("%12s %10s %14s %12s %14s", "t", "component", "mean", "std error", "std deviation");
    for (size_t j = 0; s->dim > 1 && j < shown; j++)
        printf(" %13s%zu", "covariance ", j + 1);
    printf("\n");
    for (size_t line = 0; line < LINES + 1 && line < s->n_times; line++) {
        const size_t k = s->n_times <= LINES + 1 ? line : line * (s->n_times - 1) / LINES;
        for (size_t c = 0; c < s->dim; c++) {
            const size_t row = k * s->dim + c;
            const double *covariance = s->covariance + row * s->dim;
            printf("%12.6g %10zu %14.8g %12.3g %14.8g", s->times[k], c + 1, s->mean[row], s->std_error[row],
                   sqrt(covariance[c]));
            for (size_t j = 0; s->dim > 1 && j < shown; j++)
                printf(" %14.7g", covariance[j]);
            printf("\n");
        }
    }
    if (s->n_failed)
        printf("%zu of %zu paths left the finite numbers and are left out\n", s->n_failed, s->n_paths);
}

void cli_print_passages(const nsde_statistics *s, const nsde_passage_watch *watches)
{
    if (s->n_passages)
        printf("%9s %14s %10s %10s %14s %12s %14s\n", "component", "passes", "passed", "not passed",
               "mean time", "std error", "std deviation");
    for (size_t q = 0; q < s->n_passages; q++) {
        const nsde_passage *p = &s->passages[q];
        printf("%9zu %c %12.6g %10zu %10zu %14.8g %12.3g %14.8g\n", p->component + 1,
               watches[q].from_above ? '<' : '>', p->level, p->passed, p->not_passed, p->mean, p->std_error,
               sqrt(p->variance));
    }
}
