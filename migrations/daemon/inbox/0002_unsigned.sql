-- How a message came that its sender has not signed: 'api:<key id>'; '' for the sender's own. What nobody has signed has a
-- place of its own beside the signed message of the same id, so that it can neither take that one's place nor hide it.
ALTER TABLE inbox ADD COLUMN via TEXT NOT NULL DEFAULT '';
DROP INDEX inbox_once;
CREATE UNIQUE INDEX inbox_once ON inbox (sender, client_message_id, via) WHERE client_message_id IS NOT NULL;
