/**
 * The web client: what the page that it came with says of server and reader. Touches the document's root element, for
 * reading, and what stands in its place afterwards.
 */

/** How this server lets people in, and who reads. */
export interface PageFacts {
  readonly auth: "open" | "password" | "jwt";
  readonly signUp: "open" | "invite" | "closed";
  /** Whether open mode is served to others than its own machine. */
  readonly isExposed: boolean;
  /** The invite that the address brought, where sign-up wants one. */
  readonly invite: string | undefined;
  /** Who is signed in, as the server saw it when it sent the page. */
  readonly me: { readonly id: string; readonly name: string } | undefined;
}

/** Reads them, and the address's `invite`; what is missing or unknown is taken as the stricter. */
export function readPageFacts(root: HTMLElement, invite: string | undefined): PageFacts {
  const { auth, signUp, exposed, userId, userName } = root.dataset;
  return {
    auth: auth === "open" || auth === "jwt" ? auth : "password",
    signUp: signUp === "open" || signUp === "invite" ? signUp : "closed",
    isExposed: exposed === "true",
    invite: signUp === "invite" ? invite : undefined,
    me: userId === undefined || userName === undefined ? undefined : { id: userId, name: userName },
  };
}

/**
 * An invite that the address brought behind its `#`, which no server ever sees; it is taken out of the address, and so
 * out of what the browser remembers.
 */
export function takeInvite(window: Window): string | undefined {
  const invite = new URLSearchParams(window.location.hash.slice(1)).get("invite") ?? "";
  if (invite === "") return undefined;
  window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
  return invite;
}

/** Empties the document of the plain page, and gives the element that the client lives in. */
export function takeOver(document: Document): HTMLElement {
  document.getElementById("plain-style")?.remove();
  const home = document.createElement("div");
  home.id = "client";
  document.body.replaceChildren(home);
  document.documentElement.dataset["client"] = "running";
  return home;
}

/**
 * Tells the server, for a day, that its pages are not what is read in this browser: a page that is only on its way to the
 * client moves no read marker.
 */
export function announceClient(document: Document): void {
  document.cookie = "verbatim_client=1; Path=/ui; SameSite=Lax; Max-Age=86400";
}

/** The client could not start: the plain page, which is still there, is shown. */
export function giveBack(document: Document): void {
  document.documentElement.dataset["client"] = "failed";
}
