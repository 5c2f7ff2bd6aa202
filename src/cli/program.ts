/**
 * The command line: the commands there are, their flags and their help. Each command's work stands in a file of its
 * own, loaded when it is asked for.
 */
import { Command, Option } from "commander";
import { addClients } from "./client-commands.ts";
import { addPeople } from "./people-commands.ts";
import { addSettingFlags, type GivenOptions, givenConfig, givenFlags } from "./setting-flags.ts";
import { packageVersion } from "./version.ts";

const FLAGS_WIN =
  "\nFlags win over the environment (in brackets), that over the file. Limits and passwords have no flags.";

/** Makes the program; `finish` hears the exit code of the command that ran. */
export function createProgram(finish: (exitCode: number) => void): Command {
  const program = new Command("verbatim")
    .description("A self-hosted chat server: every acknowledged word is kept, in one order, once.")
    .version(packageVersion(), "-V, --version", "print the version")
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "verbatim: ")) })
    .showSuggestionAfterError(true);
  program.addCommand(inherit(program, serveCommand(finish)));
  program.addCommand(inherit(program, migrateCommand(finish)));
  program
    .command("check")
    .description(
      "verify log, store and accounts of a data folder; may run beside a server (a cluster's engines check their own)",
    )
    .argument("<DATA_DIR>", "the data folder")
    .action(async (folder: string) => {
      const { check } = await import("./check.ts");
      finish(await check(folder));
    });
  program.addCommand(inherit(program, repairCommand(finish)));
  addPeople(program, finish);
  addClients(program, finish);
  return program;
}

/** Adds `verbatim bench`; the load tool is large, so it is loaded only where it is asked for. */
export async function addBench(program: Command, finish: (exitCode: number) => void): Promise<void> {
  const { benchCommand } = await import("../bench/cli.ts");
  program.addCommand(inherit(program, benchCommand(finish)));
}

function serveCommand(finish: (exitCode: number) => void): Command {
  const command = addSettingFlags(new Command("serve").description("run the server"))
    .addOption(new Option("--print-config", "print the effective configuration as YAML, and exit"))
    .addOption(new Option("--check-config", "check configuration and rooms file, and exit"))
    .addHelpText("after", FLAGS_WIN);
  return command.action(async (options: GivenOptions) => {
    const { serve } = await import("./serve.ts");
    finish(
      await serve({
        flags: givenFlags(options),
        config: givenConfig(options),
        printConfig: options["printConfig"] === true,
        checkConfig: options["checkConfig"] === true,
      }),
    );
  });
}

function migrateCommand(finish: (exitCode: number) => void): Command {
  const description = "make or change the tables and topics of a cluster, before its nodes start with --no-migrate";
  return addSettingFlags(new Command("migrate").description(description))
    .addHelpText("after", FLAGS_WIN)
    .action(async (options: GivenOptions) => {
      const { migrate } = await import("./migrate.ts");
      finish(await migrate({ flags: givenFlags(options), config: givenConfig(options) }));
    });
}

function repairCommand(finish: (exitCode: number) => void): Command {
  const description =
    "cut a damaged log back, after writing down what is lost; or let a cluster whose topic is lost go on with another; " +
    "not while a server runs";
  return addSettingFlags(new Command("repair").description(description))
    .argument("[DATA_DIR]", "the data folder; none for a cluster, which --kafka and --cql name")
    .addHelpText("after", FLAGS_WIN)
    .action(async (folder: string | undefined, options: GivenOptions) => {
      if (folder !== undefined) {
        const { repair } = await import("./repair.ts");
        return finish(await repair(folder));
      }
      const { repairOfCluster } = await import("./repair-cluster.ts");
      finish(await repairOfCluster({ flags: givenFlags(options), config: givenConfig(options) }));
    });
}

/** A command that was made elsewhere reports its errors the way the program does. */
function inherit(program: Command, command: Command): Command {
  return command.copyInheritedSettings(program);
}
