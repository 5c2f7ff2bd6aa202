/**
 * The build, `npm run build`: `src/` to `dist/`, from nothing, so that no file of an older build is ever served. The
 * new folder is made beside the old one and changes places with it, so that a server or a test that reads `dist/`
 * meets a whole build. The server and the web client are built beside each other: neither needs what comes of the other.
 */
import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { build } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const fresh = `${root}dist.new`;
const old = `${root}dist.old`;
const dist = `${root}dist`;

/** Where the server has the files of the web client; `src/server/gateways/web` serves them there. */
const WEB_PATH = "/ui/web/";

/** What is worth sending compressed. */
const TEXTS = /\.(js|css|svg)$/;

/** Compiles the server; resolves with whether it could. */
function compileServer() {
  const tsc = realpathSync(`${root}node_modules/.bin/tsc`);
  const args = [tsc, "-p", "tsconfig.build.json", "--outDir", fresh];
  const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code === 0));
  });
}

/** Bundles the web client, and lays beside each of its files what goes to browsers that take it compressed. */
async function bundleWeb() {
  const outDir = `${fresh}/web`;
  await build({
    root: `${root}src/web`,
    configFile: false,
    publicDir: false,
    logLevel: "warn",
    base: WEB_PATH,
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    resolve: {
      // The list that shows a long conversation is written for React, whose words preact speaks.
      alias: [
        { find: /^react$/, replacement: "preact/compat" },
        { find: /^react-dom$/, replacement: "preact/compat" },
        { find: /^react\/jsx-runtime$/, replacement: "preact/jsx-runtime" },
      ],
    },
    build: {
      outDir,
      emptyOutDir: true,
      manifest: "manifest.json",
      target: "es2022",
      cssCodeSplit: false,
      // The policy of the pages lets nothing in that stands in the code itself.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      rolldownOptions: {
        input: `${root}src/web/main.tsx`,
        // "use client" means something to a framework that is not here.
        onwarn: (warning, warn) => {
          if (warning.code !== "MODULE_LEVEL_DIRECTIVE") warn(warning);
        },
        output: {
          entryFileNames: "[name]-[hash].js",
          chunkFileNames: "[name]-[hash].js",
          assetFileNames: "[name]-[hash][extname]",
        },
      },
    },
  });
  const names = readdirSync(outDir).filter((name) => TEXTS.test(name));
  await Promise.all(names.map((name) => compress(`${outDir}/${name}`)));
}

/** Writes `FILE.br` and `FILE.gz`. */
async function compress(file) {
  const bytes = readFileSync(file);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  writeFileSync(`${file}.br`, await promisify(brotliCompress)(bytes, { params }));
  writeFileSync(`${file}.gz`, await promisify(gzip)(bytes, { level: 9 }));
}

for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true });
const [server, web] = await Promise.allSettled([compileServer(), bundleWeb()]);
if (web.status === "rejected") console.error(web.reason);
if (server.status === "rejected") console.error(server.reason);
if (web.status === "rejected" || server.value !== true) {
  rmSync(fresh, { recursive: true, force: true });
  process.exit(1);
}
chmodSync(`${fresh}/bin.js`, 0o755);
if (existsSync(dist)) renameSync(dist, old);
renameSync(fresh, dist);
rmSync(old, { recursive: true, force: true });
