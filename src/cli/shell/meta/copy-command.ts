/** In charge of `\copy`: COPY whose file is on this machine. */
import { createReadStream } from "node:fs";
import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { messageOf, posternError } from "../../../base/error.ts";
import { readTokens } from "../read-tokens.ts";
import type { Shell } from "../shell.ts";
import { openTarget } from "../text-target.ts";
import { unquoted } from "./setting-commands.ts";

export interface LocalCopy {
  direction: "from" | "to";
  /** The same with STDIN or STDOUT in the file's place. */
  sql: string;
  /** Undefined: stdin or stdout of this program. */
  file: string | undefined;
}

/** @throws Y1013 */
export function parseCopy(text: string): LocalCopy {
  const bare = text.replace(/;\s*$/, "");
  let depth = 0;
  for (const { kind, start, end } of readTokens(bare)) {
    const piece = bare.slice(start, end);
    if (piece === "(") depth += 1;
    else if (piece === ")") depth -= 1;
    else if (kind === "word" && depth === 0 && /^(from|to)$/i.test(piece)) {
      const [, written = "", rest = ""] = /^\s*('(?:[^']|'')*'|\S+)\s*(.*)$/s.exec(bare.slice(end)) ?? [];
      if (written === "") break;
      const direction = piece.toLowerCase() as "from" | "to";
      const isStandard = /^p?std(in|out)$/i.test(written);
      const stream = direction === "from" ? "STDIN" : "STDOUT";
      const what = bare.slice(0, start).trim();
      return {
        direction,
        file: isStandard ? undefined : unquoted(written),
        sql: `COPY ${what} ${piece.toUpperCase()} ${stream} ${rest}`.trim(),
      };
    }
  }
  throw posternError("Y1013", "This is no \\copy.", { hint: "\\copy TABLE from FILE csv header" });
}

export async function copyCommand(shell: Shell, rest: string): Promise<boolean> {
  const { direction, sql, file } = parseCopy(rest);
  if (direction === "to") {
    if (file === undefined) return shell.execute(sql);
    const target = await openTarget(resolve(file));
    try {
      return await shell.execute(sql, { target });
    } finally {
      await target.end();
    }
  }
  if (file === undefined) return shell.execute(sql);
  const path = resolve(file);
  await access(path).catch((error: unknown) => {
    throw posternError("Y1013", `${file} cannot be read.`, { detail: messageOf(error) });
  });
  return shell.execute(sql, { copyIn: () => createReadStream(path) as AsyncIterable<Buffer> });
}
