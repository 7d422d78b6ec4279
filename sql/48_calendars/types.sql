create type public.calendar_day_source as enum (
    'country',      -- a public holiday, by the package that knows countries; Python writes them for some years
    'rule'          -- what the calendar's own rules come to; wins over the country
);

create type public.on_closed_day as enum (
    'skip',         -- no run
    'next',         -- it runs on the next working day
    'previous'      -- it runs on the working day before
);
