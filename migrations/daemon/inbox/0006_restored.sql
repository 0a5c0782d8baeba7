-- Of an inbox that was damaged and made anew. 0: not so, or pushed since. 2: its content is lost here, and asked of the broker.
-- 1: that came from the broker's history, so nobody is told of it as of new mail. 3: the same, told since: the broker pushed it again.
ALTER TABLE inbox ADD COLUMN restored INTEGER NOT NULL DEFAULT 0;
