/* A job file: what a run of the lab is made of. Read from YAML, checked, and kept as plain values;
 * how the services' own settings are spelled is left to their configuration tables. Docs:
 * docs/howto/backtest.md. */
#ifndef LAB_JOB_H
#define LAB_JOB_H

#include "base/err.h"
#include "services/lab/core/candles.h"

#define LAB_TEXT_MAX 512 /* as CB_CONFIG_TEXT_MAX: settings go through the services' tables */
#define LAB_KEY_MAX 80
#define LAB_WORD_MAX 32
#define LAB_SERIES_MAX 64
#define LAB_SETTINGS_MAX 256
#define LAB_BALANCES_MAX 16
#define LAB_PARAMETERS_MAX 32
#define LAB_CHOICES_MAX 16
#define LAB_OBJECTIVES_MAX 4
#define LAB_JOB_FILE_MAX ((size_t)1 << 20)

typedef enum lab_series_kind {
    LAB_SERIES_CANDLES,
    LAB_SERIES_TRADES,
    LAB_SERIES_DEPTH
} lab_series_kind;

/* One file of history. */
typedef struct lab_series {
    char file[LAB_TEXT_MAX]; /* relative to the job file's folder */
    char symbol[LAB_SYMBOL_SIZE];
    char venue[LAB_VENUE_SIZE];
    int64_t timeframe_ns; /* 0: as the file says; candles only */
    lab_series_kind kind;
    uint32_t line; /* of the job file */
} lab_series;

/* One key of a service's configuration (or of a model) with its value as text. */
typedef struct lab_setting {
    char service[LAB_WORD_MAX]; /* "signals", "risk", "execution", "portfolio", "validator", "venue"
                                   or "models" */
    char key[LAB_KEY_MAX];
    char value[LAB_TEXT_MAX];
    uint32_t line;
} lab_setting;

typedef struct lab_balance {
    char asset[LAB_WORD_MAX];
    int64_t amount_e8;
} lab_balance;

typedef enum lab_parameter_kind {
    LAB_PARAMETER_INT,
    LAB_PARAMETER_DECIMAL,
    LAB_PARAMETER_CHOICE
} lab_parameter_kind;

/* A setting that a search may vary. */
typedef struct lab_parameter {
    char service[LAB_WORD_MAX];
    char key[LAB_KEY_MAX];
    lab_parameter_kind kind;
    bool is_log;
    int64_t low_e8; /* whole numbers too are kept times 1e8 */
    int64_t high_e8;
    int64_t step_e8; /* 0: none; whole numbers: at least 1 */
    char choices[LAB_CHOICES_MAX][LAB_WORD_MAX];
    uint32_t choices_count;
    uint32_t line;
} lab_parameter;

typedef struct lab_objective {
    char metric[LAB_WORD_MAX]; /* a row of metrics.def */
    bool is_minimised;         /* written with a leading '-' */
} lab_objective;

/* The search of a job; trials 0: the job has none. */
typedef struct lab_study {
    lab_parameter parameters[LAB_PARAMETERS_MAX];
    uint32_t parameters_count;
    lab_objective objectives[LAB_OBJECTIVES_MAX];
    uint32_t objectives_count;
    char sampler[LAB_WORD_MAX];
    char pruner[LAB_WORD_MAX];
    uint64_t trials;
    uint64_t workers; /* 0: as many as there are processors */
} lab_study;

/* Walk-forward of a job; windows 0: it has none. */
typedef struct lab_walkforward {
    uint64_t windows;
    bool is_anchored;
    int64_t test_ns; /* 0: from the range and the number of windows */
    int64_t train_ns;
    int64_t purge_ns;
    int64_t embargo_ns;
} lab_walkforward;

typedef struct lab_job {
    char path[LAB_TEXT_MAX]; /* of the job file, as given */
    char name[LAB_WORD_MAX * 2];
    lab_series series[LAB_SERIES_MAX];
    uint32_t series_count;
    int64_t from_ns; /* 0: the data's begin */
    int64_t to_ns;   /* first moment that does not belong; 0: the data's end */
    lab_balance balances[LAB_BALANCES_MAX];
    uint32_t balances_count;
    char quote_asset[LAB_WORD_MAX];
    char strategies[LAB_TEXT_MAX]; /* as the signals service's key */
    uint64_t seed;
    bool is_forced; /* data that is not certified may be used */
    lab_setting settings[LAB_SETTINGS_MAX];
    uint32_t settings_count;
    lab_study study;
    lab_walkforward walkforward;
} lab_job;

/**
 * Reads and checks a job file. Everything unknown, missing, doubled or out of bounds is refused
 * with file, line and what would be right.
 *
 * @param text [borrowed] the file's content, size bytes.
 * @return CB_OK; CB_E_SYNTAX (not YAML), CB_E_CONFIG (a wrong value), CB_E_FULL (too many).
 */
CB_MUST_USE cb_status lab_job_parse(
    const char *path, const char *text, size_t size, lab_job *job, cb_err *err);
/** Reads the file at path; *text [owned by the caller] is its content, for the run's record. */
CB_MUST_USE cb_status lab_job_read(
    const char *path, lab_job *job, char **text, size_t *size, cb_err *err);
/** Replaces or adds a setting ("--set signals.decision.threshold=0.2"); CB_E_CONFIG, CB_E_FULL. */
CB_MUST_USE cb_status lab_job_set(lab_job *job, const char *assignment, cb_err *err);

/** "1m", "15m", "4h", "1d" to nanoseconds; false on anything else. */
bool lab_timeframe_parse(const char *text, int64_t *out_ns);
/** The reverse; "" when it is no whole number of seconds. */
void lab_timeframe_print(int64_t timeframe_ns, char out[16]);

#endif /* LAB_JOB_H */
