import type { Argument, Command, Option } from "commander";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** A command as a shell completes it. */
interface Entry {
  /** Words in front: "boot add". */
  path: string;
  words: { word: string; about: string }[];
  /** Values of options that have a fixed choice, by the option. */
  choices: { flags: string[]; values: readonly string[] }[];
}

/** A script that completes the program's commands, options and their choices, made from the commands themselves. */
export function completionScript(program: Command, shell: Shell): string {
  const entries = entriesOf(program, program, []);
  if (shell === "fish") return fishScript(program.name(), entries);
  const script = bashScript(program.name(), entries);
  return shell === "bash" ? script : `autoload -U +X bashcompinit && bashcompinit\n${script}`;
}

function entriesOf(program: Command, command: Command, path: string[]): Entry[] {
  const options = [...command.options, ...(command === program ? [] : program.options)].filter(({ hidden }) => !hidden);
  const values = command.registeredArguments.flatMap((argument: Argument) => argument.argChoices ?? []);
  const own: Entry = {
    path: path.join(" "),
    words: [
      ...command.commands.map((sub) => ({ word: sub.name(), about: sub.description() })),
      ...values.map((word) => ({ word, about: "" })),
      ...options.flatMap((option) => flagsOf(option).map((word) => ({ word, about: option.description }))),
    ],
    choices: options.flatMap((option) =>
      option.argChoices === undefined ? [] : [{ flags: flagsOf(option), values: option.argChoices }],
    ),
  };
  return [own, ...command.commands.flatMap((sub) => entriesOf(program, sub, [...path, sub.name()]))];
}

function flagsOf({ short, long }: Option): string[] {
  return [short, long].filter((flag) => flag !== undefined);
}

function bashScript(name: string, entries: readonly Entry[]): string {
  const cases = entries.map(({ path, words, choices }) => {
    const values = choices.map((choice) => `      ${choice.flags.join("|")}) words=${quoted(choice.values)} ;;\n`);
    const all = `      *) words=${quoted(words.map(({ word }) => word))} ;;\n`;
    return `    ${JSON.stringify(path)}) case "$before" in\n${values.join("")}${all}    esac ;;\n`;
  });
  const verbs = entries.map(({ path }) => path).filter((path) => path !== "");
  return `_${name}() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" path="" words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${path:+$path }\${COMP_WORDS[i]}" in
      ${verbs.map((verb) => JSON.stringify(verb)).join("|")}) path="\${path:+$path }\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$path" in
${cases.join("")}  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  if [ -n "$path" ] && [ "\${#COMPREPLY[@]}" = 0 ]; then COMPREPLY=($(compgen -f -- "$word")); fi
}
complete -o filenames -F _${name} ${name}
`;
}

function quoted(words: readonly string[]): string {
  return `'${words.join(" ")}'`;
}

function fishScript(name: string, entries: readonly Entry[]): string {
  const lines = entries.flatMap(({ path, words, choices }) => {
    const verbs = path.split(" ");
    const condition =
      path === "" ? "__fish_use_subcommand" : verbs.map((verb) => `__fish_seen_subcommand_from ${verb}`).join("; and ");
    const start = `complete -c ${name} -n ${fishText(condition)}`;
    return words.map(({ word, about }) => {
      const values = choices.find(({ flags }) => flags.includes(word))?.values;
      const argument = values === undefined ? "" : ` -xa ${fishText(values.join(" "))}`;
      const description = about === "" ? "" : ` -d ${fishText(about)}`;
      if (word.startsWith("--")) return `${start} -l ${word.slice(2)}${argument}${description}`;
      if (word.startsWith("-")) return `${start} -s ${word.slice(1)}${argument}${description}`;
      return `${start} -a ${word}${description}`;
    });
  });
  return `${lines.join("\n")}\n`;
}

function fishText(text: string): string {
  return `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
}
