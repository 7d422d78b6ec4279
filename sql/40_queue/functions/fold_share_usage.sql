-- One row of a share changes at a time, by one session: ended attempts only append, and wait for nobody.
create or replace function private.fold_share_usage()
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
    v_share_id integer := 0;
    v_folded integer := 0;
    v_used record;
begin
    loop
        -- From share to share by the index, so that what others have waiting is not read.
        select min(u.share_id) into v_share_id from private.share_usage as u where u.share_id > v_share_id;
        exit when v_share_id is null;
        perform from private.shares as s where s.share_id = v_share_id for update skip locked;
        continue when not found and exists (select from private.shares as s where s.share_id = v_share_id);
        with gone as (
            delete from private.share_usage as u where u.share_id = v_share_id returning u.seconds
        )
        select count(*)::integer as attempts, sum(g.seconds) as seconds, avg(g.seconds) as each into v_used from gone as g;
        update private.shares as s
        set used_seconds = private.faded_seconds(s.used_seconds, s.folded_at, v_now) + v_used.seconds,
            -- A tenth of the way for each attempt that ended.
            expected_seconds = v_used.each + (s.expected_seconds - v_used.each) * power(0.9, least(v_used.attempts, 100)),
            folded_at = v_now
        where s.share_id = v_share_id and v_used.attempts > 0;
        v_folded := v_folded + v_used.attempts;
    end loop;
    return v_folded;
end
$$;
comment on function private.fold_share_usage() is
    'Adds the robot-seconds of ended attempts to their shares, and returns of how many attempts.';
revoke all on function private.fold_share_usage() from public, anon, authenticated, service_role;
