/** Go's pgx, in Debian's version, where a Go compiler is there. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unpackPackages } from "./support/debian-packages.ts";
import { outputOf } from "./support/run-program.ts";
import { describeEachWay } from "./support/ways.ts";

const folder = await mkdtemp(join(tmpdir(), "pn-pgx-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

const packages = [
  ...[
    "pgx-v4",
    "pgconn",
    "pgio",
    "pgpassfile",
    "pgproto3-v2",
    "pgservicefile",
    "pgtype",
    "chunkreader-v2",
  ].map((name) => `golang-github-jackc-${name}-dev`),
  ...["golang-golang-x-crypto-dev", "golang-golang-x-text-dev"],
];

const go = await findGo();

async function findGo(): Promise<{ path: string } | { missing: string }> {
  try {
    await outputOf("go", ["version"]);
    return { path: join(await unpackPackages("pgx", packages), "usr/share/gocode") };
  } catch (error) {
    return { missing: (error as Error).message.split("\n")[0]! };
  }
}

const program = `package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgx/v4"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	ctx := context.Background()
	db, err := pgx.Connect(ctx, os.Args[1])
	must(err)
	_, err = db.Exec(ctx, "create table g (id int primary key, name text, tags text[], at timestamptz)")
	must(err)
	rows := [][]interface{}{}
	for n := 1; n <= 500; n++ {
		rows = append(rows, []interface{}{int32(n), fmt.Sprintf("it's ü %d", n), []string{"a", "b"}, time.Unix(int64(n), 0)})
	}
	copied, err := db.CopyFrom(ctx, pgx.Identifier{"g"}, []string{"id", "name", "tags", "at"}, pgx.CopyFromRows(rows))
	must(err)
	fmt.Println("copied", copied)
	sum := 0
	for n := 1; n <= 100; n++ {
		var id int
		must(db.QueryRow(ctx, fmt.Sprintf("select id + %d - %d from g where id = $1", n, n), n).Scan(&id))
		sum += id
	}
	fmt.Println("sum", sum)
	batch := &pgx.Batch{}
	for n := 1; n <= 20; n++ {
		batch.Queue("update g set name = $2 where id = $1", n, "changed")
	}
	results := db.SendBatch(ctx, batch)
	changed := int64(0)
	for n := 1; n <= 20; n++ {
		tag, err := results.Exec()
		must(err)
		changed += tag.RowsAffected()
	}
	must(results.Close())
	fmt.Println("changed", changed)
	_, err = db.Exec(ctx, "insert into g (id) values ($1)", 1)
	var failure *pgconn.PgError
	if errors.As(err, &failure) {
		fmt.Println("code", failure.Code)
	}
	tx, err := db.Begin(ctx)
	must(err)
	_, err = tx.Exec(ctx, "delete from g")
	must(err)
	must(tx.Rollback(ctx))
	var count int
	var tags []string
	must(db.QueryRow(ctx, "select count(*), min(tags) from g").Scan(&count, &tags))
	fmt.Println("rows", count, tags)
	soon, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	_, err = db.Exec(soon, "select pg_sleep(30)")
	fmt.Println("gave up", err != nil)
}
`;

if ("missing" in go) {
  describe("pgx", () => it.skip(`is not to be had here: ${go.missing}`, () => {}));
} else {
  beforeAll(async () => {
    const source = join(folder, "src/facts");
    await mkdir(source, { recursive: true });
    await writeFile(join(source, "main.go"), program);
    expect(await readdir(join(go.path, "src/github.com/jackc"))).toContain("pgx");
    const environment = {
      GOPATH: `${folder}:${go.path}`,
      GO111MODULE: "off",
      GOCACHE: join(folder, "cache"),
    };
    await outputOf("go", ["build", "-o", join(folder, "facts"), "facts"], { environment });
  }, 300_000);
  describeEachWay("pgx", (target) => {
    it("keeps its statements, copies, sends batches, rolls back and gives up in time", async () => {
      const output = await outputOf(join(folder, "facts"), [target().url]);
      expect(output.trim().split("\n")).toEqual([
        "copied 500",
        "sum 5050",
        "changed 20",
        "code 23505",
        "rows 500 [a b]",
        "gave up true",
      ]);
    });
  });
}
