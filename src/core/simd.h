/* What SIMD loops need.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_CORE_SIMD_H
#define NSDE_CORE_SIMD_H

/* Panels are padded to this many lanes: whole registers of every width, in double and single precision. */
enum { NSDE_LANE_QUANTUM = 16 };

/* One binary for all machines: a loop so marked is compiled for several and chosen at load time. Mark static
 * functions only: gcc exports others, hidden or not. */
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) &&    \
    !defined(__SANITIZE_THREAD__)
#define NSDE_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define NSDE_CLONES
#endif

#endif
