/** In charge of `postern help TOPIC`; help of commands is printed where command lines are parsed. */
import { posternError } from "../../base/error.ts";
import { suggest } from "../../manifest/suggest.ts";
import type { CommandRun } from "../command-spec.ts";
import { helpTopics } from "../help-topics.ts";
import { renderColumns } from "../table.ts";

export const run: CommandRun = async ({ output }, input) => {
  const word = input.args.join(" ") || "topics";
  if (word === "topics") {
    const list = helpTopics.map(({ name, summary }) => ({ name, summary }));
    await output.print(list, () =>
      renderColumns(list.map(({ name, summary }) => [`  postern help ${name}`, summary])),
    );
    return undefined;
  }
  const topic = helpTopics.find(({ name }) => name === word);
  if (!topic) throw unknownTopic(word);
  await output.print(topic, () => topic.text);
  return undefined;
};

const unknownTopic = (word: string) => {
  const near = suggest(
    word,
    helpTopics.map(({ name }) => name),
  );
  return posternError("Y1013", `There is no command and no topic "${word}".`, {
    hint: near === undefined ? "`postern help topics` lists them." : `Did you mean \`postern help ${near}\`?`,
  });
};
