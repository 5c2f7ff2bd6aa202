/**
 * The web client's model: what an address of its pages means. They are the addresses of the plain pages, so that a link
 * leads to the same thing with a script and without. Pure.
 */

/** What is looked at. */
export type Route =
  /** Where one signs in. */
  | { readonly type: "door" }
  /** One's chats, none of them open. */
  | { readonly type: "home" }
  /** A chat or public room; `place` is its id, or a public room's name. */
  | { readonly type: "room"; readonly place: string };

/** A name that stands in an address as it is. */
const SIMPLE_NAME = /^[a-z0-9][a-z0-9-]{0,63}$/i;

const ROOM_PATH = /^\/ui\/chats\/([^/]+)(?:\/.*)?$/;

/** The route of a path. What is not known leads home. */
export function routeOf(path: string): Route {
  if (path === "/") return { type: "door" };
  const place = ROOM_PATH.exec(path)?.[1];
  if (place === undefined) return { type: "home" };
  try {
    return { type: "room", place: decodeURIComponent(place) };
  } catch {
    return { type: "home" };
  }
}

/** What lies behind the door, by an address: what it names, or what one was on the way to when the door came between. */
export function routeBehindDoor({ pathname, search }: { readonly pathname: string; readonly search: string }): Route {
  const route = routeOf(pathname);
  const wanted = route.type === "door" ? routeOf(new URLSearchParams(search).get("to") ?? "") : route;
  return wanted.type === "door" ? { type: "home" } : wanted;
}

/** The path of a route. */
export function pathOf(route: Route): string {
  if (route.type === "door") return "/";
  return route.type === "home" ? "/dashboard" : `/ui/chats/${encodeURIComponent(route.place)}`;
}

/** How a public room is named in an address: by its name where that is readable. */
export const placeOfPublic = (id: string, name: string): string => (SIMPLE_NAME.test(name) ? name : id);
