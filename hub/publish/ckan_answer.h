/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PUBLISH_CKAN_ANSWER_H
#define PUBLISH_CKAN_ANSWER_H

/* Answers of CKAN's action API, and of whatever stands before it. Pure. Threads: any. */

#include "base/err.h"
#include "publish/http.h"

#include <jansson.h>
#include <stddef.h>

/* The code and the sentence that follow from an answer.
 *   a        status, Content-Type and body; all of it hostile
 *   what     what was asked, for the sentence: "package_create water"
 *   result   *result is yours, json_decref; may be NULL as an argument; set only if
 *            ERR_OK is given (a JSON null where the action has no result)
 *   text     the sentence, at most size bytes with NUL; "" if ERR_OK is given
 * ERR_OK       success is true
 * ERR_ABSENT   404 by the API: there is no such thing
 * ERR_REFUSED  401, 403: token or rights
 * ERR_FULL     the file, or the request, is too large for the portal
 * ERR_CONFIG   refused as it is: validation, unknown action, address without an API
 * ERR_NETWORK  5xx, 408, 425, 429, or an answer that is none: read back, then later again
 */
MUST_USE enum err ckan_parse_answer(const struct http_answer *a, const char *what,
                                    json_t **result, char *text, size_t size);

#endif
