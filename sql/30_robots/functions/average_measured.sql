create or replace function private.average_measured(p_measured real[], p_figure integer)
returns real
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select round((p_measured[3 * p_figure - 1] / nullif(p_measured[3 * p_figure - 2], 0))::numeric, 1)::real
$$;
comment on function private.average_measured is
    'The average of a figure (1 to 4, in the order of private.add_measurements()) to a tenth; null when no heartbeat said it.';
revoke all on function private.average_measured from public, anon, authenticated, service_role;
