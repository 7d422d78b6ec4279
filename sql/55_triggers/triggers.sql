drop trigger if exists note_chains on public.triggers;
create trigger note_chains
after insert or update of is_enabled, deleted_at on public.triggers
for each row
execute function private.note_chains();

drop trigger if exists disable_triggers on public.workflows;
create trigger disable_triggers
after update of is_enabled, deleted_at on public.workflows
for each row
when (old.is_enabled and not new.is_enabled)
execute function private.disable_triggers();
