-- Metrics are whatever robots say. What is no number, or none that can be true, is left out here, and shown as it was said elsewhere.
create or replace function private.add_measurements(p_measured real[], p_metrics jsonb)
returns real[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_names constant text[] := '{cpu_percent, memory_percent, memory_mb, disk_percent}';
    v_most constant numeric[] := '{100, 100, 1000000000, 100}';
    v_said jsonb;
    v_value real;
begin
    for n in 1..4 loop
        v_said := p_metrics -> v_names[n];
        continue when jsonb_typeof(v_said) is distinct from 'number' or v_said::numeric not between 0 and v_most[n];
        v_value := round(v_said::numeric, 1);   -- before it becomes a real, which knows no 1e-50
        p_measured := coalesce(p_measured, '{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}');
        p_measured[3 * n - 2] := p_measured[3 * n - 2] + 1;
        p_measured[3 * n - 1] := p_measured[3 * n - 1] + v_value;
        p_measured[3 * n] := greatest(p_measured[3 * n], v_value);
    end loop;
    return p_measured;
end
$$;
comment on function private.add_measurements is
    'Adds a heartbeat''s metrics to what was measured before (null: nothing): of cpu_percent, memory_percent, memory_mb and disk_percent how many heartbeats said it, their sum and the highest. Figures that are no numbers from 0 to 100 (megabytes: to 1e9) are left out.';
revoke all on function private.add_measurements from public, anon, authenticated, service_role;
