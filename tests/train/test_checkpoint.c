/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "io/checksum.h"
#include "io/scratch.h"
#include "parabola.h"

static nsde_train_result run_to(const char *checkpoint, uint64_t iterations, const char *method,
                                double p[DIM])
{
    parabola q = {0};
    const nsde_training t = parabola_training(&q);
    nsde_train_settings s = parabola_settings();
    nsde_train_result r;
    s.checkpoint = checkpoint;
    s.iterations = iterations;
    s.optimiser.horizon = 400;
    check_ok(nsde_optimiser_find(method, &s.method));
    p[0] = p[1] = 0.0;
    check_ok(nsde_train_run(&t, &s, p, &r));
    ck_assert_uint_eq(q.evaluations, r.iterations - r.resumed);
    return r;
}

START_TEST(interrupted_runs_end_in_the_same_bits)
{
    scratch place = scratch_open();
    for (size_t k = 0; k < nsde_optimiser_count(); k++) {
        const char *method = nsde_optimiser_at(k)->name;
        if (nsde_optimiser_at(k)->search)
            continue; /* takes no samples: tests/train/test_train.c */
        double whole[DIM], parts[DIM];
        char path[SCRATCH_SIZE];
        snprintf(path, sizeof path, "%s", scratch_path(&place, method));
        const nsde_train_result once = run_to(NULL, 400, method, whole);
        nsde_train_result r = {0};
        for (uint64_t end = 3; end < 400; end = 2 * end + 5) {
            const uint64_t before = r.iterations;
            r = run_to(path, end, method, parts);
            ck_assert_uint_eq(r.resumed, before);
        }
        r = run_to(path, 400, method, parts);
        ck_assert_mem_eq(whole, parts, sizeof whole);
        ck_assert(r.loss == once.loss && r.best == once.best && r.best_iteration == once.best_iteration);
        r = run_to(path, 400, method, parts); /* done already */
        ck_assert_uint_eq(r.resumed, 400);
        ck_assert_mem_eq(whole, parts, sizeof whole);
    }
    scratch_close(&place);
}
END_TEST

static bool dawdle(void *context, const nsde_train_state *state)
{
    (void)context;
    if (state->iteration % 5 == 0)
        nanosleep(&(struct timespec){.tv_nsec = 300000}, NULL);
    return true;
}

/* A long training in a process of its own, killed at random moments until one comes to its end. */
START_TEST(killed_runs_end_in_the_same_bits)
{
    scratch place = scratch_open();
    char path[SCRATCH_SIZE];
    double whole[DIM], parts[DIM];
    int kills = 0, status = -1;
    snprintf(path, sizeof path, "%s", scratch_path(&place, "state"));
    const nsde_train_result once = run_to(NULL, 400, "adamw", whole);
    srand(2385);
    while (status != 0) {
        const pid_t child = fork();
        if (child == 0) {
            parabola q = {0};
            const nsde_training t = parabola_training(&q);
            nsde_train_settings s = parabola_settings();
            nsde_train_result r;
            double p[DIM] = {0.0, 0.0};
            s.checkpoint = path;
            s.save_every = 5;
            s.optimiser.horizon = 400;
            s.progress = dawdle;
            _exit(nsde_optimiser_find("adamw", &s.method) || nsde_train_run(&t, &s, p, &r));
        }
        ck_assert_int_gt(child, 0);
        if (kills < 40) {
            nanosleep(&(struct timespec){.tv_nsec = 1000000 + rand() % 12000000}, NULL);
            kill(child, SIGKILL);
            kills++;
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    }
    const nsde_train_result r = run_to(path, 400, "adamw", parts);
    ck_assert_uint_eq(r.resumed, 400);
    ck_assert_int_gt(kills, 5);
    ck_assert_mem_eq(whole, parts, sizeof whole);
    ck_assert(r.loss == once.loss && r.best == once.best && r.best_iteration == once.best_iteration);
    scratch_close(&place); /* and what killed runs left beside the file */
}
END_TEST

static nsde_status resume(const char *path, uint64_t identity, size_t n, double rate)
{
    parabola q = {0};
    nsde_training t = parabola_training(&q);
    nsde_train_settings s = parabola_settings();
    nsde_train_result r;
    double p[DIM + 1] = {0.0};
    t.identity = identity;
    t.n_parameters = n;
    s.checkpoint = path;
    s.iterations = 20;
    s.optimiser.horizon = 400;
    s.optimiser.rate = rate;
    return nsde_train_run(&t, &s, p, &r);
}

START_TEST(damaged_checkpoints_are_refused)
{
    scratch place = scratch_open();
    double p[DIM];
    char bytes[1024], path[SCRATCH_SIZE];
    snprintf(path, sizeof path, "%s", scratch_path(&place, "state"));
    run_to(path, 20, "adam", p);
    const size_t size = scratch_read(&place, "state", bytes, sizeof bytes);
    ck_assert_uint_eq(size, (13 + 4 * DIM + 1) * 8);
    check_ok(resume(path, 2385, DIM, 0.02));
    for (size_t cut = 0; cut < size; cut++) {
        scratch_write(&place, "state", bytes, cut);
        check_refused(resume(path, 2385, DIM, 0.02), NSDE_PARSE, path);
    }
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        scratch_write(&place, "state", bytes, size);
        check_refused(resume(path, 2385, DIM, 0.02), NSDE_PARSE, path);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
    }
    scratch_write(&place, "state", bytes, size);
    check_refused(resume(path, 2386, DIM, 0.02), NSDE_PARSE, "another training");
    check_refused(resume(path, 2385, DIM, 0.03), NSDE_PARSE, "another training");
    check_refused(resume(path, 2385, DIM - 1, 0.02), NSDE_PARSE, "another training");
    check_ok(resume(path, 2385, DIM, 0.02));
    scratch_close(&place);
}
END_TEST

/* One word changed, and the checksum made right again. */
static void check_forged(scratch *place, char *bytes, size_t size, size_t word, uint64_t value,
                         const char *part)
{
    char forged[1024];
    memcpy(forged, bytes, size);
    for (int i = 0; i < 8; i++)
        forged[8 * word + (size_t)i] = (char)(value >> 8 * i);
    const uint64_t sum = nsde_checksum(0, forged, size - 8);
    for (int i = 0; i < 8; i++)
        forged[size - 8 + (size_t)i] = (char)(sum >> 8 * i);
    scratch_write(place, "state", forged, size);
    check_refused(resume(place->path, 2385, DIM, 0.02), NSDE_PARSE, part);
}

START_TEST(contradictory_checkpoints_are_refused)
{
    scratch place = scratch_open();
    double p[DIM];
    char bytes[1024];
    run_to(scratch_path(&place, "state"), 20, "adam", p);
    const size_t size = scratch_read(&place, "state", bytes, sizeof bytes);
    check_forged(&place, bytes, size, 1, 2, "version 2");
    check_forged(&place, bytes, size, 1, UINT64_C(1) << 56,
                 "version 72057594037927936"); /* the other endian */
    check_forged(&place, bytes, size, 2, 7, "another training");
    check_forged(&place, bytes, size, 3, UINT64_C(1) << 32, "4294967296 parameters");
    check_forged(&place, bytes, size, 4, UINT64_C(1) << 32, "are trained");
    check_forged(&place, bytes, size, 13, UINT64_C(0x7FF8000000000000), "not finite");
    check_forged(&place, bytes, size, 14, UINT64_C(0xFFF0000000000000), "not finite");
    scratch_close(&place);
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, interrupted_runs_end_in_the_same_bits);
    tcase_add_test(cases, killed_runs_end_in_the_same_bits);
    tcase_add_test(cases, damaged_checkpoints_are_refused);
    tcase_add_test(cases, contradictory_checkpoints_are_refused);
}
