alter table private.bells enable row level security, force row level security;
alter table private.job_watches enable row level security, force row level security;
alter table private.overviews enable row level security, force row level security;
revoke all on private.bells, private.job_watches, private.overviews from public, anon, authenticated, service_role;

-- Realtime asks these when somebody joins a private topic (select), and before the first message they send (insert). It
-- sets realtime.topic and writes a probe row with topic and extension only, so nothing else of the row may be looked at.
drop policy if exists casare_messages_select on realtime.messages;
create policy casare_messages_select on realtime.messages
    for select to authenticated
    using (
        extension in ('broadcast', 'presence')
        and topic = (select realtime.topic())
        and (select private.can_receive_topic(realtime.topic()))
    );

drop policy if exists casare_messages_insert on realtime.messages;
create policy casare_messages_insert on realtime.messages
    for insert to authenticated
    with check (
        topic = (select realtime.topic())
        and private.can_send_to_topic(topic, extension)
    );
