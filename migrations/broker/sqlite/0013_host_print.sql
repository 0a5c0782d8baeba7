-- host_print: of the host that the member's daemon was on when it was told last; null: it has told none.
-- clone_reason: what that daemon said of its host ('host_id', 'wired_address'); null: nothing.
-- clone_suspected_at: when either became another one, epoch milliseconds; null: never.
ALTER TABLE member ADD COLUMN host_print TEXT;
ALTER TABLE member ADD COLUMN clone_reason TEXT;
ALTER TABLE member ADD COLUMN clone_suspected_at INTEGER;
