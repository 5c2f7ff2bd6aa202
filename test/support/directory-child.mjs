// Test support: a process of its own that writes to a directory beside another: for each line `WORD NUMBER` on its
// standard input it does as many of those and prints one line. Runs what was built.
import { createInterface } from "node:readline";
import { openLmdbDirectory } from "../../dist/server/directory/lmdb.js";

const [dir, own] = process.argv.slice(2);
const directory = await openLmdbDirectory({ dir, readOnly: false });
const idOf = (number) => `0190a6ae-7e0b-7000-8${own.padStart(3, "0")}-${number.toString(16).padStart(12, "0")}`;
const account = (number, name) => ({
  id: idOf(number),
  name,
  passwordHash: undefined,
  isAdmin: false,
  isDisabled: false,
  createdAt: 0,
  updatedAt: 0,
});

/** What it can do. */
const WORK = {
  // Names that the other process wants too, one after another.
  names: async (count) => {
    let made = 0;
    for (let number = 0; number < count; number += 1) {
      if (await directory.createAccount(account(number, `Name ${own} ${number}`), 0)) made += 1;
    }
    return made;
  },
  // Invites that the other process takes too.
  invites: async (count) => {
    let taken = 0;
    for (let number = 0; number < count; number += 1) {
      if (await directory.takeInvite(`invite ${number}`, 0)) taken += 1;
    }
    return taken;
  },
  // Names of its own, never waiting for the one before.
  crowd: async (count) => {
    const all = Array.from({ length: count }, (_, number) =>
      directory.createAccount(account(0x1000 + number, `${own} in a crowd ${number}`), 0),
    );
    return (await Promise.all(all)).filter(Boolean).length;
  },
  // Until it is killed.
  forever: async () => {
    console.log("begun");
    for (let number = 0; ; number += 1) {
      await directory.moveMarkers([{ user: own, room: "room", seq: number, n: number }]);
    }
  },
};

console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const [word, number] = line.split(" ");
  console.log(`${word}: ${await WORK[word](Number(number))}`);
}
await directory.close();
