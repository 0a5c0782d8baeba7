-- What happens when two daemons use one member's keys: the mesh's policy (wire.md §1).
ALTER TABLE mesh ADD COLUMN concurrency TEXT NOT NULL DEFAULT 'prefer_newest';
-- How many links that only send the member has ever had: the numbers of their link_epochs.
ALTER TABLE member ADD COLUMN sending_raised INTEGER NOT NULL DEFAULT 0;

-- Under allow_concurrent, the links of a member beside the one that receives; that one is in member, as under every policy. Their link_epochs
-- are counted apart, from 2^40 on, so that none is ever one that may acknowledge. Emptied at every start of the broker.
CREATE TABLE sending_link (
  mesh_id TEXT NOT NULL, member_id TEXT NOT NULL, link_epoch INTEGER NOT NULL, instance_id TEXT NOT NULL,
  PRIMARY KEY (mesh_id, member_id, link_epoch)
) STRICT, WITHOUT ROWID;
