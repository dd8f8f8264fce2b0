-- Memory and connections of an instance of one database go by its class.

alter table instances add column class text check (class in ('db.p1', 'db.p2', 'db.p3'));
update instances i set class = d.class from databases d where d.instance_id = i.id and i.kind = 'process';
