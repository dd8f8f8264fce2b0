/** In charge of what a command gets from its command line, each value by the type that the command expects. */

export interface CommandInput {
  readonly args: readonly string[];
  text(option: string): string | undefined;
  flag(option: string): boolean;
  list(option: string): readonly string[];
}

/** `options` by camel-cased name, as commander leaves them. */
export function commandInput(args: readonly string[], options: Record<string, unknown>): CommandInput {
  return {
    args,
    text(option) {
      const value = options[option];
      return typeof value === "string" ? value : undefined;
    },
    flag: (option) => options[option] === true,
    list: (option) => (options[option] as string[] | undefined) ?? [],
  };
}

export const isConfirmed = (input: CommandInput): boolean => input.flag("yes") || input.flag("force");
