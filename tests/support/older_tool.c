/* SPDX-License-Identifier: EUPL-1.2 */
/* Stores as an older program left them, for tests of migrations.
 *   older_tool                      prints the newest versions: "HUB INBOX"
 *   older_tool FOLDER HUB INBOX     makes hub.db and inbox.db of these versions there */
#include "base/file.h"
#include "store/inbox_schema.h"
#include "store/schema.h"

#include <stdio.h>
#include <stdlib.h>

static enum err make(const char *folder, const char *name,
                     const struct sqlite_schema *newest, const char *version,
                     struct diag *d)
{
    char path[1024];
    sqlite3 *db = NULL;
    struct sqlite_schema older = *newest;
    older.version = (int)strtol(version, NULL, 10);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    enum err e = sqlite_open_writer(path, &older, &db, d);
    sqlite3_close(db);
    return e;
}

int main(int argc, char **argv)
{
    struct diag d = {.text = ""};
    if (argc == 1) {
        printf("%d %d\n", hub_schema.version, inbox_schema.version);
        return 0;
    }
    if (argc != 4 || file_make_folder(argv[1], 0755) != ERR_OK) {
        fprintf(stderr, "usage: older_tool [FOLDER HUB INBOX]\n");
        return 2;
    }
    if (make(argv[1], "hub.db", &hub_schema, argv[2], &d) != ERR_OK ||
        make(argv[1], "inbox.db", &inbox_schema, argv[3], &d) != ERR_OK) {
        fprintf(stderr, "%s\n", d.text);
        return 1;
    }
    return 0;
}
