-- A message that comes again is acknowledged again, unless its receipt still waits here.
CREATE INDEX receipt_message ON receipt (recipient, client_message_id);
