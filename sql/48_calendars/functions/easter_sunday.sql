-- Gauss's way to the Gregorian date, as Meeus has it: every step is whole division.
create or replace function private.easter_sunday(p_year integer)
returns date
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_century integer := p_year / 100;
    v_golden integer := p_year % 19;
    v_moon integer;     -- days from 21 March to the full moon
    v_sunday integer;   -- and from there to the Sunday after it
    v_correction integer;
begin
    v_moon := (
        19 * v_golden + v_century - v_century / 4 - (v_century - (v_century + 8) / 25 + 1) / 3 + 15
    ) % 30;
    v_sunday := (32 + 2 * (v_century % 4) + 2 * ((p_year % 100) / 4) - v_moon - p_year % 100 % 4) % 7;
    v_correction := (v_golden + 11 * v_moon + 22 * v_sunday) / 451;
    return make_date(p_year, 3, 22) + v_moon + v_sunday - 7 * v_correction;
end
$$;
comment on function private.easter_sunday is
    'Easter Sunday of a year, by the Gregorian calendar.';
revoke all on function private.easter_sunday from public, anon, authenticated, service_role;
