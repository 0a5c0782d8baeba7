-- What happens when two daemons use one member's keys: the mesh's policy (wire.md §1).
ALTER TABLE mesh.mesh ADD COLUMN concurrency text COLLATE "C" NOT NULL DEFAULT 'prefer_newest';
-- How many links that only send the member has ever had: the numbers of their link_epochs.
ALTER TABLE mesh.member ADD COLUMN sending_raised bigint NOT NULL DEFAULT 0;

-- Under allow_concurrent, the links of a member beside the one that receives; that one is in mesh.member, as under every policy. Their
-- link_epochs are counted apart, from 2^40 on, so that none is ever one that may acknowledge. linked_by: the broker that has the link.
CREATE TABLE mesh.sending_link (
  mesh_id uuid NOT NULL, member_id text COLLATE "C" NOT NULL, link_epoch bigint NOT NULL, instance_id text NOT NULL, linked_by uuid NOT NULL,
  PRIMARY KEY (mesh_id, member_id, link_epoch)
);

-- As in 0005_accept.sql; beside its member's receiving link one that only sends may accept, as long as its row is there.
CREATE OR REPLACE FUNCTION mesh.accept(
  p_mesh uuid, p_now bigint, p_expires bigint,
  p_route_senders text[], p_route_link_epochs bigint[], p_route_kinds text[], p_route_refs text[], p_route_full_refs text[],
  p_routes integer[], p_ids text[], p_fingerprints bytea[], p_versions smallint[], p_message_ids uuid[], p_refused boolean[], p_envelopes text[],
  p_mention_items integer[], p_mention_members text[],
  OUT epoch integer, OUT head bigint, OUT incarnation integer, OUT outcomes text, OUT route_topics uuid[]
) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  v_epoch integer; v_head bigint; v_incarnation integer;
  v_judged text[]; v_destinations text[]; v_seqs bigint[]; v_accepted bigint;
BEGIN
  SELECT h.epoch, h.seq INTO v_epoch, v_head FROM mesh.mesh_head h WHERE h.mesh_id = p_mesh FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  SELECT i.n INTO v_incarnation FROM mesh.incarnation i WHERE i.server_started_at = pg_postmaster_start_time();
  -- Nothing is numbered in a life of this server that no head was recorded for.
  IF NOT FOUND THEN RAISE EXCEPTION 'no incarnation is recorded for this life of the server' USING ERRCODE = 'CM001'; END IF;

  SELECT array_agg(
      CASE WHEN r.sender_outcome <> 'a' THEN r.sender_outcome
        WHEN r.kind = 'dm' AND r.link_epoch = -2 THEN 'u'
        WHEN r.kind = 'dm' THEN
          coalesce((SELECT 'a' FROM mesh.member m WHERE m.mesh_id = p_mesh AND m.member_id = r.ref AND m.status = 'active'), 'd')
        WHEN r.kind = 'queue' THEN
          coalesce((SELECT CASE WHEN r.link_epoch <> -2 OR q.unsealed THEN 'a' ELSE 'u' END
                      FROM mesh.queue q WHERE q.mesh_id = p_mesh AND q.name = r.ref), 'q')
        WHEN r.topic_id IS NULL THEN 't'
        WHEN r.link_epoch = -2
          AND NOT (SELECT o.unsealed FROM mesh.topic o WHERE o.mesh_id = p_mesh AND o.topic_id = r.topic_id) THEN 'u'
        ELSE coalesce(
          (SELECT 'a' FROM mesh.subscription b
            WHERE b.mesh_id = p_mesh AND b.member_id = r.sender AND b.topic_id = r.topic_id AND b.last_seq IS NULL LIMIT 1), 's')
      END ORDER BY r.place),
      array_agg(CASE r.kind WHEN 'topic' THEN 'topic:' || r.topic_id WHEN 'dm' THEN 'dm:' || r.ref ELSE 'queue:' || r.ref END ORDER BY r.place),
      array_agg(r.topic_id ORDER BY r.place)
    INTO v_judged, v_destinations, route_topics
    FROM (
      SELECT u.*,
        coalesce((SELECT CASE WHEN s.link_epoch = u.link_epoch OR u.link_epoch < 0 THEN 'a'
                           WHEN EXISTS (SELECT 1 FROM mesh.sending_link k WHERE k.mesh_id = p_mesh AND k.member_id = u.sender
                                           AND k.link_epoch = u.link_epoch) THEN 'a'
                           ELSE 'l' END
                    FROM mesh.member s WHERE s.mesh_id = p_mesh AND s.member_id = u.sender AND s.status = 'active'), 'm') AS sender_outcome,
        CASE WHEN u.kind = 'topic' THEN
          (SELECT t.topic_id FROM mesh.topic t WHERE t.mesh_id = p_mesh AND t.name = u.ref AND t.deleted_at IS NULL)
        END AS topic_id
      FROM unnest(p_route_senders, p_route_link_epochs, p_route_kinds, p_route_refs) WITH ORDINALITY AS u (sender, link_epoch, kind, ref, place)
      OFFSET 0
    ) r;

  SELECT string_agg(n.outcome, '' ORDER BY n.place), array_agg(CASE WHEN n.outcome = 'a' THEN v_head + n.accepted END ORDER BY n.place),
      max(n.accepted)
    INTO outcomes, v_seqs, v_accepted
    FROM (
      SELECT j.place, j.outcome, count(*) FILTER (WHERE j.outcome = 'a') OVER (ORDER BY j.place ROWS UNBOUNDED PRECEDING) AS accepted
      FROM (
        SELECT u.place,
          CASE
            WHEN (SELECT true FROM mesh.client_message_dedupe d WHERE d.mesh_id = p_mesh AND d.client_message_id = u.id) THEN 'k'
            WHEN (SELECT true FROM mesh.void_claim v WHERE v.mesh_id = p_mesh AND v.client_message_id = u.id) THEN 'v'
            WHEN u.refused THEN 'r'
            ELSE v_judged[u.route]
          END AS outcome
        FROM unnest(p_ids, p_routes, p_refused) WITH ORDINALITY AS u (id, route, refused, place)
        OFFSET 0
      ) j
    ) n;

  IF v_accepted > 0 THEN
    INSERT INTO mesh.message_queue (mesh_id, seq, epoch, incarnation, broker_message_id, client_message_id, request_fingerprint, sender, destination,
        envelope, accepted_at)
      SELECT p_mesh, u.seq, v_epoch, v_incarnation, u.message_id, u.id, u.fingerprint, p_route_senders[u.route], v_destinations[u.route],
          u.envelope, p_now
        FROM unnest(v_seqs, p_routes, p_ids, p_fingerprints, p_message_ids, p_envelopes) AS u (seq, route, id, fingerprint, message_id, envelope)
       WHERE u.seq IS NOT NULL;
    INSERT INTO mesh.client_message_dedupe (mesh_id, client_message_id, broker_message_id, seq, epoch, request_fingerprint, fingerprint_version, sender,
        destination_kind, destination_ref, first_seen_at, expires_at)
      SELECT p_mesh, u.id, u.message_id, u.seq, v_epoch, u.fingerprint, u.version, p_route_senders[u.route],
          p_route_kinds[u.route], p_route_full_refs[u.route], p_now, p_expires
        FROM unnest(v_seqs, p_routes, p_ids, p_fingerprints, p_message_ids, p_versions) AS u (seq, route, id, fingerprint, message_id, version)
       WHERE u.seq IS NOT NULL;
    IF cardinality(p_mention_items) > 0 THEN
      INSERT INTO mesh.mention_index (mesh_id, member, seq)
        SELECT p_mesh, m.member, v_seqs[m.item] FROM unnest(p_mention_items, p_mention_members) AS m (item, member) WHERE v_seqs[m.item] IS NOT NULL;
    END IF;
    IF 'queue' = ANY (p_route_kinds) THEN
      INSERT INTO mesh.delivery_queue (mesh_id, queue, seq)
        SELECT p_mesh, p_route_refs[u.route], u.seq FROM unnest(v_seqs, p_routes) AS u (seq, route)
         WHERE u.seq IS NOT NULL AND p_route_kinds[u.route] = 'queue';
    END IF;
    UPDATE mesh.mesh_head SET seq = v_head + v_accepted WHERE mesh_id = p_mesh;
  END IF;
  epoch := v_epoch; head := v_head; incarnation := v_incarnation;
END $$;
