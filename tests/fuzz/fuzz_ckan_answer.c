/* SPDX-License-Identifier: EUPL-1.2 */
/* An answer as a portal, or anybody in its place, may give it: first byte the status. */
#include "publish/ckan_answer.h"
#include "publish/ckan_dataset.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const long statuses[] = {200, 400, 403, 404, 409, 413, 500, 502};
    char text[321];
    json_t *result = NULL;
    if (size == 0) {
        return 0;
    }
    const char *type = data[0] & 8 ? "text/html" : "application/json";
    enum err e = ckan_parse_answer(statuses[data[0] & 7], type, (const char *)data + 1,
                                   size - 1, "package_show", &result, text, sizeof text);
    if (e == ERR_OK) { /* what was wanted against whatever the portal shows */
        json_t *wanted = json_pack("{s:s,s:[{s:s}],s:[{s:s,s:s}]}", "title", "a", "tags",
                                   "name", "b", "extras", "key", "c", "value", "d");
        json_decref(ckan_make_patch(wanted, result));
        json_decref(ckan_make_resource_patch(json_object_get(wanted, "none"), result));
        json_decref(wanted);
    }
    json_decref(result);
    return 0;
}
