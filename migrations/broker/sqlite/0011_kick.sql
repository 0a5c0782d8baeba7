-- kicked_until: sent away until then, epoch milliseconds; 0: it never was, or may come back. kicked_by: the member that did it.
ALTER TABLE member ADD COLUMN kicked_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE member ADD COLUMN kicked_by TEXT;
