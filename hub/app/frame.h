/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_FRAME_H
#define APP_FRAME_H

/* The frame counter of a message, on its way into the books. Threads: the pipeline's. */

#include "base/err.h"
#include "model/message.h"
#include "model/reading.h"

#include <stdbool.h>

struct store; /* opaque, writer.h */

/* Notes the frames that m carried, if it has a counter. again: m was worked on before. */
MUST_USE enum err frame_note(struct store *s, const struct message *m,
                             const struct decoded *decoded, bool again);

#endif
