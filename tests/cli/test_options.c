/* What all commands have in common: help, version, manual page, and how mistaken calls are refused.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/options.h"
#include "cli/program.h"
#include "nsde/step.h"

static const char *const commands[] = {
#define X(name) #name,
#include "commands.def"
#undef X
};

enum { N_COMMANDS = sizeof commands / sizeof *commands };

START_TEST(help_lists_every_command)
{
    const program_run *run = program_does(nsde("--help"));
    for (size_t i = 0; i < N_COMMANDS; i++)
        ck_assert_ptr_nonnull(strstr(run->out, commands[i]));
    ck_assert_ptr_nonnull(strstr(run->out, "Exit status"));
}
END_TEST

/* The options that each command must have, whatever its table says. */
START_TEST(help_of_a_command_lists_its_options)
{
    const struct {
        const char *command, *options;
    } known[] = {
        {"fit", "model method value time dt scale start fix initial json plot horizon seed threads quiet"},
        {"simulate", "model set x0 t1 t0 steps paths method seed first-path save-every out plot drop threads "
                     "quiet"},
    };
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        char words[300], option[64];
        const program_run *run = program_does(nsde(known[k].command, "--help"));
        snprintf(words, sizeof words, "%s", known[k].options);
        for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) {
            snprintf(option, sizeof option, "\n  --%s ", word);
            ck_assert_msg(strstr(run->out, option) != NULL, "%s --help does not list --%s", known[k].command,
                          word);
        }
    }
    for (size_t i = 0; i < N_COMMANDS; i++)
        ck_assert_ptr_nonnull(strstr(program_does(nsde(commands[i], "--help"))->out, commands[i]));
}
END_TEST

START_TEST(version_is_the_librarys)
{
    char expected[64];
    snprintf(expected, sizeof expected, "nsde %s\n", nsde_version());
    ck_assert_str_eq(program_does(nsde("--version"))->out, expected);
}
END_TEST

START_TEST(models_and_methods_are_listed)
{
    const program_run *run = program_does(nsde("models"));
    for (size_t i = 0; i < nsde_shipped_count(); i++) {
        const nsde_model_definition *d = nsde_shipped(i);
        ck_assert_ptr_nonnull(strstr(run->out, d->equation));
        for (size_t k = 0; k < d->n_parameters; k++)
            ck_assert_ptr_nonnull(strstr(run->out, d->parameters[k].doc));
    }
    run = program_does(nsde("methods"));
    for (size_t i = 0; i < nsde_integrator_count(); i++)
        ck_assert_ptr_nonnull(strstr(run->out, nsde_integrator_at(i)->name));
    for (size_t i = 0; i < nsde_objective_count(); i++)
        ck_assert_ptr_nonnull(strstr(run->out, nsde_objective_at(i)->name));
}
END_TEST

START_TEST(the_manual_page_is_valid)
{
    scratch place = scratch_open();
    const program_run *run = program_does(nsde("--manual"));
    ck_assert_ptr_nonnull(strstr(run->out, ".TH NSDE 1"));
    const char *const page = scratch_write(&place, "nsde.1", run->out, strlen(run->out));
    if (program_installed("groff")) {
        const char *const words[] = {"groff", "-man", "-Tascii", "-ww", page, NULL};
        run = program_does(program_start(NULL, words)); /* warnings go to stderr */
        ck_assert_ptr_nonnull(strstr(run->out, "could not be done"));
        const char bad[] = ".TH NSDE 1\n.nosuchrequest\n.SH X\n\\fQhello\n";
        scratch_write(&place, "bad.1", bad, sizeof bad - 1);
        const char *const bad_words[] = {"groff", "-man", "-Tascii", "-ww", place.path, NULL};
        ck_assert_str_ne(program_start(NULL, bad_words)->err, "");
    }
    scratch_close(&place);
}
END_TEST

START_TEST(mistaken_calls_exit_with_2)
{
    const program_run *run = program_start(NULL, (const char *const[]){NSDE_PROGRAM, NULL});
    program_expect(run, 2);
    ck_assert_ptr_nonnull(strstr(run->err, "usage"));
    program_refuses(nsde("fitt"), 2, "there is no command \"fitt\"");
    program_refuses(nsde("fit"), 2, "DATA.csv is missing");
    program_refuses(nsde("fit", "a.csv", "--value", "x"), 2, "--model NAME is missing");
    program_refuses(nsde("fit", "a.csv", "--model", "ou"), 2, "--value COLUMN is missing");
    program_refuses(nsde("fit", "a.csv", "--modell", "ou"), 2, "there is no option --modell");
    program_refuses(nsde("fit", "a.csv", "--mode", "ou"), 2, "there is no option --mode");
    program_refuses(nsde("fit", "a.csv", "-q"), 2, "there is no option -q");
    program_refuses(nsde("fit", "a.csv", "b.csv"), 2, "\"b.csv\" is one word too many");
    program_refuses(nsde("models", "ou"), 2, "\"ou\" is one word too many");
    program_refuses(nsde("fit", "a.csv", "--model"), 2, "--model needs a value");
    program_refuses(nsde("fit", "a.csv", "--model", "--quiet"), 2, "--model needs a value");
    program_refuses(nsde("fit", "a.csv", "--model="), 2, "empty");
    program_refuses(nsde("fit", "a.csv", "--quiet=yes"), 2, "--quiet takes no value");
    program_refuses(nsde("fit", "a.csv", "--model", "ou", "--model", "cir"), 2, "--model is given twice");
    program_refuses(nsde("fit", "a.csv", "--quiet", "--quiet"), 2, "--quiet is given twice");
    program_refuses(nsde("fit", "a.csv", "--start", "mu=1,mu=2"), 2, "mu is given twice");
    program_refuses(nsde("fit", "a.csv", "--start", "mu"), 2, "not of the form name=value");
    program_refuses(nsde("fit", "a.csv", "--start", "=2"), 2, "not of the form name=value");
    program_refuses(nsde("fit", "a.csv", "--fix", "mu=1x"), 2, "\"1x\" is not a number");
    program_refuses(nsde("fit", "a.csv", "--dt", "1/0"), 2, "not a finite number");
    program_refuses(nsde("fit", "a.csv", "--seed", "-1"), 2, "whole number");
    program_refuses(nsde("fit", "a.csv", "--seed", "18446744073709551616"), 2, "too large");
    program_refuses(nsde("simulate", "--x0", "1,,2"), 2, "not a number");
}
END_TEST

START_TEST(a_word_of_two_lines_gives_one_line)
{
    program_refuses(nsde("fit", "no\nsuch.csv", "--model", "ou", "--value", "x", "--dt", "1"), 1, "no?such");
    program_refuses(nsde("fit", "a.csv", "--mo\ndel", "ou"), 2, "--mo?del");
    program_refuses(nsde("fi\nt"), 2, "fi?t");
}
END_TEST

START_TEST(stdout_that_is_full_is_a_failure)
{
    const char *const calls[] = {"models", "methods", "--help", "--version", "--manual"};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        program_refuses(program_start("/dev/full", PROGRAM_WORDS(calls[i])), 1, "standard output");
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, help_lists_every_command);
    tcase_add_test(cases, help_of_a_command_lists_its_options);
    tcase_add_test(cases, version_is_the_librarys);
    tcase_add_test(cases, models_and_methods_are_listed);
    tcase_add_test(cases, the_manual_page_is_valid);
    tcase_add_test(cases, mistaken_calls_exit_with_2);
    tcase_add_test(cases, a_word_of_two_lines_gives_one_line);
    tcase_add_test(cases, stdout_that_is_full_is_a_failure);
}
