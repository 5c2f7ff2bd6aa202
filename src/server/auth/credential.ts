/**
 * What somebody showed to say who they are, as a live session keeps it, so that it can be asked again whether that is
 * still good. Never the secret itself. Pure.
 */
import type { Uuid } from "../record.ts";
import type { User } from "./user.ts";

/** What a user was known by. */
export type Credential =
  /** Open mode: a name is enough. */
  | { readonly type: "open"; readonly user: Uuid }
  | { readonly type: "guest"; readonly user: Uuid }
  /** A browser that signed in, by the hash of its cookie. */
  | { readonly type: "sign_in"; readonly user: Uuid; readonly hash: string }
  /** A token for programs, by its hash. */
  | { readonly type: "token"; readonly user: Uuid; readonly hash: string }
  /** A token of somebody else's identity provider; good until `expiresAt`, in milliseconds since the epoch. */
  | { readonly type: "jwt"; readonly user: Uuid; readonly expiresAt: number };

/** A user, and what they were known by. */
export interface SignedIn {
  readonly user: User;
  readonly credential: Credential;
}
