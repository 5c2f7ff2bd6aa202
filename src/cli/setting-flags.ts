/** The command line: settings as flags of a command, all of them or those that it needs. */
import { type Command, Option } from "commander";
import { listSettings } from "../server/config/settings.ts";

/** What commander hands over: what was given, and what it fills in by itself. */
export type GivenOptions = Readonly<Record<string, string | boolean | undefined>>;

const flagged = () => listSettings().filter(({ flag }) => flag !== undefined);

/** Adds every setting that has a flag, or those of `keys` where these are named; and `--config`. */
export function addSettingFlags(command: Command, keys?: readonly string[]): Command {
  for (const { key, flag, env, note } of flagged()) {
    if (keys?.includes(key) === false) continue;
    const value = note.placeholder === undefined ? "" : ` <${note.placeholder}>`;
    command.addOption(new Option(`--${flag}${value}`, `${note.says} (${env})`));
  }
  return command.addOption(new Option("--config <FILE>", "YAML file with settings (VERBATIM_CONFIG)"));
}

/** The settings among what was given: flag without dashes → value. */
export function givenFlags(options: GivenOptions): ReadonlyMap<string, string | true> {
  const flags = new Map<string, string | true>();
  for (const { flag } of flagged()) {
    const option = new Option(`--${flag}`);
    const given = options[option.attributeName()];
    // Commander knows `--no-x` as `x`, which is true until the flag comes.
    const value = option.negate ? given === false : given;
    if (flag !== undefined && (typeof value === "string" || value === true)) flags.set(flag, value);
  }
  return flags;
}

/** What `--config` was given. */
export const givenConfig = ({ config }: GivenOptions): string | undefined =>
  typeof config === "string" ? config : undefined;
