/**
 * Who somebody is, whatever door they came in by. Pure.
 */
import type { Uuid } from "../record.ts";

/** A person or bot. Sessions of one user may share one of these. */
export interface User {
  readonly id: Uuid;
  /** What others see. */
  readonly name: string;
  /** Whether they came without an account: a guest sees public rooms only. */
  readonly isGuest: boolean;
  /** Whether they may moderate public rooms and chats. */
  readonly isAdmin: boolean;
}

/** Who asks for something, and from where: a ban may name either. */
export interface Actor {
  readonly user: User;
  /** The client's network address, as the trusted proxies tell it. */
  readonly address: string;
}
