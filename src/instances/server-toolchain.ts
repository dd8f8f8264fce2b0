/**
 * In charge of the programs that fit a server: dumps are made by those of its own major, so that servers of that major and
 * of every later one can restore them; and a server is filled by its own major's, which send it nothing that it does not know.
 */
import { readMajor, type Toolchain } from "../runtime/toolchain.ts";
import type { Platform } from "./platform.ts";
import { serverLayout } from "./server-layout.ts";

type Place = Pick<Platform, "config" | "majors">;

/** Of a registered server whose major cannot be had here they are the next newer one's, which read it as well. @throws Y0002 Y3009 */
export async function serverToolchain({ config, majors }: Place, server: string): Promise<Toolchain> {
  return majors.getReader((await serverMajor(config, server)) ?? majors.usual);
}

/** Undefined: there is no server yet. */
export const serverMajor = (config: Place["config"], server: string): Promise<string | undefined> =>
  readMajor(serverLayout(config.home, server).dataDirectory);

/** Of a version, for example "15.4". */
export const majorOf = (version: string): string => version.split(".")[0]!;
