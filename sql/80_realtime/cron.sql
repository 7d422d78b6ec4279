select cron.schedule('casare_push_queue_depths', '* * * * *', $$select private.run_duty('push_queue_depths')$$);
-- And every five seconds where pg_cron knows seconds.
do $$
begin
    perform cron.schedule(
        'casare_push_queue_depths_often', '5 seconds', 'select private.run_duty(''push_queue_depths'')'
    );
exception
    when others then
        raise notice 'cron knows no seconds here (%): the depth of queues is pushed once a minute.', sqlerrm;
end
$$;
