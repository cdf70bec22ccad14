-- The latch says whether it was lowered, and by whom besides the one who asked.
ALTER TABLE kill_state ADD COLUMN is_lowering boolean NOT NULL DEFAULT false;
ALTER TABLE kill_state ADD COLUMN approver text NOT NULL DEFAULT '';
ALTER TABLE kill_state ADD COLUMN seen_ns bigint NOT NULL DEFAULT 0;
