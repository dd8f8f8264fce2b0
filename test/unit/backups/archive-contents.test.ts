import { expect, test } from "vitest";
import { planRestore } from "../../../src/backups/archive-contents.ts";

const lines = `6; 2615 16395 SCHEMA - auth postern_admin
3495; 0 0 ACL - SCHEMA auth postern_admin
8; 2615 2200 SCHEMA - public db_1
3497; 0 0 COMMENT - SCHEMA public db_1
3498; 0 0 ACL - SCHEMA public db_1
2; 3079 16436 EXTENSION - pgcrypto 
226; 1255 16397 FUNCTION auth jwt() postern_ident
3500; 0 0 ACL postern FUNCTION forget_progress(name text) postern_admin
220; 1259 16400 TABLE postern schema_migrations postern_admin
219; 1259 16399 TABLE postern dumped_roles postern_admin
222; 1259 16428 TABLE public todos db_1
223; 1259 16429 TABLE postern x postern_admin todos db_1
224; 1259 16430 TABLE DATA todos db_1
3483; 0 16399 TABLE DATA postern dumped_roles postern_admin
3484; 0 16400 TABLE DATA postern schema_migrations postern_admin
3485; 0 16409 TABLE DATA postern unfinished_migrations postern_admin
3486; 0 16428 TABLE DATA public todos db_1
3487; 0 16429 TABLE DATA postern schema_migrations db_1
3336; 2606 16434 CONSTRAINT public todos todos_pkey db_1
2099; 826 16423 DEFAULT ACL - DEFAULT PRIVILEGES FOR FUNCTIONS db_1`.split("\n");

const idsOf = (entries: string[]) => entries.map((entry) => Number(entry.split(";")[0]));

test("what the template holds is not restored, what the owner made is", () => {
  expect(idsOf(planRestore(lines).content)).toEqual([3497, 2, 222, 223, 224, 3486, 3487, 3336]);
});

test("privileges are restored apart from what they are on", () => {
  expect(idsOf(planRestore(lines).privileges)).toEqual([3498, 2099]);
});

test("of the platform's tables only the ledger's rows are restored, and only from tables that are the platform's", () => {
  expect(idsOf(planRestore(lines).ledger)).toEqual([3484, 3485]);
});

test("tables are counted without their data", () => {
  // The third is in a schema that is called DATA.
  expect(planRestore(lines).tables).toBe(3);
});
