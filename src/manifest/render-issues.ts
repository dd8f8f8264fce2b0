/** In charge of the error that tells all that is wrong with a manifest. */
import { type PosternError, posternError } from "../base/error.ts";
import type { ManifestIssue } from "./manifest.ts";

/** `postern.yaml:5:14  services.db…: found "db.p9", expected …` with the hint below. */
function renderIssue(file: string, { line, column, path, message, hint }: ManifestIssue): string {
  const place = `${file}:${line}:${column}`;
  return `${place}  ${path === "" ? "" : `${path}: `}${message}.${hint ? `\n  ${hint}` : ""}`;
}

export function invalidManifest(file: string, issues: readonly ManifestIssue[]): PosternError {
  const count = issues.length === 1 ? "a mistake" : `${issues.length} mistakes`;
  return posternError("Y7001", `${file} has ${count}.`, {
    detail: issues.map((issue) => renderIssue(file, issue)).join("\n"),
    hint: "`postern manifest schema` prints what editors check it by; docs/manifest.md has an example.",
  });
}
