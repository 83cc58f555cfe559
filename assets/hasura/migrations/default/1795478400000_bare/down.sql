-- Drops the two tables, but only while they are empty: they may be older than
-- this project, and nobody's todos are lost to a migration.

do $$
begin
  if exists (select from public.todos) or exists (select from public.users) then
    raise exception 'the tables users and todos hold rows'
      using hint = 'Delete the rows first if they are really not wanted any more.';
  end if;
end
$$;

drop table public.todos;
drop table public.users;
