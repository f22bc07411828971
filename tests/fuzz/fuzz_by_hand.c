/* SPDX-License-Identifier: EUPL-1.2 */
/* seeds: tests/vectors/config */
#include "config/config.h"
#include "config/entry.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes stand for a file of some kind beside a sound configuration. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char sound[] = SOURCE_CONF "/../../tests/vectors/config/sound";
    static const char *const names[] = {"cities/altstadt/calibration-9.json",
                                        "cities/altstadt/maintenance-9.json",
                                        "cities/altstadt/flag-9.json"};
    struct config_files *files = NULL;
    struct config_faults faults = {0};
    struct configuration *c = NULL;
    struct entry_file e = {.text = {.bytes = (char *)(uintptr_t)data, .length = size}};
    memcpy(e.name, names[size % 3], strlen(names[size % 3]));
    if (config_files_read(sound, NULL, &files, NULL) != ERR_OK ||
        entry_add(files, &e) != ERR_OK) {
        abort();
    }
    if (config_parse(files, NULL, &c, &faults) == ERR_OK) {
        configuration_free(c);
    }
    config_faults_fini(&faults);
    config_files_close(files);
    return 0;
}
