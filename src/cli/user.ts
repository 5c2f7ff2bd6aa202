/** The command line: what `verbatim user …` does. */
import { hashPassword } from "../server/auth/passwords.ts";
import { checkUserName } from "../server/auth/user-name.ts";
import { systemChance, systemClock } from "../server/clock.ts";
import type { Account, AccountChange, Directory } from "../server/directory/directory.ts";
import { StartError } from "../server/start-error.ts";
import { IdMaker } from "../server/uuid.ts";
import { newPassword } from "./ask-password.ts";
import { type PlaceOptions, requireAccount, showTime, withPeople } from "./people.ts";
import { say } from "./say.ts";

/** Accounts that are read at once. */
const PAGE = 500;

/** Makes an account with a password. */
export async function addUser(
  options: PlaceOptions & { readonly admin: boolean; readonly passwordStdin: boolean },
  name: string,
): Promise<void> {
  const checked = checkUserName(name);
  if ("problem" in checked) throw new StartError(`a user's name ${checked.problem}`);
  await withPeople(options, true, async (directory) => {
    const taken = new StartError(`the name ${checked.name} is taken: choose another`);
    // Asked for a password in vain would be rude.
    if (await directory.isNameTaken(checked.name, systemClock.now())) throw taken;
    const passwordHash = await hashPassword(await newPassword(options.passwordStdin), systemChance);
    const now = systemClock.now();
    const account: Account = {
      id: new IdMaker(systemClock, systemChance).make(),
      name: checked.name,
      passwordHash,
      isAdmin: options.admin,
      isDisabled: false,
      createdAt: now,
      updatedAt: now,
    };
    if (!(await directory.createAccount(account, now))) throw taken;
    say(`made the ${options.admin ? "admin" : "user"} ${account.name}, ${account.id}`);
  });
}

/** Prints all accounts by name; as JSON one object a line. */
export async function listUsers(options: PlaceOptions & { readonly json: boolean }): Promise<void> {
  await withPeople(options, false, async (directory) => {
    let after: string | undefined;
    for (;;) {
      const page = await directory.accounts("", after, PAGE);
      for (const account of page) say(options.json ? asJson(account) : asLine(account));
      after = page.at(-1)?.name;
      if (page.length < PAGE) return;
    }
  });
}

/** Shuts an account and ends what is signed in with it. */
export async function disableUser(options: PlaceOptions, name: string): Promise<void> {
  const account = await change(options, name, { isDisabled: true }, true);
  say(`disabled ${account.name}; sign-ins and tokens have ended`);
}

/** Opens an account again. */
export async function enableUser(options: PlaceOptions, name: string): Promise<void> {
  const account = await change(options, name, { isDisabled: false }, false);
  say(`enabled ${account.name}`);
}

/** Sets a password and ends what is signed in with the old one. */
export async function setPassword(
  options: PlaceOptions & { readonly passwordStdin: boolean },
  name: string,
): Promise<void> {
  await withPeople(options, false, async (directory) => {
    const { id, name: spelt, isDisabled } = await requireAccount(directory, name);
    const passwordHash = await hashPassword(await newPassword(options.passwordStdin), systemChance);
    await directory.changeAccount(id, { passwordHash }, systemClock.now());
    // After the change: who knows the old password could sign in between.
    await directory.removeCredentials(id);
    const still = isDisabled ? "; the account is still disabled" : "";
    say(`set the password of ${spelt}; sign-ins and tokens have ended${still}`);
  });
}

/** Makes an account an admin's, or no more. */
export async function setAdmin(options: PlaceOptions, name: string, isAdmin: boolean): Promise<void> {
  const account = await change(options, name, { isAdmin }, false);
  say(`${account.name} is ${isAdmin ? "an admin now" : "no admin any more"}`);
}

async function change(options: PlaceOptions, name: string, to: AccountChange, endsAccess: boolean): Promise<Account> {
  return await withPeople(options, false, async (directory: Directory) => {
    const account = await requireAccount(directory, name);
    await directory.changeAccount(account.id, to, systemClock.now());
    if (endsAccess) await directory.removeCredentials(account.id);
    return account;
  });
}

function asLine({ id, name, isAdmin, isDisabled, passwordHash, createdAt }: Account): string {
  const is = [
    isAdmin ? "admin" : [],
    isDisabled ? "disabled" : [],
    passwordHash === undefined ? "no-password" : [],
  ].flat();
  // The name last: how wide it is depends on the terminal.
  return `${id}  ${showTime(createdAt)}  ${is.join(",").padEnd(11)}  ${name}`;
}

/** With the words of the HTTP door. */
function asJson({ id, name, isAdmin, isDisabled, passwordHash, createdAt, updatedAt }: Account): string {
  return JSON.stringify({
    user_id: id,
    username: name,
    admin: isAdmin,
    disabled: isDisabled,
    password: passwordHash !== undefined,
    created_at: new Date(createdAt).toISOString(),
    updated_at: new Date(updatedAt).toISOString(),
  });
}
