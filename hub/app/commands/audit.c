/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/audit.h"

#include "app/report.h"

#include <pthread.h>
#include <stdarg.h>
#include <string.h>

/* Each identity is one line: what must be equal, and whether it is. */
struct ledger {
    const struct invocation *invocation;
    json_t *json; /* NULL: for people */
    int wrong;
};

static void add_line(struct ledger *l, const char *identity, bool right,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

static void add_line(struct ledger *l, const char *identity, bool right,
                     const char *format, ...)
{
    char text[700];
    char plain[REPORT_PLAIN];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    l->wrong += !right;
    if (l->json != NULL) {
        json_array_append_new(l->json, json_pack("{s:s, s:b, s:s}", "identity", identity,
                                                 "right", right, "text", text));
    } else if (!right || !l->invocation->quiet) {
        printf("%s: %s  %s\n", identity, report_plain(text, plain),
               right ? "ok" : "WRONG");
    }
}

/* "1,234". Borrowed until the eighth call after. */
static const char *grouped(int64_t number)
{
    static char texts[8][32];
    static unsigned next;
    char digits[24];
    char *text = texts[next++ % 8];
    int count = snprintf(digits, sizeof digits, "%lld", (long long)number);
    size_t to = 0;
    for (int i = 0; i < count; i++) {
        if (i > 0 && digits[i - 1] != '-' && (count - i) % 3 == 0) {
            text[to++] = ',';
        }
        text[to++] = digits[i];
    }
    text[to] = '\0';
    return text;
}

static int64_t sum_fates(const struct audit_counts *c)
{
    int64_t sum = 0;
    for (int f = 0; f < FATE_COUNT; f++) {
        sum += c->fates[f];
    }
    return sum;
}

static void judge_messages(struct ledger *l, const struct audit_books *b)
{
    int64_t given_up = sum_fates(&b->given_up);
    int64_t received = given_up + b->received;
    int64_t by_fate = sum_fates(&b->booked);
    if (b->missing.count > 0) {
        add_line(l, "messages", false,
                 "%s received, %s by fate; %s not in the inbox, the first is %lld",
                 grouped(received), grouped(by_fate), grouped(b->missing.count),
                 (long long)b->missing.first);
    } else if (given_up != b->floor - 1) {
        add_line(l, "messages", false, "%s given up, but %s lie below the floor",
                 grouped(given_up), grouped(b->floor - 1));
    } else if (b->below_zero) {
        add_line(l, "messages", false, "a count in the books is below zero");
    } else {
        add_line(l, "messages", received == by_fate, "%s received %s %s by fate",
                 grouped(received), received == by_fate ? "=" : "but", grouped(by_fate));
    }
}

static void judge_fates(struct ledger *l, const struct audit_books *b)
{
    char text[300] = "";
    size_t length = 0;
    for (int f = 0; f < FATE_COUNT; f++) {
        int64_t counted =
            b->rows.fates[f] + b->given_up.fates[f] + (f == FATE_STORED ? b->bare : 0);
        if (counted != b->booked.fates[f]) {
            add_line(l, "fates", false, "%s: %s booked but %s counted",
                     fate_text((enum fate)f), grouped(b->booked.fates[f]),
                     grouped(counted));
            return;
        }
        if (counted > 0 && length < sizeof text) {
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%s %s",
                                       length > 0 ? " + " : "", grouped(counted),
                                       fate_text((enum fate)f));
        }
    }
    add_line(l, "fates", true, "%s, booked = counted anew",
             length > 0 ? text : "no message");
}

static void judge_origins(struct ledger *l, const struct audit_books *b)
{
    if (b->empty.count > 0) {
        add_line(l, "origins", false,
                 "%s without a row should hold an observation and do not, the first is "
                 "message %lld",
                 grouped(b->empty.count), (long long)b->empty.first);
    } else if (b->orphans.count > 0) {
        add_line(l, "origins", false,
                 "%s of the stored values name a message that is not there, the first is "
                 "message %lld",
                 grouped(b->orphans.count), (long long)b->orphans.first);
    } else {
        add_line(l, "origins", true,
                 "%s without a row = %s with an observation; each value has its message",
                 grouped(b->bare), grouped(b->bare));
    }
}

/* What always leads to a row is counted in the rows. */
static bool judge_outcome(struct ledger *l, const char *identity,
                          const struct audit_books *b, enum outcome o)
{
    int64_t counted = b->rows.outcomes[o] + b->given_up.outcomes[o];
    if (counted == b->booked.outcomes[o]) {
        return true;
    }
    add_line(l, identity, false, "%s: %s booked but %s counted", outcome_text(o),
             grouped(b->booked.outcomes[o]), grouped(counted));
    return false;
}

static void judge_readings(struct ledger *l, const struct audit_books *b)
{
    int64_t stored = b->booked.outcomes[OUTCOME_STORED];
    int64_t held = b->booked.outcomes[OUTCOME_CONFLICT_HELD];
    if (stored + held != b->observations) {
        add_line(l, "readings", false, "%s stored + %s conflict-held but %s observations",
                 grouped(stored), grouped(held), grouped(b->observations));
        return;
    }
    if (judge_outcome(l, "readings", b, OUTCOME_REJECTED) &&
        judge_outcome(l, "readings", b, OUTCOME_PENDING)) {
        add_line(
            l, "readings", true,
            "%s stored + %s conflict-held = %s observations; %s rejected, %s pending",
            grouped(stored), grouped(held), grouped(b->observations),
            grouped(b->booked.outcomes[OUTCOME_REJECTED]),
            grouped(b->booked.outcomes[OUTCOME_PENDING]));
    }
}

static void judge_conflicts(struct ledger *l, const struct audit_books *b)
{
    int64_t held = b->rows.outcomes[OUTCOME_CONFLICT_HELD];
    int64_t kept = b->rows.outcomes[OUTCOME_CONFLICT_KEPT];
    if (b->loose.count > 0) {
        add_line(l, "conflicts", false,
                 "%s places have values that lost but none that is held, the first is of "
                 "message %lld",
                 grouped(b->loose.count), (long long)b->loose.first);
    } else if (held != b->disputed || kept != b->kept ||
               b->kept_below > b->given_up.outcomes[OUTCOME_CONFLICT_KEPT]) {
        add_line(l, "conflicts", false,
                 "%s held and %s kept by their messages but %s and %s in the store",
                 grouped(held), grouped(kept), grouped(b->disputed), grouped(b->kept));
    } else if (!b->by_message) {
        add_line(l, "conflicts", false,
                 "as many as the messages say, but not of the same messages");
    } else if (judge_outcome(l, "conflicts", b, OUTCOME_CONFLICT_HELD) &&
               judge_outcome(l, "conflicts", b, OUTCOME_CONFLICT_KEPT)) {
        add_line(l, "conflicts", true, "%s held, %s kept, booked = in the store",
                 grouped(b->booked.outcomes[OUTCOME_CONFLICT_HELD]),
                 grouped(b->booked.outcomes[OUTCOME_CONFLICT_KEPT]));
    }
}

static void judge_cursor(struct ledger *l, const struct audit_books *b)
{
    int64_t by_fate = sum_fates(&b->booked);
    if (b->cursor > b->last) {
        add_line(l, "cursor", false,
                 "at message %s but the inbox ends at %s; do both come from one back-up?",
                 grouped(b->cursor), grouped(b->last));
    } else if (b->stray.count > 0 || b->ahead.count > 0) {
        const struct audit_found *f = b->ahead.count > 0 ? &b->ahead : &b->stray;
        add_line(l, "cursor", false, "at message %s but message %lld %s",
                 grouped(b->cursor), (long long)f->first,
                 f == &b->ahead ? "behind it is in the store"
                                : "has a row that is out of place");
    } else if (by_fate != b->cursor) {
        add_line(l, "cursor", false, "at message %s but the books hold %s",
                 grouped(b->cursor), grouped(by_fate));
    } else if (b->waiting != b->last - b->cursor) {
        add_line(l, "cursor", false, "%s should wait behind it but %s are there",
                 grouped(b->last - b->cursor), grouped(b->waiting));
    } else {
        add_line(l, "cursor", true, "at message %s of %s, %s waiting", grouped(b->cursor),
                 grouped(b->last), grouped(b->waiting));
    }
}

static void judge_changes(struct ledger *l, const struct audit_books *b)
{
    int64_t least = b->fold > b->known ? b->fold : b->known;
    if (b->newest < least) {
        add_line(l, "changes", false, "the log ends at %s but number %s was given",
                 grouped(b->newest), grouped(least));
    } else if (b->changes != b->newest - b->fold) {
        add_line(l, "changes", false, "%s numbers after %s but %s rows",
                 grouped(b->newest - b->fold), grouped(b->fold), grouped(b->changes));
    } else {
        add_line(l, "changes", true, "%s after number %s, no hole", grouped(b->changes),
                 grouped(b->fold));
    }
}

static void judge_books(struct ledger *l, const struct audit_books *b)
{
    judge_messages(l, b);
    judge_fates(l, b);
    judge_origins(l, b);
    judge_readings(l, b);
    judge_conflicts(l, b);
    judge_cursor(l, b);
    judge_changes(l, b);
}

static void judge_files(struct ledger *l, const struct audit_files *f)
{
    char more[80] = "";
    if (f->under_work > 0) {
        snprintf(more, sizeof more, ", %s to be written again", grouped(f->under_work));
    }
    if (f->wrong > 0) {
        add_line(l, "files", false, "%s of %s are not as they were written: %s %s",
                 grouped(f->wrong), grouped(f->files), f->first,
                 f->is_there ? "is another" : "is not there");
    } else {
        add_line(l, "files", true, "%s as they were written%s",
                 grouped(f->files - f->under_work), more);
    }
}

/* SQLite's check of hub.db takes as long as all the rest, so it has a thread of its own:
 * with more of them it would get less than a whole core where there are only two. */
struct check {
    const char *data;
    enum audit_database which;
    bool sound;
    enum err err;
    struct diag diag;
};

static void *run_check(void *arg)
{
    struct check *c = arg;
    c->err = audit_integrity(c->data, c->which, &c->sound, &c->diag);
    return NULL;
}

static enum err judge_check(struct ledger *l, const struct check *c)
{
    if (c->err == ERR_OK) {
        add_line(l, audit_database_names[c->which], c->sound, "%s",
                 c->sound ? "integrity_check finds nothing" : c->diag.text);
    } else if (c->err != ERR_ABSENT || c->which != AUDIT_OUTBOX) {
        return c->err;
    }
    return ERR_OK;
}

static enum err count_all(struct ledger *l, struct audit *a, const char *data)
{
    struct audit_books books;
    struct audit_files files = {.files = 0};
    enum err e = audit_count(a, &books);
    if (e == ERR_OK) {
        judge_books(l, &books);
        e = audit_files(data, &files);
    }
    if (e == ERR_OK || e == ERR_ABSENT) {
        judge_files(l, &files);
        e = ERR_OK;
    }
    return e;
}

static enum err judge_all(struct ledger *l, const char *data, struct diag *d)
{
    struct check checks[AUDIT_DATABASES];
    struct audit *a = NULL;
    pthread_t beside;
    enum err e = audit_open(data, &a, d);
    if (e != ERR_OK) {
        return e;
    }
    for (int k = 0; k < AUDIT_DATABASES; k++) {
        checks[k] = (struct check){.data = data, .which = (enum audit_database)k};
    }
    bool started = pthread_create(&beside, NULL, run_check, &checks[AUDIT_HUB]) == 0;
    e = count_all(l, a, data);
    audit_close(a);
    for (int k = started ? 1 : 0; k < AUDIT_DATABASES; k++) {
        run_check(&checks[k]);
    }
    if (started) {
        pthread_join(beside, NULL);
    }
    for (int k = 0; k < AUDIT_DATABASES; k++) {
        enum err of_check = judge_check(l, &checks[k]);
        e = e != ERR_OK ? e : of_check;
    }
    if (e != ERR_OK) {
        diag_set(d, "the books can't be counted: %s", err_text(e));
    }
    return e;
}

static int audit(struct invocation *i)
{
    char data[PATH_LENGTH];
    struct diag d = {0};
    struct ledger l = {.invocation = i, .json = i->json ? json_array() : NULL};
    enum err e = context_data_folder(i, data, &d);
    e = e != ERR_OK ? e : judge_all(&l, data, &d);
    if (i->json && (e == ERR_OK || json_array_size(l.json) > 0)) {
        report_json("audit", l.json);
    } else {
        json_decref(l.json);
    }
    if (e != ERR_OK) {
        return command_fail_diag(i, context_exit_code(e), &d);
    }
    return l.wrong > 0 ? EXIT_FINDINGS : EXIT_DONE;
}

static const struct verb verbs[] = {{
    .name = "",
    .arguments = "",
    .summary = "Count the books anew: is every message accounted for?",
    .examples = {"kogge audit", "kogge audit --json"},
    .json = true,
    .run = audit,
}};

const struct command command_audit = {"audit", verbs, 1};
