/* What a program costs, counted, not measured; private to the library.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_TAPE_WORK_H
#define NSDE_TAPE_WORK_H

#include "nsde/tape.h"

/* Operations on one path by a sweep there, and, for NSDE_REVERSE, there and back: a row of a sum or a product
 * counts 1, of any other function 8, an entry of a matrix 1. What is the same for all paths is free. */
double nsde_program_work(const nsde_program *program, nsde_sweep sweep);

#endif
