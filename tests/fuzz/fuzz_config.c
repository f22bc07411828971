/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/config.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte chooses the kind of file; the same bytes stand for two of them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const files[] = {
        "hub.json",       "cities/x.json",   "cities/x/device-1.json",
        "devices/m.json", "datasets/d.json", "parameters.json",
        "units.json"};
    if (size == 0) {
        return 0;
    }
    const char *text = (const char *)data + 1;
    struct config_file rows[] = {
        {.name = files[data[0] % 7], .text = text, .size = size - 1},
        {.name = files[data[0] / 7 % 7], .text = text, .size = size - 1}};
    struct config_files set = {.folder = "/", .files = rows, .count = 2};
    struct config_faults faults = {0};
    struct configuration *c = NULL;
    if (config_parse(&set, NULL, &c, &faults) == ERR_OK) {
        configuration_free(c);
    }
    config_faults_fini(&faults);
    return 0;
}
