/** In charge of `postern completion`: the scripts that ask `postern __complete` what could stand next. */
import { posternError } from "../../base/error.ts";
import { suggest } from "../../manifest/suggest.ts";
import type { CommandRun } from "../command-spec.ts";

/** A line `:files` or `:directories` leaves it to the shell; other lines are a word, a tab and what it means. */
const scripts: Record<string, string> = {
  bash: `# postern completion bash
_postern() {
  local line current="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  while IFS= read -r line; do
    case "$line" in
      :files) COMPREPLY+=($(compgen -f -- "$current")); compopt -o filenames 2>/dev/null ;;
      :directories) COMPREPLY+=($(compgen -d -- "$current")); compopt -o filenames 2>/dev/null ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <(postern __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _postern postern
`,
  zsh: `#compdef postern
# postern completion zsh
_postern() {
  local line word
  local -a found
  for line in "\${(@f)$(postern __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case "$line" in
      '') ;;
      :files) _files; return ;;
      :directories) _files -/; return ;;
      *) word="\${line%%$'\\t'*}"
         if [[ "$line" == *$'\\t'* ]]; then found+=("\${word//:/\\\\:}:\${line#*$'\\t'}"); else found+=("\${word//:/\\\\:}"); fi ;;
    esac
  done
  (( \${#found} )) && _describe postern found
}
if [ "\${funcstack[1]}" = "_postern" ]; then _postern "$@"; else compdef _postern postern; fi
`,
  fish: `# postern completion fish
function __postern_complete
  set -l words (commandline -opc)
  for line in (postern __complete $words[2..-1] (commandline -ct) 2>/dev/null)
    switch $line
      case ':files'
        __fish_complete_path (commandline -ct)
      case ':directories'
        __fish_complete_directories (commandline -ct)
      case '*'
        echo $line
    end
  end
end
complete -c postern -f -a '(__postern_complete)'
`,
};

export const run: CommandRun = async ({ output }, input) => {
  const shell = input.args[0]!;
  const script = scripts[shell];
  if (script === undefined) {
    const near = suggest(shell, Object.keys(scripts));
    throw posternError("Y1013", `There is no completion for "${shell}".`, {
      hint: near === undefined ? "Name bash, zsh or fish." : `Did you mean ${near}?`,
    });
  }
  await output.print({ shell, script }, () => script);
  return undefined;
};
