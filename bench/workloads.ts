/** In charge of the requests that SQL over HTTP is measured with, whoever answers them. */

export interface Statement {
  sql: string;
  params?: unknown[];
}

export interface Workload {
  name: string;
  route: "/query" | "/execute" | "/transaction";
  /** Sent in turn. Each is one statement, or the statements of one transaction. */
  requests: Statement[][];
  /** Stands in the answer to the first request when it is right. */
  witness?: string;
}

/** Run once before. */
export const preparation = [
  "create table item (id int primary key, name text not null, price numeric not null, at timestamptz not null default now())",
  "insert into item select n, 'item ' || n, n * 1.5 from generate_series(1, 10000) n",
  "create table event (id bigserial primary key, note text not null)",
];

const repeat = (make: (index: number) => Statement[], count = 1000): Statement[][] =>
  Array.from({ length: count }, (_, index) => make(index));

const someId = (index: number): number => 1 + ((index * 7919) % 10_000);

export const workloads: Workload[] = [
  {
    name: "point read",
    route: "/query",
    requests: repeat((index) => [
      { sql: "select id, name, price, at from item where id = $1", params: [someId(index)] },
    ]),
    witness: '"item 1"',
  },
  {
    name: "1,000 rows",
    route: "/query",
    requests: repeat(
      () => [
        {
          sql: "select id, name, price, at, id * 2 as twice, id % 2 = 0 as even from item order by id limit 1000",
        },
      ],
      1,
    ),
    witness: '"item 1000"',
  },
  {
    name: "insert",
    route: "/execute",
    requests: repeat((index) => [{ sql: "insert into event (note) values ($1)", params: [`note ${index}`] }]),
  },
  {
    name: "transaction",
    route: "/transaction",
    requests: repeat((index) => [
      { sql: "update item set price = price + 1 where id = $1", params: [someId(index)] },
      { sql: "insert into event (note) values ($1)", params: [`note ${index}`] },
    ]),
  },
];
