/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

/* Error codes. A function that can fail returns one; 0 is ERR_OK. The class of a code is
 * all that a caller decides by. Threads: any. */

/* A result that must not be ignored. */
#define MUST_USE __attribute__((warn_unused_result))

enum err_class {
    ERR_CLASS_OK,
    ERR_CLASS_RETRY,  /* later, same input */
    ERR_CLASS_REJECT, /* this input is wrong */
    ERR_CLASS_STOP,   /* we are wrong, or the machine is */
};

/* code, class, text for people */
#define ERR_LIST(X)                                                                      \
    X(ERR_OK, ERR_CLASS_OK, "done")                                                      \
    X(ERR_MEMORY, ERR_CLASS_RETRY, "no memory")                                          \
    X(ERR_IO, ERR_CLASS_RETRY, "input or output failed")                                 \
    X(ERR_DISK_FULL, ERR_CLASS_RETRY, "the disk is full")                                \
    X(ERR_READ_ONLY, ERR_CLASS_RETRY, "the disk can only be read")                       \
    X(ERR_BUSY, ERR_CLASS_RETRY, "in use by another")                                    \
    X(ERR_NETWORK, ERR_CLASS_RETRY, "not reachable")                                     \
    X(ERR_FULL, ERR_CLASS_REJECT, "larger than its ceiling")                             \
    X(ERR_SYNTAX, ERR_CLASS_REJECT, "not well formed")                                   \
    X(ERR_RANGE, ERR_CLASS_REJECT, "outside its range")                                  \
    X(ERR_UNIT, ERR_CLASS_REJECT, "unit unknown or of another dimension")                \
    X(ERR_UNKNOWN, ERR_CLASS_REJECT, "unknown name")                                     \
    X(ERR_CONFIG, ERR_CLASS_REJECT, "configuration invalid")                             \
    X(ERR_REFUSED, ERR_CLASS_REJECT, "refused by the other side")                        \
    X(ERR_ABSENT, ERR_CLASS_REJECT, "not there")                                         \
    X(ERR_LOCKED, ERR_CLASS_STOP, "locked by another process")                           \
    X(ERR_NEWER, ERR_CLASS_STOP, "written by a newer program")                           \
    X(ERR_DAMAGED, ERR_CLASS_STOP, "damaged")                                            \
    X(ERR_INTERNAL, ERR_CLASS_STOP, "internal fault")

#define ERR_ENUM(code, class, text) code,
enum err { ERR_LIST(ERR_ENUM) ERR_COUNT };
#undef ERR_ENUM

enum err_class err_class(enum err e);

/* What an errno of reading or writing means: ERR_DISK_FULL, ERR_READ_ONLY, else ERR_IO.
 */
enum err err_of_errno(int number);

/* Borrowed for ever; never NULL. */
const char *err_text(enum err e);

#endif
