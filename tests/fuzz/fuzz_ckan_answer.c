/* SPDX-License-Identifier: EUPL-1.2 */
/* An answer as a portal, or anybody in its place, may give it: first byte the status. */
#include "publish/ckan_answer.h"
#include "publish/ckan_dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const long statuses[] = {200, 400, 403, 404, 409, 413, 500, 502};
    char text[321];
    json_t *result = NULL;
    struct http_answer a = {.type = "application/json"};
    buf_init(&a.body, HTTP_CEILING);
    a.status = size > 0 ? statuses[data[0] & 7] : 200;
    buf_put(&a.body, data + (size > 0), size > 0 ? size - 1 : 0);
    if (ckan_parse_answer(&a, "package_show", &result, text, sizeof text) == ERR_OK) {
        json_t *wanted = json_pack("{s:s,s:[{s:s}],s:[{s:s,s:s}]}", "title", "a", "tags",
                                   "name", "b", "extras", "key", "c", "value", "d");
        json_decref(ckan_make_patch(wanted, result));
        json_decref(wanted);
    }
    json_decref(result);
    buf_fini(&a.body);
    return 0;
}
