/**
 * In charge of the programs that fit a server: dumps are made by those of its own major, so that servers of that major and
 * of every later one can restore them; and a server is filled by its own major's, which send it nothing that it does not know.
 */
import { readMajor, type Toolchain } from "../runtime/toolchain.ts";
import type { Platform } from "./platform.ts";
import { serverLayout } from "./server-layout.ts";

type Place = Pick<Platform, "config" | "majors">;

export async function serverToolchain({ config, majors }: Place, server: string): Promise<Toolchain> {
  const major = await readMajor(serverLayout(config.home, server).dataDirectory);
  return majors.get(major ?? majors.usual);
}

/** Of a version, for example "15.4". */
export const majorOf = (version: string): string => version.split(".")[0]!;
