/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/acl.h"
#include "app/command.h"
#include "app/context.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILE_MOST = 64 << 20, SECRET_BYTES = 16, SECRET_MOST = 512, GROUP_LEAST = 16 };

struct writing {
    const struct invocation *invocation;
    struct configuration *configuration;
    struct acl_user *users;
    size_t count;
    char folder[PATH_LENGTH];
    bool certificates;
    int findings;
};

static const char *const made[] = {"passwords", "acl", "mosquitto.conf"};

static void path_of(const struct writing *w, const char *name, char to[PATH_LENGTH])
{
    snprintf(to, PATH_LENGTH, "%.*s/%s", PATH_LENGTH - 200, w->folder, name);
}

static void skip_device(void *arg, const struct device *device)
{
    struct writing *w = arg;
    char text[200];
    w->findings++;
    text_escape(text, sizeof text, device->device, strlen(device->device));
    command_say(w->invocation, "no user for device %s: its id can't be a user's name",
                text);
}

static void say_source(struct writing *w, const struct acl_user *u, const char *path)
{
    const struct source *s = u->source;
    w->findings++;
    if (s->user == NULL) {
        command_say(w->invocation,
                    "source %s names no user: add \"user\": \"%s\" and \"password_file\" "
                    "with what is in %s",
                    s->source, u->name, path);
    } else {
        command_say(w->invocation, "source %s: put %s where its password_file shall be",
                    s->source, path);
    }
}

/* mosquitto asks its rules when a message is delivered, not who may subscribe: whoever
 * knows the name of a group joins it, and what is handed to him does not reach the hub.
 */
static void check_groups(struct writing *w)
{
    static const char shared[] = "$share/";
    for (size_t k = 0; k < w->configuration->source_count; k++) {
        const struct source *s = &w->configuration->sources[k];
        for (size_t f = 0; f < s->subscribe_count; f++) {
            const char *group = s->subscribe[f] + sizeof shared - 1;
            if (strncmp(s->subscribe[f], shared, sizeof shared - 1) == 0 &&
                strcspn(group, "/") < GROUP_LEAST) {
                w->findings++;
                command_say(w->invocation,
                            "source %s: who guesses the group %.*s of its subscription "
                            "takes messages away from it; name it with %d characters "
                            "that nobody guesses",
                            s->source, (int)strcspn(group, "/"), group, GROUP_LEAST);
            }
        }
    }
}

/* --- passwords --- */

/* The first line of a file that holds a password. */
static enum err read_secret(const char *path, char secret[SECRET_MOST])
{
    struct buf text;
    buf_init(&text, SECRET_MOST - 1);
    enum err e = file_read(path, &text);
    if (e == ERR_OK) {
        text_copy(secret, SECRET_MOST, buf_text(&text));
        secret[strcspn(secret, "\r\n")] = '\0';
        e = secret[0] != '\0' ? ERR_OK : ERR_SYNTAX;
    }
    buf_fini(&text);
    return e;
}

static enum err make_secret(const char *path, char secret[SECRET_MOST])
{
    unsigned char bytes[SECRET_BYTES];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        return ERR_IO;
    }
    for (size_t k = 0; k < sizeof bytes; k++) {
        snprintf(secret + 2 * k, 3, "%02x", (unsigned)bytes[k]);
    }
    return file_put_new(path, secret, strlen(secret), 0600);
}

/* The source's own password, or that of an earlier run, or a new one. */
static enum err find_secret(struct writing *w, const struct acl_user *u,
                            char secret[SECRET_MOST], struct diag *d)
{
    char name[ACL_NAME + 16];
    char path[PATH_LENGTH];
    const char *own = u->source != NULL ? u->source->password_file : NULL;
    if (own != NULL && file_exists(own)) {
        if (read_secret(own, secret) == ERR_OK) {
            return ERR_OK;
        }
        diag_set(d, "the password in %s can't be read", own);
        return ERR_CONFIG;
    }
    snprintf(name, sizeof name, "users/%s.pass", u->name);
    path_of(w, name, path);
    enum err e = read_secret(path, secret);
    bool is_new = e == ERR_ABSENT;
    e = is_new ? make_secret(path, secret) : e;
    if (e != ERR_OK) {
        diag_set(d, "the password of %s can't be kept in %s", u->name, path);
        return e;
    }
    if (is_new) {
        printf("%s  %s\n", u->name, path);
    }
    if (u->source != NULL) {
        say_source(w, u, path);
    }
    return ERR_OK;
}

/* By mosquitto's own tool, which reads the file: nothing secret is on a command line. */
static enum err hash_passwords(const char *path, struct diag *d)
{
    extern char **environ;
    char program[] = "mosquitto_passwd";
    char option[] = "-U";
    char file[PATH_LENGTH];
    pid_t child = -1;
    int status = -1;
    text_copy(file, sizeof file, path);
    char *const arguments[] = {program, option, file, NULL};
    int failed = posix_spawnp(&child, program, NULL, NULL, arguments, environ);
    if (failed != 0) {
        diag_set(d, "mosquitto_passwd can't be run: %s", strerror(failed));
        return ERR_IO;
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        diag_set(d, "mosquitto_passwd failed");
        return ERR_IO;
    }
    return ERR_OK;
}

static enum err put_passwords(struct writing *w, struct diag *d)
{
    char part[PATH_LENGTH];
    char path[PATH_LENGTH];
    char secret[SECRET_MOST];
    struct buf text;
    enum err e = ERR_OK;
    buf_init(&text, FILE_MOST);
    path_of(w, "passwords.part", part);
    path_of(w, "passwords", path);
    for (size_t k = 0; k < w->count && e == ERR_OK; k++) {
        e = find_secret(w, &w->users[k], secret, d);
        buf_put_format(&text, "%s:%s\n", w->users[k].name, secret);
    }
    e = e != ERR_OK ? e : text.err;
    e = e != ERR_OK ? e : file_put(part, buf_text(&text), text.length, 0600);
    e = e != ERR_OK ? e : hash_passwords(part, d);
    if (e == ERR_OK && (chmod(part, 0600) != 0 || link(part, path) != 0)) {
        diag_set(d, "%s can't be made: %s", path, strerror(errno));
        e = ERR_IO;
    }
    unlink(part);
    explicit_bzero(secret, sizeof secret);
    buf_wipe(&text);
    return e;
}

/* --- the other two files --- */

static enum err put_file(const struct writing *w, const char *name,
                         const struct buf *text, struct diag *d)
{
    char path[PATH_LENGTH];
    path_of(w, name, path);
    enum err e = file_put_new(path, buf_text(text), text->length, 0600);
    if (e != ERR_OK) {
        diag_set(d, "%s can't be written", path);
    }
    return e;
}

static enum err put_rules(const struct writing *w, struct diag *d)
{
    struct buf text;
    buf_init(&text, FILE_MOST);
    buf_put_text(&text,
                 "# Who may do what, written by kogge acl from the configuration.\n");
    for (size_t k = 0; k < w->count; k++) {
        acl_put_rules(w->configuration, &w->users[k], &text);
    }
    enum err e = text.err != ERR_OK ? text.err : put_file(w, "acl", &text, d);
    buf_fini(&text);
    return e;
}

static enum err put_settings(const struct writing *w, struct diag *d)
{
    struct buf text;
    buf_init(&text, FILE_MOST);
    enum err e = acl_put_settings(w->configuration, w->folder, w->certificates, &text, d);
    e = e != ERR_OK ? e : put_file(w, "mosquitto.conf", &text, d);
    buf_fini(&text);
    return e;
}

static enum err open_folder(struct writing *w, const char *name, struct diag *d)
{
    char path[PATH_LENGTH];
    char users[PATH_LENGTH];
    char resolved[PATH_MAX];
    if (file_make_folder(name, 0700) != ERR_OK || realpath(name, resolved) == NULL ||
        strlen(resolved) + 200 > PATH_LENGTH) {
        diag_set(d, "%s can't be made", name);
        return ERR_IO;
    }
    text_copy(w->folder, sizeof w->folder, resolved);
    for (size_t k = 0; k < sizeof made / sizeof *made; k++) {
        path_of(w, made[k], path);
        if (file_exists(path)) {
            diag_set(d, "%s is there already: move it away first", path);
            return ERR_BUSY;
        }
    }
    path_of(w, "users", users);
    if (!w->certificates && mkdir(users, 0700) != 0 && errno != EEXIST) {
        diag_set(d, "%s can't be made: %s", users, strerror(errno));
        return ERR_IO;
    }
    return ERR_OK;
}

/* None of the files was there before. */
static enum err put_all(struct writing *w, const char *name, struct diag *d)
{
    char path[PATH_LENGTH];
    enum err e = open_folder(w, name, d);
    if (e != ERR_OK) {
        return e;
    }
    e = w->certificates ? ERR_OK : put_passwords(w, d);
    e = e != ERR_OK ? e : put_rules(w, d);
    e = e != ERR_OK ? e : put_settings(w, d);
    for (size_t k = 0; e != ERR_OK && k < sizeof made / sizeof *made; k++) {
        path_of(w, made[k], path);
        unlink(path);
    }
    return e;
}

/* The accepted configuration; before the hub's first start, when there is none, the
 * folder: the broker comes before the hub. */
static enum err find_configuration(struct writing *w, struct diag *d)
{
    char data[PATH_LENGTH];
    struct config_files *files = NULL;
    struct config_faults faults = {0};
    enum err e = context_data_folder(w->invocation, data, d);
    e = e != ERR_OK ? e : context_accepted(data, &w->configuration, d);
    if (e != ERR_ABSENT) {
        return e;
    }
    *d = (struct diag){.line = 0};
    e = context_read(context_config_folder(w->invocation), &files, &w->configuration,
                     &faults, d);
    context_print_faults(stderr, &faults);
    config_faults_fini(&faults);
    config_files_close(files);
    return e;
}

static int acl(struct invocation *i)
{
    static const char *const brokers[] = {"mosquitto"};
    const char *broker = invocation_value(i, "--broker");
    const char *folder = invocation_value(i, "--out");
    struct writing w = {.invocation = i,
                        .certificates = invocation_value(i, "--certificates") != NULL};
    struct diag d = {0};
    if (broker == NULL) {
        return command_fail(i, EXIT_USAGE, "--broker is needed: mosquitto");
    }
    if (strcmp(broker, brokers[0]) != 0) {
        return command_fail_name(i, "broker", broker, brokers, 1);
    }
    enum err e = find_configuration(&w, &d);
    e = e != ERR_OK
            ? e
            : acl_list_users(w.configuration, &w, skip_device, &w.users, &w.count, &d);
    e = e != ERR_OK ? e : put_all(&w, folder != NULL ? folder : "broker", &d);
    if (e == ERR_OK) {
        check_groups(&w);
        printf("%s/mosquitto.conf\n", w.folder);
        if (!w.certificates) {
            command_say(i, "each user gets its file of %s/users", w.folder);
        }
        command_say(i,
                    "the broker reads %s/mosquitto.conf: link it into its conf.d, then "
                    "restart it",
                    w.folder);
    }
    free(w.users);
    configuration_free(w.configuration);
    if (e == ERR_OK) {
        return w.findings > 0 ? EXIT_FINDINGS : EXIT_DONE;
    }
    return d.text[0] != '\0' ? command_fail_diag(i, context_exit_code(e), &d)
                             : context_exit_code(e);
}

static const struct verb verbs[] = {{
    .name = "",
    .arguments = "",
    .summary = "Write users, access rules and settings for the broker",
    .examples = {"kogge acl --broker mosquitto --out /etc/mosquitto/kogge"},
    .options = {{"--broker", "NAME", "mosquitto"},
                {"--out", "DIR", "where to; nothing there is overwritten (broker)"},
                {"--certificates", NULL,
                 "clients show a certificate instead of a password"}},
    .run = acl,
}};

const struct command command_acl = {"acl", verbs, 1};
