/* SPDX-License-Identifier: EUPL-1.2 */
/* seeds: tests/vectors/gate */
#include "fuzz/gate_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What anybody on this machine may send to the tunnel. "@" stands for the line that asks
 * for the broker, "!" for the header with the right credentials: without both nobody
 * comes in, and what follows the request is handed on as it is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gate_proxy *p = gate_fuzz_proxy();
    char sent[2 * PROXY_REQUEST], rest[PROXY_REQUEST];
    size_t rest_length = 0;
    int client = -1;
    size_t length = gate_fuzz_request(p, data, size, sent, sizeof sent);
    int fd = gate_fuzz_send(p, sent, length);
    if (gate_proxy_accept(p, -1, 0, &client, rest, &rest_length) == ERR_OK) {
        const char *end = memmem(sent, length, "\r\n\r\n", 4);
        if (memcmp(sent, p->request, strlen(p->request)) != 0 ||
            memchr(data, '!', size) == NULL || end == NULL ||
            rest_length > length - (size_t)(end + 4 - sent) ||
            memcmp(rest, end + 4, rest_length) != 0) {
            abort();
        }
        close(client);
    }
    gate_fuzz_close(fd);
    return 0;
}
