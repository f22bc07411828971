/* SPDX-License-Identifier: EUPL-1.2 */
#include "publish/ckan_dataset.h"

#include "base/clock.h"
#include "base/text.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EU "http://publications.europa.eu/resource/authority/"
#define SPDX_SHA256 "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"
#define KEY_URI "http://dcat-ap.de/def/politicalGeocoding/regionalKey/"
#define LICENCE_URI "http://dcat-ap.de/def/licenses/"
#define HVD_LEGISLATION "http://data.europa.eu/eli/reg_impl/2023/138/oj"
#define HVD_WATER "http://data.europa.eu/bna/c_43f88346"
#define IANA "https://www.iana.org/assignments/media-types/"

/* As a CKAN of the usual set-up names them, where the profile says nothing. */
static const struct licence_name usual_licences[] = {
    {"dl-by-de/2.0", "dl-de-by-2.0"},
    {"dl-zero-de/2.0", "dl-de-zero-2.0"},
    {"cc-by/4.0", "cc-by"},
    {"cc-zero", "cc-zero"},
};

static const char *licence_in(const struct licence_name *names, size_t count,
                              const char *ours)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i].ours, ours) == 0) {
            return names[i].theirs;
        }
    }
    return NULL;
}

static const char *licence_of(const struct publish_job *job)
{
    const char *ours = job->dataset->licence;
    const char *theirs =
        licence_in(job->target->licences, job->target->licence_count, ours);
    if (theirs == NULL) {
        theirs = licence_in(usual_licences,
                            sizeof usual_licences / sizeof *usual_licences, ours);
    }
    return theirs != NULL ? theirs : ours;
}

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static void set_text(json_t *o, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        json_object_set_new(o, key, json_string(text));
    }
}

static void put_extra(json_t *extras, const char *key, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        json_array_append_new(extras, json_pack("{s:s,s:s}", "key", key, "value", value));
    }
}

/* A list of one or more texts as extras hold it: JSON in a text. */
static void put_extra_list(json_t *extras, const char *key, json_t *list)
{
    char *text = json_dumps(list, JSON_COMPACT);
    put_extra(extras, key, text);
    free(text);
    json_decref(list);
}

/* Publishers of all cities, each once: "A, B". */
static void join_publishers(const struct dataset *dataset, char *to, size_t size)
{
    size_t length = 0;
    to[0] = '\0';
    for (size_t i = 0; i < dataset->city_count; i++) {
        const char *name = dataset->cities[i]->publisher;
        if (name == NULL || strstr(to, name) != NULL ||
            length + strlen(name) + 3 > size) {
            continue;
        }
        length += (size_t)snprintf(to + length, size - length, "%s%s",
                                   length > 0 ? ", " : "", name);
    }
}

static void put_date(json_t *extras, const char *key, int64_t time_us)
{
    char text[CLOCK_TEXT];
    if (time_us != CLOCK_NONE) {
        clock_format(time_us, text);
        text[10] = '\0'; /* the day: a time would change with every reading */
        put_extra(extras, key, text);
    }
}

struct box {
    double west, south, east, north;
    bool set;
};

static void widen(struct box *b, const struct station *s)
{
    if (isnan(s->lat) || isnan(s->lon)) {
        return;
    }
    b->west = b->set ? fmin(b->west, s->lon) : s->lon;
    b->east = b->set ? fmax(b->east, s->lon) : s->lon;
    b->south = b->set ? fmin(b->south, s->lat) : s->lat;
    b->north = b->set ? fmax(b->north, s->lat) : s->lat;
    b->set = true;
}

/* The box around the stations, in the form that DCAT-AP's shapes pass. */
static void put_box(json_t *extras, const struct dataset *dataset)
{
    struct box b = {.set = false};
    for (size_t i = 0; i < dataset->city_count; i++) {
        for (size_t j = 0; j < dataset->cities[i]->station_count; j++) {
            const struct station *s = &dataset->cities[i]->stations[j];
            if (dataset->demonstration == s->demonstration) {
                widen(&b, s);
            }
        }
    }
    if (!b.set) {
        return;
    }
    json_t *box = json_pack("{s:s,s:[[[f,f],[f,f],[f,f],[f,f],[f,f]]]}", "type",
                            "Polygon", "coordinates", b.west, b.south, b.east, b.south,
                            b.east, b.north, b.west, b.north, b.west, b.south);
    char *text = json_dumps(box, JSON_COMPACT | JSON_REAL_PRECISION(9));
    put_extra(extras, "spatial_bbox", text);
    free(text);
    json_decref(box);
}

static void put_places(json_t *extras, const struct dataset *dataset)
{
    json_t *uris = json_array();
    char uri[160] = "";
    for (size_t i = 0; i < dataset->city_count; i++) {
        if (dataset->cities[i]->key != NULL) {
            snprintf(uri, sizeof uri, KEY_URI "%.32s", dataset->cities[i]->key);
            json_array_append_new(uris, json_string(uri));
        }
    }
    size_t count = json_array_size(uris);
    if (count == 1) {
        put_extra(extras, "spatial_uri", uri);
    }
    if (count > 0) {
        put_extra(extras, "politicalGeocodingLevelURI",
                  "http://dcat-ap.de/def/politicalGeocoding/Level/municipality");
    }
    if (count > 1) { /* spatial_uri holds one only */
        put_extra_list(extras, "spatial_uris", uris);
    } else {
        json_decref(uris);
    }
    put_box(extras, dataset);
}

/* The shortest interval of its devices: "PT10M", "PT90S". */
static void put_resolution(json_t *extras, const struct publish_job *job)
{
    double least_s = (double)NAN;
    const struct configuration *c = job->configuration;
    for (size_t i = 0; i < c->device_count; i++) {
        bool ours = false;
        for (size_t j = 0; j < job->dataset->city_count && !ours; j++) {
            ours = c->devices[i].city == job->dataset->cities[j];
        }
        for (size_t j = 0; ours && j < c->devices[i].placement_count; j++) {
            least_s = fmin(least_s, c->devices[i].placements[j].interval_s);
        }
    }
    char text[32];
    if (!(least_s >= 1 && least_s < 1e9)) {
        return;
    }
    long s = lround(least_s);
    snprintf(text, sizeof text, "PT%ld%c", s % 60 == 0 ? s / 60 : s,
             s % 60 == 0 ? 'M' : 'S');
    put_extra(extras, "temporal_resolution", text);
}

static json_t *make_extras(const struct publish_job *job, const char *publishers)
{
    const struct dataset *dataset = job->dataset;
    const struct city *first = dataset->city_count > 0 ? dataset->cities[0] : NULL;
    json_t *extras = json_array();
    char uri[160];
    put_extra(extras, "publisher_name", publishers);
    put_extra(extras, "publisher_type",
              "http://purl.org/adms/publishertype/LocalAuthority");
    if (first != NULL) {
        put_extra(extras, "publisher_url",
                  dataset->city_count == 1 ? first->publisher_url : NULL);
        put_extra(extras, "contact_name", first->contact_name);
        put_extra(extras, "contact_email", first->contact_email);
        put_extra(extras, "contact_uri", first->publisher_url);
    }
    put_extra(extras, "title_en", dataset->title_en);
    put_extra_list(extras, "theme", json_pack("[s]", EU "data-theme/ENVI"));
    snprintf(uri, sizeof uri, EU "frequency/%.40s", or_empty(dataset->frequency));
    put_extra(extras, "frequency", dataset->frequency != NULL ? uri : NULL);
    put_places(extras, dataset);
    put_date(extras, "temporal_start", job->first_us);
    put_date(extras, "temporal_end", job->last_us);
    put_resolution(extras, job);
    put_extra(extras, "access_rights", EU "access-right/PUBLIC");
    put_extra(extras, "availability", EU "planned-availability/AVAILABLE");
    put_extra_list(extras, "language",
                   json_pack("[s,s]", EU "language/DEU", EU "language/ENG"));
    if (!dataset->demonstration) {
        put_extra_list(extras, "applicable_legislation",
                       json_pack("[s]", HVD_LEGISLATION));
        put_extra_list(extras, "hvd_category", json_pack("[s]", HVD_WATER));
    }
    return extras;
}

/* Bytes of the UTF-8 character at p. */
static size_t length_at(const char *p)
{
    size_t n = 1;
    while (((unsigned char)p[n] & 0xC0) == 0x80) {
        n++;
    }
    return n;
}

static bool is_tag_character(const char *p, size_t n)
{
    if (n == 1) {
        return isalnum((unsigned char)*p) || strchr(" -_.", *p) != NULL;
    }
    /* Letters of two bytes: from U+00C0 on, less the two signs among them. */
    const unsigned char *u = (const unsigned char *)p;
    bool sign = u[0] == 0xC3 && (u[1] == 0x97 || u[1] == 0xB7);
    return n == 2 && u[0] >= 0xC3 && !sign;
}

bool ckan_format_tag(const char *tag, char to[101 * 4])
{
    size_t length = 0;
    size_t characters = 0;
    while (*tag == ' ') {
        tag++;
    }
    for (; *tag != '\0' && characters < 100; characters++) {
        size_t n = length_at(tag);
        if (is_tag_character(tag, n)) {
            memcpy(to + length, tag, n);
            length += n;
        } else {
            to[length++] = '-';
        }
        tag += n;
    }
    while (length > 0 && to[length - 1] == ' ') {
        length--;
        characters--;
    }
    to[length] = '\0';
    return characters >= 2;
}

static json_t *make_tags(const struct dataset *dataset)
{
    json_t *tags = json_array();
    char tag[101 * 4];
    for (size_t i = 0; i < dataset->tag_count; i++) {
        if (ckan_format_tag(dataset->tags[i], tag) && !ckan_has_name(tags, tag)) {
            json_array_append_new(tags, json_pack("{s:s}", "name", tag));
        }
    }
    return tags;
}

static void set_notes(json_t *o, const struct dataset *dataset)
{
    struct buf b;
    buf_init(&b, 1 << 16);
    buf_put_text(&b, or_empty(dataset->notes_de));
    if (dataset->demonstration) {
        buf_put_text(&b, "\n\nEnthält erdachte Daten zur Vorführung "
                         "(Stationen `demo-…`). Contains made-up data for "
                         "demonstration (stations `demo-…`).");
    }
    if (or_empty(dataset->notes_en)[0] != '\0' ||
        or_empty(dataset->title_en)[0] != '\0') {
        buf_put_format(&b, "\n\n**%s**\n\n%s", or_empty(dataset->title_en),
                       or_empty(dataset->notes_en));
    }
    set_text(o, "notes", buf_text(&b));
    buf_fini(&b);
}

json_t *ckan_make_dataset(const struct publish_job *job)
{
    const struct dataset *dataset = job->dataset;
    const struct city *first = dataset->city_count > 0 ? dataset->cities[0] : NULL;
    char publishers[512];
    json_t *o = json_object();
    join_publishers(dataset, publishers, sizeof publishers);
    set_text(o, "name", dataset->dataset);
    set_text(o, "title",
             dataset->title_de != NULL ? dataset->title_de : dataset->title_en);
    set_notes(o, dataset);
    set_text(o, "license_id", licence_of(job));
    set_text(o, "author", publishers);
    if (first != NULL) {
        set_text(o, "maintainer", first->contact_name);
        set_text(o, "maintainer_email", first->contact_email);
    }
    json_object_set_new(o, "tags", make_tags(dataset));
    json_object_set_new(o, "extras", make_extras(job, publishers));
    return o;
}

static void set_description(json_t *o, const struct publish_output *out)
{
    static const char *const months[][2] = {
        {"Januar", "January"},  {"Februar", "February"},  {"März", "March"},
        {"April", "April"},     {"Mai", "May"},           {"Juni", "June"},
        {"Juli", "July"},       {"August", "August"},     {"September", "September"},
        {"Oktober", "October"}, {"November", "November"}, {"Dezember", "December"}};
    char part[160] = "";
    char text[400];
    long month = strlen(out->period) == 7 ? strtol(out->period + 5, NULL, 10) : 0;
    if (out->city[0] != '\0') {
        snprintf(part, sizeof part, " (%.64s%s%.64s)", out->city,
                 out->parameter[0] != '\0' ? ", " : "", out->parameter);
    }
    if (month >= 1 && month <= 12) {
        snprintf(text, sizeof text, "Messwerte %s %.4s%s. Observations of %s %.4s%s.",
                 months[month - 1][0], out->period, part, months[month - 1][1],
                 out->period, part);
    } else {
        snprintf(text, sizeof text,
                 "Messwerte der letzten 31 Tage%s. Observations of the last 31 days%s.",
                 part, part);
    }
    set_text(o, "description", text);
}

json_t *ckan_make_resource(const struct publish_job *job, const struct publish_output *o)
{
    char hex[HASH_HEX];
    char uri[160];
    char publishers[512];
    const char *format =
        job->target->format_csv != NULL ? job->target->format_csv : "CSV";
    bool as_uri = strstr(format, "://") != NULL;
    json_t *r = json_object();
    set_text(r, "name", o->name);
    set_description(r, o);
    set_text(r, "format", format);
    /* A portal that wants URIs for formats wants them for media types too. */
    set_text(r, "mimetype", as_uri ? IANA "text/csv" : "text/csv");
    set_text(r, "hash", hash_hex(&o->hash, hex));
    set_text(r, "hash_algorithm", SPDX_SHA256);
    snprintf(uri, sizeof uri, LICENCE_URI "%.64s", job->dataset->licence);
    set_text(r, "license", uri);
    set_text(r, "availability", EU "planned-availability/AVAILABLE");
    join_publishers(job->dataset, publishers, sizeof publishers);
    set_text(r, "licenseAttributionByText", publishers);
    return r;
}
