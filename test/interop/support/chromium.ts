import { file, fresh, run } from "./tools.ts";

/** A browser without window, with nothing to do on the network. */
const BROWSER = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-sync",
  "--disable-background-networking",
  "--disable-component-update",
  "--no-first-run",
  "--force-color-profile=srgb",
];

/** Shows a document, a file with this extension, in a browser of its own; what it printed. */
export function chromium(document: string, extension: string, ...options: string[]): string {
  const path = file(document, `.${extension}`);
  return run("chromium", ...BROWSER, `--user-data-dir=${fresh()}`, ...options, `file://${path}`);
}
