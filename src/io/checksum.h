/* CRC-64 (ECMA-182, as in xz): detects every flip of up to three bits and every burst of up to 64.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_IO_CHECKSUM_H
#define NSDE_IO_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Of bytes that come in pieces: begin with 0 and pass on what the last piece gave. */
uint64_t nsde_checksum(uint64_t before, const void *bytes, size_t size);

#endif
