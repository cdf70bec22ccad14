-- Texts of rules: every version that was put to work, and the one that runs, per file.

CREATE TABLE rules (
    file text NOT NULL CHECK (file <> ''),
    version bigint NOT NULL CHECK (version > 0),
    name text NOT NULL,
    interval_s bigint NOT NULL CHECK (interval_s > 0),
    warmup_bars bigint NOT NULL CHECK (warmup_bars > 0),
    text_hash bytea NOT NULL CHECK (octet_length(text_hash) = 32),
    loaded_ns bigint NOT NULL,
    "text" text NOT NULL CHECK ("text" <> ''),
    PRIMARY KEY (file, version)
);
COMMENT ON TABLE rules IS 'append-only';

CREATE TABLE rules_now (
    file text PRIMARY KEY CHECK (file <> ''),
    version bigint NOT NULL CHECK (version > 0),
    name text NOT NULL,
    interval_s bigint NOT NULL CHECK (interval_s > 0),
    warmup_bars bigint NOT NULL CHECK (warmup_bars > 0),
    text_hash bytea NOT NULL CHECK (octet_length(text_hash) = 32),
    loaded_ns bigint NOT NULL,
    "text" text NOT NULL CHECK ("text" <> '')
);
