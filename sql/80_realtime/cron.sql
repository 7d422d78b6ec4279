select cron.schedule('casare_push_queue_depths', '* * * * *', $$select private.run_duty('push_queue_depths')$$);
-- And every five seconds where pg_cron knows seconds; less often when it takes long, as it does beside a snapshot that is held
-- for many minutes, so that it never takes more than a twentieth of a core.
do $$
begin
    perform cron.schedule(
        'casare_push_queue_depths_often', '5 seconds',
        'select private.run_duty(d.name) from private.duty_runs as d '
        'where d.name = ''push_queue_depths'' and now() > d.last_run_at + coalesce(20 * d.last_took, ''0'')'
    );
exception
    when others then
        raise notice 'cron knows no seconds here (%): the depth of queues is pushed once a minute.', sqlerrm;
end
$$;
