/**
 * Test support: a compose file as tests read it, with its anchors and merges in place.
 */
import { parse } from "yaml";

/** What tests look at of a service. */
export interface Service {
  readonly image: string;
  readonly build?: string;
  readonly hostname?: string;
  readonly entrypoint?: readonly string[];
  readonly command?: string | readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly network_mode?: string;
  readonly networks?: readonly string[] | Readonly<Record<string, { readonly ipv4_address?: string } | null>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

/** A compose file. */
export interface Composition {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<
    Record<
      string,
      { readonly ipam?: { readonly config?: readonly { readonly subnet?: string; readonly ip_range?: string }[] } }
    >
  >;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** Reads a compose file. */
export function readComposition(text: string): Composition {
  return parse(text, { merge: true }) as Composition;
}
