import { describe, expect, it } from "vitest";
import { parsePushLog } from "../../../src/archive/archive-health.ts";
import { dueBackup, isInGap, openGap, wantsArchive } from "../../../src/archive/plan-archive.ts";
import type { ArchivedServer } from "../../../src/state/archives.ts";

const rules = {
  pointInTime: { enabled: true, directory: "/a", retentionDays: 7, queueMegabytes: 1024, s3: null },
};
const now = new Date("2026-11-21T12:00:00Z");
const ago = (hours: number) => new Date(now.getTime() - hours * 3_600_000);
const server = (more: Partial<ArchivedServer>): ArchivedServer => ({
  instance_id: "shared",
  kind: "shared",
  tcp_port: 5433,
  wanted: null,
  retention_days: null,
  status: "on",
  problem: null,
  last_full_at: ago(30),
  last_backup_at: ago(1),
  failing_since: null,
  retry_at: null,
  failures: 0,
  gaps: [],
  repository: null,
  class: null,
  databases: 1,
  busy: false,
  ...more,
});

describe("which servers are archived", () => {
  it("are the shared one and those of db.p3, unless somebody says otherwise", () => {
    expect(wantsArchive(rules, server({}))).toBe(true);
    expect(wantsArchive(rules, server({ kind: "process", class: "db.p3" }))).toBe(true);
    expect(wantsArchive(rules, server({ kind: "process", class: "db.p2" }))).toBe(false);
    expect(wantsArchive(rules, server({ kind: "process", class: "db.p2", wanted: true }))).toBe(true);
    expect(wantsArchive(rules, server({ kind: "process", class: "db.p3", wanted: false }))).toBe(false);
  });

  it("are none where it is switched off for the whole Postern", () => {
    const off = { pointInTime: { ...rules.pointInTime, enabled: false } };
    expect(wantsArchive(off, server({ wanted: true }))).toBe(false);
  });
});

describe("the backup that is due", () => {
  const due = (more: Partial<ArchivedServer>) => dueBackup(rules, server(more), now);

  it("is a full one at first and each week, and an incremental one each day", () => {
    expect(due({ last_full_at: null, last_backup_at: null })).toBe("full");
    expect(due({})).toBeNull();
    expect(due({ last_backup_at: ago(24) })).toBe("incr");
    expect(due({ last_full_at: ago(7 * 24), last_backup_at: ago(1) })).toBe("full");
  });

  it("waits for the shared server's first database, and for the pause after a failure", () => {
    expect(due({ last_full_at: null, last_backup_at: null, databases: 0 })).toBeNull();
    expect(due({ last_backup_at: ago(48), retry_at: new Date(now.getTime() + 1) })).toBeNull();
  });

  it("ends a gap, once the archive takes the log again", () => {
    const gaps = [{ from: ago(2).toISOString(), to: null }];
    expect(due({ gaps, failing_since: ago(2) })).toBeNull();
    expect(due({ gaps })).toBe("incr");
  });
});

describe("gaps", () => {
  it("are opened once, and forgotten when nobody can reach them", () => {
    const open = openGap([], ago(3), ago(100));
    expect(openGap(open, ago(1), ago(100))).toEqual(open);
    const old = [{ from: ago(200).toISOString(), to: ago(150).toISOString() }];
    expect(openGap(old, ago(1), ago(100))).toEqual([{ from: ago(1).toISOString(), to: null }]);
  });

  it("hold the moments between their ends", () => {
    const gaps = [{ from: ago(3).toISOString(), to: ago(2).toISOString() }];
    expect([ago(4), ago(2.5), ago(1)].map((at) => isInGap(gaps, at))).toEqual([false, true, false]);
  });
});

describe("the log of archive-push", () => {
  const log = `
-------------------PROCESS START-------------------
2026-11-21 10:00:00.100 P00   WARN: dropped WAL file '000000010000000000000003' because archive queue exceeded 32MB
2026-11-21 11:00:00.200 P00  ERROR: [041]: unable to open file '/x' for write: [28] No space left on device
2026-11-21 11:30:00.300 P00   WARN: dropped WAL file '000000010000000000000009' because archive queue exceeded 32MB`;

  it("tells when log was given up since a moment, and what went wrong last", () => {
    expect(parsePushLog(log, new Date("2026-11-21T10:30:00Z"))).toEqual({
      droppedAt: new Date("2026-11-21T11:30:00.300Z"),
      lastWords: "[041]: unable to open file '/x' for write: [28] No space left on device",
    });
    expect(parsePushLog(log, new Date("2026-11-21T12:00:00Z")).droppedAt).toBeNull();
  });
});
