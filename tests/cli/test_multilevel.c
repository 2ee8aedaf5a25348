/* nsde multilevel: tables, JSON, pictures, what it refuses.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/program.h"
#include "core/memory.h"
#include "io/file.h"
#include "io/json.h"

#define GBM  "--model", "gbm", "--set", "mu=.05,sigma=.2", "--x0", "100"
#define CALL "--payoff", "call", "--strike", "100", "--discount", ".05"
#define FEW  "--levels", "4", "--samples", "500"

static double member(const cJSON *object, const char *name)
{
    double value;
    check_ok(nsde_json_get_number(object, name, &value));
    return value;
}

static const cJSON *item(const cJSON *object, const char *list, int number)
{
    const cJSON *found = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(object, list), number);
    ck_assert_ptr_nonnull(found);
    return found;
}

START_TEST(everything_in_one_file)
{
    scratch place = scratch_open();
    cJSON *root;
    const char *const path = scratch_path(&place, "m.json");
    program_does(nsde("multilevel", GBM, CALL, FEW, "--scheme", "milstein", "--gradient", "x0,sigma",
                      "--rmse", "0.2,0.1", "--repeats", "3", "--exact", "10.450583572", "--romberg",
                      "--quiet", "--json", path));
    check_ok(nsde_json_read(path, &root));
    for (int l = 0; l < 4; l++) {
        const cJSON *level = item(root, "levels", l), *value = item(level, "components", 0);
        double sums[8];
        ck_assert(member(level, "steps") == 1 << l && member(level, "samples") == 500.0);
        check_ok(nsde_json_get_numbers(value, "sums", 8, sums));
        check_relative(sums[0] / 500.0, member(value, "mean"), 1e-14);
        check_relative(sums[4] / 500.0, member(value, "fine_mean"), 1e-14);
        ck_assert(member(value, "consistency") < 1.0);
    }
    ck_assert(member(item(root, "orders", 0), "beta") > 1.0);
    for (int i = 0; i < 2; i++) {
        const cJSON *target = item(root, "targets", i);
        const double exact[] = {10.450583572, 0.636830651, 37.5240346917};
        for (int k = 0; k < 3; k++) {
            const cJSON *c = item(target, "components", k);
            check_absolute(member(c, "value"), exact[k],
                           4.5 * member(c, "std_error") + 3.0 * member(c, "bias"));
        }
        ck_assert(member(item(target, "components", 0), "std_error") <= 0.73 * (i ? 0.1 : 0.2));
        ck_assert(member(item(target, "components", 0), "rmse") < 2.0 * (i ? 0.1 : 0.2));
        ck_assert(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(target, "reached")));
    }
    const cJSON *last = item(root, "romberg", 6); /* of the value, from 4 and 8 steps */
    ck_assert(member(last, "steps") == 8.0);
    check_absolute(member(last, "value"), 10.4506, 4.5 * member(last, "std_error"));
    check_relative(2.0 * member(last, "fine") - member(last, "coarse"), member(last, "value"), 1e-12);
    cJSON_Delete(root);
    scratch_close(&place);
}
END_TEST

START_TEST(tables)
{
    const program_run *run = program_does(nsde("multilevel", GBM, FEW, "--payoff", "lookback", "--gradient",
                                               "x0", "--rmse", "1", "--repeats", "2", "--romberg"));
    const char *const parts[] = {"euler_maruyama on gbm, lookback: 500 samples a level",
                                 "derivative by x0",
                                 "Romberg, weak order 1, value",
                                 "value: target",
                                 "spread",
                                 "samples of levels 0, 1, ..."};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        ck_assert_msg(strstr(run->out, parts[i]), "no \"%s\" in %s", parts[i], run->out);
    run =
        program_does(nsde("multilevel", "--drift", "-k*x", "--diffusion", "0.3*x", "--param", "k=1", "--x0",
                          "1", "--loss", "k*x^2", "--gradient", "k", "--target", "k", "--rmse", ".05", FEW));
    ck_assert(strstr(run->out, "derivative by k: target"));
}
END_TEST

START_TEST(the_same_for_any_number_of_threads)
{
    static char first[1 << 17];
    const program_run *run = program_does(nsde("multilevel", GBM, CALL, "--rmse", "0.3", "--threads", "1"));
    memcpy(first, run->out, sizeof first);
    run = program_does(nsde("multilevel", GBM, CALL, "--rmse", "0.3", "--threads", "3"));
    ck_assert_str_eq(first, run->out);
}
END_TEST

START_TEST(pictures)
{
    if (!program_installed("gnuplot"))
        return;
    scratch place = scratch_open();
    char *text;
    size_t size;
    const char *const path = scratch_path(&place, "m.svg");
    program_does(nsde("multilevel", GBM, CALL, FEW, "--rmse", "0.5,0.3", "--quiet", "--plot", path));
    check_ok(nsde_file_read(path, &text, &size));
    ck_assert(strstr(text, "Variance of call, value") && strstr(text, "Mean of call, value"));
    ck_assert(strstr(text, "Samples for each error") && strstr(text, "steps times error"));
    nsde_free(text);
    program_does(nsde("multilevel", GBM, CALL, FEW, "--quiet", "--plot", path)); /* two panels */
    check_ok(nsde_file_read(path, &text, &size));
    ck_assert(strstr(text, "Mean of call, value") && !strstr(text, "Samples for each error"));
    nsde_free(text);
    scratch_close(&place);
}
END_TEST

START_TEST(refusals)
{
    program_refuses(nsde("multilevel", GBM), 2, "one of --payoff and --loss");
    program_refuses(nsde("multilevel", GBM, CALL, "--loss", "x"), 2, "one of --payoff and --loss");
    program_refuses(nsde("multilevel", CALL, "--x0", "1"), 2, "--model");
    program_refuses(nsde("multilevel", GBM, "--payoff", "put", "--strike", "1"), 1, "geometric_asian");
    program_refuses(nsde("multilevel", GBM, "--payoff", "digital"), 1, "needs --strike");
    program_refuses(nsde("multilevel", GBM, "--payoff", "barrier", "--strike", "1"), 1, "needs --barrier");
    program_refuses(nsde("multilevel", GBM, CALL, "--component", "2"), 1, "--component 2 of 1");
    program_refuses(nsde("multilevel", GBM, CALL, "--gradient", "x0,kappa"), 1, "\"kappa\"");
    program_refuses(nsde("multilevel", GBM, CALL, "--target", "x0"), 1, "neither value nor in --gradient");
    program_refuses(nsde("multilevel", GBM, CALL, "--rmse", "0"), 1, "error of 0");
    program_refuses(nsde("multilevel", GBM, CALL, "--levels", "99"), 1, "--levels 99");
    program_refuses(nsde("multilevel", GBM, CALL, "--rmse", "1", "--repeats", "0"), 1, "--repeats 0");
    program_refuses(nsde("multilevel", GBM, CALL, "--plot", "x.pdf"), 1, ".png or .svg");
    program_refuses(nsde("multilevel", GBM, "--loss", "x +"), 1, "column");
    program_refuses(nsde("multilevel", GBM, CALL, "--refinement", "1"), 1, "refinement = 1");
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, everything_in_one_file);
    tcase_add_test(cases, tables);
    tcase_add_test(cases, the_same_for_any_number_of_threads);
    tcase_add_test(cases, pictures);
    tcase_add_test(cases, refusals);
}
