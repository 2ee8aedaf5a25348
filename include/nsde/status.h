/* nsde/status.h: what a call returns, and the sentence that explains a failure.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NSDE_STATUS_H
#define NSDE_STATUS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define NSDE_API      __attribute__((visibility("default")))
#define NSDE_MUST_USE __attribute__((warn_unused_result))
#else
#define NSDE_API
#define NSDE_MUST_USE
#endif

/** The list of statuses: identifier and its meaning in a few words. */
#define NSDE_STATUS_LIST(X)                                                                                  \
    X(OK, "success")                                                                                         \
    X(INVALID, "invalid argument")                                                                           \
    X(NO_MEMORY, "out of memory")                                                                            \
    X(OVERFLOW, "sizes overflow")                                                                            \
    X(RECORDING, "an operation could not be recorded")                                                       \
    X(UNSUPPORTED, "not possible for this combination")                                                      \
    X(NOT_FOUND, "no such name")                                                                             \
    X(PARSE, "input could not be read as what it claims to be")                                              \
    X(IO, "reading or writing failed")                                                                       \
    X(DOMAIN, "data outside the model's domain")                                                             \
    X(DIVERGED, "a path left the finite numbers")

/** See NSDE_STATUS_LIST. */
typedef enum nsde_status {
#define NSDE_STATUS_ENUM(name, text) NSDE_##name,
    NSDE_STATUS_LIST(NSDE_STATUS_ENUM)
#undef NSDE_STATUS_ENUM
} nsde_status;

/** The meaning of a status in a few words; static storage, never NULL. */
NSDE_API const char *nsde_status_text(nsde_status status);

/** One sentence naming the cause of the last failed call of this thread (file and line, parameter, path,
 *  step, time, seed, as they apply). Like errno it is set by failures only, belongs to the calling thread
 *  and stays until that thread's next failure. Never NULL; empty before the first failure. */
NSDE_API const char *nsde_error_message(void);

/** The version of the library at run time, such as "0.1.0"; static storage. */
NSDE_API const char *nsde_version(void);

#ifdef __cplusplus
}
#endif

#endif
