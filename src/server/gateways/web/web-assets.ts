/**
 * Stage 1, the web client: its files, as the build made them, read into memory once. Touches the folder that it is told,
 * nothing else.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where a browser finds them. The build has the same. */
const WEB_PATH = "/ui/web/";

/** What a file is, by its ending; what is not listed is not served. */
const TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
  woff2: "font/woff2",
};

/** One file. Its path changes with its content, so a browser may keep it for ever. */
export interface WebAsset {
  readonly path: string;
  readonly type: string;
  readonly plain: Buffer;
  /** The same, compressed; `undefined` where that would be of no use. */
  readonly brotli: Buffer | undefined;
  readonly gzip: Buffer | undefined;
}

/** The web client, as a server has it. */
export interface WebClient {
  readonly assets: readonly WebAsset[];
  /** What a page loads to become the client, as paths: its program, what that needs at once, and its stylesheets. */
  readonly entry: string;
  readonly preloads: readonly string[];
  readonly styles: readonly string[];
}

/** One entry of the build's manifest, as far as it is used; what does not hold for a file is missing. */
interface ManifestEntry {
  readonly file: string;
  readonly isEntry: boolean | undefined;
  readonly imports: readonly string[] | undefined;
  readonly css: readonly string[] | undefined;
}

/** Where a build has it: beside the server. The sources have none there, and serve the plain pages alone. */
export const webFolder = (): string => fileURLToPath(new URL("../../../web", import.meta.url));

/** Reads it; `undefined` where the folder has none. */
export function readWebClient(folder: string): WebClient | undefined {
  const list = join(folder, "manifest.json");
  if (!existsSync(list)) return undefined;
  const manifest = JSON.parse(readFileSync(list, "utf8")) as Readonly<Record<string, ManifestEntry>>;
  const [name, entry] = Object.entries(manifest).find(([, { isEntry }]) => isEntry === true) ?? [];
  if (name === undefined || entry === undefined) return undefined;
  const needed = neededBy(manifest, name);
  const styles = new Set([
    ...Object.values(manifest).map(({ file }) => file),
    ...needed.flatMap(({ css }) => css ?? []),
  ]);
  return {
    assets: readAssets(folder),
    entry: WEB_PATH + entry.file,
    preloads: needed.filter((each) => each !== entry).map(({ file }) => WEB_PATH + file),
    styles: [...styles].filter((file) => file.endsWith(".css")).map((file) => WEB_PATH + file),
  };
}

/** An entry and all that it imports at once, each once. */
function neededBy(manifest: Readonly<Record<string, ManifestEntry>>, name: string): readonly ManifestEntry[] {
  const names = new Set([name]);
  // A set hands out what is added to it while it is walked.
  for (const each of names) for (const next of manifest[each]?.imports ?? []) names.add(next);
  return [...names].map((each) => manifest[each]).filter((each) => each !== undefined);
}

function readAssets(folder: string): readonly WebAsset[] {
  const assets: WebAsset[] = [];
  for (const file of readdirSync(folder)) {
    const type = TYPES[file.slice(file.lastIndexOf(".") + 1)];
    if (type === undefined) continue;
    assets.push({
      path: WEB_PATH + file,
      type,
      plain: readFileSync(join(folder, file)),
      brotli: readIfThere(join(folder, `${file}.br`)),
      gzip: readIfThere(join(folder, `${file}.gz`)),
    });
  }
  return assets;
}

const readIfThere = (path: string): Buffer | undefined => (existsSync(path) ? readFileSync(path) : undefined);
