/* What nsde simulate watches without keeping paths: passages in text, and the tables of what came of it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_CLI_WATCH_H
#define NSDE_CLI_WATCH_H

#include "nsde/statistics.h"

/* Reads "x1>0.5,x2<-1" for a model of `dim` states; '<' is a passage from above. *watches is to be freed with
 * nsde_free.
 * NSDE_INVALID naming the part that cannot be read. */
NSDE_MUST_USE nsde_status cli_read_passages(const char *text, size_t dim, bool bridge,
                                            nsde_passage_watch **watches, size_t *n);

void cli_print_statistics(const nsde_statistics *statistics);
void cli_print_passages(const nsde_statistics *statistics, const nsde_passage_watch *watches);

#endif
