/** In charge of the requests that SQL over HTTP is measured with. */

export interface HttpWorkload {
  name: string;
  route: "/query" | "/execute" | "/transaction";
  /** Sent in turn. */
  bodies: string[];
}

/** Run once before, as the statements of one `/transaction`. */
export const preparation = [
  "create table item (id int primary key, name text not null, price numeric not null, at timestamptz not null default now())",
  "insert into item select n, 'item ' || n, n * 1.5 from generate_series(1, 10000) n",
  "create table event (id bigserial primary key, note text not null)",
];

const repeat = (make: (index: number) => unknown, count = 1000): string[] =>
  Array.from({ length: count }, (_, index) => JSON.stringify(make(index)));

export const httpWorkloads: HttpWorkload[] = [
  {
    name: "point read",
    route: "/query",
    bodies: repeat((index) => ({
      sql: "select id, name, price, at from item where id = $1",
      params: [1 + ((index * 7919) % 10_000)],
    })),
  },
  {
    name: "1,000 rows",
    route: "/query",
    bodies: repeat(
      () => ({
        sql: "select id, name, price, at, id * 2 as twice, id % 2 = 0 as even from item order by id limit 1000",
      }),
      1,
    ),
  },
  {
    name: "insert",
    route: "/execute",
    bodies: repeat((index) => ({ sql: "insert into event (note) values ($1)", params: [`note ${index}`] })),
  },
  {
    name: "transaction",
    route: "/transaction",
    bodies: repeat((index) => ({
      statements: [
        { sql: "update item set price = price + 1 where id = $1", params: [1 + ((index * 7919) % 10_000)] },
        { sql: "insert into event (note) values ($1)", params: [`note ${index}`] },
      ],
    })),
  },
];
