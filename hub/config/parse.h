/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef CONFIG_PARSE_H
#define CONFIG_PARSE_H

/* What the parsers of all kinds of files share. Private to config. */

#include "base/arena.h"
#include "config/config.h"
#include "config/shape.h"
#include "model/calibration.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FAULTS_OF_FILE = 100, /* more are not told apart by anyone */
    FAULTS_OF_ALL = 1000,
    FINDINGS_OF_ALL = 1000,
    POINTER_SIZE = 512,
    SHOWN_SIZE = 64,
};

enum file_kind {
    FILE_HUB,
    FILE_PARAMETERS,
    FILE_UNITS,
    FILE_MODEL,
    FILE_CITY,
    FILE_DEVICE,
    FILE_CALIBRATION,
    FILE_MAINTENANCE,
    FILE_FLAG,
    FILE_DATASET,
    FILE_OTHER,
    FILE_KINDS
};

/* A device and where it was written, until all are sorted. */
struct device_draft {
    struct device device;
    const struct config_file *file;
};

/* A calibration and where it was written; what it names may be at fault: NULL then. */
struct calibration_draft {
    struct calibration calibration;
    const struct city *city;
    const char *device; /* of a field */
    const struct config_file *file;
};

/* Windows of stations in the order of files, until all are sorted. */
struct window_draft {
    struct window window;
    const struct station *station;
    const struct config_file *file;
};

struct window_drafts {
    struct window_draft *rows;
    size_t count;
};

/* A name that must be unique, and where it was written. */
struct origin {
    const char *name;
    const struct config_file *file;
    size_t index;
};

struct parse {
    const struct config_files *files;
    const struct config_names *names; /* never NULL */
    struct config_faults *faults;
    struct shapes shapes;
    struct arena *memory;  /* of the configuration */
    struct arena *scratch; /* until the parse ends */
    struct configuration *c;
    size_t counts[FILE_KINDS];
    struct device_draft *drafts;
    struct calibration_draft *calibrations;
    size_t calibration_count;
    struct window_drafts maintenance, flags, states;
    struct origin *parameters, *aliases; /* in the order of the configuration's rows */
    struct origin *stations;             /* of all cities, as written */
    size_t station_count, station_size;
    bool units_judged;

    const struct config_file *file; /* under work; NULL: none */
    size_t file_faults, fault_count, finding_count;
    char pointer[POINTER_SIZE]; /* place in file */
    size_t length;
    bool invalid;   /* there are faults */
    bool no_memory; /* then what was parsed is worth nothing */
};

/* --- place and faults (faults.c) --- */

void place_file(struct parse *p, const struct config_file *file);
size_t place_enter(struct parse *p, const char *key); /* gives what leave wants */
size_t place_enter_item(struct parse *p, size_t i);
void place_leave(struct parse *p, size_t mark);

/* A fault or finding at the current place; key: below it, may be NULL. */
void fault(struct parse *p, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void finding(struct parse *p, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* True if the member key at the current place was found wrong before: by its shape. */
bool has_fault(struct parse *p, const char *key);
void fault_syntax(struct parse *p, int line, int column, const char *text);

/* value as a sentence shows it: "text" (cut), 1.5, true, an object. Returns to. */
const char *shown(const json_t *value, char to[SHOWN_SIZE]);
const char *shown_text(const char *text, char to[SHOWN_SIZE]);

/* ": did you mean "x"?", or "" if nothing is near. Returns to. */
const char *near_name(const char *name, const char *const *names, size_t count,
                      char to[SHOWN_SIZE + 24]);

/* Line of pointer, or of the nearest place above it that is there (place.c). 1-based. */
int place_line(const char *text, size_t size, const char *pointer);

/* The rows of a configuration are const for its users; here they are being made. */
void *rows_of(const void *rows);

/* --- shape (shape.c): an object against the rows of its kind --- */

void shape_check(struct parse *p, const char *kind, json_t *object);

/* --- reading values that may be absent or of a wrong type (read.c) --- */

void *take(struct parse *p, size_t count, size_t size); /* zeroed; NULL: no memory */
void *take_scratch(struct parse *p, size_t count, size_t size);
const char *keep_text(struct parse *p, const char *text); /* NULL for NULL */
const char *read_text(struct parse *p, const json_t *o, const char *key);
/* Borrowed from o; NULL: absent or no text. */
const char *peek_text(const json_t *o, const char *key);
double read_number(const json_t *o, const char *key, double standard);
int64_t read_whole(const json_t *o, const char *key, int64_t standard);
bool read_boolean(const json_t *o, const char *key);
bool read_time(const json_t *o, const char *key, int64_t *time_us);
bool read_span(const json_t *value, struct span *out);
json_t *read_list(const json_t *o, const char *key);   /* NULL: absent or no list */
json_t *read_object(const json_t *o, const char *key); /* NULL: absent or no object */
const char *const *read_texts(struct parse *p, const json_t *o, const char *key,
                              size_t *count);
/* German and English. */
void read_bilingual(struct parse *p, const json_t *o, const char *key, const char **de,
                    const char **en);
double standard_number(const char *kind, const char *name);
const char *standard_text(const char *kind, const char *name);
/* An absolute name; NULL for NULL. */
const char *keep_path(struct parse *p, const char *name);

/* --- periods (periods.c) --- */

/* from and to of o at the current place. False: absent or wrong. */
bool read_period(struct parse *p, const json_t *o, struct period *out);

/* Says at the current place that row overlaps the one before, which ends at end_us and is
 * called before, or that there is a hole between them. what: "placement". */
void period_overlap(struct parse *p, const struct period *row, int64_t end_us,
                    const char *what, const char *before);
void period_hole(struct parse *p, const struct period *row, int64_t end_us,
                 const char *what);

/* Sorts rows that begin with a struct period (size bytes each); what overlaps is a
 * fault, a hole a finding, both at the current place. */
void periods_sort(struct parse *p, void *rows, size_t count, size_t size,
                  const char *what);

/* --- units (parse_vocabulary.c) --- */

/* Judges unit as one that can be converted to to, at key. */
void judge_unit(struct parse *p, const char *key, const char *unit, const char *to);

/* --- one parser a kind of file; root is an object at the current place --- */

void parse_units(struct parse *p, json_t *root);
void parse_parameters(struct parse *p, json_t *root);
void judge_vocabulary(struct parse *p, const struct config_file *parameters,
                      const struct config_file *units);
void parse_model(struct parse *p, json_t *root);
void settle_models(struct parse *p); /* all are read: sorts them */
void parse_city(struct parse *p, json_t *root);
void settle_cities(struct parse *p);
void parse_device(struct parse *p, json_t *root);
void parse_hub(struct parse *p, json_t *root);
void parse_dataset(struct parse *p, json_t *root);
void settle_devices(struct parse *p);
struct correction_limits read_limits(const json_t *o);
void parse_calibration(struct parse *p, json_t *root);
void settle_calibrations(struct parse *p); /* after settle_devices */
void parse_maintenance(struct parse *p, json_t *root);
void parse_flag(struct parse *p, json_t *root);
void settle_windows(struct parse *p);
void check_heights(struct parse *p); /* after settle_devices, as the next */
void check_same_series(struct parse *p);

/* The root of file, an object, which becomes the file under work; NULL: a fault. Yours.
 */
json_t *load_file(struct parse *p, const struct config_file *file);

/* A height in DHHN2016: o's member key, shifted as o says; NAN: it is in another frame
 * and no shift is stated, which is a finding. Faults are at the current place. */
double read_height_nhn(struct parse *p, const json_t *o, const char *key);

/* The city of whose folder the file under work is; NULL: none, said at the place. */
const struct city *city_of_folder(struct parse *p);
/* The station, and the parameter, that o's member of that name means; NULL: none, said.
 */
const struct station *station_named(struct parse *p, const json_t *o,
                                    const struct city *city);
const struct parameter *parameter_named(struct parse *p, const json_t *o);

/* The file of that name, NULL: none. Names other files that may be at fault themselves,
 * so that what they would have defined is not missed a second time. */
const struct config_file *find_file(const struct parse *p, const char *format,
                                    const char *name);

/* Name of the file under work without folder, prefix and ".json". Returns to. */
const char *file_stem(const struct parse *p, char to[256]);

/* What a parameter, city or model may be called, for near matches; in scratch. */
const char *const *names_of(struct parse *p, const void *rows, size_t count, size_t size);

enum file_kind file_kind_of(const char *name);

#endif
