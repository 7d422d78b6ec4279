-- Every five seconds where pg_cron knows seconds, else every minute.
do $$
begin
    perform cron.schedule(
        'casare_push_queue_depths', '5 seconds', 'select private.run_duty(''push_queue_depths'')'
    );
exception
    when others then
        perform cron.schedule(
            'casare_push_queue_depths', '* * * * *', 'select private.run_duty(''push_queue_depths'')'
        );
end
$$;
