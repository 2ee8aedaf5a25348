/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "comma_locale.h"
#include "harness.h"
#include "io/checksum.h"
#include "io/scratch.h"
#include "nsde/model_file.h"
#include "nsde/neural.h"
#include "problems/problems.h"
#include "train/model_file.h"

enum { FILE_SIZE = 20000 };

static nsde_model *neural(bool full, bool autonomous, bool standardised, nsde_output_map map)
{
    const nsde_neural_settings settings = {.name = "wells",
                                           .dim = 2,
                                           .drift = "mlp:4,3:silu",
                                           .diffusion = "mlp:5",
                                           .full = full,
                                           .autonomous = autonomous,
                                           .map = map,
                                           .floor = 0.1,
                                           .calculus = full ? NSDE_STRATONOVICH : NSDE_ITO};
    nsde_model *model;
    check_ok(nsde_neural_create(&settings, &model));
    if (standardised) {
        const double mean[] = {0.1, -1.0 / 3.0, 1e-9}, scale[] = {1.1, 2e5, 0.7};
        check_ok(nsde_net_standardise(nsde_neural_net(model, 0), mean, scale, NULL, NULL));
        check_ok(nsde_net_standardise(nsde_neural_net(model, 1), NULL, NULL, mean, scale));
    }
    return model;
}

static double *weights_of(const nsde_model *model)
{
    const size_t n = nsde_model_describe(model)->n_parameters;
    double *p = malloc(n * sizeof *p);
    for (size_t i = 0; i < n; i++)
        p[i] = sin((double)(i + 1)) * pow(10.0, (double)(i % 7) - 3.0);
    p[3] = -0.0;
    p[4] = 4.9406564584124654e-324;
    p[5] = -1.7976931348623157e308;
    return p;
}

static const nsde_assignment results[] = {{"log_likelihood", -1234.5678901234567}, {"\"quoted\"", 1e-300}};

/* Writes, reads and writes again: equal bytes, and equal numbers. */
static void check_round_trip(const nsde_model *model, const double *parameters, size_t n_results)
{
    scratch place = scratch_open();
    static char first[FILE_SIZE], second[FILE_SIZE];
    nsde_model_file file = {.model = (nsde_model *)model,
                            .parameters = (double *)parameters,
                            .results = (nsde_assignment *)results,
                            .n_results = n_results};
    const size_t n = nsde_model_describe(model)->n_parameters;
    check_ok(nsde_model_file_write(&file, scratch_path(&place, "a.json")));
    check_ok(nsde_model_file_read(scratch_path(&place, "a.json"), &file));
    ck_assert_mem_eq(file.parameters, parameters, n * sizeof *parameters);
    ck_assert_uint_eq(file.n_results, n_results);
    for (size_t i = 0; i < n_results; i++) {
        ck_assert_str_eq(file.results[i].name, results[i].name);
        ck_assert(file.results[i].value == results[i].value);
    }
    check_ok(nsde_model_file_write(&file, scratch_path(&place, "b.json")));
    const size_t size = scratch_read(&place, "a.json", first, sizeof first);
    ck_assert_uint_lt(size, sizeof first - 1);
    ck_assert_uint_eq(scratch_read(&place, "b.json", second, sizeof second), size);
    ck_assert_mem_eq(first, second, size);
    nsde_model_file_destroy(&file);
    scratch_close(&place);
}

static void round_trips(void)
{
    const double points[] = {0.3, -0.4, 1.5, 2.0};
    for (int k = 0; k < 8; k++) {
        nsde_model *model = neural(k & 1, k & 2, k & 4, k == 4 ? NSDE_OUTPUT_EXP : NSDE_OUTPUT_SOFTPLUS),
                   *again;
        double *p = weights_of(model), *q, f[2][4], g[2][8];
        check_round_trip(model, p, (size_t)k % 3);
        scratch place = scratch_open();
        check_ok(nsde_model_write(model, p, scratch_path(&place, "m.json")));
        check_ok(nsde_model_read(place.path, &again, &q));
        p[5] = q[5] = 0.25; /* so that values are finite */
        check_ok(nsde_model_evaluate(model, p, 2, points, 0.7, NULL, f[0], g[0]));
        check_ok(nsde_model_evaluate(again, q, 2, points, 0.7, NULL, f[1], g[1]));
        ck_assert_mem_eq(f[0], f[1], sizeof f[0]);
        ck_assert_mem_eq(g[0], g[1], (k & 1 ? 8 : 4) * sizeof(double));
        ck_assert_int_eq(nsde_model_describe(again)->calculus, k & 1 ? NSDE_STRATONOVICH : NSDE_ITO);
        ck_assert_str_eq(nsde_model_describe(again)->name, "wells");
        nsde_parameters_destroy(q);
        free(p);
        nsde_model_destroy(again);
        nsde_model_destroy(model);
        scratch_close(&place);
    }
}

START_TEST(what_is_read_is_what_was_written)
{
    round_trips();
}
END_TEST

START_TEST(also_where_the_decimal_point_is_a_comma)
{
    if (use_comma_locale())
        round_trips();
}
END_TEST

START_TEST(shipped_models_too)
{
    for (size_t k = 0; nsde_shipped(k); k++) {
        nsde_model *model;
        double p[64];
        ck_assert_uint_le(nsde_shipped(k)->n_parameters, sizeof p / sizeof *p);
        check_ok(nsde_model_open(nsde_shipped(k)->name, &model));
        for (size_t i = 0; i < nsde_shipped(k)->n_parameters; i++)
            p[i] = nsde_shipped(k)->parameters[i].start;
        check_round_trip(model, p, 2);
        nsde_model_destroy(model);
    }
}
END_TEST

/* ---- damage ---- */

static nsde_status read_back(const char *path)
{
    nsde_model_file file;
    const nsde_status status = nsde_model_file_read(path, &file);
    if (status) {
        ck_assert_ptr_null(file.model);
        ck_assert_ptr_null(file.parameters);
        ck_assert_ptr_nonnull(strstr(nsde_error_message(), path));
    }
    nsde_model_file_destroy(&file);
    return status;
}

/* The file's text as it is in memory, for thousands of variants of it. */
static nsde_status read_text(const char *text, size_t size)
{
    nsde_model_file file;
    char *copy = malloc(size + 1); /* so that a sanitizer sees what reads beyond */
    memcpy(copy, text, size);
    copy[size] = '\0';
    const nsde_status status = nsde_model_file_parse(copy, size, &file);
    ck_assert(!status || (!file.model && !file.parameters && !file.results));
    nsde_model_file_destroy(&file);
    free(copy);
    return status;
}

START_TEST(every_cut_and_every_flip_is_noticed)
{
    scratch place = scratch_open();
    static char bytes[FILE_SIZE];
    nsde_model *model = neural(false, true, true, NSDE_OUTPUT_SOFTPLUS);
    double *p = weights_of(model);
    check_ok(nsde_model_write(model, p, scratch_path(&place, "m")));
    const size_t size = scratch_read(&place, "m", bytes, sizeof bytes);
    check_ok(read_back(place.path));
    for (size_t cut = 0; cut < size; cut++) {
        ck_assert_int_eq(read_text(bytes, cut), NSDE_PARSE);
        if (cut % 200)
            continue;
        scratch_write(&place, "m", bytes, cut);
        ck_assert_int_eq(read_back(place.path), NSDE_PARSE);
    }
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        ck_assert_msg(read_text(bytes, size) == NSDE_PARSE, "bit %zu of byte %zu", bit % 8, bit / 8);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
    }
    bytes[size] = '\n';
    scratch_write(&place, "m", bytes, size + 1);
    ck_assert_int_eq(read_back(place.path), NSDE_PARSE);
    scratch_write(&place, "m", bytes, size);
    check_ok(read_back(place.path));
    free(p);
    nsde_model_destroy(model);
    scratch_close(&place);
}
END_TEST

/* Replaces a part of the file and makes the checksum right again: what a program gone wrong would write. */
static void check_forged(scratch *place, const char *text, const char *part, const char *other,
                         nsde_status status, const char *message)
{
    static char forged[FILE_SIZE];
    char tail[NSDE_MODEL_TAIL + 1];
    const char *at = strstr(text, part);
    ck_assert_msg(at != NULL, "no %s in the file", part);
    const size_t size = (size_t)snprintf(forged, sizeof forged, "%.*s%s%s", (int)(at - text), text, other,
                                         at + strlen(part)) -
                        NSDE_MODEL_TAIL;
    nsde_model_file_tail(forged, size, tail);
    memcpy(forged + size, tail, NSDE_MODEL_TAIL);
    scratch_write(place, "forged", forged, size + NSDE_MODEL_TAIL);
    check_refused(read_back(place->path), status, message);
}

START_TEST(contradictions_are_refused)
{
    scratch place = scratch_open();
    static char text[FILE_SIZE];
    nsde_model *model = neural(true, true, true, NSDE_OUTPUT_SOFTPLUS);
    double *p = weights_of(model);
    check_ok(nsde_model_write(model, p, scratch_path(&place, "m")));
    scratch_read(&place, "m", text, sizeof text);
    const struct {
        const char *part, *other, *message;
    } forged[] = {
        {"nsde model", "other", "no model file"},
        {"\"version\":\t1", "\"version\":\t2", "version 2"},
        {"\"dim\":\t2", "\"dim\":\t4294967296", "dim"},
        {"\"dim\":\t2", "\"dim\":\t2.5", "dim"},
        {"\"dim\":\t2", "\"dim\":\t3", "numbers"},
        {"\"dim\":\t2", "\"dim\":\t30000", "numbers"},
        {"[4, 3]", "[4294967296, 4294967296]", "units"},
        {"[4, 3]", "[2147483647, 2147483647]", "numbers"},
        {"[4, 3]", "[]", "hidden"},
        {"[4, 3]", "[3, 4]", "drift.W1"},
        {"\"rows\":\t4", "\"rows\":\t2", "drift.W1"},
        {"drift.W1", "drift.W2", "drift.W1"},
        {"-1.7976931348623157e+308", "NaN", "JSON"},
        {"-1.7976931348623157e+308", "-1e999", "finite"},
        {"-1.7976931348623157e+308", "null", "number"},
        {"-1.7976931348623157e+308", "\"1\"", "number"},
        {"-1.7976931348623157e+308", "1, 2", "numbers"},
        {"\"autonomous\":\ttrue", "\"autonomous\":\t1", "autonomous"},
        {"\"map\":\t\"softplus\"", "\"map\":\t\"tanh\"", "map"},
        {"200000", "0", "scale"},
        {"\"results\":\t[]", "\"results\":\t{}", "results"},
        {"\"results\":\t[]", "\"results\":\t[{}]", "name"},
        {"\"neural\"", "\"natural\"", "wells"},
    };
    for (size_t k = 0; k < sizeof forged / sizeof *forged; k++)
        check_forged(&place, text, forged[k].part, forged[k].other,
                     k + 1 < sizeof forged / sizeof *forged ? NSDE_PARSE : NSDE_NOT_FOUND, forged[k].message);
    const char deep[] = "{\"format\": \"nsde model\", \"version\": 1}";
    scratch_write(&place, "m", deep, sizeof deep - 1);
    check_refused(read_back(place.path), NSDE_PARSE, "checksum");
    check_refused(read_back("/nowhere/m.json"), NSDE_IO, "/nowhere/m.json");
    free(p);
    nsde_model_destroy(model);
    scratch_close(&place);
}
END_TEST

static nsde_var own_drift(const nsde_at *at)
{
    return at->x;
}

START_TEST(what_no_file_can_hold_is_refused)
{
    const nsde_model_definition definition = {
        .name = "ou", .dim = 1, .noise = NSDE_NOISE_DIAGONAL, .drift = own_drift, .diffusion = own_drift};
    scratch place = scratch_open();
    nsde_model *model;
    check_ok(nsde_model_create(&definition, &model));
    check_refused(nsde_model_write(model, NULL, scratch_path(&place, "m")), NSDE_UNSUPPORTED,
                  "neither shipped");
    nsde_model_destroy(model);
    check_ok(nsde_model_open("ou", &model));
    check_refused(nsde_model_write(model, (double[]){1.0, NAN, 1.0}, place.path), NSDE_INVALID, "mu");
    nsde_model_file file = {.model = model, .parameters = (double[]){1.0, 1.0, 1.0}, .n_results = 1};
    file.results = (nsde_assignment[]){{"loss", INFINITY}};
    check_refused(nsde_model_file_write(&file, place.path), NSDE_INVALID, "result 0");
    ck_assert_uint_eq(scratch_count(&place, false), 0);
    nsde_model_destroy(model);
    scratch_close(&place);
}
END_TEST

START_TEST(memory_that_is_short_is_reported)
{
    scratch place = scratch_open();
    nsde_model *model = neural(true, false, true, NSDE_OUTPUT_SOFTPLUS);
    double *p = weights_of(model);
    nsde_model_file file = {model, p, (nsde_assignment *)results, 2};
    check_ok(nsde_model_file_write(&file, scratch_path(&place, "m")));
    for (size_t k = 1;; k++) {
        test_fail_allocation(k);
        const nsde_status status = nsde_model_file_read(place.path, &file);
        const bool failed = test_allocation_failed();
        test_fail_allocation(0);
        nsde_model_file_destroy(&file);
        if (!failed) {
            check_ok(status);
            break;
        }
        ck_assert(status == NSDE_NO_MEMORY || status == NSDE_RECORDING);
        ck_assert_ptr_nonnull(strstr(nsde_error_message(), "memory"));
    }
    free(p);
    nsde_model_destroy(model);
    scratch_close(&place);
}
END_TEST

START_TEST(the_checksum_is_the_published_one)
{
    /* CRC-64/XZ of "123456789" (Williams's catalogue of parametrised CRC algorithms) */
    ck_assert(nsde_checksum(0, "123456789", 9) == UINT64_C(0x995DC9BBDF1939FA));
    ck_assert(nsde_checksum(nsde_checksum(0, "1234", 4), "56789", 5) == UINT64_C(0x995DC9BBDF1939FA));
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, what_is_read_is_what_was_written);
    tcase_add_test(cases, also_where_the_decimal_point_is_a_comma);
    tcase_add_test(cases, shipped_models_too);
    tcase_add_test(cases, every_cut_and_every_flip_is_noticed);
    tcase_add_test(cases, contradictions_are_refused);
    tcase_add_test(cases, what_no_file_can_hold_is_refused);
    tcase_add_test(cases, memory_that_is_short_is_reported);
    tcase_add_test(cases, the_checksum_is_the_published_one);
}
