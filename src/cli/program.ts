/**
 * The command line: the commands there are, their flags and their help. Each command's work stands in a file of its
 * own, loaded when it is asked for.
 */
import { Command, Option } from "commander";
import { listSettings } from "../server/config/settings.ts";
import { addPeople } from "./people-commands.ts";
import { packageVersion } from "./version.ts";

/** Makes the program; `finish` hears the exit code of the command that ran. */
export function createProgram(finish: (exitCode: number) => void): Command {
  const program = new Command("verbatim")
    .description("A self-hosted chat server: every acknowledged word is kept, in one order, once.")
    .version(packageVersion(), "-V, --version", "print the version")
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "verbatim: ")) })
    .showSuggestionAfterError(true);
  program.addCommand(inherit(program, serveCommand(finish)));
  program
    .command("check")
    .description("verify log and store against each other; may run beside a server")
    .argument("<DATA_DIR>", "the data folder")
    .action(async (folder: string) => {
      const { check } = await import("./check.ts");
      finish(await check(folder));
    });
  program
    .command("repair")
    .description("cut a damaged log back, after writing down what is lost; not while a server runs")
    .argument("<DATA_DIR>", "the data folder")
    .action(async (folder: string) => {
      const { repair } = await import("./repair.ts");
      finish(await repair(folder));
    });
  addPeople(program, finish);
  return program;
}

/** Adds `verbatim bench`; the load tool is large, so it is loaded only where it is asked for. */
export async function addBench(program: Command, finish: (exitCode: number) => void): Promise<void> {
  const { benchCommand } = await import("../bench/cli.ts");
  program.addCommand(inherit(program, benchCommand(finish)));
}

function serveCommand(finish: (exitCode: number) => void): Command {
  const command = new Command("serve").description("run the server");
  const settings = listSettings().filter(({ flag }) => flag !== undefined);
  for (const { flag, env, note } of settings) {
    const value = note.placeholder === undefined ? "" : ` <${note.placeholder}>`;
    command.addOption(new Option(`--${flag}${value}`, `${note.says} (${env})`));
  }
  command
    .addOption(new Option("--config <FILE>", "YAML file with settings (VERBATIM_CONFIG)"))
    .addOption(new Option("--print-config", "print the effective configuration as YAML, and exit"))
    .addOption(new Option("--check-config", "check configuration and rooms file, and exit"))
    .addHelpText("after", "\nFlags win over the environment (in brackets), that over the file. Limits have no flags.");
  return command.action(async (options: Readonly<Record<string, string | true | undefined>>) => {
    const flags = new Map<string, string | true>();
    for (const { flag } of settings) {
      const given = flag === undefined ? undefined : options[new Option(`--${flag}`).attributeName()];
      if (flag !== undefined && given !== undefined) flags.set(flag, given);
    }
    const { serve } = await import("./serve.ts");
    const config = typeof options["config"] === "string" ? options["config"] : undefined;
    finish(
      await serve({
        flags,
        config,
        printConfig: options["printConfig"] === true,
        checkConfig: options["checkConfig"] === true,
      }),
    );
  });
}

/** A command that was made elsewhere reports its errors the way the program does. */
function inherit(program: Command, command: Command): Command {
  return command.copyInheritedSettings(program);
}
