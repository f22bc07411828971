/* SPDX-License-Identifier: EUPL-1.2 */
/* seeds: tests/vectors/acl */
#include "fuzz/acl_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Names of a city, devices, a source, its user and its filters, one a line, as they stand
 * in files of configuration. Whatever passes there gives no user more than his own. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct acl_user *users = NULL;
    size_t count = 0;
    struct configuration *c = acl_fuzz_configuration(data, size);
    if (c != NULL &&
        acl_list_users(c, NULL, acl_fuzz_skip, &users, &count, NULL) == ERR_OK) {
        for (size_t i = 0; i < count; i++) {
            struct buf text;
            buf_init(&text, 1 << 20);
            acl_put_rules(c, &users[i], &text);
            if (text.err == ERR_OK) {
                acl_fuzz_judge(c, &users[i], buf_text(&text));
            }
            buf_fini(&text);
        }
    }
    free(users);
    configuration_free(c);
    return 0;
}
