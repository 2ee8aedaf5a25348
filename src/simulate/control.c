/* Control of the length of steps: proportional and integral (Gustafsson 1991; Hairer and Wanner 1996, section
 * IV.2), after a rejection integral alone.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "simulate/panel.h"

double nsde_step_control_next(nsde_step_control *c, double h, double error)
{
    enum { LEAST = 10000 }; /* an error of less than 1 / LEAST is as good as that */
    const nsde_adaptive *s = c->settings;
    const bool accepted = error <= 1.0;
    if (!isfinite(error)) {
        c->rejected = true;
        return h * s->shrink;
    }
    const double e = fmax(error, 1.0 / LEAST);
    double factor = s->safety * pow(e, -(accepted ? s->now : 1.0) / c->order);
    if (accepted) {
        factor *= pow(c->before, s->before / c->order);
        c->before = e;
    }
    factor = fmax(factor, s->shrink);
    factor = fmin(factor, accepted && !c->rejected ? s->grow : 1.0);
    c->rejected = !accepted;
    return h * factor;
}
