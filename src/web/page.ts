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
  /** Who is signed in, as the server saw it when it sent the page. */
  readonly me: { readonly id: string; readonly name: string } | undefined;
}

/** Reads them; what is missing or unknown is taken as the stricter. */
export function readPageFacts(root: HTMLElement): PageFacts {
  const { auth, signUp, exposed, userId, userName } = root.dataset;
  return {
    auth: auth === "open" || auth === "jwt" ? auth : "password",
    signUp: signUp === "open" || signUp === "invite" ? signUp : "closed",
    isExposed: exposed === "true",
    me: userId === undefined || userName === undefined ? undefined : { id: userId, name: userName },
  };
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
