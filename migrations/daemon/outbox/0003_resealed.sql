-- 1: takes the place of a row whose receiver could not open it, since it has another key now. That is done once.
ALTER TABLE outbox ADD COLUMN resealed INTEGER NOT NULL DEFAULT 0;
