/* nsde gradient, and models from text on the command line.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/program.h"
#include "io/json.h"

#define GBM  "--drift", "r*x", "--diffusion", "s*x", "--param", "r=0.05, s=0.2:0:", "--x0", "100"
#define RUN  "--t1", "1", "--steps", "10", "--paths", "4000"
#define CALL "--loss", "exp(-r)*max(x - 100, 0)"
#define EXACT                                                                                                \
    (const double[])                                                                                         \
    {                                                                                                        \
        53.232, 37.524, 0.63683                                                                              \
    }

static double member(const cJSON *object, const char *name)
{
    double value;
    check_ok(nsde_json_get_number(object, name, &value));
    return value;
}

START_TEST(every_estimator_in_one_file)
{
    scratch place = scratch_open();
    cJSON *root;
    const char *const names[] = {"r", "s", "x0"};
    program_does(nsde("gradient", GBM, RUN, CALL, "--quiet", "--json", scratch_path(&place, "g.json")));
    check_ok(nsde_json_read(scratch_path(&place, "g.json"), &root));
    ck_assert(fabs(member(root, "loss") - 10.4506) < 4.0 * member(root, "loss_std_error"));
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "estimators"), *e;
    ck_assert_int_ge(cJSON_GetArraySize(list), 5);
    cJSON_ArrayForEach(e, list)
    {
        const cJSON *gradient = cJSON_GetObjectItemCaseSensitive(e, "gradient");
        const char *method, *name;
        check_ok(nsde_json_get_string(e, "method", &method));
        if (cJSON_GetArraySize(gradient) == 0) { /* one that does not apply says why */
            ck_assert_str_eq(method, "reversible_heun_adjoint");
            continue;
        }
        ck_assert(member(e, "seconds") > 0.0 && member(e, "peak_bytes") > 0.0);
        ck_assert(cJSON_IsString(cJSON_GetObjectItemCaseSensitive(e, "note")));
        ck_assert_int_eq(cJSON_GetArraySize(gradient), 3);
        for (int k = 0; k < 3; k++) {
            const cJSON *component = cJSON_GetArrayItem(gradient, k);
            check_ok(nsde_json_get_string(component, "name", &name));
            ck_assert_str_eq(name, names[k]);
            const double gap = member(component, "value") - EXACT[k], error = member(component, "std_error");
            ck_assert_msg(fabs(gap) < 4.5 * error, "%s by %s: off by %g +- %g", method, name, gap, error);
        }
    }
    cJSON_Delete(root);
    scratch_close(&place);
}
END_TEST

START_TEST(several_states_and_observations)
{
    const program_run *run =
        program_does(nsde("gradient", "--drift", "x2; -x1", "--diffusion", "0.1; k", "--param", "k=0.3",
                          "--x0", "1,0.5", "--t1", "1", "--steps", "8", "--observe", "4,8", "--paths", "64",
                          "--antithetic", "--loss", "x1*x2[0]", "--method", "forward,reverse", "--check"));
    ck_assert(strstr(run->out, "d/d x0_2") && strstr(run->out, "self-check: all derivatives agree"));
}
END_TEST

START_TEST(what_does_not_apply_says_so)
{
    const program_run *run =
        program_does(nsde("gradient", GBM, RUN, "--loss", "select(x - 100, 1, 0)", "--scheme", "milstein"));
    ck_assert(strstr(run->out, "likelihood_ratio does not apply: "));
    ck_assert(strstr(run->out, "does not apply where the loss jumps"));
    program_refuses(nsde("gradient", GBM, RUN, CALL, "--scheme", "milstein", "--method", "likelihood_ratio"),
                    1, "milstein is not affine");
    program_refuses(nsde("gradient", GBM, RUN, "--loss", "max(r - 0.05, 0) + x", "--check"), 1,
                    "the derivative of the loss by r is 1");
}
END_TEST

START_TEST(controls_smoothing_and_second_derivatives)
{
    const program_run *run =
        program_does(nsde("gradient", GBM, RUN, "--loss", "3*x + 1", "--method", "forward", "--control",
                          "x;x^2", "--control-mean", "105.114013204079,11500"));
    /* the expectation of Euler-Maruyama, 100 (1 + r / 10)^10, is known: what is linear in x has no error left
     */
    ck_assert_msg(strstr(run->out, "loss 316.34") && strstr(run->out, "standard error 1e-1") == NULL, "%s",
                  run->out);
    run = program_does(nsde("gradient", GBM, RUN, "--loss", "select(x - 100, 1, 0)", "--method",
                            "smoothed,gamma", "--smoothing", "0.25"));
    ck_assert(strstr(run->out, "1 jump smoothed over 0.25") && strstr(run->out, "d2/d2 x0"));
    ck_assert(strstr(run->out, "gamma_likelihood_ratio sees it"));
    program_refuses(nsde("gradient", GBM, RUN, CALL, "--control", "x;x^2", "--control-mean", "1"), 1,
                    "gives 2 expressions and --control-mean 1");
    program_refuses(nsde("gradient", GBM, RUN, CALL, "--control", "x;y", "--control-mean", "1,2"), 1,
                    "--control: ");
    run = program_does(
        nsde("gradient", GBM, RUN, CALL, "--method", "forward", "--sobol", "--scramblings", "4"));
    ck_assert(strstr(run->out, "4 scramblings of a Sobol sequence"));
    program_refuses(nsde("gradient", GBM, RUN, CALL, "--smoothing", "-1"), 1, "smoothed over -1");
}
END_TEST

START_TEST(mistakes_are_named)
{
    program_refuses(nsde("gradient", RUN, CALL, "--x0", "1"), 2, "--model NAME is missing, or --drift");
    program_refuses(nsde("gradient", GBM, RUN), 2, "--loss TEXT is missing");
    program_refuses(nsde("gradient", GBM, RUN, CALL, "--model", "ou"), 2,
                    "one of --model and --file, or --drift");
    program_refuses(nsde("gradient", GBM, RUN, "--loss", "max(x - 100, 0"), 1,
                    "loss: column 15: ')' is missing");
    program_refuses(nsde("gradient", GBM, RUN, "--loss", "x[1]"), 1, "there are 1, counted from 0");
    program_refuses(nsde("gradient", GBM, RUN, CALL, "--method", "forward,guess"), 1,
                    "no estimator \"guess\"");
    program_refuses(nsde("gradient", GBM, RUN, CALL, "--observe", "4,3"), 1, "they must rise");
    program_refuses(nsde("gradient", GBM, RUN, CALL, "--observe", "4,x"), 2, "--observe");
    program_refuses(nsde("gradient", GBM, RUN, CALL, "--json", "/nowhere/g.json", "--quiet"), 1, "/nowhere");
    program_refuses(nsde("gradient", "--model", "gbm", "--set", "mu=0.1", "--x0", "1", RUN, "--loss", "x"), 1,
                    "--set does not give sigma");
    program_refuses(nsde("gradient", GBM, RUN, CALL, "--set", "s=-1"), 1, "s = -1 is outside its bounds");
}
END_TEST

START_TEST(models_from_text_in_other_commands)
{
    const program_run *run = program_does(nsde("simulate", "--drift", "kappa*(mu-x)", "--diffusion", "0.3*x",
                                               "--param", "kappa=0.5:0:, mu=0.06", "--set", "mu=2", "--x0",
                                               "2", "--t1", "1", "--steps", "4", "--paths", "50"));
    ck_assert(strstr(run->out, "median"));
    program_refuses(nsde("simulate", "--drift", "kapa*x", "--diffusion", "1", "--param", "kappa=1", "--x0",
                         "2", "--t1", "1", "--steps", "4", "--paths", "5"),
                    1, "drift: column 1: there is no name \"kapa\"");
    program_refuses(
        nsde("simulate", "--drift", "x", "--x0", "2", "--t1", "1", "--steps", "4", "--paths", "5"), 2,
        "--drift and --diffusion");
}
END_TEST

/* A study by replicates: its files, its state, and what it asks for. */
START_TEST(studies)
{
    scratch place = scratch_open();
    char state[SCRATCH_SIZE], csv[SCRATCH_SIZE];
    static char once[40000], again[40000];
    snprintf(state, sizeof state, "%s", scratch_path(&place, "state"));
    snprintf(csv, sizeof csv, "%s", scratch_path(&place, "s.csv"));
#define STUDY(...)                                                                                           \
    nsde("gradient", GBM, "--t1", "1", CALL, "--steps", "2,4", "--paths", "50,100", "--method",              \
         "forward,likelihood_ratio", __VA_ARGS__)
    const program_run *run = program_does(STUDY("--replicates", "20", "--exact", "s=37.524", "--csv", csv,
                                                "--json", scratch_path(&place, "s.json"), "--plot-bias",
                                                scratch_path(&place, "b.svg"), "--component", "s"));
    ck_assert(strstr(run->out, "d/d s, exact: 37.524") && strstr(run->out, "d/d r, extrapolated"));
    ck_assert(scratch_read(&place, "s.csv", once, sizeof once) > 0);
    ck_assert_ptr_nonnull(strstr(once, "\nlikelihood_ratio,4,0.25,100,20,"));
    run = program_does(STUDY("--replicates", "7", "--state", state));
    run = program_does(STUDY("--replicates", "20", "--state", state));
    ck_assert_ptr_nonnull(strstr(run->out, "20 replicates, 7 of them made before"));
    program_refuses(STUDY("--replicates", "20", "--state", state, "--seed", "3"), 1, "another study");
    program_refuses(STUDY("--quiet"), 2, "--replicates");
    program_refuses(nsde("gradient", GBM, RUN, CALL, "--csv", csv), 2, "belong to a study");
    program_refuses(STUDY("--replicates", "20", "--exact", "kappa=1"), 1, "kappa");
    program_refuses(STUDY("--replicates", "20", "--plot-bias", "b.pdf"), 1, ".png");
    ck_assert(scratch_read(&place, "s.csv", again, sizeof again) > 0);
    ck_assert_str_eq(once, again);
    scratch_close(&place);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, every_estimator_in_one_file);
    tcase_add_test(cases, several_states_and_observations);
    tcase_add_test(cases, what_does_not_apply_says_so);
    tcase_add_test(cases, controls_smoothing_and_second_derivatives);
    tcase_add_test(cases, mistakes_are_named);
    tcase_add_test(cases, models_from_text_in_other_commands);
    tcase_add_test(cases, studies);
}
