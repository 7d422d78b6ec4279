-- Jobs of schedules name theirs; of others the condition alone is looked at.
drop trigger if exists note_end_of_scheduled_job on public.jobs;
create trigger note_end_of_scheduled_job
    after update of finished_at on public.jobs
    for each row
    when (new.finished_at is not null and new.metadata ? 'schedule_id')
    execute function private.note_end_of_scheduled_job();
