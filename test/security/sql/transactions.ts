/** Breaking /transaction: all or nothing, and nobody's end of it but Postern's. */
import { expect } from "vitest";
import { type Attack, attack, describeAttacks, within } from "../../support/attack.ts";
import { attackClass, attackIt } from "../../support/attack-count.ts";
import { type Battlefield, isolations } from "../../support/battlefield.ts";

const write = "update todos set title = 'half' where id = 1";
const gone = (what: string, ending: string, code: string | readonly string[]): Attack => [
  what,
  "alice",
  [write, ending, "select 1"],
  code,
];

const endings: Attack[] = [
  gone("COMMIT between the statements", "commit", "Y1007"),
  gone("in capitals, behind comments", "/* a */ -- b\n COMMIT", "Y1007"),
  gone("behind nested comments", "/* /* */ select */ commit", "Y1007"),
  gone("END", "end", "Y1007"),
  gone("ROLLBACK", "rollback", "Y1007"),
  gone("ABORT", "abort", "Y1007"),
  gone("SAVEPOINT", "savepoint a", "Y1007"),
  gone("RELEASE", "release a", "Y1007"),
  gone("START TRANSACTION", "start transaction", "Y1007"),
  gone("PREPARE TRANSACTION", "prepare transaction 'x'", "Y1007"),
  gone("COMMIT PREPARED", "commit prepared 'x'", "Y1007"),
  gone("COMMIT behind a statement", "select 1; commit", "42601"),
  gone("COMMIT in a procedure", "call p()", "42601"),
  gone("COMMIT in a function", "select run_text('commit')", "0A000"),
  gone(
    "SET TRANSACTION in a function",
    "select run_text('set transaction isolation level serializable')",
    "25001",
  ),
  gone("an empty statement", " ; ", ["Y1012", "42601"]),
  gone("a comment that does not end", "select 1 /*", "42601"),
  gone("a text that does not end", "select 'a", "42601"),
  gone("a name that does not end", 'select "a', "42601"),
  gone("a semicolon first", "; select 1", ["Y1012", "42601"]),
  gone("a parenthesis too many", "select 1)", "42601"),
  gone("a failing statement", "select 1 / 0", "22012"),
  gone("a refused one", "select * from vault", "42501"),
  gone("a role that has gone", "select two_texts('reset role', 'select title from todos')", "42501"),
  gone("a statement that needs a value", "select $1::int", "08P01"),
  gone("the gate's own name, taken", "select run_text('prepare _p as select 1')", "42P05"),
  ["more statements than allowed", "alice", Array.from({ length: 21 }, () => write), "Y1010"],
  [
    "identity in a transaction that forgot its role",
    "alice",
    [within("reset role"), "select title from todos"],
    "42501",
  ],
];

export const breakTransactions = (battlefield: () => Battlefield): void =>
  attackClass("Breaking transactions", isolations, (isolation) => {
    const field = () => battlefield().fields[isolation];
    describeAttacks("ending it", field, endings);

    attackIt("leaves none of alice's own rows half changed either", async () => {
      const rows = [{ title: "alice one" }];
      await attack(field(), "alice", "select title from todos where id = 1", { rows });
    });

    attackIt("keeps what is in it when it ends well, at every level", async () => {
      for (const level of ["read committed", "repeatable read", "serializable"]) {
        const { body } = await field().transaction(
          "alice",
          ["update todos set slug = slug", "select count(*)::int as n from todos"],
          {
            isolation_level: level,
          },
        );
        expect(body.results[1].rows).toEqual([{ n: 2 }]);
      }
      const readOnly = await field().transaction("alice", [write], { read_only: true });
      expect(readOnly.body.code).toBe("25006");
      const injected = await field().transaction("alice", [write], {
        isolation_level: "serializable; commit",
      });
      expect(injected.status).toBe(400);
    });

    attackIt("gives 45 at once their own rows each, whoever was in their session before", async () => {
      const users = Array.from({ length: 45 }, (_, index) => (index % 3 === 0 ? "bob" : `user-${index}`));
      const answers = await Promise.all(
        users.map((user) =>
          field().transaction(user, [
            "select auth.uid() as uid",
            "select count(*)::int as n, max(user_id) as owner from todos",
          ]),
        ),
      );
      const busy = answers.filter(({ status }) => status === 429);
      // Bob comes 15 times at once, and more than 4 of one user's are not answered.
      expect(busy.length).toBeLessThanOrEqual(11);
      for (const [index, user] of users.entries()) {
        const { status, body } = answers[index]!;
        if (status === 429) expect(user).toBe("bob");
        else
          expect(body.results.map(({ rows }: { rows: unknown[] }) => rows[0])).toEqual([
            { uid: user },
            user === "bob" ? { n: 2, owner: "bob" } : { n: 0, owner: null },
          ]);
      }
    });
  });
