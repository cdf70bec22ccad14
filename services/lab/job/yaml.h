/* A YAML document as a tree whose nodes know their lines. Reads the subset that a configuration
 * needs: one document of mappings, lists and scalars; aliases, tags and doubled keys are refused.
 */
#ifndef LAB_YAML_H
#define LAB_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yaml.h>

#include "base/err.h"

#define LAB_YAML_DEPTH_MAX 16

typedef struct lab_yaml {
    const char *path; /* [borrowed] for messages */
    yaml_document_t document;
} lab_yaml;

/** CB_E_SYNTAX with file and line. Release with lab_yaml_release after CB_OK only. */
CB_MUST_USE cb_status lab_yaml_load(
    lab_yaml *yaml, const char *path, const char *text, size_t size, cb_err *err);
void lab_yaml_release(lab_yaml *yaml);

/* Node numbers are libyaml's: 1 is the root. */
int lab_yaml_root(const lab_yaml *yaml);
uint32_t lab_yaml_line(lab_yaml *yaml, int node);
/** Text of a scalar [borrowed from the tree], NULL when the node is none. */
const char *lab_yaml_text(lab_yaml *yaml, int node);
bool lab_yaml_is_map(lab_yaml *yaml, int node);
bool lab_yaml_is_list(lab_yaml *yaml, int node);
size_t lab_yaml_size(lab_yaml *yaml, int node);
/** Item index of a list (0 past the end). */
int lab_yaml_item(lab_yaml *yaml, int list, size_t index);
/** Pair index of a mapping: its key's text and its value's node; false past the end. */
bool lab_yaml_pair(lab_yaml *yaml, int map, size_t index, const char **key, int *value);

/* A key that a mapping may have. */
typedef struct lab_yaml_key {
    const char *name;
    /** Takes the value into target; refuses by CB_FAIL without place: the caller adds it. */
    cb_status (*take)(lab_yaml *yaml, int value, void *target, cb_err *err);
    bool is_needed;
} lab_yaml_key;

/** Hands every pair of a mapping to its key; unknown and missing keys are refused by name. */
CB_MUST_USE cb_status lab_yaml_take(lab_yaml *yaml,
    int map,
    const lab_yaml_key *keys,
    size_t keys_count,
    void *target,
    cb_err *err);

#endif /* LAB_YAML_H */
