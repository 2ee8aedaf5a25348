/* nsde train, and nsde simulate of what it wrote.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <signal.h>
#include <time.h>

#include "cli/program.h"
#include "nsde/archive.h"
#include "nsde/model_file.h"
#include "nsde/neural.h"

enum { ROWS = 600, TEXT = 20000 };

/* Two states that swing, observed with gaps of 0.1. */
static const char *write_data(scratch *place)
{
    static double rows[ROWS][3];
    for (int k = 0; k < ROWS; k++) {
        rows[k][0] = 0.1 * k;
        rows[k][1] = 2.0 + sin(0.21 * k) + 0.3 * sin(17.0 * k);
        rows[k][2] = cos(0.21 * k) + 0.2 * sin(23.0 * k);
    }
    check_ok(nsde_table_write_csv(scratch_path(place, "d.csv"), 3, (const char *[]){"t", "x", "y"}, ROWS,
                                  rows[0]));
    return place->path;
}

#define TRAIN(data, ...)                                                                                     \
    nsde("train", data, "--time", "t", "--value", "x,y", "--drift", "mlp:6", "--diffusion", "mlp:5:silu",    \
         "--batch", "64", "--iterations", "400", "--validate-every", "20", __VA_ARGS__)

START_TEST(a_model_is_trained_written_and_simulated)
{
    scratch place = scratch_open();
    char data[SCRATCH_SIZE], model[SCRATCH_SIZE];
    snprintf(data, sizeof data, "%s", write_data(&place));
    snprintf(model, sizeof model, "%s", scratch_path(&place, "m.json"));
    const program_run *run = program_does(TRAIN(data, "--out", model, "--full", "--seed", "7"));
    ck_assert_ptr_nonnull(strstr(run->out, "600 observations of 2 quantities"));
    ck_assert_ptr_nonnull(strstr(run->out, "400 steps of 64 transitions"));
    nsde_model_file file;
    check_ok(nsde_model_file_read(model, &file));
    ck_assert_uint_eq(nsde_model_describe(file.model)->dim, 2);
    ck_assert_uint_eq(nsde_net_describe(nsde_neural_net(file.model, 0))->inputs, 2);
    ck_assert_int_eq(nsde_net_describe(nsde_neural_net(file.model, 1))->map, NSDE_OUTPUT_CHOLESKY);
    ck_assert_str_eq(file.results[0].name, "iterations");
    ck_assert(file.results[0].value == 400.0);
    nsde_model_file_destroy(&file);
    run = program_does(
        nsde("simulate", "--file", model, "--x0", "2,1", "--t1", "1", "--steps", "10", "--paths", "50"));
    ck_assert_ptr_nonnull(strstr(run->out, "median"));
    static program_run first;
    first = *run;
    run = program_does(nsde("simulate", "--file", model, "--x0", "2,1", "--t1", "1", "--steps", "10",
                            "--paths", "50", "--set", "drift.b2[0]=3"));
    ck_assert_str_ne(first.out, run->out);
    program_refuses(nsde("simulate", "--file", model, "--model", "ou", "--x0", "2,1", "--t1", "1", "--steps",
                         "10", "--paths", "50"),
                    2, "one of --model and --file");
    program_refuses(
        nsde("simulate", "--file", data, "--x0", "2,1", "--t1", "1", "--steps", "10", "--paths", "50"), 1,
        "d.csv");
    scratch_close(&place);
}
END_TEST

/* Starts the program and kills it after so many nanoseconds. */
static void start_and_kill(const char *data, const char *checkpoint, long delay)
{
    char *const words[] = {NSDE_PROGRAM,
                           "train",
                           (char *)data,
                           "--time",
                           "t",
                           "--value",
                           "x,y",
                           "--drift",
                           "mlp:6",
                           "--diffusion",
                           "mlp:5:silu",
                           "--batch",
                           "64",
                           "--iterations",
                           "400",
                           "--validate-every",
                           "20",
                           "--save-every",
                           "3",
                           "--checkpoint",
                           (char *)checkpoint,
                           "--quiet",
                           NULL};
    pid_t child;
    int state;
    ck_assert_int_eq(posix_spawn(&child, words[0], NULL, NULL, words, environ), 0);
    nanosleep(&(struct timespec){.tv_nsec = delay}, NULL);
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, &state, 0), child);
}

START_TEST(killed_and_started_again_it_writes_the_same_model)
{
    scratch place = scratch_open();
    static char whole[TEXT], parts[TEXT];
    char data[SCRATCH_SIZE], state[SCRATCH_SIZE], model[SCRATCH_SIZE];
    snprintf(data, sizeof data, "%s", write_data(&place));
    snprintf(state, sizeof state, "%s", scratch_path(&place, "state"));
    snprintf(model, sizeof model, "%s", scratch_path(&place, "whole.json"));
    program_does(TRAIN(data, "--out", model, "--quiet"));
    for (long k = 0; k < 12 || (access(state, F_OK) != 0 && k < 100);
         k++) /* later and later on slow machines */
        start_and_kill(data, state, 8000000 + 5300000 * (k % 5) + 1000000 * k);
    snprintf(model, sizeof model, "%s", scratch_path(&place, "parts.json"));
    const program_run *run = program_does(TRAIN(data, "--out", model, "--checkpoint", state));
    ck_assert_ptr_nonnull(strstr(run->out, "resumed after step"));
    const size_t size = scratch_read(&place, "whole.json", whole, sizeof whole);
    ck_assert_uint_eq(scratch_read(&place, "parts.json", parts, sizeof parts), size);
    ck_assert_mem_eq(whole, parts, size);
    program_refuses(TRAIN(data, "--out", model, "--checkpoint", state, "--seed", "2"), 1, "another training");
    scratch_close(&place);
}
END_TEST

/* All transitions are one batch, and held out none. */
START_TEST(a_search_takes_all_transitions)
{
    scratch place = scratch_open();
    char data[SCRATCH_SIZE], model[SCRATCH_SIZE];
    snprintf(data, sizeof data, "%s", write_data(&place));
    snprintf(model, sizeof model, "%s", scratch_path(&place, "m.json"));
#define SEARCH(...)                                                                                          \
    nsde("train", data, "--time", "t", "--value", "x,y", "--drift", "mlp:6", "--diffusion", "mlp:5",         \
         "--optimiser", "lbfgs", "--out", model, __VA_ARGS__)
    double losses[2];
    for (int k = 0; k < 2; k++) {
        const program_run *run = program_does(SEARCH("--held-out", "0", "--iterations", k ? "60" : "5"));
        ck_assert_ptr_nonnull(strstr(run->out, "steps of 599 transitions"));
        losses[k] = atof(strstr(run->out, "minus log density") + strlen("minus log density"));
    }
    ck_assert(losses[1] < losses[0] - 0.05);
    program_refuses(SEARCH("--batch", "64"), 1, "lbfgs needs an objective");
    program_refuses(SEARCH("--clip-norm", "1"), 1, "clip_norm");
    scratch_close(&place);
}
END_TEST

START_TEST(mistakes_are_named_before_the_work)
{
    scratch place = scratch_open();
    char data[SCRATCH_SIZE];
    snprintf(data, sizeof data, "%s", write_data(&place));
    program_refuses(TRAIN(data, "--quiet"), 2, "--out");
    program_refuses(TRAIN(data, "--out", "/nowhere/m.json"), 1, "/nowhere/m.json");
    program_refuses(TRAIN(data, "--checkpoint", "/nowhere/state"), 1, "/nowhere/state");
    program_refuses(TRAIN(data, "--plot", "picture.pdf"), 1, ".png");
    const char *const out = scratch_path(&place, "m");
    program_refuses(TRAIN(data, "--out", out, "--optimiser", "newton"), 1, "sgd, adam, adamw");
    program_refuses(TRAIN(data, "--out", out, "--schedule", "steep"), 1, "constant, cosine, exponential");
    program_refuses(TRAIN(data, "--out", out, "--held-out", "0", "--patience", "3"), 1, "held-out");
    program_refuses(TRAIN(data, "--out", out, "--rate", "-1"), 1, "rate");
    program_refuses(nsde("train", data, "--time", "t", "--value", "x,z", "--drift", "mlp:6", "--diffusion",
                         "mlp:5", "--out", out),
                    1, "\"z\"");
    program_refuses(nsde("train", data, "--time", "t", "--value", "x", "--drift", "mlp", "--diffusion",
                         "mlp:5", "--out", out),
                    1, "drift: \"mlp\"");
    ck_assert_uint_eq(scratch_count(&place, false), 1);
    scratch_close(&place);
}
END_TEST

/* X follows u, which jumps between -1 and 1; what was learnt does so too, along each of two paths. */
START_TEST(networks_see_columns_of_the_file)
{
    static double rows[ROWS][3];
    static const char inputs[] = "u\n-1\n1\n";
    scratch place = scratch_open();
    char data[SCRATCH_SIZE], model[SCRATCH_SIZE], paths[SCRATCH_SIZE], lines[4000];
    for (int k = 0; k < ROWS; k++) {
        rows[k][0] = 0.1 * k;
        rows[k][2] = k / 12 % 2 ? 1.0 : -1.0;
        if (k)
            rows[k][1] = rows[k - 1][1] + 0.2 * (rows[k - 1][2] - rows[k - 1][1]) + 0.05 * sin(17.0 * k);
    }
    snprintf(data, sizeof data, "%s", scratch_path(&place, "d.csv"));
    snprintf(model, sizeof model, "%s", scratch_path(&place, "m.json"));
    check_ok(nsde_table_write_csv(data, 3, (const char *[]){"t", "x", "u"}, ROWS, rows[0]));
    const program_run *run =
        program_does(nsde("train", data, "--time", "t", "--value", "x", "--inputs", "u", "--drift", "mlp:6",
                          "--diffusion", "mlp:4", "--iterations", "1500", "--rate", "0.01", "--out", model));
    ck_assert_ptr_nonnull(strstr(run->out, "600 observations of 2 quantities, 1 of them inputs"));
    snprintf(paths, sizeof paths, "%s", scratch_write(&place, "u.csv", inputs, strlen(inputs)));
    program_does(nsde("simulate", "--file", model, "--inputs", paths, "--x0", "0", "--t1", "2", "--steps",
                      "20", "--paths", "2", "--save-every", "20", "--stream", scratch_path(&place, "x.csv")));
    scratch_read(&place, "x.csv", lines, sizeof lines);
    const char *at = lines;
    for (int i = 0; i < 2; i++) {
        double x;
        at = strchr(strchr(at, '\n') + 1, '\n') + 1;
        ck_assert_int_eq(sscanf(at, "%*f,%*f,%lf", &x), 1);
        check_absolute(x, i ? 1.0 : -1.0, 0.3);
    }
    program_refuses(nsde("train", data, "--time", "t", "--value", "x", "--inputs", "v", "--drift", "mlp:6",
                         "--diffusion", "mlp:4", "--out", model),
                    1, "v");
    program_refuses(
        nsde("simulate", "--file", model, "--x0", "0", "--t1", "2", "--steps", "20", "--paths", "2"), 1,
        "has 1 inputs of each path, and none are given");
    scratch_close(&place);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, networks_see_columns_of_the_file);
    tcase_add_test(cases, a_model_is_trained_written_and_simulated);
    tcase_add_test(cases, killed_and_started_again_it_writes_the_same_model);
    tcase_add_test(cases, a_search_takes_all_transitions);
    tcase_add_test(cases, mistakes_are_named_before_the_work);
}
