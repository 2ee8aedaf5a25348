/* nsde convergence.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/program.h"
#include "io/json.h"

#define GBM "convergence", "--model", "gbm", "--set", "mu=1.01,sigma=0.87", "--x0", "0.5"

static cJSON *report_of(const char *method, scratch *place)
{
    cJSON *root;
    const char *path = scratch_path(place, "report.json");
    program_does(
        nsde(GBM, "--method", method, "--levels", "4:8", "--paths", "10000", "--quiet", "--json", path));
    check_ok(nsde_json_read(path, &root));
    return root;
}

static double number(const cJSON *object, const char *name)
{
    double value;
    check_ok(nsde_json_get_number(object, name, &value));
    return value;
}

START_TEST(slopes_and_errors_in_json)
{
    const struct {
        const char *method;
        double slope, rms_6;
    } all[] = {{"euler_maruyama", 0.53, 0.14135}, {"milstein", 0.975, 0.047684}, {"sriw1", 1.487, 0.0025736}};
    scratch place = scratch_open();
    for (int k = 0; k < 3; k++) {
        cJSON *root = report_of(all[k].method, &place);
        const cJSON *levels = cJSON_GetObjectItem(root, "levels"), *one = cJSON_GetArrayItem(levels, 2);
        ck_assert_int_eq(cJSON_GetArraySize(levels), 5);
        ck_assert(number(one, "h") == 0.015625);
        check_absolute(number(root, "strong_slope"), all[k].slope, 0.1);
        check_absolute(number(one, "rms"), all[k].rms_6, 5.0 * number(one, "rms_se"));
        ck_assert(number(one, "rms_se") < 0.2 * number(one, "rms") && number(one, "rms_se") > 0.0);
        ck_assert(number(one, "mean_error_se") > 0.0 && number(one, "second_moment_error_se") > 0.0);
        cJSON_Delete(root);
    }
    scratch_close(&place);
}
END_TEST

START_TEST(a_table_and_a_picture)
{
    scratch place = scratch_open();
    const char *path = scratch_path(&place, "orders.svg");
    const program_run *run =
        program_does(nsde("convergence", "--model", "double_well", "--set", "a=1,b=1,sigma=0.5", "--x0",
                          "0.3", "--method", "sra1", "--levels", "3:6", "--paths", "500"));
    ck_assert_ptr_nonnull(strstr(run->out, "two levels finer"));
    ck_assert_ptr_nonnull(strstr(run->out, "strong slope: 1."));
    if (program_installed("gnuplot")) {
        program_does(nsde(GBM, "--levels", "3:5", "--paths", "200", "--quiet", "--plot", path));
        ck_assert(access(path, R_OK) == 0);
    }
    scratch_close(&place);
}
END_TEST

START_TEST(mistakes_are_named)
{
    program_refuses(nsde(GBM, "--levels", "8:4"), 1, "FIRST:LAST");
    program_refuses(nsde(GBM, "--levels", "4"), 1, "FIRST:LAST");
    program_refuses(nsde(GBM, "--levels", "4:40"), 1, "22");
    program_refuses(nsde(GBM, "--paths", "1"), 1, "two paths");
    program_refuses(nsde(GBM, "--component", "2"), 1, "component");
    program_refuses(nsde(GBM, "--method", "rk4", "--levels", "3:4"), 1, "without noise");
    program_refuses(nsde("convergence", "--model", "gbm", "--x0", "1", "--set", "mu=1"), 1, "sigma");
    program_refuses(nsde("convergence", "--model", "gbm"), 2, "--x0");
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, slopes_and_errors_in_json);
    tcase_add_test(cases, a_table_and_a_picture);
    tcase_add_test(cases, mistakes_are_named);
}
