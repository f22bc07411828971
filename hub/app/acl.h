/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_ACL_H
#define APP_ACL_H

/* Who may do what at the broker, made from the configuration: each source, whoever feeds
 * a source that is not of our nodes (a network server), each node of ours and one public
 * reader is a user of its own. Threads: any.
 *
 * A broker does not tie client ids to users: who may connect could take over the hub's
 * session, and what waits in it would be lost. So the settings make the client id the
 * user's name (use_username_as_clientid): one connection a user. */

#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "model/configuration.h"

#include <stdbool.h>
#include <stddef.h>

enum { ACL_NAME = 136 };

struct acl_user {
    char name[ACL_NAME];         /* of letters, digits and . _ @ - */
    const struct source *source; /* the hub, for it */
    const struct source *feeds;  /* who writes what it reads */
    const struct device *device; /* a node; all three NULL: the public reader */
};

/* All users; free() the array. Nodes are the devices whose topic kogge/v1/CITY/DEVICE/up
 * a source takes in a format of their model; skip is called for each whose id can't be
 * part of a user's name or topic. ERR_CONFIG: two sources share a user, or a name or
 * topic filter can't stand in the broker's files; d says which. */
MUST_USE enum err acl_list_users(const struct configuration *c, void *arg,
                                 void (*skip)(void *arg, const struct device *device),
                                 struct acl_user **out, size_t *count, struct diag *d);

/* The rules of u as mosquitto's acl_file has them. */
void acl_put_rules(const struct configuration *c, const struct acl_user *u,
                   struct buf *to);

/* Settings of mosquitto; folder: absolute, where the other files lie. certificates: nodes
 * and hub show one, and its common name is the user. ERR_CONFIG: a source's broker is no
 * address, or is reached without TLS where certificates are wanted. */
MUST_USE enum err acl_put_settings(const struct configuration *c, const char *folder,
                                   bool certificates, struct buf *to, struct diag *d);

#endif
