/* Scales without bounds: there and back, and their derivatives.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fit/transform.h"
#include "harness.h"

START_TEST(there_and_back_with_derivatives)
{
    static const nsde_parameter_definition kinds[] = {{"none", "", -INFINITY, INFINITY, 0.0, 1},
                                                      {"below", "", -1.3, INFINITY, 0.0, 1},
                                                      {"above", "", -INFINITY, 1.7, 0.0, 1},
                                                      {"both", "", -1.3, 1.7, 0.0, 1}};
    static const double values[] = {-1.2385, -0.4, 0.385, 1.6};
    for (int kind = 0; kind < 4; kind++)
        for (int i = 0; i < 4; i++) {
            const double u = nsde_transform_to(&kinds[kind], values[i]), h = 1e-4;
            const nsde_bounded at = nsde_transform_from(&kinds[kind], u);
            const double up = nsde_transform_from(&kinds[kind], u + h).value;
            const double down = nsde_transform_from(&kinds[kind], u - h).value;
            check_absolute(at.value, values[i], 1e-14);
            check_absolute(at.slope, (up - down) / (2.0 * h), 1e-7);
            check_absolute(at.curve, (up - 2.0 * at.value + down) / (h * h), 1e-6);
            ck_assert_int_eq(nsde_transform_is_identity(&kinds[kind]), kind == 0);
        }
}
END_TEST

void test_cases(TCase *cases)
{
    tcase_add_test(cases, there_and_back_with_derivatives);
}
