/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/parse.h"

#include "base/text.h"

#include <string.h>

static const struct parameter *find_parameter(struct parse *p, const char *id)
{
    const struct configuration *c = p->c;
    const struct parameter *found = configuration_parameter(c, id);
    char text[SHOWN_SIZE], near[SHOWN_SIZE + 24];
    if (found == NULL && c->parameter_count > 0) {
        const char *const *names =
            names_of(p, c->parameters, c->parameter_count, sizeof *c->parameters);
        fault(p, NULL, "%s is no parameter of parameters.json%s", shown_text(id, text),
              near_name(id, names, c->parameter_count, near));
    } else if (found != NULL && found->kind == PARAMETER_HOUSEKEEPING) {
        fault(p, NULL, "%s is housekeeping, which is never published",
              shown_text(id, text));
    }
    return found;
}

static void parse_parameters_of(struct parse *p, const json_t *root, struct dataset *d)
{
    const json_t *list = read_list(root, "parameters");
    const struct parameter **rows = take(p, json_array_size(list), sizeof(void *));
    size_t i;
    json_t *item;
    size_t mark = place_enter(p, "parameters");
    json_array_foreach(list, i, item)
    {
        size_t inner = place_enter_item(p, i);
        const char *id = json_string_value(item);
        const struct parameter *found = id != NULL ? find_parameter(p, id) : NULL;
        if (rows != NULL && found != NULL) {
            rows[d->parameter_count++] = found;
        }
        place_leave(p, inner);
    }
    place_leave(p, mark);
    d->parameters = rows;
}

static const struct city *find_city(struct parse *p, const char *id)
{
    const struct configuration *c = p->c;
    const struct city *found = configuration_city(c, id);
    if (found == NULL && find_file(p, "cities/%s.json", id) == NULL) {
        char text[SHOWN_SIZE], near[SHOWN_SIZE + 24];
        const char *const *names =
            names_of(p, c->cities, c->city_count, sizeof *c->cities);
        fault(p, NULL, "there is no city %s (cities/<city>.json)%s", shown_text(id, text),
              near_name(id, names, c->city_count, near));
    }
    return found;
}

static void parse_cities_of(struct parse *p, const json_t *root, struct dataset *d)
{
    const json_t *list = read_list(root, "cities");
    size_t room = list != NULL ? json_array_size(list) : p->c->city_count, i;
    const struct city **rows = take(p, room, sizeof(void *));
    json_t *item;
    if (rows == NULL) {
        return;
    }
    for (i = 0; list == NULL && i < p->c->city_count; i++) {
        rows[d->city_count++] = &p->c->cities[i];
    }
    size_t mark = place_enter(p, "cities");
    json_array_foreach(list, i, item)
    {
        size_t inner = place_enter_item(p, i);
        const char *id = json_string_value(item);
        const struct city *found = id != NULL ? find_city(p, id) : NULL;
        if (found != NULL) {
            rows[d->city_count++] = found;
        }
        place_leave(p, inner);
    }
    place_leave(p, mark);
    d->cities = rows;
}

static void check_target(struct parse *p, const struct dataset *d, const char *name)
{
    const struct configuration *c = p->c;
    char text[SHOWN_SIZE], near[SHOWN_SIZE + 24];
    for (size_t i = 0; i < c->target_count; i++) {
        if (strcmp(c->targets[i].target, name) != 0) {
            continue;
        }
        if (d->demonstration && !c->targets[i].demonstration) {
            fault(p, NULL,
                  "%s does not say \"demonstration\": true, and this dataset does",
                  shown_text(name, text));
        }
        return;
    }
    const char *const *names =
        names_of(p, c->targets, c->target_count, sizeof *c->targets);
    fault(p, NULL, "%s is no target of hub.json%s", shown_text(name, text),
          near_name(name, names, c->target_count, near));
}

static void check_targets(struct parse *p, const json_t *root, const struct dataset *d)
{
    const json_t *list = read_list(root, "targets");
    size_t i;
    json_t *item;
    size_t mark = place_enter(p, "targets");
    json_array_foreach(list, i, item)
    {
        size_t inner = place_enter_item(p, i);
        if (json_is_string(item)) {
            check_target(p, d, json_string_value(item));
        }
        place_leave(p, inner);
    }
    place_leave(p, mark);
}

void parse_dataset(struct parse *p, json_t *root)
{
    char stem[256], text[SHOWN_SIZE];
    struct dataset d = {.dataset = read_text(p, root, "dataset")};
    file_stem(p, stem);
    if (d.dataset != NULL && strcmp(d.dataset, stem) != 0) {
        fault(p, "dataset", "%s does not fit the name of its file, datasets/<id>.json",
              shown_text(d.dataset, text));
    }
    d.dataset = keep_text(p, stem);
    read_bilingual(p, root, "title", &d.title_de, &d.title_en);
    read_bilingual(p, root, "notes", &d.notes_de, &d.notes_en);
    parse_parameters_of(p, root, &d);
    parse_cities_of(p, root, &d);
    d.licence = read_text(p, root, "licence");
    d.frequency = read_text(p, root, "frequency");
    d.tags = read_texts(p, root, "tags", &d.tag_count);
    d.targets = read_texts(p, root, "targets", &d.target_count);
    d.demonstration = read_boolean(root, "demonstration");
    check_targets(p, root, &d);
    struct dataset *rows = rows_of(p->c->datasets);
    rows[p->c->dataset_count++] = d;
}
