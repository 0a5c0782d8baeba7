-- Its hello said that its keys end with its process. Such a member becomes 'expired' some minutes after its last presence lease.
ALTER TABLE mesh.member ADD COLUMN ephemeral boolean NOT NULL DEFAULT false;
CREATE INDEX member_ephemeral ON mesh.member (mesh_id, online_until) WHERE ephemeral AND status = 'active';
