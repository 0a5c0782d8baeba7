-- kicked_until: sent away until then, epoch milliseconds; 0: it never was, or may come back. kicked_by: the member that did it.
ALTER TABLE mesh.member ADD COLUMN kicked_until bigint NOT NULL DEFAULT 0;
ALTER TABLE mesh.member ADD COLUMN kicked_by text COLLATE "C";
