-- JSON of what a member's daemon says of its agents beside their names, `{"former":[…],"online":[…]}`; NULL: it says nothing, and there
-- may be agents beside those in `agents`.
ALTER TABLE member ADD COLUMN agents_told TEXT;
