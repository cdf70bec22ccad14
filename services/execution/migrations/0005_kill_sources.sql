-- Levels may also come from the local flag page and from conditions that end by themselves.
ALTER TABLE kill DROP CONSTRAINT kill_source_check;
ALTER TABLE kill ADD CONSTRAINT kill_source_check
    CHECK (source IN ('risk', 'execution', 'local', 'interlock'));

-- Numbers that never fall, whatever restarts.
CREATE TABLE watermark (
    name text PRIMARY KEY CHECK (name <> ''),
    value bigint NOT NULL CHECK (value >= 0)
);
