/* nsde fit: estimates known to be right, and every kind of bad input.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <cjson/cJSON.h>

#include "cli/program.h"

static const char fed_funds[] = NSDE_EXAMPLE_DATA "/fedfunds_monthly.csv";

/* The words that read that file: decimals, a month apart. */
#define FED_FUNDS "fit", fed_funds, "--value", "percent", "--dt", "1/12", "--scale", "0.01"

/* ---- what a fit wrote ---- */

static cJSON *read_json(scratch *place, const char *name)
{
    static char text[1 << 16];
    scratch_read(place, name, text, sizeof text);
    cJSON *json = cJSON_Parse(text);
    ck_assert_msg(json != NULL, "no JSON: %s", text);
    return json;
}

static double number_of(const cJSON *json, const char *name)
{
    const cJSON *item = cJSON_GetObjectItem(json, name);
    ck_assert_msg(cJSON_IsNumber(item), "%s is no number", name);
    return cJSON_GetNumberValue(item);
}

static const cJSON *parameter_of(const cJSON *json, const char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(json, "parameters"))
    {
        if (strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(item, "name")), name) == 0)
            return item;
    }
    ck_abort_msg("there is no parameter %s", name);
    return NULL;
}

/* Estimates and standard errors to 4 digits, log likelihood to 1e-4, found with other programs. */
typedef struct known_fit {
    const char *model;
    double log_likelihood;
    struct known_parameter {
        const char *name;
        double estimate, std_error;
    } parameters[5];
} known_fit;

static const known_fit known_fits[] = {
    {"ou",
     1483.42121,
     {{"kappa", 0.219000, 0.1152}, {"mu", 0.0674803, 0.01801}, {"sigma", 0.0230999, 0.0008122}}},
    {"cir",
     1588.50630,
     {{"kappa", 0.164607, 0.1006}, {"mu", 0.0672430, 0.01946}, {"sigma", 0.0728479, 0.002557}}},
    {"ckls",
     1602.56100,
     {{"a", 0.0119458, 0.005356},
      {"b", -0.181386, 0.09905},
      {"sigma", 0.122339, 0.01416},
      {"gamma", 0.699257, 0.03929}}},
};

enum { KNOWN = sizeof known_fits / sizeof *known_fits };

static void check_fit(scratch *place, const known_fit *known)
{
    cJSON *json = read_json(place, "fit.json");
    ck_assert_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(json, "model")), known->model);
    ck_assert(cJSON_IsTrue(cJSON_GetObjectItem(json, "converged")));
    check_absolute(number_of(json, "n_observations"), 413, 0);
    check_absolute(number_of(json, "log_likelihood"), known->log_likelihood, 1e-4);
    for (const struct known_parameter *p = known->parameters; p->name; p++) {
        const cJSON *found = parameter_of(json, p->name);
        check_relative(number_of(found, "estimate"), p->estimate, 1e-4);
        check_relative(number_of(found, "std_error"), p->std_error, 1e-3);
    }
    cJSON_Delete(json);
}

START_TEST(known_fits_of_the_federal_funds_rate)
{
    scratch place = scratch_open();
    for (size_t k = 0; k < KNOWN; k++) {
        char expected[64];
        const program_run *run = program_does(
            nsde(FED_FUNDS, "--model", known_fits[k].model, "--json", scratch_path(&place, "fit.json")));
        snprintf(expected, sizeof expected, "log likelihood %.5f", known_fits[k].log_likelihood);
        ck_assert_msg(strstr(run->out, expected) != NULL, "%s lacks %s", run->out, expected);
        check_fit(&place, &known_fits[k]);
        ck_assert_uint_eq(scratch_count(&place, true), 1);
    }
    scratch_close(&place);
}
END_TEST

START_TEST(quiet_start_and_fix)
{
    scratch place = scratch_open();
    const program_run *run =
        program_does(nsde(FED_FUNDS, "--model=cir", "--quiet", "--start", "kappa=2.385,mu=0.2", "--method",
                          "exact", "--json", scratch_path(&place, "fit.json")));
    ck_assert_str_eq(run->out, "");
    check_fit(&place, &known_fits[1]);
    program_does(nsde(FED_FUNDS, "--model", "ou", "--quiet", "--fix", "mu=0.05", "--initial", "stationary",
                      "--json", scratch_path(&place, "fit.json")));
    cJSON *json = read_json(&place, "fit.json");
    const cJSON *mu = parameter_of(json, "mu");
    ck_assert(number_of(mu, "estimate") == 0.05 && number_of(mu, "std_error") == 0.0);
    ck_assert(cJSON_IsTrue(cJSON_GetObjectItem(mu, "fixed")));
    cJSON_Delete(json);
    scratch_close(&place);
}
END_TEST

/* Puts children into a locale with a decimal comma, built in the folder; said on stderr where there is none.
 */
static void enter_comma_locale(scratch *locales)
{
    char command[SCRATCH_SIZE];
    snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 >/dev/null 2>&1",
             locales->folder);
    const int built = system(command);
    setenv("LOCPATH", locales->folder, 1);
    setenv("LC_ALL", "de_DE.UTF-8", 1);
    const char *const words[] = {"env", "printf", "%.1f", "1", NULL};
    if (built != 0 || strcmp(program_start(NULL, words)->out, "1,0") != 0)
        fprintf(stderr, "SKIPPED: localedef made no locale with a decimal comma\n");
}

static void leave_comma_locale(scratch *locales)
{
    char command[SCRATCH_SIZE];
    unsetenv("LC_ALL");
    unsetenv("LOCPATH");
    snprintf(command, sizeof command, "rm -rf %s", locales->folder);
    ck_assert_int_eq(system(command), 0);
}

/* A locale with a decimal comma and every way to write a file of columns change no number. */
START_TEST(separators_and_locale_change_nothing)
{
    scratch place = scratch_open(), locales = scratch_open();
    enter_comma_locale(&locales);
    static char text[1 << 16], other[1 << 16];
    FILE *stream = fopen(fed_funds, "rb");
    ck_assert_ptr_nonnull(stream);
    text[fread(text, 1, sizeof text / 2, stream)] = '\0';
    fclose(stream);
    const struct {
        char separator;
        bool crlf, mark;
    } forms[] = {{';', false, false}, {'\t', true, false}, {',', true, true}, {';', true, true}};
    for (size_t k = 0; k < sizeof forms / sizeof *forms; k++) {
        size_t n = 0;
        if (forms[k].mark)
            n = (size_t)sprintf(other, "\xEF\xBB\xBF");
        for (const char *c = text; *c; c++) {
            if (*c == '\n' && forms[k].crlf)
                other[n++] = '\r';
            other[n++] = *c == ',' ? forms[k].separator : *c;
        }
        char data[SCRATCH_SIZE];
        snprintf(data, sizeof data, "%s", scratch_write(&place, "data.csv", other, n));
        program_does(nsde("fit", data, "--value", "percent", "--time", "date", "--dt", "1/12", "--scale",
                          "0.01", "--model", "ou", "--quiet", "--json", scratch_path(&place, "fit.json")));
        check_fit(&place, &known_fits[0]);
    }
    leave_comma_locale(&locales);
    scratch_close(&place);
}
END_TEST

START_TEST(times_that_are_dates)
{
    scratch place = scratch_open();
    program_does(nsde("fit", fed_funds, "--value", "percent", "--time", "date", "--scale", "0.01", "--model",
                      "ou", "--quiet", "--json", scratch_path(&place, "fit.json")));
    cJSON *json = read_json(&place, "fit.json");
    check_relative(number_of(parameter_of(json, "sigma"), "estimate"), 0.0230999, 5e-3); /* months differ */
    cJSON_Delete(json);
    scratch_close(&place);
}
END_TEST

START_TEST(pictures)
{
    scratch place = scratch_open();
    if (program_installed("gnuplot")) {
        char bytes[1 << 10];
        const char *const call[] = {"png", "svg"};
        for (int k = 0; k < 2; k++) {
            char name[16];
            snprintf(name, sizeof name, "fit.%s", call[k]);
            program_does(nsde(FED_FUNDS, "--model", "cir", "--quiet", "--plot", scratch_path(&place, name),
                              "--horizon", "2.385"));
            ck_assert_uint_gt(scratch_read(&place, name, bytes, sizeof bytes), 1000);
            ck_assert(k ? strstr(bytes, "<svg") != NULL : memcmp(bytes, "\x89PNG", 4) == 0);
        }
        ck_assert_uint_eq(scratch_count(&place, true), 2);
        program_refuses(nsde(FED_FUNDS, "--model", "ou", "--quiet", "--plot", "/nowhere/at/all.png"), 1,
                        "/nowhere/at/all.png");
    }
    scratch_close(&place);
}
END_TEST

/* ---- bad input ---- */

#define REFUSED(status, part, ...) program_refuses(nsde(__VA_ARGS__), status, part)

START_TEST(bad_data_is_refused_by_line)
{
    const struct {
        const char *text, *model, *part;
    } bad[] = {
        {"", "ou", "is empty"},
        {"\n", "ou", "line 1"},
        {"t,x\n", "ou", "0 observations"},
        {"t,x\n0,1\n", "ou", "1 observation"},
        {"t,x\n0,1\n1,2\n2,3x\n", "ou", "line 4, column x: \"3x\" is not a number"},
        {"t,x\n0,1\n1,nan\n2,3\n", "ou", "line 3, column x: \"nan\""},
        {"t,x\n0,1\n1,inf\n2,3\n", "ou", "line 3, column x: \"inf\""},
        {"t,x\n0,1\n1,1e999\n2,3\n", "ou", "line 3, column x: 1e999 is too large"},
        {"t,x\n0,1\nnan,1\n2,3\n", "ou", "line 3, column t"},
        {"t,x\n0,1\n1,2\n1,3\n", "ou", "line 4, column t"},
        {"t,x\n0,1\n1,2\n0.5,3\n", "ou", "line 4, column t: 0.5 does not come after"},
        {"t,x\n0,1\n1,2,3\n2,3\n", "ou", "line 3"},
        {"t,x\n0,1\n1\n2,3\n", "ou", "line 3"},
        {"t,x\n0,NA\n1,NA\n", "ou", "missing"},
        {"t,x\n0,1\n1,NA\n2,NA\n", "ou", "observation"},
        {"t,x\n0,1\n1,2\n2,-3\n3,1\n", "cir", "-3"},
        {"t,x\n0,1\n1,0\n2,3\n3,1\n", "cir", "0"},
        {"t,x\n0,1\n1,2\n2,-3\n3,1\n", "gbm", "-3"},
        {"t,y\n0,1\n1,2\n", "ou", "has no column \"x\"; it has t, y"},
        {"time,x\n0,1\n1,2\n", "ou", "has no column \"t\""},
        {"t,x,x\n0,1,1\n1,2,1\n", "ou", "2 columns"},
        {"t,x\n0,\"1\n1,2\n", "ou", "quote"},
        {"t,x\n2020-01-01,1\n2020-13-01,2\n", "ou", "line 3"},
    };
    scratch place = scratch_open();
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        char data[SCRATCH_SIZE];
        snprintf(data, sizeof data, "%s", scratch_write(&place, "d.csv", bad[k].text, strlen(bad[k].text)));
        const program_run *run = nsde("fit", data, "--model", bad[k].model, "--time", "t", "--value", "x",
                                      "--json", scratch_path(&place, "fit.json"));
        program_refuses(run, 1, bad[k].part);
        ck_assert_ptr_nonnull(strstr(run->err, "d.csv"));
        ck_assert_uint_eq(scratch_count(&place, false), 1);
    }
    scratch_close(&place);
}
END_TEST

START_TEST(unknown_names_and_values_out_of_bounds)
{
    REFUSED(1, "there is no model \"bates\"; there are ou, cir", FED_FUNDS, "--model", "bates");
    REFUSED(1, "\"magic\"", FED_FUNDS, "--model", "ou", "--method", "magic");
    REFUSED(1, "exact", FED_FUNDS, "--model", "ckls", "--method", "exact");
    REFUSED(1, "no parameter \"theta\"; it has kappa, mu, sigma", FED_FUNDS, "--model", "ou", "--start",
            "theta=1");
    REFUSED(1, "no parameter \"theta\"", FED_FUNDS, "--model", "ou", "--fix", "theta=1");
    REFUSED(1, "parameter sigma = -1 is outside its bounds (0, inf)", FED_FUNDS, "--model", "ou", "--start",
            "sigma=-1");
    REFUSED(1, "parameter kappa = 0 is outside its bounds", FED_FUNDS, "--model", "ou", "--fix", "kappa=0");
    REFUSED(1, "no column \"percents\"", "fit", fed_funds, "--value", "percents", "--dt", "1", "--model",
            "ou");
    REFUSED(1, "time", "fit", fed_funds, "--value", "percent", "--model", "ou");
    REFUSED(1, "could not be read", "fit", "/no/such.csv", "--value", "x", "--dt", "1", "--model", "ou");
    REFUSED(1, "could not be read", "fit", "/tmp", "--value", "x", "--dt", "1", "--model", "ou");
    REFUSED(1, "scale = 0", "fit", fed_funds, "--value", "percent", "--dt", "1", "--scale", "0", "--model",
            "ou");
    REFUSED(2, "--dt", "fit", fed_funds, "--value", "percent", "--dt", "0", "--model", "ou");
    REFUSED(2, "--dt", "fit", fed_funds, "--value", "percent", "--dt", "-1/12", "--model", "ou");
    REFUSED(2, "--horizon", FED_FUNDS, "--model", "ou", "--horizon", "0");
    REFUSED(2, "--initial eternal", FED_FUNDS, "--model", "ou", "--initial", "eternal");
    REFUSED(2, "--threads 1025", FED_FUNDS, "--model", "ou", "--threads", "1025");
    REFUSED(1, "stationary", FED_FUNDS, "--model", "gbm", "--initial", "stationary");
}
END_TEST

START_TEST(files_that_cannot_be_written)
{
    scratch place = scratch_open();
    REFUSED(1, "/nowhere/fit.json", FED_FUNDS, "--model", "ou", "--quiet", "--json", "/nowhere/fit.json");
    REFUSED(1, "/dev/full", FED_FUNDS, "--model", "ou", "--quiet", "--json", "/dev/full");
    REFUSED(1, "/tmp", FED_FUNDS, "--model", "ou", "--quiet", "--json", "/tmp");
    REFUSED(1, "ends in .png or .svg", FED_FUNDS, "--model", "ou", "--quiet", "--plot", "fit.pdf");
    char json[SCRATCH_SIZE], picture[SCRATCH_SIZE];
    snprintf(json, sizeof json, "%s", scratch_path(&place, "fit.json"));
    program_refuses(program_start("/dev/full", PROGRAM_WORDS(FED_FUNDS, "--model", "ou")), 1,
                    "standard output");
    snprintf(picture, sizeof picture, "%s", scratch_path(&place, "full.png"));
    ck_assert_int_eq(symlink("/dev/full", picture), 0);
    if (program_installed("gnuplot"))
        REFUSED(1, "full.png", FED_FUNDS, "--model", "ou", "--quiet", "--plot", picture);
    ck_assert_uint_eq(scratch_count(&place, true), 1);
    /* an older file stays as it was when the new one cannot be made */
    scratch_write(&place, "fit.json", "old", 3);
    REFUSED(1, "bates", FED_FUNDS, "--model", "bates", "--quiet", "--json", json);
    char text[8];
    scratch_read(&place, "fit.json", text, sizeof text);
    ck_assert_str_eq(text, "old");
    scratch_close(&place);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, known_fits_of_the_federal_funds_rate);
    tcase_add_test(cases, quiet_start_and_fix);
    tcase_add_test(cases, separators_and_locale_change_nothing);
    tcase_add_test(cases, times_that_are_dates);
    tcase_add_test(cases, pictures);
    tcase_add_test(cases, bad_data_is_refused_by_line);
    tcase_add_test(cases, unknown_names_and_values_out_of_bounds);
    tcase_add_test(cases, files_that_cannot_be_written);
}
