/** Java's driver, in Debian's version, run by whichever JDK is there. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { unpackPackages } from "./support/debian-packages.ts";
import { outputOf } from "./support/run-program.ts";
import { describeEachWay } from "./support/ways.ts";

const folder = await mkdtemp(join(tmpdir(), "pn-jdbc-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

const java = await findJava();

async function findJava(): Promise<{ jar: string } | { missing: string }> {
  try {
    await outputOf("java", ["-version"]);
    const root = await unpackPackages("jdbc", ["libpostgresql-jdbc-java"]);
    return { jar: join(root, "usr/share/java/postgresql.jar") };
  } catch (error) {
    return { missing: (error as Error).message.split("\n")[0]! };
  }
}

const program = `
import java.io.*;
import java.sql.*;
import java.util.*;
import org.postgresql.*;
import org.postgresql.copy.*;

class Facts {
  static Connection open(String url, String user, String password, String more) throws Exception {
    Properties properties = new Properties();
    properties.setProperty("user", user);
    properties.setProperty("password", password);
    properties.setProperty("prepareThreshold", "1");
    return DriverManager.getConnection(url + more, properties);
  }

  public static void main(String[] args) throws Exception {
    String url = args[0], user = args[1], password = args[2];
    try (Connection db = open(url, user, password, "")) {
      try (Statement s = db.createStatement()) {
        s.execute("create table j (id int primary key, name text, at timestamptz default now(), tags text[], n numeric)");
      }
      try (PreparedStatement p = db.prepareStatement("insert into j (id, name, tags, n) values (?, ?, ?, ?)")) {
        for (int n = 1; n <= 300; n++) {
          p.setInt(1, n);
          p.setString(2, "it's \\u00fc " + n);
          p.setArray(3, db.createArrayOf("text", new String[] {"a", "b" + n}));
          p.setBigDecimal(4, new java.math.BigDecimal("12345678901234567890.5"));
          p.addBatch();
        }
        p.executeBatch();
      }
    }
    // Named statements on several connections at once.
    List<Connection> all = new ArrayList<>();
    for (int n = 0; n < 6; n++) all.add(open(url, user, password, ""));
    long sum = 0;
    for (int round = 0; round < 20; round++) {
      for (Connection db : all) {
        try (PreparedStatement p = db.prepareStatement("select id from j where id = ?")) {
          p.setInt(1, round + 1);
          ResultSet r = p.executeQuery();
          r.next();
          sum += r.getInt(1);
        }
      }
    }
    System.out.println("sum " + sum);
    Connection db = all.get(0);
    db.setAutoCommit(false);
    try (PreparedStatement p = db.prepareStatement("select id from j order by id")) {
      p.setFetchSize(7);
      int rows = 0;
      for (ResultSet r = p.executeQuery(); r.next(); ) rows++;
      System.out.println("cursor " + rows);
    }
    Savepoint before = db.setSavepoint();
    try (Statement s = db.createStatement()) {
      s.execute("insert into j (id) values (1)");
    } catch (SQLException error) {
      System.out.println("code " + error.getSQLState());
    }
    db.rollback(before);
    CopyManager copy = db.unwrap(PGConnection.class).getCopyAPI();
    System.out.println("copied " + copy.copyIn("copy j (id, name) from stdin csv", new StringReader("1001,x\\n1002,y\\n")));
    db.commit();
    db.setAutoCommit(true);
    ResultSet tables = db.getMetaData().getColumns(null, "public", "j", null);
    StringBuilder columns = new StringBuilder();
    while (tables.next()) columns.append(tables.getString("COLUMN_NAME")).append(' ');
    System.out.println("columns " + columns.toString().trim());
    try (Statement s = db.createStatement()) {
      s.setQueryTimeout(1);
      s.execute("select pg_sleep(30)");
    } catch (SQLException error) {
      System.out.println("canceled " + error.getSQLState());
    }
    ResultSet last = db.createStatement().executeQuery("select count(*), max(n)::text, (max(tags))[1] from j");
    last.next();
    System.out.println("rows " + last.getLong(1) + " " + last.getString(2) + " " + last.getString(3));
    for (Connection one : all) one.close();
    open(url, user, password, (url.contains("?") ? "&" : "?") + "currentSchema=public").close();
    System.out.println("done");
  }
}
`;

if ("missing" in java) {
  describe("JDBC", () => it.skip(`is not to be had here: ${java.missing}`, () => {}));
} else {
  describeEachWay("JDBC", (target) => {
    it("prepares, batches, fetches by portions, copies, cancels and goes on after errors", async () => {
      const source = join(folder, "Facts.java");
      await writeFile(source, program);
      const { username, password, host, pathname } = new URL(target().url);
      const given = [`jdbc:postgresql://${host}${pathname}`, username, decodeURIComponent(password)];
      const output = await outputOf("java", ["-cp", java.jar, source, ...given]);
      expect(output.trim().split("\n")).toEqual([
        "sum 1260",
        "cursor 300",
        "code 23505",
        "copied 2",
        "columns id name at tags n",
        "canceled 57014",
        "rows 302 12345678901234567890.5 a",
        "done",
      ]);
    });
  });
}
