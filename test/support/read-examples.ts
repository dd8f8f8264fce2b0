/** In charge of what documents show: their fenced blocks, and the words of a command as a shell would read them. */

/** @param language what stands behind the fence */
export const fencedBlocks = (markdown: string, language: RegExp): string[] =>
  [...markdown.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)]
    .filter(([, given]) => language.test(given!.trim()))
    .map(([, , block]) => block!.replace(/\\\n\s*/g, ""));

/** Up to a comment, a pipe, a redirection or the end of the command. */
export function readWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  const finish = () => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  for (const [token, single, double, plain] of line.matchAll(
    /'([^']*)'|"((?:\\.|[^"\\])*)"|([^\s'"|;&<>#)]+)|\s+|[|;&<>#)]/g,
  )) {
    if (/^[|;&<>)]$/.test(token) || (token === "#" && word === undefined)) break;
    if (/^\s/.test(token)) finish();
    else word = (word ?? "") + (single ?? double?.replace(/\\(["\\$`])/g, "$1") ?? plain ?? token);
  }
  finish();
  return words;
}

/** What is behind `postern` wherever a line of a shell runs it. */
export const posternCommands = (line: string): string[] =>
  [...line.matchAll(/(?:^|[|;&] *|\$\()(?:\$ )?(?:\w+=\S* )*(?:npx )?postern (.*)/g)].map(
    ([, words]) => words!,
  );
