// Test support: a process of its own that opens a data folder and holds it until it is ended. Runs what was built.
import { openDataFolder } from "../../dist/server/data-folder/data-folder.js";

const [dir, format] = process.argv.slice(2);
try {
  await openDataFolder(dir, JSON.parse(format));
  console.log(`opened ${process.pid}`);
  setInterval(() => undefined, 60_000);
} catch (error) {
  console.log(`${error.name}: ${error.message}`);
}
