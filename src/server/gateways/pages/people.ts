/**
 * Stage 1, the pages: people by the names that somebody typed.
 */
import { CommandError } from "../../commands/command-error.ts";
import { nameKey } from "../../name-key.ts";
import type { PagesAccounts, Person } from "./door.ts";

/** As many names are looked up for one form; larger chats grow by adding. */
const NAMES_MAX = 100;

/** The account of a name, without regard to case. Throws `unknown_user` where there is none. */
export async function personNamed(accounts: PagesAccounts, name: string): Promise<Person> {
  const wanted = name.trim();
  if (wanted === "") throw new CommandError("bad_field", "type a name");
  const key = nameKey(wanted);
  // Ascending by name, so the whole name stands before all that begin with it.
  const found = (await accounts.search(wanted)).find((person) => nameKey(person.name) === key);
  if (found === undefined) throw new NobodyNamed(wanted);
  return found;
}

/** The accounts of the names that stand one on each line, each once. Throws where one is not known. */
export async function peopleNamed(accounts: PagesAccounts, lines: string): Promise<readonly Person[]> {
  const names = lines.split("\n").filter((line) => line.trim() !== "");
  if (names.length > NAMES_MAX)
    throw new CommandError("bad_field", `name ${NAMES_MAX} people at most; add others later`);
  const people = new Map<string, Person>();
  for (const name of names) {
    const person = await personNamed(accounts, name);
    people.set(person.id, person);
  }
  return [...people.values()];
}

/** Nobody has a name that was typed. */
export class NobodyNamed extends CommandError {
  constructor(name: string) {
    super("unknown_user", `nobody is called “${name}”`);
  }
}
