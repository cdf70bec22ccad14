/* Reads YAML through libyaml into a tree and hands its mappings to tables of keys. Knows nothing of
 * jobs. */
#include "services/lab/job/yaml.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/strview.h"

static cb_status load_first(lab_yaml *yaml, yaml_parser_t *parser, cb_err *err)
{
    if (yaml_parser_load(parser, &yaml->document) == 0) {
        return CB_FAIL(err,
            CB_E_SYNTAX,
            "%s:%zu: not YAML: %s",
            yaml->path,
            parser->problem_mark.line + 1,
            parser->problem == NULL ? "unreadable" : parser->problem);
    }
    if (yaml_document_get_root_node(&yaml->document) == NULL) {
        yaml_document_delete(&yaml->document);
        return CB_FAIL(err, CB_E_SYNTAX, "%s: is empty", yaml->path);
    }
    return CB_OK;
}

static cb_status refuse_more(lab_yaml *yaml, yaml_parser_t *parser, cb_err *err)
{
    yaml_document_t next;
    if (yaml_parser_load(parser, &next) == 0) {
        return CB_FAIL(err,
            CB_E_SYNTAX,
            "%s:%zu: not YAML: %s",
            yaml->path,
            parser->problem_mark.line + 1,
            parser->problem == NULL ? "unreadable" : parser->problem);
    }
    const bool is_more = yaml_document_get_root_node(&next) != NULL;
    yaml_document_delete(&next);
    return is_more ? CB_FAIL(err, CB_E_SYNTAX, "%s: holds more than one document", yaml->path)
                   : CB_OK;
}

static cb_status check_keys(lab_yaml *yaml, int map, cb_err *err)
{
    const char *key = NULL;
    int value = 0;
    for (size_t i = 0; lab_yaml_pair(yaml, map, i, &key, &value); i++) {
        if (key == NULL) {
            return CB_FAIL(err,
                CB_E_SYNTAX,
                "%s:%u: a key is no plain text",
                yaml->path,
                lab_yaml_line(yaml, map));
        }
        const char *other = NULL;
        int unused = 0;
        for (size_t j = 0; j < i && lab_yaml_pair(yaml, map, j, &other, &unused); j++) {
            if (cb_text_equal(key, other)) {
                return CB_FAIL(err,
                    CB_E_SYNTAX,
                    "%s:%u: '%s' is given twice",
                    yaml->path,
                    lab_yaml_line(yaml, value),
                    key);
            }
        }
    }
    return CB_OK;
}

/* libyaml resolves an alias to the node itself: a node reached twice is one. */
static cb_status check_node(lab_yaml *yaml, int node, uint8_t *seen, int depth, cb_err *err)
{
    if (depth > LAB_YAML_DEPTH_MAX) {
        return CB_FAIL(
            err, CB_E_SYNTAX, "%s:%u: nested too deep", yaml->path, lab_yaml_line(yaml, node));
    }
    if (seen[node]++ != 0) {
        return CB_FAIL(
            err, CB_E_SYNTAX, "%s:%u: aliases are not read", yaml->path, lab_yaml_line(yaml, node));
    }
    cb_status status = lab_yaml_is_map(yaml, node) ? check_keys(yaml, node, err) : CB_OK;
    for (size_t i = 0; status == CB_OK && i < lab_yaml_size(yaml, node); i++) {
        int child = lab_yaml_item(yaml, node, i);
        const char *key = NULL;
        if (lab_yaml_is_map(yaml, node)) {
            (void)lab_yaml_pair(yaml, node, i, &key, &child);
        }
        status = check_node(yaml, child, seen, depth + 1, err);
    }
    return status;
}

static cb_status check_tree(lab_yaml *yaml, cb_err *err)
{
    static const int nodes_max = 65536;
    const long count = yaml->document.nodes.top - yaml->document.nodes.start;
    if (count >= nodes_max) {
        return CB_FAIL(err, CB_E_FULL, "%s: holds more than %d values", yaml->path, nodes_max - 1);
    }
    uint8_t seen[65536] = {0};
    return check_node(yaml, lab_yaml_root(yaml), seen, 0, err);
}

cb_status lab_yaml_load(
    lab_yaml *yaml, const char *path, const char *text, size_t size, cb_err *err)
{
    yaml_parser_t parser;
    CB_ASSERT(yaml != NULL && path != NULL);
    yaml->path = path;
    if (yaml_parser_initialize(&parser) == 0) {
        return CB_FAIL(err, CB_E_FULL, "%s: no memory to read it", path);
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
    cb_status status = load_first(yaml, &parser, err);
    if (status == CB_OK) {
        status = refuse_more(yaml, &parser, err);
        status = status == CB_OK ? check_tree(yaml, err) : status;
        if (status != CB_OK) {
            yaml_document_delete(&yaml->document);
        }
    }
    yaml_parser_delete(&parser);
    return status;
}

void lab_yaml_release(lab_yaml *yaml)
{
    CB_ASSERT(yaml != NULL);
    yaml_document_delete(&yaml->document);
}

/* ---- nodes ---- */

static yaml_node_t *node_of(lab_yaml *yaml, int node)
{
    yaml_node_t *found = yaml_document_get_node(&yaml->document, node);
    CB_ASSERT(found != NULL);
    return found;
}

int lab_yaml_root(const lab_yaml *yaml)
{
    CB_ASSERT(yaml != NULL);
    return 1;
}

uint32_t lab_yaml_line(lab_yaml *yaml, int node)
{
    return (uint32_t)node_of(yaml, node)->start_mark.line + 1;
}

const char *lab_yaml_text(lab_yaml *yaml, int node)
{
    const yaml_node_t *found = node_of(yaml, node);
    if (found->type != YAML_SCALAR_NODE) {
        return NULL;
    }
    const char *text = (const char *)found->data.scalar.value;
    return strlen(text) == found->data.scalar.length ? text : NULL;
}

bool lab_yaml_is_map(lab_yaml *yaml, int node)
{
    return node_of(yaml, node)->type == YAML_MAPPING_NODE;
}

bool lab_yaml_is_list(lab_yaml *yaml, int node)
{
    return node_of(yaml, node)->type == YAML_SEQUENCE_NODE;
}

size_t lab_yaml_size(lab_yaml *yaml, int node)
{
    const yaml_node_t *found = node_of(yaml, node);
    if (found->type == YAML_SEQUENCE_NODE) {
        return (size_t)(found->data.sequence.items.top - found->data.sequence.items.start);
    }
    if (found->type == YAML_MAPPING_NODE) {
        return (size_t)(found->data.mapping.pairs.top - found->data.mapping.pairs.start);
    }
    return 0;
}

int lab_yaml_item(lab_yaml *yaml, int list, size_t index)
{
    const yaml_node_t *found = node_of(yaml, list);
    if (found->type != YAML_SEQUENCE_NODE || index >= lab_yaml_size(yaml, list)) {
        return 0;
    }
    return found->data.sequence.items.start[index];
}

bool lab_yaml_pair(lab_yaml *yaml, int map, size_t index, const char **key, int *value)
{
    const yaml_node_t *found = node_of(yaml, map);
    if (found->type != YAML_MAPPING_NODE || index >= lab_yaml_size(yaml, map)) {
        return false;
    }
    const yaml_node_pair_t *pair = &found->data.mapping.pairs.start[index];
    *key = lab_yaml_text(yaml, pair->key);
    *value = pair->value;
    return true;
}

/* ---- mappings by table ---- */

static void list_keys(const lab_yaml_key *keys, size_t count, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count && used + 1 < size; i++) {
        const int length =
            snprintf(out + used, size - used, "%s%s", i == 0 ? "" : ", ", keys[i].name);
        used += length < 0 ? 0 : (size_t)length;
    }
}

static const lab_yaml_key *find_key(const lab_yaml_key *keys, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (cb_text_equal(keys[i].name, name)) {
            return &keys[i];
        }
    }
    return NULL;
}

static cb_status take_pair(lab_yaml *yaml,
    const lab_yaml_key *keys,
    size_t keys_count,
    const char *name,
    int value,
    void *target,
    cb_err *err)
{
    char known[256];
    const lab_yaml_key *key = find_key(keys, keys_count, name);
    if (key == NULL) {
        list_keys(keys, keys_count, known, sizeof known);
        return CB_FAIL(err,
            CB_E_CONFIG,
            "%s:%u: there is no key '%s' here; known: %s",
            yaml->path,
            lab_yaml_line(yaml, value),
            name,
            known);
    }
    cb_err inner = {0};
    const cb_status status = key->take(yaml, value, target, &inner);
    if (status == CB_OK) {
        return CB_OK;
    }
    if (strncmp(inner.text, yaml->path, strlen(yaml->path)) == 0) { /* it has its place already */
        return CB_FAIL(err, status, "%s", inner.text);
    }
    return CB_FAIL(
        err, status, "%s:%u: %s: %s", yaml->path, lab_yaml_line(yaml, value), name, inner.text);
}

cb_status lab_yaml_take(
    lab_yaml *yaml, int map, const lab_yaml_key *keys, size_t keys_count, void *target, cb_err *err)
{
    const char *name = NULL;
    int value = 0;
    uint64_t given = 0;
    CB_ASSERT(keys_count <= 64);
    if (!lab_yaml_is_map(yaml, map)) {
        return CB_FAIL(err,
            CB_E_CONFIG,
            "%s:%u: expected `key: value` lines",
            yaml->path,
            lab_yaml_line(yaml, map));
    }
    for (size_t i = 0; lab_yaml_pair(yaml, map, i, &name, &value); i++) {
        const cb_status status = take_pair(yaml, keys, keys_count, name, value, target, err);
        if (status != CB_OK) {
            return status;
        }
        given |= UINT64_C(1) << (size_t)(find_key(keys, keys_count, name) - keys);
    }
    for (size_t i = 0; i < keys_count; i++) {
        if (keys[i].is_needed && (given >> i & 1) == 0) {
            return CB_FAIL(err,
                CB_E_CONFIG,
                "%s:%u: '%s' is missing",
                yaml->path,
                lab_yaml_line(yaml, map),
                keys[i].name);
        }
    }
    return CB_OK;
}
