/* Does a wrong coefficient show? For every integrator on every class of noise each instruction of its step is
 * scaled in its turn, and the mutant must be told from the scheme.
 *
 * By its order: the scheme has strong order p, so by Milstein's fundamental theorem (1987) a mutant that has
 * it too differs by O(h^(p + 1/2)) in the mean square of one step and by O(h^(w + 1)) in its moments, w being
 * the weak order. Both are sums over nodes of the noise, without statistical error. What does not change the
 * order (a support of a difference, say) must change the number that the step gives. Of each scheme's mutants
 * the one that is furthest off is then put to the test of test_orders.c, which must turn red.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "problems/ladder.h"
#include "problems/mutant.h"
#include "problems/one_step.h"

#ifdef __SANITIZE_ADDRESS__
enum { EVERY = 4 }; /* slow there, and what it looks for is in any of them */
#else
enum { EVERY = 1 };
#endif

enum { STEPS = 2, LONG = 3, MONOMIALS = 20, LANE = 8 };

/* Powers of h are told from the first two; the last gives the number that a step is known by. */
static const double lengths[LONG] = {1.0 / 64.0, 1.0 / 256.0, 0.25};
static const double FACTOR = 1.1, START = 0.2, KNOWN_TO = 1e-11;

/* States after a step of each length. */
typedef struct after {
    double x[LONG][2][MOST_LANES];
} after;

/* The number: both states on one of the noises. */
static double value_of(const after *a, const quadrature *q)
{
    const size_t lane = q->n > LANE ? LANE : 0;
    return a->x[LONG - 1][0][lane] + 2.0 * a->x[LONG - 1][1][lane];
}

static void take(const nsde_integrator *m, const nsde_model *model, const quadrature *q, after *a)
{
    one_step s;
    one_step_create(&s, m, model, class_values, q->n);
    for (int k = 0; k < LONG; k++) {
        one_step_put(&s, q, lengths[k], class_x0, 0);
        const double *x = one_step_run(&s, START, lengths[k], q->n);
        for (int c = 0; c < 2; c++)
            memcpy(a->x[k][c], x + (size_t)c * s.stride, q->n * sizeof(double));
    }
    one_step_destroy(&s);
}

/* E (X - x0)^a (Y - y0)^b, 1 <= a + b <= 5 */
static void moments_of(const after *a, const quadrature *q, int k, double moments[MONOMIALS])
{
    memset(moments, 0, MONOMIALS * sizeof *moments);
    for (size_t i = 0; i < q->n; i++) {
        const double u = a->x[k][0][i] - class_x0[0], v = a->x[k][1][i] - class_x0[1];
        int n = 0;
        for (int degree = 1; degree <= 5; degree++)
            for (int b = 0; b <= degree; b++) {
                double product = q->weight[i];
                for (int j = 0; j < degree; j++)
                    product *= j < b ? v : u;
                moments[n++] += product;
            }
    }
}

/* How two steps differ: in the mean square, most in a mean, and most in a moment, at each length. */
typedef struct gap {
    double rms[STEPS], mean[STEPS], moment[STEPS];
} gap;

static gap gap_between(const after *a, const after *b, const quadrature *q)
{
    gap g = {{0.0}, {0.0}, {0.0}};
    for (int k = 0; k < STEPS; k++) {
        double one[MONOMIALS], other[MONOMIALS];
        moments_of(a, q, k, one);
        moments_of(b, q, k, other);
        for (int n = 0; n < MONOMIALS; n++)
            g.moment[k] = fmax(g.moment[k], fabs(one[n] - other[n]));
        g.mean[k] = fmax(fabs(one[0] - other[0]), fabs(one[1] - other[1]));
        for (int c = 0; c < 2; c++)
            for (size_t i = 0; i < q->n; i++) {
                const double d = a->x[k][c][i] - b->x[k][c][i];
                g.rms[k] += q->weight[i] * d * d;
            }
        g.rms[k] = sqrt(g.rms[k]);
    }
    return g;
}

/* The power of h with which a gap shrinks; many where it is rounding. */
static double power_of(const double by[STEPS])
{
    return by[1] < 1e-15 ? 99.0 : log2(by[0] / by[1]) / 2.0;
}

/* What became of the mutants of a scheme on a problem. */
typedef struct tally {
    size_t all, by_order, by_value,
        refused; /* the rest are the scheme itself: a factor of 0, or what Newton mends */
    size_t literals, literals_by_order, literals_by_value;
    size_t control; /* number of the mutant that test_orders.c is shown; SIZE_MAX for none */
    double distance;
} tally;

/* Whether a gap is more than schemes of these orders leave between them. */
typedef struct verdict {
    bool strong, weak;
} verdict;

static verdict judge(const gap *g, double strong, double weak)
{
    const bool mean = power_of(g->mean) < strong + 0.75, square = power_of(g->rms) < strong + 0.25;
    return (verdict){mean || square, power_of(g->moment) < weak + 0.75};
}

/* The control is what moves the step most, among what moves it by no more than its noise does; a literal
 * coefficient is preferred to what moves it by up to five times as much. */
static void keep_control(tally *t, size_t number, const gap *g, bool literal)
{
    const bool small = power_of(g->rms) > 0.25;
    const double distance = small ? g->rms[1] * (literal ? 5.0 : 1.0) : 0.0;
    if (distance > t->distance) {
        t->distance = distance;
        t->control = number;
    }
}

static tally try_all(const nsde_integrator *m, const class_problem *problem, const nsde_model *model)
{
    static after right, wrong;
    static quadrature q;
    tally t = {.control = SIZE_MAX};
    quadrature_fill(&q, problem->model.diffusion ? nsde_model_describe(model)->noise_dim : 0);
    nsde_integrator trial = mutant_of(m, SIZE_MAX, FACTOR);
    take(&trial, model, &q, &right);
    const size_t count = mutant.count;
    /* without noise, strong and weak are the same */
    const double strong = fmin(expected_order(m, problem), 9.0);
    const double weak = problem->model.diffusion ? fmin(m->weak_order, 9.0) : strong;
    for (size_t number = 0; number < count; number += EVERY) {
        if (!mutant.live[number]) /* the same at every recording */
            continue;
        trial = mutant_of(m, number, FACTOR);
        take(&trial, model, &q, &wrong);
        const gap g = gap_between(&right, &wrong, &q);
        const verdict v = judge(&g, strong, weak);
        const bool literal = mutant.literal[number], order = g.rms[0] > 1e-13 && (v.strong || v.weak);
        const bool refused = isnan(g.rms[0]); /* the scheme itself sees that something is wrong */
        const bool value =
            !order && !refused && fabs(value_of(&wrong, &q) - value_of(&right, &q)) > 2.0 * KNOWN_TO;
        t.all++, t.literals += literal;
        t.by_order += order, t.literals_by_order += order && literal;
        t.by_value += value, t.literals_by_value += value && literal;
        t.refused += refused;
        ck_assert_msg(order || value || refused || g.rms[0] < 1e-9,
                      "%s on %s: instruction %zu may be wrong untold", m->name, problem->model.name, number);
        if (order && v.strong)
            keep_control(&t, number, &g, literal);
    }
    return t;
}

static void show(const nsde_integrator *m, const class_problem *problem, const tally *t, double slope)
{
    if (getenv("NSDE_TEST_SHOW"))
        printf("%-26s %-14s %4zu mutants: %4zu by order, %3zu by value, %3zu NaN; %2zu literals: %2zu by "
               "order, %2zu by "
               "value; order %.2f, of a mutant %.2f\n",
               m->name, problem->model.name, t->all, t->by_order, t->by_value, t->refused, t->literals,
               t->literals_by_order, t->literals_by_value, expected_order(m, problem), slope);
}

START_TEST(every_wrong_instruction_shows)
{
    const class_problem *problem = &class_problems[_i];
    ladder l = ladder_of(problem, 100);
    for (size_t k = 0; k < nsde_integrator_count(); k++) {
        const nsde_integrator *m = nsde_integrator_at(k);
        double rms[LEVELS];
        if (nsde_integrator_check(m, l.model) != NSDE_OK)
            continue;
        const tally t = try_all(m, problem, l.model);
        const double order = expected_order(m, problem);
        ck_assert_msg(3 * t.by_order >= t.by_order + t.by_value && t.control != SIZE_MAX,
                      "%s on %s: of %zu wrong instructions only %zu change its order", m->name,
                      problem->model.name, t.by_order + t.by_value, t.by_order);
        const nsde_integrator wrong = mutant_of(m, t.control, 1.5);
        const double slope = ladder_slope(&l, &wrong, true, rms);
        show(m, problem, &t, slope);
        ck_assert_msg(isinf(order) ? rms[l.coarsest] > 1e-5 : fabs(slope - order) > order_tolerance(order),
                      "%s on %s: with instruction %zu half as large again the slope is still %.3f", m->name,
                      problem->model.name, t.control, slope);
    }
    mutant_finish();
    ladder_destroy(&l);
}
END_TEST

/* What the steps gave when their orders were measured, one number a scheme: the sum over all problems. */
static const struct {
    const char *method;
    double value;
} known[] = {
    {"euler_maruyama", -1.11244087136819},
    {"tamed_euler", -1.24531496579701},
    {"milstein", 0.417570037692751},
    {"milstein_stratonovich", 0.417570037692751},
    {"milstein_derivative_free", 0.916868454443955},
    {"heun", 0.040237953554051},
    {"euler_heun", 0.130274702163028},
    {"midpoint", 0.201839084597714},
    {"sriw1", 1.42908391738665},
    {"sra1", 1.85683820411164},
    {"sra3", 1.85808259852845},
    {"shark", 1.87343770921882},
    {"log_ode", 0.0221519608495961},
    {"platen_weak2", -0.141445343382709},
    {"implicit_euler", -0.925506905965151},
    {"theta", -1.00911593298126},
    {"reversible_heun", 0.040237953554051},
    {"rk4", 1.39784478009718},
    {"dormand_prince", 1.397847551087},
    {"baoab", 0.551238369888854},
    {"ubu", 0.529296423639011},
    {"exact", 0.750785462202147},
};

static double sum_of_values(const nsde_integrator *m)
{
    static after a;
    static quadrature q;
    double sum = 0.0;
    for (size_t i = 0; i < CLASS_PROBLEMS; i++) {
        const class_problem *problem = &class_problems[i];
        nsde_model *model = class_model(problem);
        if (nsde_integrator_check(m, model) == NSDE_OK) {
            quadrature_fill(&q, problem->model.diffusion ? nsde_model_describe(model)->noise_dim : 0);
            take(m, model, &q, &a);
            sum += value_of(&a, &q);
        }
        nsde_model_destroy(model);
    }
    return sum;
}

START_TEST(steps_give_the_numbers_they_gave)
{
    for (size_t k = 0; getenv("NSDE_TEST_SHOW") && k < nsde_integrator_count(); k++) {
        printf("    {\"%s\", %.15g},\n", nsde_integrator_at(k)->name, sum_of_values(nsde_integrator_at(k)));
        fflush(stdout);
    }
    for (size_t k = 0; k < nsde_integrator_count(); k++) {
        const nsde_integrator *m = nsde_integrator_at(k);
        const double value = sum_of_values(m);
        size_t row = 0;
        while (row < sizeof known / sizeof *known && strcmp(known[row].method, m->name) != 0)
            row++;
        ck_assert_msg(row < sizeof known / sizeof *known,
                      "no row for %s in the table `known`; once its orders are right, add {\"%s\", %.15g},",
                      m->name, m->name, value);
        ck_assert_msg(fabs(value - known[row].value) < KNOWN_TO, "%s gives %.15g, gave %.15g", m->name, value,
                      known[row].value);
    }
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_loop_test(cases, every_wrong_instruction_shows, 0, CLASS_PROBLEMS);
    tcase_add_test(cases, steps_give_the_numbers_they_gave);
}
