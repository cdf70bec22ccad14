/* Reading of filters and orders. Clauses are joined by AND only, as with MLflow. */
#include "services/lab/mlflow/filter.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/assert.h"
#include "base/strview.h"

typedef struct scanner {
    const char *text;
    const char *at;
    cb_err *err;
} scanner;

static cb_status wrong(const scanner *self, const char *what)
{
    return CB_FAIL(self->err,
        CB_E_SYNTAX,
        "filter, at character %zu: %s",
        (size_t)(self->at - self->text) + 1,
        what);
}

static void skip_blanks(scanner *self)
{
    self->at += strspn(self->at, " \t\r\n");
}

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '/';
}

/* A keyword in any case, as a whole word. */
static bool take_word(scanner *self, const char *word)
{
    const size_t size = strlen(word);
    skip_blanks(self);
    if (strncasecmp(self->at, word, size) != 0 || is_word_char(self->at[size])) {
        return false;
    }
    self->at += size;
    return true;
}

static bool take_sign(scanner *self, const char *sign)
{
    const size_t size = strlen(sign);
    skip_blanks(self);
    if (strncmp(self->at, sign, size) != 0) {
        return false;
    }
    self->at += size;
    return true;
}

/* ---- fields ---- */

static const struct {
    const char *name;
    filter_entity entity;
} entities[] = {{"metrics", ENTITY_METRIC},
    {"metric", ENTITY_METRIC},
    {"params", ENTITY_PARAM},
    {"param", ENTITY_PARAM},
    {"parameters", ENTITY_PARAM},
    {"parameter", ENTITY_PARAM},
    {"tags", ENTITY_TAG},
    {"tag", ENTITY_TAG},
    {"attributes", ENTITY_ATTRIBUTE},
    {"attribute", ENTITY_ATTRIBUTE},
    {"attr", ENTITY_ATTRIBUTE},
    {"run", ENTITY_ATTRIBUTE}};

static const struct {
    const char *name; /* as it is asked for */
    const char *key;  /* as it is kept */
    filter_of of;
    bool is_number;
} attributes[] = {{"run_id", "run_id", FILTER_RUNS, false},
    {"run_name", "run_name", FILTER_RUNS, false},
    {"Run name", "run_name", FILTER_RUNS, false},
    {"status", "status", FILTER_RUNS, false},
    {"user_id", "user_id", FILTER_RUNS, false},
    {"artifact_uri", "artifact_uri", FILTER_RUNS, false},
    {"start_time", "start_time", FILTER_RUNS, true},
    {"created", "start_time", FILTER_RUNS, true},
    {"end_time", "end_time", FILTER_RUNS, true},
    {"name", "name", FILTER_EXPERIMENTS, false},
    {"experiment_id", "experiment_id", FILTER_EXPERIMENTS, false},
    {"creation_time", "creation_time", FILTER_EXPERIMENTS, true},
    {"last_update_time", "last_update_time", FILTER_EXPERIMENTS, true}};

/* The text between two equal quotes, without them. */
static bool take_quoted(scanner *self, char quote, cb_strview *out)
{
    const char *end = strchr(self->at + 1, quote);
    if (*self->at != quote || end == NULL) {
        return false;
    }
    *out = (cb_strview){self->at + 1, (size_t)(end - self->at) - 1};
    self->at = end + 1;
    return true;
}

static bool take_name(scanner *self, bool has_dots, cb_strview *out)
{
    if (take_quoted(self, '`', out) || take_quoted(self, '"', out)) {
        return true;
    }
    const char *begin = self->at;
    while (is_word_char(*self->at) || (has_dots && *self->at == '.')) {
        self->at++;
    }
    *out = (cb_strview){begin, (size_t)(self->at - begin)};
    return out->size > 0;
}

static cb_status set_attribute(scanner *self, filter_of of, filter_field *field)
{
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        if (attributes[i].of == of && strcmp(field->key, attributes[i].name) == 0) {
            (void)cb_text_copy(field->key, sizeof field->key, cb_sv_from(attributes[i].key));
            field->is_number = attributes[i].is_number;
            return CB_OK;
        }
    }
    return wrong(self, "there is no such attribute");
}

/* metrics.key, tags.`key with blanks`, attributes.status, status. */
static cb_status take_field(scanner *self, filter_of of, filter_field *out)
{
    cb_strview word;
    skip_blanks(self);
    *out = (filter_field){.entity = ENTITY_ATTRIBUTE};
    if (!take_name(self, false, &word)) {
        return wrong(self, "a name such as metrics.sharpe is missing");
    }
    if (*self->at == '.') {
        size_t i = 0;
        while (i < sizeof entities / sizeof entities[0] && !cb_sv_is(word, entities[i].name)) {
            i++;
        }
        if (i == sizeof entities / sizeof entities[0] ||
            (of == FILTER_EXPERIMENTS && entities[i].entity != ENTITY_TAG &&
                entities[i].entity != ENTITY_ATTRIBUTE)) {
            return wrong(self, "only metrics, params, tags and attributes can be asked for");
        }
        self->at++;
        out->entity = entities[i].entity;
        if (!take_name(self, true, &word)) {
            return wrong(self, "a key is missing behind the dot");
        }
    }
    if (!cb_text_copy(out->key, sizeof out->key, word)) {
        return wrong(self, "the key is too long");
    }
    out->is_number = out->entity == ENTITY_METRIC;
    return out->entity == ENTITY_ATTRIBUTE ? set_attribute(self, of, out) : CB_OK;
}

/* ---- clauses ---- */

static cb_status take_compare(scanner *self, const filter_field *field, filter_compare *out)
{
    static const struct {
        const char *sign;
        filter_compare compare;
        bool is_for_text;
    } signs[] = {{"!=", COMPARE_UNEQUAL, true},
        {"<>", COMPARE_UNEQUAL, true},
        {"<=", COMPARE_LESS_EQUAL, false},
        {">=", COMPARE_MORE_EQUAL, false},
        {"=", COMPARE_EQUAL, true},
        {"<", COMPARE_LESS, false},
        {">", COMPARE_MORE, false}};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (take_sign(self, signs[i].sign)) {
            *out = signs[i].compare;
            return field->is_number || signs[i].is_for_text
                       ? CB_OK
                       : wrong(self, "texts have no order: only =, !=, LIKE, ILIKE, IN");
        }
    }
    if (take_word(self, "IS")) {
        *out = take_word(self, "NOT") ? COMPARE_IS_NOT_NULL : COMPARE_IS_NULL;
        return take_word(self, "NULL") ? CB_OK : wrong(self, "NULL is missing behind IS");
    }
    if (field->is_number) {
        return wrong(self, "one of = != < <= > >= is missing");
    }
    if (take_word(self, "NOT")) {
        *out = COMPARE_NOT_IN;
        return take_word(self, "IN") ? CB_OK : wrong(self, "IN is missing behind NOT");
    }
    *out = take_word(self, "LIKE")    ? COMPARE_LIKE
           : take_word(self, "ILIKE") ? COMPARE_ILIKE
                                      : COMPARE_IN;
    if (*out == COMPARE_IN && !take_word(self, "IN")) {
        return wrong(self, "one of = != LIKE ILIKE IN is missing");
    }
    return CB_OK;
}

static cb_status take_text(scanner *self, json_t *texts)
{
    cb_strview text;
    skip_blanks(self);
    if (!take_quoted(self, '\'', &text) && !take_quoted(self, '"', &text)) {
        return wrong(self, "a text in quotes is missing");
    }
    if (json_array_size(texts) == FILTER_LIST_MAX) {
        return wrong(self, "the list is too long");
    }
    (void)json_array_append_new(texts, json_stringn(text.at, text.size));
    return CB_OK;
}

static cb_status take_list(scanner *self, json_t *texts)
{
    cb_status status = take_sign(self, "(") ? CB_OK : wrong(self, "( is missing behind IN");
    do {
        status = status == CB_OK ? take_text(self, texts) : status;
    } while (status == CB_OK && take_sign(self, ","));
    return status != CB_OK || take_sign(self, ")") ? status : wrong(self, ") is missing");
}

static cb_status take_number(scanner *self, double *out)
{
    char text[64];
    skip_blanks(self);
    const bool has_quote = *self->at == '\'';
    self->at += has_quote ? 1 : 0;
    const size_t size = strspn(self->at, "0123456789.+-eE");
    json_t *holder = NULL;
    if (size > 0 && cb_text_copy(text, sizeof text, (cb_strview){self->at, size})) {
        holder = json_string(text);
    }
    const bool is_number = lab_mlflow_number(holder, out);
    json_decref(holder);
    if (!is_number) {
        return wrong(self, "a number is missing");
    }
    self->at += size;
    return !has_quote || take_sign(self, "'") ? CB_OK : wrong(self, "a quote is missing");
}

static cb_status take_clause(scanner *self, lab_filter *filter)
{
    if (filter->count == FILTER_CLAUSES_MAX) {
        return wrong(self, "too many comparisons");
    }
    filter_clause *clause = &filter->clauses[filter->count++];
    *clause = (filter_clause){.texts = json_array()};
    cb_status status = take_field(self, filter->of, &clause->field);
    if (status == CB_OK) {
        status = take_compare(self, &clause->field, &clause->compare);
    }
    if (status != CB_OK || clause->compare == COMPARE_IS_NULL ||
        clause->compare == COMPARE_IS_NOT_NULL) {
        return status;
    }
    if (clause->compare == COMPARE_IN || clause->compare == COMPARE_NOT_IN) {
        return take_list(self, clause->texts);
    }
    return clause->field.is_number ? take_number(self, &clause->number)
                                   : take_text(self, clause->texts);
}

cb_status lab_filter_parse(lab_filter *filter, filter_of of, const char *text, cb_err *err)
{
    CB_ASSERT(filter != NULL);
    *filter = (lab_filter){.of = of};
    scanner self = {text, text, err};
    if (text == NULL) {
        return CB_OK;
    }
    if (strlen(text) > FILTER_TEXT_MAX) {
        return wrong(&self, "it is too long");
    }
    skip_blanks(&self);
    cb_status status = CB_OK;
    if (*self.at != '\0') {
        do {
            status = take_clause(&self, filter);
        } while (status == CB_OK && take_word(&self, "AND"));
    }
    skip_blanks(&self);
    if (status == CB_OK && *self.at != '\0') {
        status = wrong(&self, "only AND may follow here");
    }
    if (status != CB_OK) {
        lab_filter_release(filter);
    }
    return status;
}

void lab_filter_release(lab_filter *filter)
{
    for (size_t i = 0; i < filter->count; i++) {
        json_decref(filter->clauses[i].texts);
    }
    filter->count = 0;
}

cb_status lab_order_parse(lab_order *order, filter_of of, const json_t *texts, cb_err *err)
{
    CB_ASSERT(order != NULL);
    *order = (lab_order){.of = of};
    for (size_t i = 0; i < json_array_size(texts); i++) {
        const char *text = json_string_value(json_array_get(texts, i));
        if (text == NULL || i == ORDER_MAX) {
            return CB_FAIL(err, CB_E_SYNTAX, "order_by: at most %d texts", ORDER_MAX);
        }
        scanner self = {text, text, err};
        const cb_status status = take_field(&self, of, &order->keys[i].field);
        if (status != CB_OK) {
            return cb_err_context(err, "order_by");
        }
        order->keys[i].is_descending = take_word(&self, "DESC");
        if (!order->keys[i].is_descending) {
            (void)take_word(&self, "ASC");
        }
        skip_blanks(&self);
        if (*self.at != '\0') {
            return wrong(&self, "order_by: only ASC or DESC may follow");
        }
        order->count++;
    }
    return CB_OK;
}
