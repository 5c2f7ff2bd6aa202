/**
 * Who a session is: what somebody is called whom an identity provider knows. Pure.
 */
import type { JwtIdentity } from "./jwt.ts";
import { checkUserName } from "./user-name.ts";

/** Code points that a name keeps where something is put behind it. */
const KEPT_MAX = 50;

/**
 * Names to try, best first: what the token says, that with a bit of the id where the name is somebody else's already,
 * and one that is made of the id where the token has no name that may be had. The id is a hash of issuer and claim, so
 * somebody gets the same names again.
 */
export function namesOf({ id, name }: JwtIdentity): readonly string[] {
  const digits = id.replaceAll("-", "");
  const checked = checkUserName((name ?? "").trim());
  if ("problem" in checked) return [`user-${digits.slice(0, 8)}`, `user-${digits}`];
  const kept = [...checked.name].slice(0, KEPT_MAX).join("").trim();
  return [checked.name, `${kept}-${digits.slice(0, 4)}`, `${kept}-${digits.slice(0, 12)}`, `user-${digits}`];
}
