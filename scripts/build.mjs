/**
 * The build, `npm run build`: `src/` to `dist/`, from nothing, so that no file of an older build is ever served. The
 * new folder is made beside the old one and changes places with it, so that a server or a test that reads `dist/`
 * meets a whole build.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, realpathSync, renameSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const fresh = `${root}dist.new`;
const old = `${root}dist.old`;
const dist = `${root}dist`;

for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true });
const tsc = realpathSync(`${root}node_modules/.bin/tsc`);
const { status } = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", fresh], {
  cwd: root,
  stdio: "inherit",
});
if (status !== 0) {
  rmSync(fresh, { recursive: true, force: true });
  process.exit(1);
}
chmodSync(`${fresh}/bin.js`, 0o755);
if (existsSync(dist)) renameSync(dist, old);
renameSync(fresh, dist);
rmSync(old, { recursive: true, force: true });
