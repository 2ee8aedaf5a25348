/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "harness.h"
#include "nsde/net.h"

static const size_t three[] = {3};

START_TEST(networks_from_text)
{
    size_t hidden[3], n;
    nsde_activation a;
    check_ok(nsde_net_parse("mlp:64,32", 3, hidden, &n, &a));
    ck_assert(n == 2 && hidden[0] == 64 && hidden[1] == 32 && a == NSDE_ACTIVATION_TANH);
    check_ok(nsde_net_parse("mlp:7:lipswish", 3, hidden, &n, &a));
    ck_assert(n == 1 && hidden[0] == 7 && a == NSDE_ACTIVATION_LIPSWISH);
    const char *const wrong[] = {
        "",        "mlp",      "mlp:",   "mlp:0",          "mlp:-3",    "mlp:3,",
        "mlp:,3",  "mlp:3;4",  "mlp:3 ", "MLP:3",          "cnn:3",     "mlp:tanh",
        "mlp:3.5", "mlp:3,,4", "mlp:+3", "mlp:4294967296", "mlp::tanh", "mlp:99999999999999999999"};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++)
        check_refused(nsde_net_parse(wrong[k], 3, hidden, &n, &a), NSDE_PARSE, "mlp:WIDTH");
    check_refused(nsde_net_parse(NULL, 3, hidden, &n, &a), NSDE_PARSE, "mlp:WIDTH");
    check_refused(nsde_net_parse("mlp:1,2,3,4", 3, hidden, &n, &a), NSDE_PARSE, "more than 3 layers");
    check_refused(nsde_net_parse("mlp:3:gelu", 3, hidden, &n, &a), NSDE_NOT_FOUND, "tanh, silu");
    check_refused(nsde_net_parse("mlp:3:", 3, hidden, &n, &a), NSDE_NOT_FOUND, "activation");
}
END_TEST

static void check_definition(nsde_net_definition d, nsde_status status, const char *part)
{
    nsde_net *net;
    check_refused(nsde_net_create(&d, &net), status, part);
    ck_assert_ptr_null(net);
}

START_TEST(impossible_networks_are_refused)
{
    const size_t zero[] = {4, 0}, huge[] = {SIZE_MAX / 2, 3}, large[] = {1 << 20, 1 << 20};
    const nsde_net_definition good = {.name = "f", .inputs = 2, .outputs = 4, .hidden = three, .n_hidden = 1};
    nsde_net_definition d = good;
    nsde_net *net;
    d.name = NULL;
    check_definition(d, NSDE_INVALID, "name");
    d = good, d.inputs = 0;
    check_definition(d, NSDE_INVALID, "network f: 0 inputs");
    d = good, d.hidden = NULL;
    check_definition(d, NSDE_INVALID, "hidden");
    d = good, d.hidden = zero, d.n_hidden = 2;
    check_definition(d, NSDE_INVALID, "hidden layer 2");
    d.hidden = huge;
    check_definition(d, NSDE_OVERFLOW, "layer 1");
    d.hidden = large;
    check_definition(d, NSDE_OVERFLOW, "layer 2");
    d = good, d.floor = -0.1;
    check_definition(d, NSDE_INVALID, "floor");
    d = good, d.map = NSDE_OUTPUT_CHOLESKY, d.outputs = 5;
    check_definition(d, NSDE_INVALID, "5 outputs are no square");
    d = good, d.activation = (nsde_activation)99;
    check_definition(d, NSDE_INVALID, "activation");
    check_refused(nsde_net_create(NULL, &net), NSDE_INVALID, "definition");
    check_ok(nsde_net_create(&good, &net));
    check_refused(nsde_net_initialise(net, NSDE_INIT_LECUN, NULL, NULL), NSDE_INVALID, "generator");
    nsde_net_destroy(net);
    nsde_net_destroy(NULL);
}
END_TEST

START_TEST(memory_that_is_short_is_reported)
{
    const size_t hidden[] = {5, 4};
    const nsde_net_definition d = {
        .name = "drift", .inputs = 3, .outputs = 2, .hidden = hidden, .n_hidden = 2};
    for (size_t k = 1;; k++) {
        nsde_net *net;
        test_fail_allocation(k);
        const nsde_status status = nsde_net_create(&d, &net);
        const bool failed = test_allocation_failed();
        test_fail_allocation(0);
        if (!failed) {
            check_ok(status);
            ck_assert_uint_gt(k, 6);
            nsde_net_destroy(net);
            break;
        }
        ck_assert_int_eq(status, NSDE_NO_MEMORY);
        ck_assert_ptr_null(net);
    }
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, networks_from_text);
    tcase_add_test(cases, impossible_networks_are_refused);
    tcase_add_test(cases, memory_that_is_short_is_reported);
}
