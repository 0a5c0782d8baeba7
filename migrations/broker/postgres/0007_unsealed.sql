-- The key of a direct caller is looked up by its hash, in its mesh alone.
CREATE UNIQUE INDEX api_key_hash ON mesh.api_key (mesh_id, key_hash);
CREATE INDEX api_key_expiry ON mesh.api_key (mesh_id, expires_at);

-- Up to which sequence number unsealed messages may stand in a topic that was closed for them since; 0: it never was open.
ALTER TABLE mesh.topic ADD COLUMN unsealed_through bigint NOT NULL DEFAULT 0;

-- mesh.accept as before, and of a direct caller, whose link epoch is -1: with -2 its body is not sealed, and the destination must be open for
-- that. One more letter: u is not open for unsealed messages. The program before this knows neither, and goes on with this function.
CREATE OR REPLACE FUNCTION mesh.accept(
  p_mesh uuid, p_now bigint, p_expires bigint,
  p_ids text[], p_fingerprints bytea[], p_versions smallint[], p_senders text[], p_link_epochs bigint[], p_kinds text[], p_refs text[],
  p_full_refs text[], p_message_ids uuid[], p_refused boolean[], p_envelopes text[], p_mention_items integer[], p_mention_members text[],
  OUT epoch integer, OUT head bigint, OUT incarnation integer, OUT outcomes text, OUT topic_ids uuid[]
) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  v_epoch integer; v_head bigint; v_incarnation integer; v_seqs bigint[]; v_accepted bigint;
BEGIN
  SELECT h.epoch, h.seq INTO v_epoch, v_head FROM mesh.mesh_head h WHERE h.mesh_id = p_mesh FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  SELECT i.n INTO v_incarnation FROM mesh.incarnation i WHERE i.server_started_at = pg_postmaster_start_time();
  -- Nothing is numbered in a life of this server that no head was recorded for.
  IF NOT FOUND THEN RAISE EXCEPTION 'no incarnation is recorded for this life of the server' USING ERRCODE = 'CM001'; END IF;

  WITH item AS MATERIALIZED (
    SELECT * FROM unnest(p_ids, p_fingerprints, p_versions, p_senders, p_link_epochs, p_kinds, p_refs, p_full_refs, p_message_ids, p_refused, p_envelopes)
      WITH ORDINALITY AS u (id, fingerprint, version, sender, link_epoch, kind, ref, full_ref, message_id, refused, envelope, place)
  ), seen AS MATERIALIZED (
    SELECT i.*,
      CASE
        WHEN (SELECT true FROM mesh.client_message_dedupe d WHERE d.mesh_id = p_mesh AND d.client_message_id = i.id) THEN 'k'
        WHEN (SELECT true FROM mesh.void_claim v WHERE v.mesh_id = p_mesh AND v.client_message_id = i.id) THEN 'v'
        WHEN i.refused THEN 'r'
        ELSE coalesce(
          (SELECT CASE WHEN s.link_epoch = i.link_epoch OR i.link_epoch < 0 THEN 'a' ELSE 'l' END
             FROM mesh.member s WHERE s.mesh_id = p_mesh AND s.member_id = i.sender AND s.status = 'active'), 'm')
      END AS sender_outcome,
      CASE WHEN i.kind = 'topic' THEN
        (SELECT t.topic_id FROM mesh.topic t WHERE t.mesh_id = p_mesh AND t.name = i.ref AND t.deleted_at IS NULL)
      END AS topic_id
    FROM item i
  ), judged AS MATERIALIZED (
    SELECT s.*,
      CASE WHEN s.sender_outcome <> 'a' THEN s.sender_outcome
        WHEN s.kind = 'dm' AND s.link_epoch = -2 THEN 'u'
        WHEN s.kind = 'dm' THEN
          coalesce((SELECT 'a' FROM mesh.member r WHERE r.mesh_id = p_mesh AND r.member_id = s.ref AND r.status = 'active'), 'd')
        WHEN s.kind = 'queue' THEN coalesce(
          (SELECT CASE WHEN s.link_epoch <> -2 OR q.unsealed THEN 'a' ELSE 'u' END
             FROM mesh.queue q WHERE q.mesh_id = p_mesh AND q.name = s.ref), 'q')
        WHEN s.topic_id IS NULL THEN 't'
        WHEN s.link_epoch = -2
          AND NOT (SELECT o.unsealed FROM mesh.topic o WHERE o.mesh_id = p_mesh AND o.topic_id = s.topic_id) THEN 'u'
        ELSE coalesce(
          (SELECT 'a' FROM mesh.subscription b
            WHERE b.mesh_id = p_mesh AND b.member_id = s.sender AND b.topic_id = s.topic_id AND b.last_seq IS NULL LIMIT 1), 's')
      END AS outcome
    FROM seen s
  ), numbered AS MATERIALIZED (
    SELECT j.*, v_head + count(*) FILTER (WHERE j.outcome = 'a') OVER (ORDER BY j.place ROWS UNBOUNDED PRECEDING) AS seq,
      CASE j.kind WHEN 'topic' THEN 'topic:' || j.topic_id WHEN 'dm' THEN 'dm:' || j.ref ELSE 'queue:' || j.ref END AS destination
    FROM judged j
  ), message AS (
    INSERT INTO mesh.message_queue (mesh_id, seq, epoch, incarnation, broker_message_id, client_message_id, request_fingerprint, sender, destination,
      envelope, accepted_at)
    SELECT p_mesh, n.seq, v_epoch, v_incarnation, n.message_id, n.id, n.fingerprint, n.sender, n.destination, n.envelope, p_now
      FROM numbered n WHERE n.outcome = 'a'
  ), record AS (
    INSERT INTO mesh.client_message_dedupe (mesh_id, client_message_id, broker_message_id, seq, epoch, request_fingerprint, fingerprint_version, sender,
      destination_kind, destination_ref, first_seen_at, expires_at)
    SELECT p_mesh, n.id, n.message_id, n.seq, v_epoch, n.fingerprint, n.version, n.sender, n.kind, n.full_ref, p_now, p_expires
      FROM numbered n WHERE n.outcome = 'a'
  )
  SELECT string_agg(n.outcome, '' ORDER BY n.place), array_agg(CASE WHEN n.outcome = 'a' THEN n.seq END ORDER BY n.place),
      count(*) FILTER (WHERE n.outcome = 'a'), CASE WHEN bool_or(n.kind = 'topic') THEN array_agg(n.topic_id ORDER BY n.place) END
    INTO outcomes, v_seqs, v_accepted, topic_ids
    FROM numbered n;

  IF v_accepted > 0 THEN
    IF cardinality(p_mention_items) > 0 THEN
      INSERT INTO mesh.mention_index (mesh_id, member, seq)
        SELECT p_mesh, m.member, v_seqs[m.item] FROM unnest(p_mention_items, p_mention_members) AS m (item, member) WHERE v_seqs[m.item] IS NOT NULL;
    END IF;
    IF 'queue' = ANY (p_kinds) THEN
      INSERT INTO mesh.delivery_queue (mesh_id, queue, seq)
        SELECT p_mesh, k.ref, v_seqs[k.place] FROM unnest(p_kinds, p_refs) WITH ORDINALITY AS k (kind, ref, place)
         WHERE k.kind = 'queue' AND v_seqs[k.place] IS NOT NULL;
    END IF;
    UPDATE mesh.mesh_head SET seq = v_head + v_accepted WHERE mesh_id = p_mesh;
  END IF;
  epoch := v_epoch; head := v_head; incarnation := v_incarnation;
END $$;
