create or replace function private.list_job_notes(p_job public.jobs)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (
        select
        from public.workflows as w
        where w.workflow_id = p_job.workflow_id
            and w.is_enabled
            and w.status in ('published', 'deprecated')
            and w.deleted_at is null
    ) then
        return '[]';
    end if;
    return jsonb_build_array(
        private.explain_reason('workflow_disabled', jsonb_build_object('workflow', p_job.workflow_name)) - 'verdict'
    );
end
$$;
comment on function private.list_job_notes is
    'Notes on a job beside the reason for its state.';
revoke all on function private.list_job_notes from public, anon, authenticated, service_role;
