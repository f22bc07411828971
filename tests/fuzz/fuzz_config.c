/* SPDX-License-Identifier: EUPL-1.2 */
/* seeds: tests/vectors/config */
#include "config/config.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same bytes stand for a file of every kind. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[7] = {"hub.json",
                                         "cities/a.json",
                                         "devices/probe.json",
                                         "datasets/water.json",
                                         "parameters.json",
                                         "units.json",
                                         "cities/a/device-1.json"};
    struct config_file rows[7];
    struct config_files set = {.folder = "/", .files = rows, .count = 7};
    struct config_faults faults = {0};
    struct configuration *c = NULL;
    for (size_t i = 0; i < set.count; i++) {
        rows[i] = (struct config_file){names[i], (const char *)data, size, false};
    }
    if (config_parse(&set, NULL, &c, &faults) == ERR_OK) {
        configuration_free(c);
    }
    config_faults_fini(&faults);
    return 0;
}
