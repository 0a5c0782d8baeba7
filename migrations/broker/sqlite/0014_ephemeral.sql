-- 1: its hello said that its keys end with its process. Such a member becomes 'expired' some minutes after its last presence lease.
ALTER TABLE member ADD COLUMN ephemeral INTEGER NOT NULL DEFAULT 0;
CREATE INDEX member_ephemeral ON member (mesh_id, online_until) WHERE ephemeral = 1 AND status = 'active';
